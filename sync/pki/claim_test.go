package pki_test

import (
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/pki"
)

func TestClaim_TellsSignerAndTimeAndVerifiesNothing(t *testing.T) {
	a, when := sandbox(t), time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	cms, want := sign(t, a, when)
	cert, at, err := pki.Claim(cms)
	if err != nil || !cert.Equal(want) || !at.Equal(when) {
		t.Errorf("it says %v at %v: %v", cert, at, err)
	}
	for _, broken := range [][]byte{nil, {0x30}, cms[:len(cms)-1], append([]byte{0}, cms...)} {
		if _, _, err := pki.Claim(broken); !errors.Is(err, pki.ErrSignatureMalformed) {
			t.Errorf("%d octets of nonsense: %v", len(broken), err)
		}
	}
	if _, _, err := pki.Claim(make([]byte, pki.MaxSignature+1)); !errors.Is(err, pki.ErrSignatureTooLarge) {
		t.Errorf("too large: %v", err)
	}
}

func TestRolesOf_ComeFromTheCertificate(t *testing.T) {
	a := sandbox(t)
	for name, c := range map[string]struct {
		cert *x509.Certificate
		want pki.Roles
	}{
		"sign-in":            {issue(t, a, pki.TemplateAuth), pki.Roles{SignIn: true}},
		"signing":            {issue(t, a, pki.TemplateSign), pki.Roles{Sign: true}},
		"GOST":               {gostHouse().person(t), pki.Roles{SignIn: true, Sign: true}},
		"information system": {issue(t, a, pki.TemplateSystem), pki.Roles{}},
		"operator":           {issueOperator(t, a), pki.Roles{}},
		"CA":                 {a.Issuing(), pki.Roles{}},
	} {
		if got := pki.DefaultProfiles().RolesOf(c.cert); got != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
