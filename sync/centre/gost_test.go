package centre_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/cmp"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

var (
	gostSet = []registry.Template{registry.TemplateGOST}
	bothSet = []registry.Template{registry.TemplateAuth, registry.TemplateSign, registry.TemplateGOST}
)

// collect polls and confirms what staff let out, in the order of the keys; chains holds what came along.
func collect(t *testing.T, d *centretest.Device, p centretest.Paper, open []*cmp.Transaction) (certs []*x509.Certificate, chains []*pki.Pool) {
	t.Helper()
	for i, x := range open {
		client := d.CMP(string(p.Application.Keys[i].Template))
		answer, err := client.Poll(t.Context(), x)
		if err != nil || answer.State != cmp.Issued {
			t.Fatalf("key %d: polling: %v %v", i+1, answer.State, err)
		}
		if err := client.Confirm(t.Context(), x, answer.Certificate); err != nil {
			t.Fatalf("key %d: %v", i+1, err)
		}
		certs, chains = append(certs, answer.Certificate), append(chains, pki.NewPool(answer.Extra...))
	}
	return certs, chains
}

// checked is what a kiosk that knows the root alone makes of an issued certificate.
func checked(t *testing.T, c *centretest.Centre, p centretest.Paper, i int, cert *x509.Certificate, chain *pki.Pool) {
	t.Helper()
	err := pki.CheckIssued(cert, pki.Expect{SPKI: centretest.SPKI(t, p.Keys[i].Public()), IIN: p.IIN, Template: string(p.Application.Keys[i].Template),
		StorageKind: string(p.Storage.Kind), Email: p.Email, Now: time.Now()}, c.Roots, chain)
	if err != nil {
		t.Errorf("key %d: %v", i+1, err)
	}
}

// standing asks both the lists and OCSP, at the addresses a certificate names.
func standing(t *testing.T, cert, issuer *x509.Certificate, want pki.Revocation) {
	t.Helper()
	for name, source := range map[string]pki.Source{"list": &pki.CRLSource{}, "OCSP": &pki.OCSPSource{NeedNonce: true}} {
		answer := pki.Check(t.Context(), cert, issuer, source)
		if answer.State != want {
			t.Errorf("by %s the certificate of %q is %v, want %v: %v", name, issuer.Subject.CommonName, answer.State, want, answer.Err)
		}
	}
}

func get(t *testing.T, url string) (kind string, body []byte) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, err = io.ReadAll(answer.Body); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: HTTP %d, %v", url, answer.StatusCode, err)
	}
	return answer.Header.Get("Content-Type"), body
}

func TestGOST_GoesTheWholeWayBesideRSA(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		c := centretest.StartWith(t, o)
		d := c.Enrol("hall")
		person(t, c, centretest.IINAigerim)
		staff := c.Operator(centretest.Person(centretest.IINDana), centretest.Key(2))
		who := centretest.Person(centretest.IINAigerim)
		p := d.PaperFor(who, 1, centretest.OnStick, bothSet, []crypto.Signer{centretest.Key(0), centretest.Key(1), centretest.GOSTKey(0)})
		open := file(t, d, p)
		for i, x := range open {
			if x.State != cmp.Waiting {
				t.Fatalf("key %d is %q before anybody decided", i+1, x.State)
			}
		}
		if status, no := decideOf(t, d, staff, p); status != api.StatusIssued {
			t.Fatalf("deciding: %v %v", status, no)
		}
		certs, chains := collect(t, d, p, open)
		for i, cert := range certs {
			checked(t, c, p, i, cert, chains[i])
		}
		rsaCert, gostCert := certs[1], certs[2]
		if serial, err := pki.KeySerial(gostCert.RawSubjectPublicKeyInfo); err != nil || serial.Cmp(gostCert.SerialNumber) != 0 {
			t.Errorf("the GOST serial number %x is not the key's identifier", gostCert.SerialNumber)
		}
		if err := pki.CheckSignatureFrom(gostCert, c.GOST); err != nil {
			t.Errorf("the GOST certificate is not the GOST CA's: %v", err)
		}
		standing(t, rsaCert, c.Issuing, pki.Good)
		standing(t, gostCert, c.GOST, pki.Good)

		if err := c.RevokeCertificate(t.Context(), gostCert.SerialNumber.Text(16), "keyCompromise"); err != nil {
			t.Fatal(err)
		}
		standing(t, rsaCert, c.Issuing, pki.Good)
		standing(t, gostCert, c.GOST, pki.Revoked)
		_, rsaList := get(t, c.HTTPURL+"/crl/issuing.crl")
		if list, err := x509.ParseRevocationList(rsaList); err != nil || len(list.RevokedCertificateEntries) != 0 {
			t.Errorf("the RSA CA's list holds a GOST certificate (%v)", err)
		}
		if err := c.RevokeCertificate(t.Context(), rsaCert.SerialNumber.Text(16), "superseded"); err != nil {
			t.Fatal(err)
		}
		standing(t, rsaCert, c.Issuing, pki.Revoked)
		rows, err := c.Certificates(t.Context(), who.IIN)
		if err != nil || len(rows) != 3 {
			t.Fatalf("%d certificates: %v", len(rows), err)
		}
		for _, row := range rows {
			if (row.Issuer == "gost") != (row.Template == pki.TemplateGOST) {
				t.Errorf("%s was signed by %s", row.Template, row.Issuer)
			}
		}
	})
}

