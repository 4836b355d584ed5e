//go:build cgo

package engine

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/storage"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// world is a real centre, a kiosk enrolled there with its storage, and a line that can be made bad.
type world struct {
	t      testing.TB
	centre *centretest.Centre
	device *centretest.Device
	store  *storage.Store
	path   string
	faults *faults
	line   *Line

	mu  sync.Mutex
	now time.Time // of the kiosk; zero: the real one
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, centre: centretest.Start(t), path: filepath.Join(t.TempDir(), "kiosk.db"), faults: &faults{}}
	w.device = w.centre.Enrol("hall")
	w.line = w.connect(Connection{})
	w.open()
	t.Cleanup(func() { w.store.Close() })
	return w
}

func (w *world) open() {
	w.t.Helper()
	var err error
	w.store, err = storage.Open(w.path, storage.Options{SealKey: bytes.Repeat([]byte{5}, storage.SealKeySize), Now: w.time})
	w.must(err)
}

func (w *world) connect(c Connection) *Line {
	w.t.Helper()
	if c.Centre == "" {
		c.Centre = w.centre.URL
	}
	if c.Certificate == nil {
		c.Certificate, c.Key = w.device.Certificate, w.device.Key
	}
	c.Chain = []*x509.Certificate{w.centre.Issuing}
	if c.Root == nil {
		c.Root = w.centre.Root
	}
	l, err := Connect(c)
	w.must(err)
	w.faults.RoundTripper = l.http.Transport
	l.http.Transport = w.faults
	w.t.Cleanup(l.Close)
	return l
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) time() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.now.IsZero() {
		return time.Now()
	}
	return w.now
}

func (w *world) engine(store Store) *Engine {
	return New(w.config(store))
}

func (w *world) config(store Store) Config {
	return Config{Store: store, Centre: w.line, CMP: w.line.CMP, Roots: w.line.Roots(), Intermediates: w.line.Intermediates(), Now: w.time, Version: "test",
		Rand: rand.New(rand.NewPCG(1, 1)), HeartbeatEvery: time.Second, RoundEvery: time.Millisecond}
}

// run runs an engine until the test ends or stop is called.
func (w *world) run(e *Engine) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); e.Run(ctx) }()
	var once sync.Once
	stop = func() { once.Do(func() { cancel(); <-ended }) }
	w.t.Cleanup(stop)
	return stop
}

// accept takes an application of a citizen for an RSA pair on a token in.
func (w *world) accept(counter uint64, iin string) centretest.Paper {
	w.t.Helper()
	key := int(counter) * 2
	return w.keep(w.device.NewPaper(centretest.Person(iin), counter, centretest.Key(key), centretest.Key(key+1)))
}

// acceptSet takes an application for a set of keys on a stick in.
func (w *world) acceptSet(counter uint64, iin, set string) centretest.Paper {
	w.t.Helper()
	rule, _ := registry.Default().Storage(registry.StorageStick)
	keys, offered := rule.Set(set)
	if !offered {
		w.t.Fatalf("no set %q", set)
	}
	var signers []crypto.Signer
	for i, template := range keys.Templates {
		if template == registry.TemplateGOST {
			signers = append(signers, centretest.GOSTKey(int(counter)))
		} else {
			signers = append(signers, centretest.Key(int(counter)*2+i))
		}
	}
	return w.keep(w.device.PaperFor(centretest.Person(iin), counter, centretest.OnStick, keys.Templates, signers))
}

// keep has the kiosk's storage accept an application.
func (w *world) keep(p centretest.Paper) centretest.Paper {
	w.t.Helper()
	iin := p.IIN
	a := storage.Acceptance{Number: p.Number, IIN: iin, Document: p.Document}
	for i, k := range p.Application.Keys {
		a.Keys = append(a.Keys, storage.AcceptedKey{Ordinal: k.Ordinal, Template: string(k.Template), TransactionID: k.TransactionID,
			SPKISHA256: k.SPKISHA256, CSR: p.CSRs[i], Medium: "0001", KeyID: []byte{byte(i)}})
	}
	w.must(w.store.Accept(context.Background(), a))
	return p
}

