//go:build cgo

package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/app"
	"github.com/tirkeu/kiosk/app/terminal"
	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/hardware/virtual"
	"github.com/tirkeu/kiosk/hardware/virtual/virtualtest"
	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
)

// hall is a terminal with nothing imitated but the silicon: vendor modules over SoftHSM, SQLite, a centre behind TLS.
type hall struct {
	t      *testing.T
	bench  *virtual.Bench
	rack   token.Config
	centre *centretest.Centre
	state  string
	folder string // the stick, when it is in
	kiosk  touched
	stop   func()
	ended  chan struct{}
	log    *logged
}

// touched is the kiosk: in this process, or in one of its own.
type touched interface {
	Do(action string, args []byte) []byte
	State() []byte
}

// logged keeps what was logged, for the search for secrets.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

const (
	citizenPIN  = "12345678" // Kaztoken's factory PIN
	ownPIN      = "4815162342"
	operatorPIN = "7410852963"
)

func newHall(t *testing.T) *hall {
	t.Helper()
	h := &hall{t: t, state: t.TempDir(), ended: make(chan struct{}, 32), log: &logged{}}
	h.tokens()
	h.centre = centretest.Start(t)
	h.register()
	h.folder = filepath.Join(t.TempDir(), "stick")
	h.start()
	t.Cleanup(func() { h.stop() })
	return h
}

// tokens makes the tokens that people bring.
func (h *hall) tokens() {
	h.t.Helper()
	h.bench, h.rack = virtualtest.StartForTest(h.t,
		virtual.Spec{Name: "citizen", Kind: token.Kaztoken, Label: "citizen", Serial: "KZ0001", PIN: citizenPIN, Initialized: true},
		virtual.Spec{Name: "second", Kind: token.Kaztoken, Label: "second", Serial: "KZ0002", PIN: ownPIN, Initialized: true},
		virtual.Spec{Name: "staff", Kind: token.JaCarta, Label: "staff", Serial: "JC0001", PIN: operatorPIN, Initialized: true},
	)
}

// register writes people into the centre's register.
func (h *hall) register() {
	h.t.Helper()
	for _, iin := range []string{centretest.IINAigerim, centretest.IINBolat, centretest.IINDana} {
		p := centretest.Person(iin)
		h.centre.AddPerson(p.IIN, p.Surname, p.Given, p.Patronymic)
	}
}

// start opens the terminal as main does.
func (h *hall) start() {
	h.t.Helper()
	log := slog.New(slog.NewTextHandler(h.log, nil))
	cfg := terminal.Configuration{Worker: h.rack.Worker, Stick: h.folder}
	for _, m := range h.rack.Modules {
		cfg.Modules = append(cfg.Modules, terminal.Module{Name: m.Name, Path: m.Path, Env: m.Env})
	}
	ctx, cancel := context.WithCancel(context.Background())
	opened, err := terminal.Open(ctx, cfg, h.state, log)
	if err != nil {
		h.t.Fatal(err)
	}
	err = opened.OpenRack(ctx)
	if err != nil {
		h.t.Fatal(err)
	}
	kiosk, err := opened.Kiosk(func() { h.ended <- struct{}{} })
	if err != nil {
		h.t.Fatal(err)
	}
	h.kiosk = kiosk
	ran := make(chan error, 1)
	go func() { ran <- kiosk.Run(ctx) }()
	var once sync.Once
	h.stop = func() {
		once.Do(func() {
			cancel()
			for _, err := range []error{<-ran, kiosk.Close(), opened.Close()} {
				if err != nil && ctx.Err() == nil {
					h.t.Error(err)
				}
			}
		})
	}
}

type snapshot struct {
	Seq    uint64   `json:"seq"`
	Role   app.Role `json:"role"`
	Online bool     `json:"online"`
	Screen struct {
		Name string          `json:"name"`
		Data json.RawMessage `json:"data"`
	} `json:"screen"`
	Notice *app.Notice `json:"notice"`
	Dialog *app.Dialog `json:"dialog"`
}

func (h *hall) read(body []byte) snapshot {
	h.t.Helper()
	var s snapshot
	err := json.Unmarshal(body, &s)
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

func data[T any](h *hall, s snapshot) T {
	h.t.Helper()
	var d T
	err := json.Unmarshal(s.Screen.Data, &d)
	if err != nil {
		h.t.Fatal(err)
	}
	return d
}

type fields = map[string]any

func (h *hall) do(action string, args any) snapshot {
	h.t.Helper()
	body, err := json.Marshal(args)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.read(h.kiosk.Do(action, body))
}

func (h *hall) shows(screen, action string, args any) snapshot {
	h.t.Helper()
	s := h.do(action, args)
	if s.Screen.Name != screen || s.Notice != nil {
		h.t.Fatalf("%s led to %s with notice %+v, not to %s\n%s", action, s.Screen.Name, s.Notice, screen, h.log)
	}
	return s
}

func (h *hall) until(what string, ok func(snapshot) bool) snapshot {
	h.t.Helper()
	limit := time.After(60 * time.Second)
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		s := h.read(h.kiosk.State())
		if ok(s) {
			return s
		}
		select {
		case <-look.C:
		case <-limit:
			h.t.Fatalf("waiting for %s; screen is %s, notice %+v\n%s", what, s.Screen.Name, s.Notice, h.log)
		}
	}
}

func (h *hall) untilScreen(name string) snapshot {
	h.t.Helper()
	return h.until("screen "+name, func(s snapshot) bool { return s.Screen.Name == name })
}

func (h *hall) plug(name string) {
	h.t.Helper()
	err := h.bench.Plug(name)
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *hall) pull(name string) {
	h.t.Helper()
	err := h.bench.Pull(name)
	if err != nil {
		h.t.Fatal(err)
	}
}