func decideOf(t *testing.T, d *centretest.Device, staff *centretest.Operator, p centretest.Paper) (api.Status, api.ErrorCode) {
	t.Helper()
	decision, signature := staff.Decide(p, "")
	return decide(t, d, decision, signature)
}

// issued has one GOST key certified.
func issued(t *testing.T, c *centretest.Centre, d *centretest.Device, counter uint64, key crypto.Signer) (centretest.Paper, *x509.Certificate) {
	t.Helper()
	p := d.PaperFor(centretest.Person(centretest.IINAigerim), counter, centretest.OnStick, gostSet, []crypto.Signer{key})
	open := file(t, d, p)
	c.Approve(p.Number)
	certs, _ := collect(t, d, p, open)
	return p, certs[0]
}

func TestGOST_AnotherProgramVerifiesRequestAndCertificate(t *testing.T) {
	c := centretest.Start(t)
	d := c.Enrol("hall")
	p, cert := issued(t, c, d, 1, centretest.GOSTKey(0))
	_, list := get(t, c.HTTPURL+"/crl/issuing-gost.crl")
	for name, one := range map[string]struct{ der, spki []byte }{
		"PKCS#10":         {p.CSRs[0], centretest.SPKI(t, p.Keys[0].Public())},
		"certificate":     {cert.Raw, c.GOST.RawSubjectPublicKeyInfo},
		"revocation list": {list, c.GOST.RawSubjectPublicKeyInfo},
	} {
		signed, signature := centretest.Parts(t, one.der)
		if !centretest.EngineVerifies(t, one.spki, signed, signature) {
			t.Errorf("OpenSSL's gost engine does not verify the %s", name)
		}
	}
}

func TestGOST_ServesWhatItsCertificatesPointTo(t *testing.T) {
	c := centretest.Start(t)
	for _, base := range []string{c.HTTPURL} {
		if kind, der := get(t, base+"/ca/issuing-gost.cer"); kind != "application/pkix-cert" || !bytes.Equal(der, c.GOST.Raw) {
			t.Errorf("/ca/issuing-gost.cer is %s", kind)
		}
		if kind, der := get(t, base+"/crl/issuing-gost.crl"); kind != "application/pkix-crl" || len(der) < 100 {
			t.Errorf("/crl/issuing-gost.crl is %s", kind)
		}
	}
	_, first := get(t, c.HTTPURL+"/crl/issuing-gost.crl")
	_, again := get(t, c.HTTPURL+"/crl/issuing-gost.crl")
	if !bytes.Equal(first, again) {
		t.Error("a list is signed anew though nothing changed")
	}
}

func TestGOST_TheSameKeyIsNeverCertifiedTwice(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		c := centretest.StartWith(t, o)
		d, other := c.Enrol("hall"), c.Enrol("porch")
		_, cert := issued(t, c, d, 1, centretest.GOSTKey(0))
		refusedTwice := func(when string) {
			t.Helper()
			for _, from := range []*centretest.Device{d, other} {
				again := from.PaperFor(centretest.Person(centretest.IINBolat), 2, centretest.OnStick, gostSet, []crypto.Signer{centretest.GOSTKey(0)})
				answer, err := from.API.PutApplicationWithResponse(t.Context(), again.Number, api.Filing{Document: again.Document})
				if err != nil || code(answer.Body) != api.ErrorCodeConflict || !strings.Contains(string(answer.Body), "certified once") {
					t.Errorf("%s: an application for the same key: %v %s", when, err, answer.Body)
				}
				bare, err := from.CMP(pki.TemplateGOST).P10CR(t.Context(), cmp.NewTransaction(centretest.ID(again.Application.Keys[0].TransactionID)), again.CSRs[0])
				if err != nil || bare.State != cmp.Rejected || !bare.Status.Fail.Has(cmp.DuplicateCertReq) || !strings.Contains(strings.Join(bare.Status.Text, ""), "certified once") {
					t.Errorf("%s: a request for the same key: %v %+v %v", when, bare.State, bare.Status, err)
				}
			}
		}
		refusedTwice("after issue")
		if err := c.RevokeCertificate(t.Context(), cert.SerialNumber.Text(16), ""); err != nil {
			t.Fatal(err)
		}
		refusedTwice("after revocation")
		if rows, err := c.Certificates(t.Context(), ""); err != nil || len(rows) != 1 {
			t.Errorf("%d certificates were issued: %v", len(rows), err)
		}
	})
}

