package cmp

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/gost"
	"github.com/tirkeu/kiosk/sync/pki"
)

func newGOSTWorld(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	w.authority.gost = w.ca.gostUnder(t)
	return w
}

var somebody = pki.Person{IIN: "900101400013", Surname: "Әбдіқалықова", Given: "Айгерім"}

func newGOSTRequest(t testing.TB, key *gost.PrivateKey) []byte {
	t.Helper()
	csr, err := pki.NewRequest(pki.TemplateGOST, somebody, pki.StorageStick, key)
	if err != nil {
		t.Fatal(err)
	}
	return csr
}

func TestP10CR_CarriesGOSTThereAndBack(t *testing.T) {
	w, ctx := newGOSTWorld(t), context.Background()
	w.authority.open(-1)
	c, line := w.client(t), &tap{}
	c.HTTP = &http.Client{Transport: line}
	key := newGOST(t)
	x, csr := NewTransaction(newID(t)), newGOSTRequest(t, key)
	if a, err := c.P10CR(ctx, x, csr); err != nil || a.State != Waiting {
		t.Fatalf("%+v, %v", a, err)
	}
	w.authority.approve()
	x = again(t, x)
	a, err := c.Poll(ctx, x)
	if err != nil || a.State != Issued {
		t.Fatalf("%+v, %v", a, err)
	}
	// The kiosk knows the root alone; the GOST CA came along.
	if _, err := pki.VerifyChain(a.Certificate, w.ca.roots(), pki.NewPool(a.Extra...), time.Now()); err != nil {
		t.Errorf("the certificate does not lead to the root by what came along: %v", err)
	}
	if got, err := pki.ParseKey(a.Certificate.RawSubjectPublicKeyInfo); err != nil || !key.Public().(*gost.PublicKey).Equal(got) {
		t.Errorf("the certificate is for another key: %v", err)
	}
	if err := c.Confirm(ctx, x, a.Certificate); err != nil {
		t.Fatal(err)
	}
	if word := w.authority.confirmedWord(x.ID); word != "confirmed" {
		t.Errorf("the transaction is %q", word)
	}
	// RFC 9810 §5.3.18: the hash the certificate was signed with, no hashAlg, and therefore version 2.
	m, err := parseMessage(line.sent[len(line.sent)-1])
	if err != nil || m.kind != bodyCertConf {
		t.Fatalf("the last message is no certConf: %v", err)
	}
	status, err := parseCertConf(m.body)
	if err != nil {
		t.Fatal(err)
	}
	if sum := gost.Sum512(a.Certificate.Raw); !bytes.Equal(status.hash, sum[:]) || status.hashAlg.id != nil || m.header.version != version2 {
		t.Errorf("certHash %x, hashAlg %v, version %d", status.hash, status.hashAlg.id, m.header.version)
	}
}

