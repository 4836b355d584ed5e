package app

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"slices"
	"sync"

	"github.com/tirkeu/kiosk/hardware/token"
)

// rsaKeys are made once: making one takes a tenth of a second and more.
var rsaKeys = sync.OnceValue(func() []*rsa.PrivateKey {
	keys := make([]*rsa.PrivateKey, 6)
	var wait sync.WaitGroup
	for i := range keys {
		wait.Go(func() { keys[i], _ = rsa.GenerateKey(rand.Reader, keyBits) })
	}
	wait.Wait()
	return keys
})

// fakeToken is a token in memory.
type fakeToken struct {
	rack     *fakeRack
	token    Token
	pin      string
	tries    int // wrong ones
	keys     []fakeKey
	plugged  bool
	failing  map[string]error // by operation
	hold     chan struct{}    // GenerateRSA waits for it when not nil
	unsafe   bool             // does not say that keys cannot leave
	nextKey  int
	logins   int
	loggedIn bool
	unblocks int // tries of the administrator's PIN
}

type fakeKey struct {
	label   string
	id      []byte
	private *rsa.PrivateKey
	cert    []byte
}

// fakeRack is a rack of tokens in memory. It keeps the promises of hardware/token that app relies on.
type fakeRack struct {
	mu        sync.Mutex
	tokens    []*fakeToken
	insertion Insertion
	changed   chan struct{}
	recycled  int
	hold      chan struct{} // Recycle waits for it when not nil
	held      bool          // it does
}

func newFakeRack() *fakeRack { return &fakeRack{changed: make(chan struct{}, 1)} }

func (r *fakeRack) signal() {
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

func (r *fakeRack) add(t *fakeToken) *fakeToken {
	r.mu.Lock()
	defer r.mu.Unlock()
	t.rack, t.failing = r, map[string]error{}
	r.tokens = append(r.tokens, t)
	return t
}

// told is the token as the rack tells of it now: replacing the token processes gives it another insertion.
func (t *fakeToken) told() Token {
	t.rack.mu.Lock()
	defer t.rack.mu.Unlock()
	return t.token
}

// change changes a token behind the kiosk's back.
func (r *fakeRack) change(with func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	with()
}

func (r *fakeRack) plug(t *fakeToken) {
	r.mu.Lock()
	r.insertion++
	t.plugged, t.token.Insertion = true, r.insertion
	r.mu.Unlock()
	r.signal()
}

func (r *fakeRack) pull(t *fakeToken) {
	r.mu.Lock()
	t.plugged, t.loggedIn = false, false
	r.mu.Unlock()
	r.signal()
}

func (r *fakeRack) Tokens() []Token {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []Token
	for _, t := range r.tokens {
		if t.plugged {
			out = append(out, t.token)
		}
	}
	return out
}

func (r *fakeRack) Watch() (<-chan struct{}, func()) { return r.changed, func() {} }

func (r *fakeRack) Modules() []token.ModuleState {
	return []token.ModuleState{{Name: "kaztoken", Running: true}, {Name: "etoken", Running: true}}
}

func (r *fakeRack) find(n Insertion) (*fakeToken, error) {
	for _, t := range r.tokens {
		if t.plugged && t.token.Insertion == n {
			return t, nil
		}
	}
	return nil, &token.Error{Op: "find", Err: token.ErrRemoved}
}

func (r *fakeRack) Certificates(_ context.Context, n Insertion) ([]Certificate, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, err := r.find(n)
	if err != nil {
		return nil, err
	}
	return t.certificates(), nil
}

func (t *fakeToken) certificates() []Certificate {
	var out []Certificate
	for _, k := range t.keys {
		if k.cert != nil {
			out = append(out, Certificate{ID: k.id, DER: k.cert})
		}
	}
	return out
}

func (r *fakeRack) Login(_ context.Context, n Insertion, pin token.PIN) (Login, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, err := r.find(n)
	if err != nil {
		return nil, err
	}
	t.logins++
	if t.token.PINLocked {
		return nil, &token.Error{Op: "log in", Err: token.ErrPINLocked}
	}
	if !pin.Equal(t.pin) {
		t.tries++
		t.token.PINLow, t.token.PINFinal, t.token.PINLocked = t.tries > 0, t.tries == 2, t.tries >= 3
		return nil, &token.Error{Op: "log in", Err: token.ErrPINIncorrect}
	}
	t.tries, t.loggedIn = 0, true
	t.token.PINLow, t.token.PINFinal = false, false
	return &fakeLogin{rack: r, n: n}, nil
}

// Unblock: the administrator's PIN is "87650000".
func (r *fakeRack) Unblock(_ context.Context, n Insertion, so, fresh token.PIN) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, err := r.find(n)
	if err != nil {
		return err
	}
	t.unblocks++
	if err := t.failing["unblock"]; err != nil {
		return &token.Error{Op: "unblock", Err: err}
	}
	switch {
	case t.token.AdminPINLocked:
		return &token.Error{Op: "unblock", Err: token.ErrAdminPINLocked}
	case !so.Equal("87650000"):
		t.token.AdminPINLow, t.token.AdminPINFinal, t.token.AdminPINLocked = true, t.unblocks == 2, t.unblocks >= 3
		return &token.Error{Op: "unblock", Err: token.ErrAdminPIN}
	}
	t.token.PINLow, t.token.PINFinal, t.token.PINLocked = false, false, false
	t.tries, t.pin = 0, "changed"
	if fresh.Equal("87654321") {
		t.pin = "87654321"
	}
	return nil
}

