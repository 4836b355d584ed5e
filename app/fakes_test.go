package app

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"math/big"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/stick"
	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
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
}

type fakeKey struct {
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
	t.failing = map[string]error{}
	r.tokens = append(r.tokens, t)
	return t
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

func (r *fakeRack) Recycle(context.Context) {
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
		return &token.Error{Op: op, Err: err}
	}
	return act(t)
}

func (l *fakeLogin) GenerateRSA(ctx context.Context, id []byte, _ string, bits int) (Key, error) {
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
		t.keys = append(t.keys, fakeKey{id: id, private: private})
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
			out = append(out, Key{ID: k.id, SPKI: spki, Local: true, NeverExtractable: true, Sensitive: true, HasCertificate: k.cert != nil})
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

// fakeStick is a stick in memory.
type fakeStick struct {
	mu      sync.Mutex
	there   bool
	files   map[string][]byte
	failing error
	changes chan bool
}

func newFakeStick() *fakeStick {
	return &fakeStick{files: map[string][]byte{}, changes: make(chan bool, 4)}
}

func (s *fakeStick) plug(there bool) {
	s.mu.Lock()
	s.there = there
	s.mu.Unlock()
	s.changes <- there
}

func (s *fakeStick) Present() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.there
}

func (s *fakeStick) Watch(context.Context) <-chan bool { return s.changes }

func (s *fakeStick) WriteNew(name string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.there:
		return stick.ErrAbsent
	case s.failing != nil:
		return s.failing
	case s.files[name] != nil:
		return stick.ErrExists
	}
	s.files[name] = bytes.Clone(data)
	return nil
}

func (s *fakeStick) Replace(name string, data []byte) error {
	err := s.Remove(name)
	if err != nil && !errors.Is(err, stick.ErrNotFound) {
		return err
	}
	return s.WriteNew(name, data)
}

func (s *fakeStick) Read(name string, limit int64) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.there {
		return nil, stick.ErrAbsent
	}
	data, ok := s.files[name]
	if !ok {
		return nil, stick.ErrNotFound
	}
	return bytes.Clone(data), nil
}

func (s *fakeStick) Remove(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.there {
		return stick.ErrAbsent
	}
	if _, ok := s.files[name]; !ok {
		return stick.ErrNotFound
	}
	delete(s.files, name)
	return nil
}

// fakeStore is storage in memory.
type fakeStore struct {
	mu       sync.Mutex
	counter  uint64
	records  map[string]*Record
	seals    map[string][]byte
	iins     map[string]string
	intents  map[int64]Intent
	outcomes map[int64]string
	next     int64
	failing  error
}

func newFakeStore() *fakeStore {
	return &fakeStore{
		records: map[string]*Record{}, seals: map[string][]byte{}, iins: map[string]string{},
		intents: map[int64]Intent{}, outcomes: map[int64]string{},
	}
}

func (s *fakeStore) ReserveNumber(context.Context, string) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failing != nil {
		return 0, s.failing
	}
	s.counter++
	return s.counter, nil
}

func (s *fakeStore) Accept(_ context.Context, a Acceptance) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failing != nil {
		return s.failing
	}
	if r, there := s.records[a.Number]; there {
		if bytes.Equal(r.Document, a.Document) {
			return nil
		}
		return ErrConflict
	}
	r := &Record{Number: a.Number, Status: registry.StatusQueued, Document: a.Document}
	for _, k := range a.Keys {
		r.Keys = append(r.Keys, RecordKey{Ordinal: k.Ordinal, Template: k.Template, SPKISHA256: k.SPKISHA256, Medium: k.Medium, KeyID: k.KeyID})
	}
	s.records[a.Number], s.seals[a.Number], s.iins[a.Number] = r, a.SealKey, a.IIN
	return nil
}

func (s *fakeStore) Application(_ context.Context, number string) (Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, there := s.records[number]
	if !there {
		return Record{}, ErrNoRecord
	}
	return *r, nil
}

