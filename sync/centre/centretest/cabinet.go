package centretest

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/cmp"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// Citizen is a person with the keys that the centre certified.
type Citizen struct {
	pki.Person
	Keys   []crypto.Signer
	Certs  []*x509.Certificate // in the order of the keys
	Number string              // of the application
	device *Device
	centre *Centre
}

// Citizen has an RSA pair on a token certified for a person, after staff confirmed it: the first key signs in, the second signs.
func (d *Device) Citizen(who pki.Person, counter uint64, auth, sign crypto.Signer) *Citizen {
	d.centre.t.Helper()
	return d.Holder(d.NewPaper(who, counter, auth, sign), who)
}

// Holder has a paper's keys certified, after staff confirmed it.
func (d *Device) Holder(p Paper, who pki.Person) *Citizen {
	d.centre.t.Helper()
	filed, err := d.API.PutApplicationWithResponse(context.Background(), p.Number, api.Filing{Document: p.Document})
	d.centre.check(err)
	if filed.JSON200 == nil {
		d.centre.t.Fatalf("filing: %s", filed.Body)
	}
	d.centre.Approve(p.Number)
	return &Citizen{Person: who, Keys: p.Keys, Certs: d.Fetch(p), Number: p.Number, device: d, centre: d.centre}
}

// Fetch asks for the certificates of a paper that was confirmed, and confirms them.
func (d *Device) Fetch(p Paper) []*x509.Certificate {
	d.centre.t.Helper()
	var certs []*x509.Certificate
	for i, k := range p.Application.Keys {
		client, x := d.CMP(string(k.Template)), cmp.NewTransaction(ID(k.TransactionID))
		answer, err := client.P10CR(context.Background(), x, p.CSRs[i])
		d.centre.check(err)
		if answer.State != cmp.Issued {
			d.centre.t.Fatalf("key %d is %s: %+v", k.Ordinal, answer.State, answer.Status)
		}
		d.centre.check(client.Confirm(context.Background(), x, answer.Certificate))
		certs = append(certs, answer.Certificate)
	}
	return certs
}

// Sign signs bytes with the n-th key at a time.
func (z *Citizen) Sign(n int, content []byte, at time.Time) []byte {
	z.centre.t.Helper()
	chain := []*x509.Certificate{z.centre.Issuing}
	if z.Certs[n].PublicKeyAlgorithm != x509.RSA {
		chain[0] = z.centre.GOST
	}
	signature, err := pki.SignDetached(content, z.Certs[n], chain, z.Keys[n], at)
	z.centre.check(err)
	return signature
}

// SignIn signs a challenge of a device with the n-th key; it gives the answer as it came.
func (z *Citizen) SignIn(d *Device, n int) *api.OpenCitizenSessionResponse {
	z.centre.t.Helper()
	challenge, err := d.API.CreateChallengeWithResponse(context.Background())
	z.centre.check(err)
	if challenge.JSON200 == nil {
		z.centre.t.Fatalf("challenge: %s", challenge.Body)
	}
	content := challenge.JSON200.Challenge
	answer, err := d.API.OpenCitizenSessionWithResponse(context.Background(), api.SignedChallenge{Challenge: content, Signature: z.Sign(n, content, time.Now())})
	z.centre.check(err)
	return answer
}

// Session signs the citizen in with his first key.
func (z *Citizen) Session(d *Device) string {
	z.centre.t.Helper()
	answer := z.SignIn(d, 0)
	if answer.JSON200 == nil {
		z.centre.t.Fatalf("signing in: %s", answer.Body)
	}
	return answer.JSON200.Session
}

// Ref names the n-th certificate.
func (z *Citizen) Ref(n int) registry.CertificateRef {
	return registry.CertificateRef{Issuer: z.Certs[n].RawIssuer, Serial: Serial(z.Certs[n])}
}

// Serial is a serial number as documents write it.
func Serial(cert *x509.Certificate) string { return hex.EncodeToString(cert.SerialNumber.Bytes()) }

// Paper writes an application of the citizen's of another kind than new, made by change of one with keys for the templates.
func (z *Citizen) Paper(d *Device, counter uint64, kind registry.Kind, on registry.Storage, templates []registry.Template, keys []crypto.Signer, change func(*registry.Application)) Paper {
	z.centre.t.Helper()
	p := d.PaperFor(z.Person, counter, on, templates, keys)
	p.Application.Kind = kind
	if change != nil {
		change(&p.Application)
	}
	var err error
	p.Document, err = p.Application.Encode()
	z.centre.check(err)
	return p
}