// What was rejected was never certified: the key may come again, and so may an RSA key, whose number is drawn.
func TestGOST_AKeyMayComeAgainAfterARejection(t *testing.T) {
	c := centretest.Start(t)
	d := c.Enrol("hall")
	p := d.PaperFor(centretest.Person(centretest.IINAigerim), 1, centretest.OnStick, gostSet, []crypto.Signer{centretest.GOSTKey(0)})
	file(t, d, p)
	c.Reject(p.Number, "document-invalid")
	_, cert := issued(t, c, d, 2, centretest.GOSTKey(0))
	standing(t, cert, c.GOST, pki.Good)
}

func TestGOST_ProfileAndKeyMustBeOfOneFamily(t *testing.T) {
	c := centretest.Start(t)
	d := c.Enrol("hall")
	who := centretest.Person(centretest.IINAigerim)
	request := func(template string, key crypto.Signer) []byte {
		t.Helper()
		csr, err := pki.NewRequest(template, who, pki.StorageStick, key)
		if err != nil {
			t.Fatal(err)
		}
		return csr
	}
	id := func(n byte) []byte { return bytes.Repeat([]byte{n}, 16) }
	gostCSR, rsaCSR := request(pki.TemplateGOST, centretest.GOSTKey(0)), request(pki.TemplateSign, centretest.Key(0))
	for i, one := range []struct {
		profile string
		csr     []byte
	}{{pki.TemplateGOST, rsaCSR}, {pki.TemplateSign, gostCSR}, {pki.TemplateAuth, gostCSR}, {"device", gostCSR}} {
		answer, err := d.CMP(one.profile).P10CR(t.Context(), cmp.NewTransaction(id(byte(i+1))), one.csr)
		if err != nil || answer.State != cmp.Rejected {
			t.Errorf("%d, profile %s: %v %v", i, one.profile, answer.State, err)
		} else if one.profile != "device" && !answer.Status.Fail.Has(cmp.BadCertTemplate) {
			t.Errorf("%d, profile %s: %+v", i, one.profile, answer.Status)
		}
	}
	if all, err := c.Applications(t.Context(), ""); err != nil || len(all) != 0 {
		t.Errorf("%d applications came of it: %v", len(all), err)
	}
}

func TestApplication_KeysMustBeASetOfTheStorage(t *testing.T) {
	c := centretest.Start(t)
	d := c.Enrol("hall")
	token := registry.Storage{Kind: registry.StorageKaztoken, Serial: "1", Model: "KAZTOKEN", Secure: true}
	for i, one := range []struct {
		on        registry.Storage
		templates []registry.Template
		keys      []crypto.Signer
		ok        bool
	}{
		{token, gostSet, []crypto.Signer{centretest.GOSTKey(0)}, false},
		{token, bothSet, []crypto.Signer{centretest.Key(0), centretest.Key(1), centretest.GOSTKey(0)}, false},
		{centretest.OnStick, []registry.Template{registry.TemplateSign}, []crypto.Signer{centretest.Key(0)}, false},
		{centretest.OnStick, []registry.Template{registry.TemplateSign, registry.TemplateGOST}, []crypto.Signer{centretest.Key(0), centretest.GOSTKey(0)}, false},
		{centretest.OnStick, []registry.Template{registry.TemplateGOST, registry.TemplateGOST}, []crypto.Signer{centretest.GOSTKey(1), centretest.GOSTKey(0)}, false},
		{centretest.OnStick, gostSet, []crypto.Signer{centretest.GOSTKey(0)}, true},
		{centretest.OnStick, []registry.Template{registry.TemplateSign, registry.TemplateAuth}, []crypto.Signer{centretest.Key(0), centretest.Key(1)}, true},
	} {
		p := d.PaperFor(centretest.Person(centretest.IINAigerim), uint64(i+1), one.on, one.templates, one.keys)
		answer, err := d.API.PutApplicationWithResponse(t.Context(), p.Number, api.Filing{Document: p.Document})
		if err != nil || (answer.JSON200 != nil) != one.ok {
			t.Errorf("%v on %s: %v %s", one.templates, one.on.Kind, err, answer.Body)
		} else if !one.ok && code(answer.Body) != api.ErrorCodeBadRequest {
			t.Errorf("%v on %s: %s", one.templates, one.on.Kind, answer.Body)
		}
	}
}