func TestP10CR_RefusesAGOSTSignatureThatIsWrong(t *testing.T) {
	w, ctx := newGOSTWorld(t), context.Background()
	csr := newGOSTRequest(t, newGOST(t))
	for name, spoil := range map[string]func([]byte){
		"another signature": func(b []byte) { b[len(b)-1] ^= 1 },
		"other contents":    func(b []byte) { b[bytes.Index(b, []byte("IIN9"))+5] ^= 1 },
	} {
		spoiled := bytes.Clone(csr)
		spoil(spoiled)
		_, err := w.client(t).P10CR(ctx, NewTransaction(newID(t)), spoiled)
		if verdict := (*StatusError)(nil); !errors.As(err, &verdict) || !verdict.Info.Fail.Has(BadPOP) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, n := w.authority.counted(""); n != 0 {
		t.Errorf("%d requests reached the authority", n)
	}
}

func TestCR_ProvesPossessionOfAGOSTKey(t *testing.T) {
	w, ctx := newGOSTWorld(t), context.Background()
	key := newGOST(t)
	x := NewTransaction(newID(t))
	a, err := w.client(t).CR(ctx, x, Template{RawSubject: emptyName, Key: key})
	if err != nil || a.State != Issued {
		t.Fatalf("%+v, %v", a, err)
	}
	if err := w.client(t).Confirm(ctx, x, a.Certificate); err != nil {
		t.Fatal(err)
	}
	liar := liar{newGOST(t), key}
	_, err = w.client(t).CR(ctx, NewTransaction(newID(t)), Template{RawSubject: emptyName, Key: liar})
	if verdict := (*StatusError)(nil); !errors.As(err, &verdict) || !verdict.Info.Fail.Has(BadPOP) {
		t.Errorf("another one's key: %v", err)
	}
}

// liar signs with its own key and shows another one's.
type liar struct {
	*gost.PrivateKey
	other *gost.PrivateKey
}

func (l liar) Public() crypto.PublicKey { return l.other.Public() }

func TestCertHash_GoesByTheSignatureOrByItsName(t *testing.T) {
	w := newGOSTWorld(t)
	der, err := w.authority.gost.sign(&x509.Certificate{Subject: nameOf("somebody")}, newGOST(t).Public())
	if err != nil {
		t.Fatal(err)
	}
	cert := parseCert(t, der)
	long, short, sha := gost.Sum512(der), gost.Sum256(der), sha256.Sum256(der)
	for name, c := range map[string]struct {
		status certStatus
		want   bool
	}{
		"Streebog-512":               {certStatus{hash: long[:]}, true},
		"Streebog-512 by name":       {certStatus{hash: long[:], hashAlg: algorithm{id: gost.Kazakh.DigestOID()}}, true},
		"by its name in RFC 9215":    {certStatus{hash: long[:], hashAlg: algorithm{id: gost.Russian.DigestOID()}}, true},
		"Streebog-256 by name":       {certStatus{hash: short[:], hashAlg: algorithm{id: gost.Kazakh.Digest256OID()}}, true},
		"SHA-256 by name":            {certStatus{hash: sha[:], hashAlg: algorithm{id: oidSHA256}}, true},
		"SHA-256 without":            {certStatus{hash: sha[:]}, false},
		"Streebog-256 without":       {certStatus{hash: short[:]}, false},
		"Streebog-512 named SHA-256": {certStatus{hash: long[:], hashAlg: algorithm{id: oidSHA256}}, false},
		"SHA-256 named Streebog":     {certStatus{hash: sha[:], hashAlg: algorithm{id: gost.Kazakh.DigestOID()}}, false},
		"Streebog-512 cut to 32":     {certStatus{hash: long[:32]}, false},
		"no hash at all":             {certStatus{}, false},
	} {
		if same, err := c.status.matches(cert); same != c.want || err != nil {
			t.Errorf("%s: %v, %v", name, same, err)
		}
	}
	if _, err := (&certStatus{hash: long[:], hashAlg: algorithm{id: oidCACerts}}).matches(cert); !errors.Is(err, errHash) {
		t.Errorf("an unknown hash: %v", err)
	}
}

// Whatever comes, verifying possession ends, and a verified request is one whose very octets were signed.
func FuzzP10_IsVerifiedOnlyAsItWasSigned(f *testing.F) {
	good := newGOSTRequest(f, newGOST(f))
	f.Add(good)
	f.Add(newCSR(f, newEC(f)))
	signed, err := x509.ParseCertificateRequest(good)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		csr, err := x509.ParseCertificateRequest(der)
		if err != nil || verifyP10(csr) != nil {
			return
		}
		if bytes.Equal(csr.RawSubjectPublicKeyInfo, signed.RawSubjectPublicKeyInfo) && !bytes.Equal(csr.RawTBSCertificateRequest, signed.RawTBSCertificateRequest) {
			t.Fatalf("other contents were verified with the key: %x", der)
		}
	})
}

// A citizen's key protects nothing: protection is a device's, and devices have RSA or ECDSA.
func TestNewSigner_TakesNoGOSTKey(t *testing.T) {
	w := newGOSTWorld(t)
	key := newGOST(t)
	der, err := w.authority.gost.sign(&x509.Certificate{Subject: nameOf("somebody")}, key.Public())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewSigner(parseCert(t, der), nil, key); err == nil {
		t.Error("a GOST key was taken to protect messages")
	}
}
