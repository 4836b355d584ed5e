package doctor_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/hardware/token/doctor"
	"github.com/tirkeu/kiosk/hardware/virtual"
	"github.com/tirkeu/kiosk/hardware/virtual/virtualtest"
)

const patience = 60 * time.Second

// technician has hands, knows the PIN, and agrees to what he is told to agree to.
type technician struct {
	*testing.T
	bench  *virtual.Bench
	name   string
	pins   []string // typed one after the other; the last one again and again
	agrees func(question string) bool
	asked  []string
}

func (p *technician) Tell(line string) {
	var err error
	switch {
	case strings.HasPrefix(line, "Pull"):
		err = p.bench.Pull(p.name)
	case strings.HasPrefix(line, "Plug"):
		err = p.bench.Plug(p.name)
	}
	if err != nil {
		p.Error(err)
	}
}

func (p *technician) Agrees(question string) bool {
	p.asked = append(p.asked, question)
	return p.agrees == nil || p.agrees(question)
}

func (p *technician) Secret(string) (string, error) {
	pin := p.pins[0]
	if len(p.pins) > 1 {
		p.pins = p.pins[1:]
	}
	return pin, nil
}

// examine runs an examination of one token.
func examine(t *testing.T, s virtual.Spec, prepare func(*virtual.Bench, *token.Rack), p *technician) (*virtual.Bench, *doctor.Report) {
	t.Helper()
	bench, config := virtualtest.StartForTest(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := bench.Plug(s.Name); err != nil {
		t.Fatal(err)
	}
	rack, err := token.Open(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rack.Close() }()
	if prepare != nil {
		prepare(bench, rack)
	}
	p.T, p.bench, p.name = t, bench, s.Name
	if p.pins == nil {
		p.pins = []string{s.PIN}
	}
	e := &doctor.Examination{Rack: rack, Technician: p, Patience: patience}
	report, err := e.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return bench, report
}

func found(r *doctor.Report, name string) doctor.Finding {
	for _, f := range r.Findings {
		if f.Name == name {
			return f
		}
	}
	return doctor.Finding{}
}

func kaztoken() virtual.Spec {
	return virtual.Spec{Name: "a", Kind: token.Kaztoken, PIN: "246802", Initialized: true}
}

func TestExamination_OfASoundTokenFindsItWellAndLeavesNothingBehind(t *testing.T) {
	p := &technician{}
	bench, r := examine(t, kaztoken(), nil, p)
	var text strings.Builder
	_, _ = r.WriteTo(&text)
	if !r.Sound() {
		t.Errorf("not sound:\n%s", &text)
	}
	for _, name := range []string{"kind", "serial number", "PIN length", "a look at the slot", "RSA", "GOST", "pull", "plug", "PIN", "keys", "key generation",
		"key attributes", "signature and certificate", "deletion", "wrong PIN", "slot events"} {
		if f := found(r, name); f.State != doctor.Well {
			t.Errorf("%q: %+v", name, f)
		}
		if !strings.Contains(text.String(), name) {
			t.Errorf("%q is not in the report:\n%s", name, &text)
		}
	}
	if strings.Contains(text.String(), "246802") {
		t.Error("the PIN is in the report")
	}
	profile := r.Profile
	if profile.Replug != "noticed" || profile.SlotEvents != "not supported" || profile.KeygenTimeout < 2*time.Minute || profile.CallTimeout < 10*time.Second ||
		profile.PollEvery < 200*time.Millisecond || profile.RSAMax < 2048 || profile.Library == "" || profile.ExaminedAt.IsZero() {
		t.Errorf("profile %+v", profile)
	}
	calls := bench.Calls("a")
	if calls["C_Login"] != 3 || bench.Tokens()[0].TriesLeft != bench.Tokens()[0].PINTries { // typed, wrong on purpose, typed again
		t.Errorf("%d logins, %d tries left", calls["C_Login"], bench.Tokens()[0].TriesLeft)
	}
	if calls["C_GenerateKeyPair"] != 1 || calls["C_DestroyObject"] != 3 {
		t.Errorf("%d key pairs made, %d objects deleted", calls["C_GenerateKeyPair"], calls["C_DestroyObject"])
	}
}

func TestExamination_DoesNothingThatWasNotAgreedTo(t *testing.T) {
	p := &technician{agrees: func(question string) bool { return strings.HasPrefix(question, "Examine") }}
	bench, r := examine(t, kaztoken(), nil, p)
	for _, name := range []string{"replug", "key generation", "wrong PIN"} {
		if f := found(r, name); f.State != doctor.NotTried {
			t.Errorf("%q: %+v", name, f)
		}
	}
	calls := bench.Calls("a")
	if calls["C_GenerateKeyPair"] != 0 || calls["C_CreateObject"] != 0 || calls["C_DestroyObject"] != 0 || calls["C_Login"] != 1 {
		t.Errorf("calls %v", calls)
	}
	if r.Profile.Replug != "not tried" || r.Profile.Erases != "not tried" || r.Profile.KeygenTimeout != 0 {
		t.Errorf("profile %+v", r.Profile)
	}
	if len(p.asked) != 4 {
		t.Errorf("asked %q", p.asked)
	}
}

func TestExamination_AWrongPINIsNotTriedAgain(t *testing.T) {
	bench, r := examine(t, kaztoken(), nil, &technician{pins: []string{"135791"}})
	if f := found(r, "key and certificate"); f.State != doctor.NotTried || !strings.Contains(f.Text, "incorrect") {
		t.Errorf("%+v", f)
	}
	if n := bench.Calls("a")["C_Login"]; n != 1 {
		t.Errorf("%d logins for one entry", n)
	}
}

func TestExamination_FindsWhatIsTheMatter(t *testing.T) {
	faulty := func(f virtual.Fault) func(*virtual.Bench, *token.Rack) {
		return func(b *virtual.Bench, _ *token.Rack) {
			if err := b.Fault("a", f); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		change  func(*virtual.Spec)
		prepare func(*virtual.Bench, *token.Rack)
		finding string
		word    string
		profile func(token.Profile) bool
	}{
		"factory PIN":    {change: func(s *virtual.Spec) { s.PIN = "12345678" }, finding: "factory PIN", word: "still in use"},
		"no RSA":         {change: func(s *virtual.Spec) { s.NoRSA = true }, finding: "RSA", word: "no application"},
		"full":           {prepare: faulty(virtual.Fault{Full: true}), finding: "key generation", word: "full"},
		"no certificate": {prepare: faulty(virtual.Fault{FailCall: "C_CreateObject:0x30"}), finding: "signature and certificate", word: "CKR_DEVICE_ERROR"},
		"slow looks": {prepare: faulty(virtual.Fault{Slow: 15 * time.Millisecond}), finding: "a look at the slot", word: "taken every",
			profile: func(p token.Profile) bool { return p.PollEvery > time.Second }},
		"erasing card": {change: func(s *virtual.Spec) { s.Kind, s.Pairs, s.Erases = token.IDCard, 1, true }, prepare: func(_ *virtual.Bench, r *token.Rack) {
			session, err := r.Login(t.Context(), r.Tokens()[0].Insertion, token.NewPIN("246802"))
			if err == nil {
				_, err = session.GenerateRSA(t.Context(), []byte("theirs"), "theirs", 2048)
			}
			if err != nil {
				t.Fatal(err)
			}
		}, finding: "keys that were there", word: "1 of 1 are gone", profile: func(p token.Profile) bool { return p.Erases == "yes" }},
		"crash": {prepare: faulty(virtual.Fault{CrashOn: "C_GenerateKeyPair"}), finding: "the examination", word: "broken off"},
	} {
		t.Run(name, func(t *testing.T) {
			s := kaztoken()
			if c.change != nil {
				c.change(&s)
			}
			_, r := examine(t, s, c.prepare, &technician{})
			if f := found(r, c.finding); f.State != doctor.Attention || !strings.Contains(f.Text, c.word) || r.Sound() {
				var text strings.Builder
				_, _ = r.WriteTo(&text)
				t.Errorf("%+v in\n%s", f, &text)
			}
			if c.profile != nil && !c.profile(r.Profile) {
				t.Errorf("profile %+v", r.Profile)
			}
		})
	}
}

func TestExamination_CleansUpAfterOneThatWasBrokenOff(t *testing.T) {
	bench, config := virtualtest.StartForTest(t, kaztoken())
	if err := bench.Plug("a"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	rack, err := token.Open(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rack.Close() }()
	run := func(f virtual.Fault) *doctor.Report {
		if err := bench.Fault("a", f); err != nil {
			t.Fatal(err)
		}
		e := &doctor.Examination{Rack: rack, Patience: patience, Technician: &technician{T: t, bench: bench, name: "a", pins: []string{"246802"}}}
		r, err := e.Run(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := run(virtual.Fault{CrashOn: "C_SignInit"}); r.Sound() {
		t.Errorf("sound, after a crash: %+v", r.Findings)
	}
	if err := bench.Fault("a", virtual.Fault{}); err != nil {
		t.Fatal(err)
	}
	rack.Recycle(ctx)
	r := run(virtual.Fault{})
	if f := found(r, "an earlier examination"); f.State != doctor.Well || !r.Sound() {
		t.Errorf("%+v", r.Findings)
	}
	session, err := rack.Login(ctx, rack.Tokens()[0].Insertion, token.NewPIN("246802"))
	if err != nil {
		t.Fatal(err)
	}
	if keys, err := session.Keys(ctx); err != nil || len(keys) != 0 {
		t.Errorf("%d keys are left, %v", len(keys), err)
	}
}

func TestProfile_ConfiguresTheWorkerItWasMadeFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "profiles", "kaztoken.toml")
	made := token.Profile{Library: "KAZTOKEN", Token: "KAZTOKEN Kaztoken", ExaminedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), PollEvery: 30 * time.Millisecond,
		CallTimeout: 20 * time.Second, KeygenTimeout: time.Second, RSAMin: 1024, RSAMax: 2048, SlotEvents: "no", Replug: "noticed", Erases: "no"}
	if err := made.Save(path); err != nil {
		t.Fatal(err)
	}
	read, err := token.LoadProfile(path)
	if err != nil || read != made {
		t.Fatalf("%+v, %v; saved was %+v", read, err, made)
	}
	bench, config := virtualtest.StartForTest(t, kaztoken())
	config.KeygenTimeout = time.Hour
	config.Modules[0].Profile = read
	if err = bench.Plug("a"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	rack, err := token.Open(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rack.Close() }()
	session, err := rack.Login(ctx, rack.Tokens()[0].Insertion, token.NewPIN("246802"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = session.GenerateRSA(ctx, []byte("k"), "k", 4096); !errors.Is(err, token.ErrNoMechanism) || bench.Calls("a")["C_GenerateKeyPair"] != 0 {
		t.Errorf("a key beyond the limits: %v", err)
	}
	if err = bench.Fault("a", virtual.Fault{KeygenDelay: time.Hour}); err != nil {
		t.Fatal(err)
	}
	if _, err = session.GenerateRSA(ctx, []byte("k"), "k", 2048); !errors.Is(err, token.ErrTimeout) {
		t.Errorf("a key that takes longer than the profile allows: %v", err)
	}
	config.Modules[0].Profile.PollEvery = time.Nanosecond
	if _, err = token.Open(ctx, config); err == nil {
		t.Error("opened with a profile that would keep the processor busy")
	}
}