// Revocation writes an application for the revocation of some of his certificates.
func (z *Citizen) Revocation(d *Device, counter uint64, reason string, refs ...registry.CertificateRef) Paper {
	z.centre.t.Helper()
	return z.Paper(d, counter, registry.KindRevocation, OnStick, []registry.Template{registry.TemplateAuth}, []crypto.Signer{Key(0)}, func(a *registry.Application) {
		a.Region, a.Locality, a.Storage, a.Keys = "", "", registry.Storage{}, nil
		a.Revocation = &registry.Revocation{Certificates: refs, Reason: reason}
	})
}

// File files a paper with a signature by the n-th key.
func (z *Citizen) File(d *Device, p Paper, n int) *api.PutApplicationResponse {
	z.centre.t.Helper()
	return d.FileSigned(p, z.Sign(n, p.Document, time.Now()))
}

// FileSigned files a paper with a signature.
func (d *Device) FileSigned(p Paper, signature []byte) *api.PutApplicationResponse {
	d.centre.t.Helper()
	answer, err := d.API.PutApplicationWithResponse(context.Background(), p.Number, api.Filing{Document: p.Document, Signature: &signature})
	d.centre.check(err)
	return answer
}

// Revoke sends an rr for a certificate.
func (d *Device) Revoke(ref registry.CertificateRef, reason int) error {
	serial, _ := new(big.Int).SetString(ref.Serial, 16)
	return d.CMP("rsa-sign").Revoke(context.Background(), cmp.NewTransaction(random(16)), cmp.Revocation{Issuer: ref.Issuer, Serial: serial, Reason: reason})
}

// Code has a one-time code sent and told, and gives its id.
func (z *Citizen) Code(d *Device, session string, kind registry.Kind) string {
	z.centre.t.Helper()
	header := api.CitizenHeader(session)
	sent, err := d.API.AskCodeWithResponse(context.Background(), &api.AskCodeParams{XCitizenSession: header}, api.CodeQuery{Kind: api.Kind(kind)})
	z.centre.check(err)
	if sent.JSON200 == nil || !sent.JSON200.Needed {
		z.centre.t.Fatalf("asking for a code: %s", sent.Body)
	}
	told, err := d.API.VerifyCodeWithResponse(context.Background(), sent.JSON200.Id, &api.VerifyCodeParams{XCitizenSession: header}, api.CodeTold{Code: z.centre.LastCode()})
	z.centre.check(err)
	if told.JSON200 == nil {
		z.centre.t.Fatalf("telling the code: %s", told.Body)
	}
	return sent.JSON200.Id
}

// LastCode is the code that was sent last, as the sandbox's console shows it.
func (c *Centre) LastCode() string {
	c.t.Helper()
	all, err := c.Codes(context.Background())
	c.check(err)
	if len(all) == 0 {
		c.t.Fatal("no code can be told")
	}
	return all[0].Code
}

// Forge signs, with the key of the RSA issuing CA, a certificate that the ledger knows nothing of: as if from before a
// backup was put back, or of another time.
func (c *Centre) Forge(template string, who pki.Person, key *rsa.PrivateKey, notBefore, notAfter time.Time) *Citizen {
	c.t.Helper()
	text, err := os.ReadFile(filepath.Join(c.State, "issuing.key"))
	c.check(err)
	block, _ := pem.Decode(text)
	signer, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	c.check(err)
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 150))
	c.check(err)
	profiles, spki := pki.DefaultProfiles(), SPKI(c.t, key.Public())
	draft, _, err := profiles.Build(pki.Issuance{Template: template, Person: who, Storage: pki.StorageStick, SPKI: spki, Serial: serial,
		NotBefore: notBefore, NotAfter: notAfter, Notice: profiles.SandboxNotice, OCSP: []string{c.HTTPURL + "/ocsp"}})
	c.check(err)
	der, err := pki.CreateCertificate(draft, c.Issuing, spki, signer.(crypto.Signer))
	c.check(err)
	cert, err := x509.ParseCertificate(der)
	c.check(err)
	return &Citizen{Person: who, Keys: []crypto.Signer{key}, Certs: []*x509.Certificate{cert}, centre: c}
}

// Taken is a citizen whose certificates came by another way than Fetch.
func (c *Centre) Taken(who pki.Person, keys []crypto.Signer, ders ...[]byte) *Citizen {
	c.t.Helper()
	z := &Citizen{Person: who, Keys: keys, centre: c}
	for _, der := range ders {
		cert, err := x509.ParseCertificate(der)
		c.check(err)
		z.Certs = append(z.Certs, cert)
	}
	return z
}
