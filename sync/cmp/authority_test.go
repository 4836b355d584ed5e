package cmp

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
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/gost"
	"github.com/tirkeu/kiosk/sync/pki"
)

// sandbox is a small certification authority for the tests.
type sandbox struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func newSandbox(t testing.TB) *sandbox {
	t.Helper()
	key := newRSA(t)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{Country: []string{"KZ"}, CommonName: "Test CA"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(5, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &sandbox{cert: parseCert(t, der), key: key}
}

// gostUnder makes a CA with a GOST key below this one.
func (s *sandbox) gostUnder(t testing.TB) *sandbox {
	t.Helper()
	key := newGOST(t)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{Country: []string{"KZ"}, CommonName: "Test CA (GOST)"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(4, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	spki, err := publicKeyInfo(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	der, err := pki.CreateCertificate(tmpl, s.cert, spki, s.key)
	if err != nil {
		t.Fatal(err)
	}
	return &sandbox{cert: parseCert(t, der), key: key}
}

func newGOST(t testing.TB) *gost.PrivateKey {
	t.Helper()
	key, err := gost.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// newRSA makes an RSA-2048 key.
func newRSA(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newEC(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func parseCert(t testing.TB, der []byte) *x509.Certificate {
	t.Helper()
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// issue signs a certificate for a name.
func (s *sandbox) issue(t testing.TB, name pkix.Name, key crypto.PublicKey, usages ...asn1.ObjectIdentifier) *x509.Certificate {
	t.Helper()
	der, err := s.sign(&x509.Certificate{Subject: name, UnknownExtKeyUsage: usages}, key)
	if err != nil {
		t.Fatal(err)
	}
	return parseCert(t, der)
}

func (s *sandbox) sign(tmpl *x509.Certificate, key crypto.PublicKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 150))
	if err != nil {
		return nil, err
	}
	tmpl.SerialNumber, tmpl.KeyUsage = serial, x509.KeyUsageDigitalSignature
	tmpl.NotBefore, tmpl.NotAfter = time.Now().Add(-time.Minute), time.Now().AddDate(1, 0, 0)
	spki, err := publicKeyInfo(key)
	if err != nil {
		return nil, err
	}
	id := sha256.Sum256(spki)
	tmpl.SubjectKeyId = id[:20]
	return pki.CreateCertificate(tmpl, s.cert, spki, s.key)
}

func (s *sandbox) roots() *pki.Pool { return pki.NewPool(s.cert) }

// memory is an [Authority] that keeps everything in memory and follows its contract.
type memory struct {
	ca   *sandbox
	gost *sandbox // issues for GOST keys
	auto bool     // no approval is needed

	mu       sync.Mutex
	secrets  map[string][]byte
	badMACs  map[string]int
	spent    map[string]bool
	tx       map[string]*memoryTx
	replies  map[[32]byte][]byte
	revoked  map[string]int
	waits    int // until approved by itself, in polls; -1: never
	requests int
	fail     error // what Request says
	failPut  error // what PutReply says, as if the centre died there
}

type memoryTx struct {
	r         *Request
	party     string
	outcome   Outcome
	polls     int
	confirmed string
}

const maxBadMACs = 10

func newMemory(ca *sandbox) *memory {
	return &memory{ca: ca, auto: true, waits: -1, secrets: map[string][]byte{}, badMACs: map[string]int{}, spent: map[string]bool{}, tx: map[string]*memoryTx{}, replies: map[[32]byte][]byte{}, revoked: map[string]int{}}
}

// with runs f while nobody else uses the authority. Tests with outside programs need it: nothing else orders what they set and
// read with what the server does.
func (a *memory) with(f func(a *memory)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f(a)
}

// open makes the authority wait for approval, given after so many polls; -1: never by itself.
func (a *memory) open(polls int) { a.with(func(a *memory) { a.auto, a.waits = false, polls }) }

func (a *memory) share(reference, secret string) {
	a.with(func(a *memory) { a.secrets[reference] = []byte(secret) })
}

func (a *memory) isSpent(reference string) (spent bool) {
	a.with(func(a *memory) { spent = a.spent[reference] })
	return spent
}

func (a *memory) reason(serial string) (reason int, revoked bool) {
	a.with(func(a *memory) { reason, revoked = a.revoked[serial] })
	return reason, revoked
}

func (a *memory) counted(reference string) (badMACs, requests int) {
	a.with(func(a *memory) { badMACs, requests = a.badMACs[reference], a.requests })
	return badMACs, requests
}

func (a *memory) Secret(_ context.Context, reference []byte) ([]byte, Party, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	ref := string(reference)
	secret, known := a.secrets[ref]
	switch {
	case !known:
		return nil, Party{}, ErrSecretUnknown
	case a.spent[ref]:
		return nil, Party{}, ErrSecretSpent
	case a.badMACs[ref] >= maxBadMACs:
		return nil, Party{}, ErrSecretVoid
	}
	return secret, Party{Name: "ref:" + ref}, nil
}

func (a *memory) BadMAC(_ context.Context, reference []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.badMACs[string(reference)]++
	return nil
}

func (a *memory) Signer(_ context.Context, cert *x509.Certificate, _ []*x509.Certificate) (Party, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, err := cert.Verify(x509.VerifyOptions{Roots: a.ca.roots().X509(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
		return Party{}, Refuse(SignerNotTrusted, "unknown signer")
	}
	if _, revoked := a.revoked[cert.SerialNumber.String()]; revoked {
		return Party{}, Refuse(CertRevoked, "the signer's certificate is revoked")
	}
	return Party{Name: cert.Subject.String()}, nil
}

func (a *memory) Reply(_ context.Context, request [32]byte) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.replies[request], nil
}

func (a *memory) PutReply(_ context.Context, request [32]byte, _, reply []byte) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failPut != nil {
		return nil, a.failPut
	}
	if stored := a.replies[request]; stored != nil {
		return stored, nil
	}
	a.replies[request] = reply
	return reply, nil
}

func (a *memory) Request(_ context.Context, r *Request) (Outcome, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fail != nil {
		return Outcome{}, a.fail
	}
	if x := a.tx[string(r.TransactionID)]; x != nil {
		if x.party != r.Party.Name || !bytes.Equal(x.r.Message, r.Message) {
			return Outcome{}, Refuse(TransactionIDInUse, "there is another transaction of this id")
		}
		return x.outcome, nil
	}
	a.requests++
	x := &memoryTx{r: r, party: r.Party.Name, outcome: Outcome{State: Waiting, Kind: r.Kind, CheckAfter: time.Second, Text: "waiting for approval"}}
	a.tx[string(r.TransactionID)] = x
	if a.auto {
		a.issue(x)
	}
	return x.outcome, nil
}

func (a *memory) issue(x *memoryTx) {
	key, err := pki.ParseKey(x.r.SPKI)
	if err != nil {
		x.outcome = Outcome{State: Rejected, Kind: x.r.Kind, Fail: BadCertTemplate, Text: "key"}
		return
	}
	tmpl := &x509.Certificate{RawSubject: x.r.Subject}
	if x.r.Party.Certificate == nil || x.r.Kind == KindKUR {
		tmpl.UnknownExtKeyUsage = []asn1.ObjectIdentifier{oidCMCRA} // a device
	}
	ca, chain := a.ca, []*x509.Certificate(nil)
	if _, isGOST := key.(*gost.PublicKey); isGOST {
		ca, chain = a.gost, []*x509.Certificate{a.gost.cert}
	}
	der, err := ca.sign(tmpl, key)
	if err != nil {
		x.outcome = Outcome{State: Rejected, Kind: x.r.Kind, Fail: BadCertTemplate, Text: err.Error()}
		return
	}
	x.outcome = Outcome{State: Issued, Kind: x.r.Kind, DER: der, Chain: chain}
}

// approve lets every waiting request through and says how many there were.
func (a *memory) approve() (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, x := range a.tx {
		if x.outcome.State == Waiting {
			a.issue(x)
			n++
		}
	}
	return n
}

func (a *memory) reject(text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, x := range a.tx {
		if x.outcome.State == Waiting {
			x.outcome = Outcome{State: Rejected, Kind: x.r.Kind, Text: text, Fail: BadRequest}
		}
	}
}

func (a *memory) find(party Party, id []byte) (*memoryTx, error) {
	x := a.tx[string(id)]
	if x == nil || x.party != party.Name {
		return nil, Refuse(BadRequest, "no such transaction")
	}
	return x, nil
}

func (a *memory) Poll(_ context.Context, party Party, id []byte) (Outcome, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	x, err := a.find(party, id)
	if err != nil {
		return Outcome{}, err
	}
	if x.polls++; x.outcome.State == Waiting && a.waits >= 0 && x.polls > a.waits {
		a.issue(x)
	}
	return x.outcome, nil
}

func (a *memory) Confirm(_ context.Context, c *Confirmation) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	x, err := a.find(c.Party, c.TransactionID)
	if err != nil {
		return err
	}
	word := "refused"
	if c.Accepted {
		word = "confirmed"
	}
	if x.confirmed != "" && x.confirmed != word {
		return Refuse(CertConfirmed, "the certificate has another verdict already")
	}
	x.confirmed = word
	if ref, isMAC := bytes.CutPrefix([]byte(c.Party.Name), []byte("ref:")); isMAC && c.Accepted {
		a.spent[string(ref)] = true
	}
	a.replies[c.MessageSHA256] = c.Reply
	return nil
}

func (a *memory) Revoke(_ context.Context, r *RevocationRequest) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	serial := r.Certificate.Serial.String()
	if !bytes.Equal(r.Certificate.Issuer, a.ca.cert.RawSubject) {
		return Refuse(BadCertID, "unknown certificate")
	}
	if !r.Party.RA && (r.Party.Certificate == nil || r.Party.Certificate.SerialNumber.Cmp(r.Certificate.Serial) != 0) {
		return Refuse(NotAuthorized, "not yours")
	}
	if _, already := a.revoked[serial]; already {
		return Refuse(CertRevoked, "already revoked")
	}
	a.revoked[serial] = r.Reason
	return nil
}

func (a *memory) confirmedWord(id []byte) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if x := a.tx[string(id)]; x != nil {
		return x.confirmed
	}
	return ""
}

// writePEM writes certificates or a key for an outside program.
func writePEM(t testing.TB, dir, name string, things ...any) string {
	t.Helper()
	var out []byte
	for _, thing := range things {
		block := &pem.Block{}
		switch v := thing.(type) {
		case *x509.Certificate:
			block.Type, block.Bytes = "CERTIFICATE", v.Raw
		default:
			der, err := x509.MarshalPKCS8PrivateKey(v)
			if err != nil {
				t.Fatal(err)
			}
			block.Type, block.Bytes = "PRIVATE KEY", der
		}
		out = append(out, pem.EncodeToMemory(block)...)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, out, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// readCert reads the first certificate of a PEM file.
func readCert(t testing.TB, path string) *x509.Certificate {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		t.Fatalf("%s holds no PEM", path)
	}
	return parseCert(t, block.Bytes)
}

func newID(t testing.TB) []byte {
	t.Helper()
	id, err := random(rand.Reader, 16)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func nameOf(common string) pkix.Name { return pkix.Name{Country: []string{"KZ"}, CommonName: common} }