func (r *fakeRack) Recycle(ctx context.Context) {
	r.mu.Lock()
	hold := r.hold
	r.held = hold != nil
	r.mu.Unlock()
	r.signal()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return
		}
	}
	r.mu.Lock()
	for _, t := range r.tokens {
		t.loggedIn = false
		if t.plugged {
			r.insertion++
			t.token.Insertion = r.insertion
		}
	}
	r.recycled++
	r.mu.Unlock()
	r.signal()
}

// fakeLogin is an open fakeToken.
type fakeLogin struct {
	rack *fakeRack
	n    Insertion
}

func (l *fakeLogin) on(op string, act func(t *fakeToken) error) error {
	l.rack.mu.Lock()
	defer l.rack.mu.Unlock()
	t, err := l.rack.find(l.n)
	if err != nil {
		return err
	}
	if !t.loggedIn {
		return &token.Error{Op: op, Err: token.ErrSessionClosed}
	}
	if err := t.failing[op]; err != nil {
		if errors.Is(err, token.ErrRemoved) || errors.Is(err, token.ErrTimeout) { // the rack has dropped the token, or ended its process, before the caller hears of it
			t.plugged, t.loggedIn = false, false
		}
		return &token.Error{Op: op, Err: err}
	}
	return act(t)
}

func (l *fakeLogin) GenerateRSA(ctx context.Context, id []byte, label string, bits int) (Key, error) {
	var hold chan struct{}
	err := l.on("generate", func(t *fakeToken) error { hold = t.hold; return nil })
	if err != nil {
		return Key{}, err
	}
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return Key{}, ctx.Err()
		}
	}
	var key Key
	err = l.on("generate", func(t *fakeToken) error {
		private := rsaKeys()[t.nextKey%len(rsaKeys())]
		t.nextKey++
		t.keys = append(t.keys, fakeKey{label: label, id: id, private: private})
		spki, err := x509.MarshalPKIXPublicKey(private.Public())
		key = Key{ID: id, SPKI: spki, Local: true, NeverExtractable: !t.unsafe, Extractable: t.unsafe, Sensitive: !t.unsafe}
		return err
	})
	return key, err
}

func (l *fakeLogin) Keys(context.Context) ([]Key, error) {
	var out []Key
	err := l.on("keys", func(t *fakeToken) error {
		for _, k := range t.keys {
			spki, err := x509.MarshalPKIXPublicKey(k.private.Public())
			if err != nil {
				return err
			}
			out = append(out, Key{ID: k.id, Label: k.label, SPKI: spki, Local: true, NeverExtractable: true, Sensitive: true, HasCertificate: k.cert != nil})
		}
		return nil
	})
	return out, err
}

func (l *fakeLogin) Certificates(context.Context) ([]Certificate, error) {
	var out []Certificate
	err := l.on("certificates", func(t *fakeToken) error { out = t.certificates(); return nil })
	return out, err
}

func (l *fakeLogin) Signer(_ context.Context, id []byte) (crypto.Signer, error) {
	var s crypto.Signer
	err := l.on("sign", func(t *fakeToken) error {
		for _, k := range t.keys {
			if bytes.Equal(k.id, id) {
				s = k.private
				return nil
			}
		}
		return &token.Error{Op: "sign", Err: token.ErrNotFound}
	})
	return s, err
}

func (l *fakeLogin) WriteCertificate(_ context.Context, id []byte, _ string, der []byte) error {
	return l.on("write", func(t *fakeToken) error {
		for i := range t.keys {
			if bytes.Equal(t.keys[i].id, id) {
				t.keys[i].cert = der
				return nil
			}
		}
		return &token.Error{Op: "write", Err: token.ErrNotFound}
	})
}

func (l *fakeLogin) Delete(_ context.Context, id []byte) error {
	return l.on("delete", func(t *fakeToken) error {
		before := len(t.keys)
		t.keys = slices.DeleteFunc(t.keys, func(k fakeKey) bool { return bytes.Equal(k.id, id) })
		if len(t.keys) == before {
			return &token.Error{Op: "delete", Err: token.ErrNotFound}
		}
		return nil
	})
}

func (l *fakeLogin) ChangePIN(_ context.Context, old, fresh token.PIN) error {
	return l.on("change", func(t *fakeToken) error {
		if !old.Equal(t.pin) {
			return &token.Error{Op: "change", Err: token.ErrPINIncorrect}
		}
		t.pin = "changed"
		if fresh.Equal("87654321") {
			t.pin = "87654321"
		}
		return nil
	})
}

func (l *fakeLogin) Logout(context.Context) error {
	return l.on("logout", func(t *fakeToken) error { t.loggedIn = false; return nil })
}
