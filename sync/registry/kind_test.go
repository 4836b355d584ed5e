package registry

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func ofKind(kind Kind) Application {
	a := sample()
	a.Kind = kind
	ref := CertificateRef{Issuer: []byte{0x30, 0}, Serial: "0a0b"}
	switch kind {
	case KindReissue:
		a.Replaces, a.SecondFactor = &ref, strings.Repeat("0d", 16)
	case KindRevocation:
		a.Revocation = &Revocation{Certificates: []CertificateRef{ref, {Issuer: []byte{0x30, 0}, Serial: "0c"}}, Reason: "compromise"}
		a.Keys, a.Storage, a.Region, a.Locality = nil, Storage{}, "", ""
	case KindSystem:
		a.System = "1.2.398.9.1"
	}
	return a
}

func TestApplication_EachKindHasExactlyOneEncoding(t *testing.T) {
	for _, kind := range Kinds {
		document, err := ofKind(kind).Encode()
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		again, err := ParseApplication(document)
		if err != nil || !reflect.DeepEqual(again, ofKind(kind)) {
			t.Errorf("%s is read as another: %v", kind, err)
		}
	}
	document, err := ofKind(KindRevocation).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseApplication([]byte(strings.Replace(string(document), `"keys":null`, `"keys":[]`, 1))); !errors.Is(err, ErrDocument) {
		t.Errorf("a second encoding of no keys: %v", err)
	}
}

// A kiosk may still hold documents of a program that knew no other kinds: their bytes are signed and hashed.
func TestApplication_OfOldIsEncodedAsItWas(t *testing.T) {
	document, err := sample().Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"replaces", "revocation", "system", "second_factor"} {
		if strings.Contains(string(document), `"`+field+`"`) {
			t.Errorf("it has the field %s", field)
		}
	}
}

func TestApplication_HasTheFieldsOfItsKindAndNoOther(t *testing.T) {
	ref := &CertificateRef{Issuer: []byte{0x30, 0}, Serial: "0a"}
	for name, c := range map[string]struct {
		kind  Kind
		spoil func(*Application)
	}{
		"new with a certificate":       {KindNew, func(a *Application) { a.Replaces = ref }},
		"new with a system":            {KindNew, func(a *Application) { a.System = "1.2.3" }},
		"reissue of nothing":           {KindReissue, func(a *Application) { a.Replaces = nil }},
		"reissue, serial in capitals":  {KindReissue, func(a *Application) { a.Replaces.Serial = "0A" }},
		"reissue, serial with zeros":   {KindReissue, func(a *Application) { a.Replaces.Serial = "000a" }},
		"reissue, half an octet":       {KindReissue, func(a *Application) { a.Replaces.Serial = "a" }},
		"reissue, no issuer":           {KindReissue, func(a *Application) { a.Replaces.Issuer = nil }},
		"second factor of few octets":  {KindReissue, func(a *Application) { a.SecondFactor = "0d" }},
		"revocation of nothing":        {KindRevocation, func(a *Application) { a.Revocation.Certificates = nil }},
		"revocation twice of one":      {KindRevocation, func(a *Application) { a.Revocation.Certificates[1] = a.Revocation.Certificates[0] }},
		"revocation without reason":    {KindRevocation, func(a *Application) { a.Revocation.Reason = "" }},
		"revocation with keys":         {KindRevocation, func(a *Application) { a.Keys = sample().Keys }},
		"revocation with a storage":    {KindRevocation, func(a *Application) { a.Storage.Kind = StorageStick }},
		"system without its OID":       {KindSystem, func(a *Application) { a.System = "" }},
		"system with a malformed OID":  {KindSystem, func(a *Application) { a.System = "1.2.0398" }},
		"system with too few arcs":     {KindSystem, func(a *Application) { a.System = "1.2" }},
		"system outside of the tree":   {KindSystem, func(a *Application) { a.System = "3.1.1" }},
		"gost without keys":            {KindGOST, func(a *Application) { a.Keys = nil }},
		"unknown kind, other's fields": {"odd", func(a *Application) { a.System = "1.2.3" }},
	} {
		a := ofKind(c.kind)
		c.spoil(&a)
		if _, err := a.Encode(); !errors.Is(err, ErrDocument) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRevocationOrder_NamesTheDocumentThatWasChecked(t *testing.T) {
	o := RevocationOrder{Version: 1, IIN: sample().IIN, Certificates: []CertificateRef{{Issuer: []byte{0x30, 0}, Serial: "0a"}}, Reason: "medium-lost",
		Document: Document{Type: "id-card", Number: "012345678"}, Device: "hall", At: sample().CreatedAt}
	document, err := o.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := ParseRevocationOrder(document); err != nil || !reflect.DeepEqual(again, o) {
		t.Errorf("read as another: %v", err)
	}
	for name, spoil := range map[string]func(*RevocationOrder){
		"no document": func(o *RevocationOrder) { o.Document = Document{} }, "no number": func(o *RevocationOrder) { o.Document.Number = "" },
		"no certificate": func(o *RevocationOrder) { o.Certificates = nil }, "no reason": func(o *RevocationOrder) { o.Reason = "" },
		"IIN": func(o *RevocationOrder) { o.IIN = "1" }, "device": func(o *RevocationOrder) { o.Device = "" },
	} {
		other := o
		spoil(&other)
		if _, err := other.Encode(); !errors.Is(err, ErrDocument) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDirectory_HasARuleForEachKindAndReasonsACitizenMayGive(t *testing.T) {
	d := Default()
	for _, kind := range Kinds {
		rule, found := d.KindRule(kind)
		if !found || rule.Signed == (kind == KindNew) {
			t.Errorf("%s: %+v %v", kind, rule, found)
		}
	}
	reissue, _ := d.KindRule(KindReissue)
	if !reissue.AsksSecondFactor(false) || reissue.AsksSecondFactor(true) {
		t.Error("a reissue does not ask residents, or asks others")
	}
	stick, _ := d.Storage(StorageStick)
	card, _ := d.Storage(StorageIDCard)
	system, _ := d.KindRule(KindSystem)
	if len(system.SetsOn(stick)) != 1 || system.SetsOn(card) != nil || len(reissue.SetsOn(stick)) != len(stick.Sets) {
		t.Error("sets are offered where they should not be, or not where they should")
	}
	for _, code := range []string{"compromise", "medium-lost", "password-lost", "data-changed", "replaced", "not-needed"} {
		if r, found := d.RevocationReason(code); !found || !r.Self || !slices.Contains([]int{1, 3, 4, 5}, r.CRLReason) {
			t.Errorf("%s: %+v", code, r)
		}
	}
}

func TestDirectory_OfOldIsCompletedByWhatItLacks(t *testing.T) {
	data, err := Default().Encode()
	if err != nil {
		t.Fatal(err)
	}
	var old map[string]any
	if err := json.Unmarshal(data, &old); err != nil {
		t.Fatal(err)
	}
	delete(old, "kinds")
	delete(old, "revocation_reasons")
	old["statuses"] = slices.DeleteFunc(old["statuses"].([]any), func(s any) bool { return s.(map[string]any)["status"] == "revoked" })
	if data, err = json.Marshal(old); err != nil {
		t.Fatal(err)
	}
	d, err := ParseDirectory(data)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(d, Default()) {
		t.Error("it is not completed as this program was built")
	}
}