func TestGOST_ARefusedCertificateStandsInItsOwnCAsList(t *testing.T) {
	c := centretest.Start(t)
	d := c.Enrol("hall")
	p := d.PaperFor(centretest.Person(centretest.IINAigerim), 1, centretest.OnStick, gostSet, []crypto.Signer{centretest.GOSTKey(0)})
	open := file(t, d, p)
	c.Approve(p.Number)
	client := d.CMP(pki.TemplateGOST)
	answer, err := client.Poll(t.Context(), open[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Refuse(t.Context(), open[0], answer.Certificate, "not what was asked for"); err != nil {
		t.Fatal(err)
	}
	standing(t, answer.Certificate, c.GOST, pki.Revoked)
}

func TestRevoke_ADeviceHasNoSayOverAGOSTCertificate(t *testing.T) {
	c := centretest.Start(t)
	d := c.Enrol("hall")
	_, cert := issued(t, c, d, 1, centretest.GOSTKey(0))
	for name, one := range map[string]struct {
		revocation cmp.Revocation
		want       cmp.Failure
	}{
		"a citizen's":                    {cmp.Revocation{Issuer: cert.RawIssuer, Serial: cert.SerialNumber}, cmp.NotAuthorized},
		"a citizen's, by the other CA":   {cmp.Revocation{Issuer: c.Issuing.RawSubject, Serial: cert.SerialNumber}, cmp.BadCertID},
		"its own, by the other CA":       {cmp.Revocation{Issuer: c.GOST.RawSubject, Serial: d.Certificate.SerialNumber}, cmp.BadCertID},
		"one that is not there, by GOST": {cmp.Revocation{Issuer: c.GOST.RawSubject, Serial: c.GOST.SerialNumber}, cmp.BadCertID},
	} {
		err := d.CMP("device").Revoke(t.Context(), cmp.NewTransaction(bytes.Repeat([]byte(name[:1]), 16)), one.revocation)
		if err == nil {
			t.Errorf("%s was revoked", name)
		} else if verdict, is := asVerdict(err); !is || !verdict.Info.Fail.Has(one.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	standing(t, cert, c.GOST, pki.Good)
}

// A GOST key signs in as well as it signs: its owner asks for his certificates with it.
func TestCitizen_ShowsWhoHeIsWithAGOSTKey(t *testing.T) {
	c := centretest.Start(t)
	d := c.Enrol("hall")
	p, cert := issued(t, c, d, 1, centretest.GOSTKey(0))
	signed := func(key crypto.Signer) api.SignedChallenge {
		t.Helper()
		challenge, err := d.API.CreateChallengeWithResponse(t.Context())
		if err != nil || challenge.JSON200 == nil {
			t.Fatalf("challenge: %v %s", err, challenge.Body)
		}
		signature, err := pki.SignDetached(challenge.JSON200.Challenge, cert, []*x509.Certificate{c.GOST}, key, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return api.SignedChallenge{Challenge: challenge.JSON200.Challenge, Signature: signature}
	}
	answer, err := d.API.SearchCertificatesWithResponse(t.Context(), signed(p.Keys[0]))
	if err != nil || answer.JSON200 == nil || len(answer.JSON200.Items) != 1 || answer.JSON200.Items[0].Template != pki.TemplateGOST {
		t.Errorf("certificates: %v %s", err, answer.Body)
	}
	staff, err := d.API.OpenStaffSessionWithResponse(t.Context(), signed(p.Keys[0]))
	if err != nil || code(staff.Body) != api.ErrorCodeNotOperator {
		t.Errorf("a citizen opened supervisor mode: %v %s", err, staff.Body)
	}
	if err := c.RevokeCertificate(t.Context(), cert.SerialNumber.Text(16), ""); err != nil {
		t.Fatal(err)
	}
	answer, err = d.API.SearchCertificatesWithResponse(t.Context(), signed(p.Keys[0]))
	if err != nil || code(answer.Body) != api.ErrorCodeUnauthenticated {
		t.Errorf("with a revoked certificate: %v %s", err, answer.Body)
	}
}
