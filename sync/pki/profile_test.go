package pki_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/tirkeu/kiosk/sync/pki"
)

func containsAny(s string, parts ...string) bool {
	for _, part := range parts {
		if strings.Contains(s, part) {
			return true
		}
	}
	return false
}

func TestDefaultProfiles_AreTheDecodedOnes(t *testing.T) {
	table := pki.DefaultProfiles()
	tests := []struct{ template, usage, extended, policy string }{
		{pki.TemplateAuth, "digitalSignature keyEncipherment", "1.3.6.1.5.5.7.3.2 1.2.398.3.3.4.1.1", "1.2.398.3.3.2.4"},
		{pki.TemplateSign, "digitalSignature nonRepudiation", "1.3.6.1.5.5.7.3.4 1.2.398.3.3.4.1.1", "1.2.398.3.3.2.3"},
		{pki.TemplateOperator, "digitalSignature nonRepudiation", "1.3.6.1.5.5.7.3.4 1.2.398.3.3.4.2.3", "1.2.398.3.3.2"},
	}
	for _, test := range tests {
		profile, err := table.Template(test.template)
		if err != nil {
			t.Fatal(err)
		}
		var extended []string
		for _, usage := range profile.ExtKeyUsage {
			extended = append(extended, usage.String())
		}
		if strings.Join(profile.KeyUsage, " ") != test.usage || strings.Join(extended, " ") != test.extended || profile.Policy.OID.String() != test.policy {
			t.Errorf("%s: %v %v %v", test.template, profile.KeyUsage, extended, profile.Policy.OID)
		}
		if profile.Policy.CPS != "http://pki.gov.kz/cps" {
			t.Errorf("%s: CPS %q", test.template, profile.Policy.CPS)
		}
	}
	for _, storage := range table.Storages {
		known := storage.OID.String() == "1.2.398.3.3.5.1.1" // the only one НУЦ has published
		if storage.Provisional == known {
			t.Errorf("storage %s with %v: provisional is %v", storage.Kind, storage.OID, storage.Provisional)
		}
	}
}

func TestParseProfiles_RefusesATableThatIsNotWhole(t *testing.T) {
	good, err := json.Marshal(pki.DefaultProfiles())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pki.ParseProfiles(good); err != nil {
		t.Fatalf("its own table, written and read: %v", err)
	}
	tests := map[string][2]string{
		"an unknown field":         {`"version"`, `"verson"`},
		"a key usage of a CA":      {`"nonRepudiation"`, `"keyCertSign"`},
		"an unknown attribute":     {`"attribute":"surname"`, `"attribute":"nickname"`},
		"a short key":              {`"min_bits":2048`, `"min_bits":1024`},
		"an algorithm not done":    {`"algorithm":"rsa"`, `"algorithm":"dsa"`},
		"a storage twice":          {`"kind":"jacarta"`, `"kind":"akey"`},
		"a storage OID twice":      {`1.2.398.3.3.5.99.16`, `1.2.398.3.3.5.99.64`},
		"a template twice":         {`"template":"rsa-auth"`, `"template":"rsa-sign"`},
		"no validity":              {`"validity_years":1`, `"validity_years":0`},
		"an OID with a letter":     {`1.2.398.3.3.2.4`, `1.2.398.x`},
		"an OID under no root":     {`1.2.398.3.3.2.4`, `9.2.398`},
		"no notice":                {`"sandbox_notice":"SANDBOX`, `"sandbox_notice":"","x":"`},
		"a subject without number": {`"attribute":"serialNumber"`, `"attribute":"localityName"`},
	}
	for name, change := range tests {
		bad := bytes.ReplaceAll(good, []byte(change[0]), []byte(change[1]))
		if bytes.Equal(bad, good) {
			t.Fatalf("%s: nothing was changed", name)
		}
		if _, err := pki.ParseProfiles(bad); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	long := bytes.Replace(good, []byte("SANDBOX"), []byte(strings.Repeat("ә", 200)), 1)
	if _, err := pki.ParseProfiles(long); err == nil {
		t.Error("a notice over 200 characters was taken")
	}
}

func TestProfiles_SayWhatTheyDoNotKnow(t *testing.T) {
	if _, err := pki.DefaultProfiles().Template("x"); !errors.Is(err, pki.ErrUnknownTemplate) {
		t.Errorf("template: %v", err)
	}
	if _, err := pki.DefaultProfiles().Storage("x"); !errors.Is(err, pki.ErrUnknownStorage) {
		t.Errorf("storage: %v", err)
	}
}
