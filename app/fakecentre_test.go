package app

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/gost"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

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
	others    map[string]registry.Status // applications of other terminals by number
	issued    []Issued
	lookups   int
	now       func() time.Time
	cabinet   *fakeCabinet
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
	if status, there := l.others[number]; there {
		return status, nil
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
	l.mu.Lock()
	refused := l.cabinet.refuse["SealKey"]
	l.mu.Unlock()
	if refused != nil {
		return nil, refused
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
	roots := pki.NewPool(fakeCA().cert)
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
	roots := pki.NewPool(fakeCA().cert)
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

// Standing: the fake authority is the centre's own.
func (l *fakeLine) Standing(_ context.Context, cert *x509.Certificate, _ []*x509.Certificate) Standing {
	if pki.CheckSignatureFrom(cert, fakeCA().cert) != nil {
		return Standing{}
	}
	if l.up() != nil {
		return Standing{Ours: true}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, i := range l.issued {
		if i.Serial == serialHex(cert) && i.Revoked {
			return Standing{Ours: true, Revocation: pki.Revoked}
		}
	}
	return Standing{Ours: true, Revocation: pki.Good}
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

var (
	fakeCA    = sync.OnceValue(func() authority { return newAuthority("fake") })
	foreignCA = sync.OnceValue(func() authority { return newAuthority("somebody else") })
)

func newAuthority(name string) authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: from.AddDate(9, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, &x509.Certificate{Subject: pkix.Name{CommonName: name}}, key.Public(), key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return authority{key, cert}
}

// fakeCertificate certifies a key; template is one of the citizens' or "operator".
func fakeCertificate(t *testing.T, key crypto.PublicKey, iin, template string, at time.Time) []byte {
	t.Helper()
	return fakeCertificateBy(t, fakeCA(), key, iin, template, at.Add(-time.Hour), at.AddDate(3, 0, 0))
}

func fakeCertificateBy(t *testing.T, by authority, key crypto.PublicKey, iin, template string, from, to time.Time) []byte {
	t.Helper()
	serial := make([]byte, 20)
	_, err := rand.Read(serial)
	if err != nil {
		t.Fatal(err)
	}
	serial[0] = serial[0]&0x7f | 1
	spki, err := spkiOf(key)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial), NotBefore: from, NotAfter: to,
		Subject:            pkix.Name{CommonName: "СЕРІК АЙГЕРІМ", SerialNumber: "IIN" + iin, Country: []string{"KZ"}},
		KeyUsage:           x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
		UnknownExtKeyUsage: []asn1.ObjectIdentifier{pki.EKUOperator},
	}
	if template != "operator" {
		built := pki.Issuance{
			Template: template, Person: pki.Person{IIN: iin, Surname: "СЕРІК", Given: "АЙГЕРІМ"}, Storage: pki.StorageKaztoken, SPKI: spki,
			Serial: c.SerialNumber, NotBefore: from, NotAfter: to, OCSP: []string{"http://127.0.0.1:9/ocsp"},
		}
		if template == pki.TemplateGOST {
			built.Serial = nil // it follows from the key
		}
		c, _, err = pki.DefaultProfiles().Build(built)
		if err != nil {
			t.Fatal(err)
		}
	}
	der, err := pki.CreateCertificate(c, by.cert, spki, by.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func spkiOf(key crypto.PublicKey) ([]byte, error) {
	if g, is := key.(*gost.PublicKey); is {
		return gost.MarshalPublicKey(g, gost.Kazakh)
	}
	return x509.MarshalPKIXPublicKey(key)
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

func mustParse(t *testing.T, der []byte) *x509.Certificate {
	t.Helper()
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}
