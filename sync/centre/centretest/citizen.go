package centretest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"sync"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/gost"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// Two people of the sandbox, and one of staff. Their IINs have right check digits; they are nobody's.
const (
	IINAigerim = "900101400013"
	IINBolat   = "850615300024"
	IINDana    = "780320400037"
)

// Person is one of them.
func Person(iin string) pki.Person {
	switch iin {
	case IINAigerim:
		return pki.Person{IIN: iin, Surname: "Әбдіқалықова", Given: "Айгерім", Patronymic: "Серікқызы"}
	case IINBolat:
		return pki.Person{IIN: iin, Surname: "Оспанов", Given: "Болат", Patronymic: "Нұрланұлы"}
	}
	return pki.Person{IIN: iin, Surname: "Жүнісова", Given: "Дана", Patronymic: ""}
}

// Key gives an RSA-2048 key out of a few that are made once a process; making one takes long. Keys of different n differ.
func Key(n int) *rsa.PrivateKey {
	keys.mu.Lock()
	defer keys.mu.Unlock()
	for len(keys.all) <= n {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err) // crypto/rand does not fail
		}
		keys.all = append(keys.all, k)
	}
	return keys.all[n]
}

var keys struct {
	mu   sync.Mutex
	all  []*rsa.PrivateKey
	gost []*gost.PrivateKey
}

// Paper is an application with the requests for its keys.
type Paper struct {
	registry.Application
	Document []byte
	CSRs     [][]byte // one a key, in order
	Keys     []crypto.Signer
}

// GOSTKey gives a GOST key out of a few that are made once a process. Keys of different n differ. A GOST key is
// certified once by a centre.
func GOSTKey(n int) *gost.PrivateKey {
	keys.mu.Lock()
	defer keys.mu.Unlock()
	for len(keys.gost) <= n {
		k, err := gost.GenerateKey(rand.Reader)
		if err != nil {
			panic(err) // crypto/rand does not fail
		}
		keys.gost = append(keys.gost, k)
	}
	return keys.gost[n]
}

// SPKI is the SubjectPublicKeyInfo of a key, of GOST under Kazakh identifiers.
func SPKI(t testing.TB, key crypto.PublicKey) []byte {
	t.Helper()
	var der []byte
	var err error
	if own, isGOST := key.(*gost.PublicKey); isGOST {
		der, err = gost.MarshalPublicKey(own, gost.Kazakh)
	} else {
		der, err = x509.MarshalPKIXPublicKey(key)
	}
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// NewPaper writes an application for a person under a device's number, with a key on a Kaztoken for each of the templates
// rsa-auth and rsa-sign.
func (d *Device) NewPaper(who pki.Person, counter uint64, auth, sign crypto.Signer) Paper {
	token := registry.Storage{Kind: registry.StorageKaztoken, Serial: "0001", Model: "KAZTOKEN", Secure: true}
	return d.PaperFor(who, counter, token, []registry.Template{registry.TemplateAuth, registry.TemplateSign}, []crypto.Signer{auth, sign})
}

// OnStick is the storage of key files.
var OnStick = registry.Storage{Kind: registry.StorageStick}

// PaperFor writes an application with a key for each template.
func (d *Device) PaperFor(who pki.Person, counter uint64, on registry.Storage, templates []registry.Template, keys []crypto.Signer) Paper {
	agreement := registry.Default().Agreement
	p := Paper{Keys: keys, Application: registry.Application{Version: registry.DocumentVersion,
		Number: registry.NewNumber(d.Prefix, counter), Kind: registry.KindNew, IIN: who.IIN,
		Name:   registry.Name{Surname: who.Surname, Given: who.Given, Patronymic: who.Patronymic},
		Region: "almaty", Locality: "almaty", Storage: on,
		Consent: agreement.Consent("kk"), Device: d.Name, CreatedAt: time.Now().UTC().Truncate(time.Second)}}
	for i, template := range templates {
		csr, err := pki.NewRequest(string(template), who, string(on.Kind), p.Keys[i])
		d.centre.check(err)
		sum := sha256.Sum256(SPKI(d.centre.t, p.Keys[i].Public()))
		p.CSRs = append(p.CSRs, csr)
		p.Application.Keys = append(p.Application.Keys, registry.Key{Ordinal: i + 1, Template: template, TransactionID: hex.EncodeToString(random(16)), SPKISHA256: hex.EncodeToString(sum[:])})
	}
	var err error
	p.Document, err = p.Encode()
	d.centre.check(err)
	return p
}

// Operator is a member of staff with his key.
type Operator struct {
	pki.Person
	Certificate *x509.Certificate
	Key         crypto.Signer
	centre      *Centre
}

// Operator registers a member of staff.
func (c *Centre) Operator(who pki.Person, key crypto.Signer) *Operator {
	c.t.Helper()
	csr, err := pki.NewRequest(pki.TemplateOperator, who, pki.StorageKaztoken, key)
	c.check(err)
	return &Operator{Person: who, Key: key, centre: c, Certificate: c.AddOperator(csr, who.IIN, who.Surname+" "+who.Given+" "+who.Patronymic)}
}

// Sign signs bytes detached.
func (o *Operator) Sign(content []byte) []byte {
	o.centre.t.Helper()
	signature, err := pki.SignDetached(content, o.Certificate, []*x509.Certificate{o.centre.Issuing}, o.Key, time.Now())
	o.centre.check(err)
	return signature
}

// Decide writes and signs a decision about a paper; reason "" confirms it.
func (o *Operator) Decide(p Paper, reason string) (decision, signature []byte) {
	o.centre.t.Helper()
	d := registry.Decision{Version: registry.DocumentVersion, Number: p.Number, ApplicationSHA256: registry.Hash(p.Document), Verdict: registry.VerdictConfirm,
		Document: registry.Document{Type: "id-card", Number: "012345678"}, Device: "hall", At: time.Now().UTC().Truncate(time.Second)}
	if reason != "" {
		d.Verdict, d.Reason, d.Document = registry.VerdictReject, reason, registry.Document{}
	}
	decision, err := d.Encode()
	o.centre.check(err)
	return decision, o.Sign(decision)
}

// ID reads a transaction id out of an application.
func ID(text string) []byte {
	id, err := hex.DecodeString(text)
	if err != nil {
		panic(err) // an application's are hex
	}
	return id
}