func (s *fakeStore) ByMedium(_ context.Context, serial string) ([]Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Record
	for _, r := range s.records {
		if len(r.Keys) > 0 && r.Keys[0].Medium == serial {
			out = append(out, *r)
		}
	}
	slices.SortFunc(out, func(a, b Record) int { return bytes.Compare([]byte(b.Number), []byte(a.Number)) })
	return out, nil
}

func (s *fakeStore) MarkInstalled(_ context.Context, number string, _ time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[number].Status = registry.StatusInstalled
	return nil
}

func (s *fakeStore) Begin(_ context.Context, i Intent) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	i.ID = s.next
	s.intents[i.ID] = i
	return i.ID, nil
}

func (s *fakeStore) Finish(_ context.Context, id int64, outcome string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, open := s.intents[id]; !open {
		return errors.New("no open intent of that number")
	}
	delete(s.intents, id)
	s.outcomes[id] = outcome
	return nil
}

func (s *fakeStore) OpenIntents(context.Context) ([]Intent, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Intent
	for _, i := range s.intents {
		out = append(out, i)
	}
	return out, nil
}

func (s *fakeStore) Check(context.Context) error { return nil }

func (s *fakeStore) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing = err
}

// fakeEngine is the line as a test wants it.
type fakeEngine struct {
	mu      sync.Mutex
	state   LinkState
	changed chan struct{}
}

func (e *fakeEngine) State() LinkState {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state
}
func (e *fakeEngine) Watch() (<-chan struct{}, func())    { return e.changed, func() {} }
func (e *fakeEngine) Kick()                               {}
func (e *fakeEngine) Hurry(context.Context, string) error { return nil }

// fakeLine is a centre in memory: people, applications, decisions.
type fakeLine struct {
	mu        sync.Mutex
	down      error
	people    map[string]registry.Name
	operators map[string]string // IIN by name
	store     *fakeStore
	decided   map[string]registry.Decision
	revoked   map[string]bool
	issued    []Issued
	lookups   int
	now       func() time.Time
}

func (l *fakeLine) up() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.down
}

func (l *fakeLine) cut(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = err
}

func (l *fakeLine) Time(context.Context) (time.Time, error) { return l.now(), l.up() }

func (l *fakeLine) Lookup(_ context.Context, iin string) (registry.Name, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lookups++
	if l.down != nil {
		return registry.Name{}, l.down
	}
	n, there := l.people[iin]
	if !there {
		return registry.Name{}, ErrUnknown
	}
	return n, nil
}

func (l *fakeLine) Status(ctx context.Context, number string) (registry.Status, error) {
	if err := l.up(); err != nil {
		return "", err
	}
	r, err := l.store.Application(ctx, number)
	if err != nil {
		return "", ErrUnknown
	}
	if r.Status == registry.StatusQueued {
		return registry.StatusWaiting, nil
	}
	return r.Status, nil
}

func (l *fakeLine) SealKey(_ context.Context, number string) ([]byte, error) {
	if err := l.up(); err != nil {
		return nil, err
	}
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	return bytes.Clone(l.store.seals[number]), nil
}

func (l *fakeLine) Challenge(context.Context) ([]byte, error) { return []byte("challenge"), l.up() }