// untilEnded waits until a session is over and cleaned.
func (h *hall) untilEnded() {
	h.t.Helper()
	select {
	case <-h.ended:
	case <-time.After(20 * time.Second):
		h.t.Fatal("the session's end was not told")
	}
	h.until("the token processes replaced", func(snapshot) bool { // the tokens have other insertions then
		log := h.log.String()
		return strings.LastIndex(log, "session cleaned") > strings.LastIndex(log, "session ends")
	})
}

// enrol walks the first-start screen and the self-test.
func (h *hall) enrol() { h.t.Helper(); h.enrolAs("hall-1") }

func (h *hall) enrolAs(name string) {
	h.t.Helper()
	reference, secret := h.centre.AddKiosk(name)
	args := fields{"centre": h.centre.URL, "reference": reference, "secret": secret[:len(secret)-1] + "x", "display": "l21", "languages": []string{"kk", "ru", "en"}}
	s := h.do("setup.enrol", args)
	if s.Notice == nil || s.Notice.Code != app.CodeSecret {
		h.t.Fatalf("a wrong secret led to %s, %+v", s.Screen.Name, s.Notice)
	}
	args["secret"] = secret
	h.shows("selftest", "setup.enrol", args)
	s = h.until("self-test", func(s snapshot) bool {
		return s.Screen.Name == "selftest" && !data[app.SelftestScreen](h, s).Running
	})
	for _, p := range data[app.SelftestScreen](h, s).Parts {
		switch p.Name {
		case "window", "database", "centre", "clock", "tokens":
			if p.State != "well" {
				h.t.Errorf("%s: %s, %s\n%s", p.Name, p.State, p.Text, h.log)
			}
		}
	}
	h.shows("attract", "selftest.finish", nil)
	h.untilEnded()
	h.until("line", func(s snapshot) bool { return s.Online })
}

// makeOperator puts a key and an operator's certificate on the staff token, before the terminal has it.
func (h *hall) makeOperator(iin string) {
	h.t.Helper()
	ctx := h.t.Context()
	r, err := token.Open(ctx, h.rack)
	if err != nil {
		h.t.Fatal(err)
	}
	defer r.Close()
	h.plug("staff")
	limit := time.After(20 * time.Second)
	for len(r.Tokens()) == 0 {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-limit:
			h.t.Fatal("the staff token does not show")
		}
	}
	login, err := r.Login(ctx, r.Tokens()[0].Insertion, token.NewPIN(operatorPIN))
	if err != nil {
		h.t.Fatal(err)
	}
	id := []byte("operator")
	_, err = login.GenerateRSA(ctx, id, "operator", 2048)
	if err != nil {
		h.t.Fatal(err)
	}
	signer, err := login.Signer(ctx, id)
	if err != nil {
		h.t.Fatal(err)
	}
	who := centretest.Person(iin)
	operator := h.centre.Operator(who, signer)
	err = login.WriteCertificate(ctx, id, "operator", operator.Certificate.Raw)
	if err != nil {
		h.t.Fatal(err)
	}
	h.pull("staff")
}

// toStorage goes from the attract screen to the choice of storage.
func (h *hall) toStorage(iin string, name fields) {
	h.t.Helper()
	h.shows("menu", "start", fields{"lang": "ru"})
	h.shows("apply.iin", "apply", nil)
	s := h.shows("apply.name", "apply.iin", fields{"iin": iin})
	if known := data[app.ApplyNameScreen](h, s).Known; known != (name == nil) {
		h.t.Fatalf("the register's name is known: %v", known)
	}
	h.shows("apply.email", "apply.name", name)
	s = h.shows("apply.region", "apply.email", fields{"email": ""})
	s = h.shows("apply.locality", "apply.region", fields{"code": data[app.ApplyRegionScreen](h, s).Regions[0].Code})
	h.shows("apply.storage", "apply.locality", fields{"code": data[app.ApplyLocalityScreen](h, s).Localities[0].Code})
}

func (h *hall) chooseToken() {
	h.t.Helper()
	s := h.until("token", func(s snapshot) bool {
		d := data[app.ApplyStorageScreen](h, s)
		return len(d.Tokens) == 1 && d.Tokens[0].Usable && d.Tokens[0].Serial == "KZ0001"
	})
	h.shows("apply.agreement", "apply.storage", fields{"kind": "token", "insertion": data[app.ApplyStorageScreen](h, s).Tokens[0].Insertion})
	h.shows("apply.pin", "apply.agree", nil)
}

// submit sends what the summary shows and gives the number.
func (h *hall) submit() string {
	h.t.Helper()
	h.untilScreen("apply.summary")
	s := h.shows("apply.done", "apply.submit", fields{"consent": true})
	number := strings.ReplaceAll(data[app.ApplyDoneScreen](h, s).Number, " ", "")
	h.shows("attract", "finish", nil)
	h.untilEnded()
	return number
}

func (h *hall) untilCentre(number string, want api.Status) {
	h.t.Helper()
	h.until(fmt.Sprintf("%s at the centre", want), func(snapshot) bool { return h.centre.Status(number) == want })
}

// untilIssued looks at the status until the certificates can be installed.
func (h *hall) untilIssued(number string) {
	h.t.Helper()
	h.shows("menu", "start", fields{"lang": "en"})
	h.shows("status.number", "status", nil)
	h.until("certificates", func(snapshot) bool {
		s := h.shows("status.word", "status.find", fields{"number": number})
		if data[app.StatusWordScreen](h, s).CanInstall {
			return true
		}
		h.shows("status.number", "back", nil)
		return false
	})
}