// until waits for the engine to bring about what is asked for.
func (w *world) until(e *Engine, what string, ok func() bool) {
	w.t.Helper()
	changed, stop := e.Watch()
	defer stop()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-changed:
		case <-tick.C:
		case <-deadline:
			w.t.Fatalf("in vain: %s; the line is %+v", what, e.State())
		}
	}
}

func (w *world) status(number string) storage.Status {
	w.t.Helper()
	r, err := w.store.Application(context.Background(), number)
	w.must(err)
	return r.Status
}

// holds checks that the kiosk holds, for each key, the very certificate that the centre issued and saw confirmed.
func (w *world) holds(p centretest.Paper) {
	w.t.Helper()
	r, err := w.store.Application(context.Background(), p.Number)
	w.must(err)
	if !r.Complete() {
		w.t.Fatalf("%s is not complete", p.Number)
	}
	for _, k := range r.Keys {
		a, err := w.device.API.GetTransactionWithResponse(context.Background(), k.TransactionID)
		w.must(err)
		if a.JSON200 == nil || a.JSON200.State != "confirmed" || a.JSON200.Certificate == nil || !bytes.Equal(*a.JSON200.Certificate, k.Certificate) {
			w.t.Fatalf("%s, key %d: the centre has another certificate or no confirmation: %s", p.Number, k.Ordinal, a.Body)
		}
		ca := w.centre.Issuing
		if k.Template == pki.TemplateGOST {
			ca = w.centre.GOST
		}
		if len(k.Chain) != 1 || !bytes.Equal(k.Chain[0], ca.Raw) {
			w.t.Fatalf("%s, key %d: a chain of %d, not %q", p.Number, k.Ordinal, len(k.Chain), ca.Subject.CommonName)
		}
	}
}

// faults is a line that loses requests, loses answers, or garbles them.
type faults struct {
	http.RoundTripper
	mu   sync.Mutex
	plan func(*http.Request) fault // nil: none
	sent map[string][][]byte       // bodies by path
}

type fault int

const (
	none fault = iota
	lost       // the request never arrives
	mute       // it arrives and is answered, and the answer is lost
	page       // a proxy answers with a page of its own
	torn       // the answer ends in the middle
	junk       // the answer's content is changed
)

func (f *faults) set(plan func(*http.Request) fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plan = plan
}

func (f *faults) RoundTrip(r *http.Request) (*http.Response, error) {
	body := []byte{}
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body.Close()
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	f.mu.Lock()
	what := none
	if f.plan != nil {
		what = f.plan(r)
	}
	if f.sent == nil {
		f.sent = map[string][][]byte{}
	}
	if what != lost && what != page {
		f.sent[r.URL.Path] = append(f.sent[r.URL.Path], body)
	}
	f.mu.Unlock()
	switch what {
	case lost:
		return nil, io.ErrUnexpectedEOF
	case page:
		return &http.Response{StatusCode: 200, Status: "200 OK", Header: http.Header{"Content-Type": {"text/html"}}, Request: r,
			Body: io.NopCloser(strings.NewReader("<html>Sign in to the network</html>"))}, nil
	}
	answer, err := f.RoundTripper.RoundTrip(r)
	if err != nil || what == none {
		return answer, err
	}
	content, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil {
		return nil, err
	}
	switch what {
	case mute:
		return nil, io.ErrUnexpectedEOF
	case torn:
		content = content[:len(content)/2]
	case junk:
		if len(content) > 0 {
			content[len(content)/2] ^= 0x55
		}
	}
	answer.Body = io.NopCloser(bytes.NewReader(content))
	return answer, nil
}

// lockedBuffer takes a log from several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *lockedBuffer) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