func (l *fakeLine) OpenStaff(_ context.Context, challenge, cms []byte) (Operator, error) {
	if err := l.up(); err != nil {
		return Operator{}, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(fakeCA().cert)
	signer, _, err := pki.VerifyDetached(challenge, cms, roots, l.now())
	if err != nil {
		return Operator{}, err
	}
	iin, _ := pki.SubjectIIN(signer)
	for name, known := range l.operators {
		if known == iin && pki.IsOperator(signer) {
			return Operator{Session: "s", Name: name, IIN: iin}, nil
		}
	}
	return Operator{}, ErrNotOperator
}

func (l *fakeLine) CloseStaff(context.Context, string) error { return l.up() }

func (l *fakeLine) Search(_ context.Context, _, query string) ([]Waiting, error) {
	if err := l.up(); err != nil {
		return nil, err
	}
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	var out []Waiting
	for _, r := range l.store.records {
		a, err := registry.ParseApplication(r.Document)
		if err != nil {
			return nil, err
		}
		if query == "" || query == r.Number || query == a.IIN {
			out = append(out, Waiting{Number: r.Number, IIN: a.IIN, Name: a.Name.Surname, Status: registry.StatusWaiting, CreatedAt: a.CreatedAt})
		}
	}
	return out, nil
}

func (l *fakeLine) Open(ctx context.Context, _, number string) (Opened, error) {
	if err := l.up(); err != nil {
		return Opened{}, err
	}
	r, err := l.store.Application(ctx, number)
	if err != nil {
		return Opened{}, ErrUnknown
	}
	return Opened{Document: r.Document, SHA256: registry.Hash(r.Document), Status: registry.StatusWaiting}, nil
}

func (l *fakeLine) Unlock(context.Context, string, string) error { return l.up() }

func (l *fakeLine) Decide(_ context.Context, decision, cms []byte) (registry.Status, error) {
	if err := l.up(); err != nil {
		return "", err
	}
	roots := x509.NewCertPool()
	roots.AddCert(fakeCA().cert)
	_, _, err := pki.VerifyDetached(decision, cms, roots, l.now())
	if err != nil {
		return "", err
	}
	d, err := registry.ParseDecision(decision)
	if err != nil {
		return "", err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, twice := l.decided[d.Number]; twice {
		return "", ErrDecided
	}
	l.decided[d.Number] = d
	return registry.StatusConfirmed, nil
}

func (l *fakeLine) Certificates(context.Context, []byte, []byte) ([]Issued, error) {
	if err := l.up(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.issued), nil
}

// issue does what engine and centre do after a confirmation: each key of an application gets its certificate.
func (l *fakeLine) issue(t *testing.T, number string, csrs func(spki string) crypto.PublicKey) {
	t.Helper()
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	r := l.store.records[number]
	a, err := registry.ParseApplication(r.Document)
	if err != nil {
		t.Fatal(err)
	}
	for i := range r.Keys {
		r.Keys[i].Certificate = fakeCertificate(t, csrs(r.Keys[i].SPKISHA256), a.IIN, r.Keys[i].Template, l.now())
		cert, err := x509.ParseCertificate(r.Keys[i].Certificate)
		if err != nil {
			t.Fatal(err)
		}
		l.mu.Lock()
		l.issued = append(l.issued, Issued{
			Serial: serialHex(cert), Template: r.Keys[i].Template, Number: number, NotBefore: cert.NotBefore, NotAfter: cert.NotAfter, DER: cert.Raw,
		})
		l.mu.Unlock()
	}
	r.Status = registry.StatusIssued
}

// authority is a small CA.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

var fakeCA = sync.OnceValue(func() authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "fake"}, NotBefore: from, NotAfter: from.AddDate(9, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, &x509.Certificate{Subject: pkix.Name{CommonName: "fake"}}, key.Public(), key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return authority{key, cert}
})

// fakeCertificate certifies a key; template is "rsa-auth", "rsa-sign" or "operator".
func fakeCertificate(t *testing.T, key crypto.PublicKey, iin, template string, at time.Time) []byte {
	t.Helper()
	serial := make([]byte, 20)
	_, err := rand.Read(serial)
	if err != nil {
		t.Fatal(err)
	}
	serial[0] = serial[0]&0x7f | 1
	c := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial), NotBefore: at.Add(-time.Hour), NotAfter: at.AddDate(3, 0, 0),
		Subject:  pkix.Name{CommonName: "СЕРІК АЙГЕРІМ", SerialNumber: "IIN" + iin, Country: []string{"KZ"}},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
	}
	switch template {
	case "rsa-auth":
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	case "operator":
		c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{pki.EKUOperator}
	default:
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, fakeCA().cert, key, fakeCA().key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// publicOf finds the public key with a hash among the fake tokens' keys.
func publicOf(spki string) crypto.PublicKey {
	for _, key := range rsaKeys() {
		der, err := x509.MarshalPKIXPublicKey(key.Public())
		if err != nil {
			continue
		}
		hash := sha256.Sum256(der)
		if hex.EncodeToString(hash[:]) == spki {
			return key.Public()
		}
	}
	return nil
}
