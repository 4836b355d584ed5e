package keyfile

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/gost"
)

// signedOff makes a certificate of a template without caring for its key.
func signedOff(t *testing.T, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(0x1234), Subject: pkix.Name{CommonName: "x"}, NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour)}
	change(template)
	return selfSigned(template, signPerson().Key)
}

func TestDescribe_SaysUsageByWhatTheCertificateSays(t *testing.T) {
	const ds, nr, ke, ka = x509.KeyUsageDigitalSignature, x509.KeyUsageContentCommitment, x509.KeyUsageKeyEncipherment, x509.KeyUsageKeyAgreement
	const mail, client, server = x509.ExtKeyUsageEmailProtection, x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth
	both, in, sign := []Usage{UsageSignIn, UsageSign}, []Usage{UsageSignIn}, []Usage{UsageSign}
	nca := func(usage x509.KeyUsage, extended x509.ExtKeyUsage, policy string) *x509.Certificate {
		return selfSigned(ncaTemplate(usage, extended, policy), signPerson().Key)
	}
	kz := func(usage x509.KeyUsage, extended x509.ExtKeyUsage, policy string) *x509.Certificate {
		return issueGOST(ncaTemplate(usage, extended, policy), gostPerson().Key.(*gost.PrivateKey))
	}
	for name, c := range map[string]struct {
		cert     *x509.Certificate
		usage    []Usage
		template string
	}{
		"person, signing":                 {nca(ds|nr, mail, "1.2.398.3.3.2.3"), sign, TemplateSign},
		"person, signing in":              {nca(ds|ke, client, "1.2.398.3.3.2.4"), in, TemplateAuth},
		"organization, signing":           {nca(ds|nr, mail, "1.2.398.3.3.2.1"), sign, TemplateSign},
		"organization, signing in":        {nca(ds|ke, client, "1.2.398.3.3.2.2"), in, TemplateAuth},
		"staff":                           {nca(ds|nr, mail, "1.2.398.3.3.2"), sign, TemplateSign},
		"policy and usage disagree":       {nca(ds|nr, mail, "1.2.398.3.3.2.4"), sign, ""},
		"usage and policy disagree":       {nca(ds|ke, client, "1.2.398.3.3.2.3"), in, ""},
		"usages disagree":                 {nca(ds|ke, mail, "1.2.398.3.3.2.3"), nil, ""},
		"neither":                         {nca(ke, client, "1.2.398.3.3.2.4"), nil, ""},
		"another's policy":                {nca(ds|nr, mail, "1.2.3.4"), sign, ""},
		"a policy that begins alike":      {nca(ds|nr, mail, "1.2.398.3.3.20.3"), sign, ""},
		"no policy":                       {nca(ds|nr, mail, ""), sign, ""},
		"GOST, one key for both":          {kz(ds|nr|ka, mail, "1.2.398.3.3.2"), both, TemplateGOST},
		"GOST, key encipherment":          {kz(ds|nr|ke, mail, "1.2.398.3.3.2"), both, TemplateGOST},
		"GOST, organization":              {kz(ds|nr, mail, "1.2.398.3.3.2.1"), both, TemplateGOST},
		"GOST of another authority":       {kz(ds|nr, mail, "1.2.3"), sign, ""},
		"GOST, not for signing":           {kz(ds|ka, client, "1.2.398.3.3.2"), in, ""},
		"foreign, says nothing":           {signedOff(t, func(*x509.Certificate) {}), both, ""},
		"foreign, for anything":           {signedOff(t, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} }), both, ""},
		"foreign, a server":               {signedOff(t, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{server} }), nil, ""},
		"foreign, something unknown":      {signedOff(t, func(c *x509.Certificate) { c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{{1, 2, 3}} }), nil, ""},
		"an authority":                    {signedOff(t, func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }), nil, ""},
		"an authority with all the rest":  {signedOff(t, func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, ds|nr }), nil, ""},
		"somebody who says he is no such": {signedOff(t, func(c *x509.Certificate) { c.BasicConstraintsValid = true }), both, ""},
	} {
		d := Describe(c.cert)
		if !slices.Equal(d.Usage, c.usage) || d.Template != c.template {
			t.Errorf("%s: %q, template %q, want %q, %q", name, d.Usage, d.Template, c.usage, c.template)
		}
	}
}

func TestDescribe_SaysWhoseAndHowLong(t *testing.T) {
	d := Describe(gostPerson().Certificate)
	cert := gostPerson().Certificate
	if d.Algorithm != AlgorithmGOST2015 || d.Bits != 512 || d.KeyID != hex.EncodeToString(cert.SubjectKeyId) || d.Serial != cert.SerialNumber.Text(16) && "0"+cert.SerialNumber.Text(16) != d.Serial ||
		!d.NotBefore.Equal(cert.NotBefore) || !d.NotAfter.Equal(cert.NotAfter) || d.Authority {
		t.Errorf("%+v", d)
	}
	if d.Owner != (Owner{Surname: "ҮЛГІЕВА", Given: "АЙГЕРІМ", Patronymic: "СЫНАҚҚЫЗЫ", CommonName: "ҮЛГІЕВА АЙГЕРІМ", IIN: "123456789011"}) {
		t.Errorf("%+v", d.Owner)
	}
	organization := signedOff(t, func(c *x509.Certificate) {
		c.Subject = pkix.Name{CommonName: "ҮЛГІЕВ БОЛАТ", Organization: []string{"СЫНАҚ ЖШС"}, OrganizationalUnit: []string{"бөлім", "BIN123456789021"}, SerialNumber: "IIN123456789011"}
	})
	if o := Describe(organization).Owner; o.BIN != "123456789021" || o.IIN != "123456789011" || o.Organization != "СЫНАҚ ЖШС" || o.Surname != "" || o.CommonName != "ҮЛГІЕВ БОЛАТ" {
		t.Errorf("%+v", o)
	}
	foreign := signedOff(t, func(c *x509.Certificate) {
		c.Subject = pkix.Name{Organization: []string{"Elsewhere"}, SerialNumber: "IIN12345678901A", OrganizationalUnit: []string{"BIN1", "BIN"}}
		c.Subject.ExtraNames = []pkix.AttributeTypeAndValue{{Type: oidGivenName, Value: "Ada"}, {Type: oidSurname, Value: "Lovelace"}}
	})
	if d := Describe(foreign); d.Owner != (Owner{Surname: "Lovelace", Given: "Ada", Organization: "Elsewhere"}) || d.Issuer != "Elsewhere" {
		t.Errorf("%+v", d)
	}
	if d := Describe(ecPerson().Certificate); d.Algorithm != AlgorithmEC || d.Bits != 256 {
		t.Errorf("%+v", d)
	}
}

func TestTypedOddly_SaysWhatIsOddBeforeItIsTried(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "Qwerty12": "", "QWERTY12": "", PasswordSpecials: "",
		"Йцукен12": OddCyrillic, "Qwertу12": OddCyrillic, "Құпия": OddCyrillic, "Qwerty 12я": OddCyrillic,
		"Qwerty12 ": OddOutside, "Qwerty~12": OddOutside, "Qwerty12\t": OddOutside, "Ｑwerty12": OddOutside, "Qwérty12": OddOutside, "\xff": OddOutside,
	} {
		if got := TypedOddly(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
