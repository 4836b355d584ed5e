package registry

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func sample() Application {
	return Application{Version: 1, Number: NewNumber("1001", 1), Kind: KindNew, IIN: "900101300017",
		Name: Name{Surname: "Әбдіқалықова", Given: "Айгерім", Patronymic: "Серікқызы <&>"}, Email: "a@example.kz", Region: "almaty", Locality: "medeu",
		Storage: Storage{Kind: StorageKaztoken, Serial: "0001", Model: "KAZTOKEN", Secure: true}, Consent: Default().Agreement.Consent("kk"),
		Keys:   []Key{{1, TemplateAuth, strings.Repeat("0a", 16), strings.Repeat("0b", 32)}, {2, TemplateSign, strings.Repeat("1a", 16), strings.Repeat("1b", 32)}},
		Device: "Hall 1", CreatedAt: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
}

func sampleDecision() Decision {
	return Decision{Version: 1, Number: NewNumber("1001", 1), ApplicationSHA256: strings.Repeat("0c", 32), Verdict: VerdictConfirm,
		Document: Document{Type: "id-card", Number: "012345678"}, Device: "Hall 1", At: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
}

func TestApplication_HasExactlyOneEncoding(t *testing.T) {
	a := sample()
	document, err := a.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseApplication(document)
	if err != nil || !reflect.DeepEqual(a, again) {
		t.Fatalf("%v", err)
	}
	text := string(document)
	if !strings.Contains(text, "Серікқызы <&>") || !strings.HasPrefix(text, `{"version":1,"number":"1001`) || strings.ContainsAny(text, "\n") {
		t.Fatalf("%s", text)
	}
	replace := func(old, new string) string {
		if !strings.Contains(text, old) {
			t.Fatalf("%q is not in the document", old)
		}
		return strings.Replace(text, old, new, 1)
	}
	for name, other := range map[string]string{
		"space":              replace(`,"kind"`, `, "kind"`),
		"line break":         text + "\n",
		"unknown field":      replace(`{"version":1`, `{"version":1,"extra":true`),
		"doubled field":      replace(`"kind":"new"`, `"kind":"new","kind":"new"`),
		"field in capitals":  replace(`"kind"`, `"Kind"`),
		"fields swapped":     replace(`"email":"a@example.kz","region":"almaty"`, `"region":"almaty","email":"a@example.kz"`),
		"escaped letter":     replace("Айгерім", `\u0410йгерім`),
		"escaped sign":       replace("<", `\u003c`),
		"bad UTF-8":          replace("Айгерім", "\xff"),
		"number as float":    replace(`"version":1`, `"version":1.0`),
		"time with fraction": replace("10:00:00Z", "10:00:00.0Z"),
		"time elsewhere":     replace("10:00:00Z", "15:00:00+05:00"),
		"null":               replace(`"email":"a@example.kz"`, `"email":null`),
		"missing field":      replace(`"email":"a@example.kz",`, ``),
		"second value":       text + text,
		"nothing":            "",
		"array":              "[" + text + "]",
		"too long":           replace("Hall 1", strings.Repeat("x", DocumentMax)),
	} {
		if _, err := ParseApplication([]byte(other)); !errors.Is(err, ErrDocument) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestApplication_RefusesTheSameBothWays(t *testing.T) {
	for name, spoil := range map[string]func(*Application){
		"version":            func(a *Application) { a.Version = 2 },
		"number":             func(a *Application) { a.Number = "10010000010" },
		"kind":               func(a *Application) { a.Kind = "" },
		"IIN":                func(a *Application) { a.IIN = "90010130001" },
		"no name":            func(a *Application) { a.Name = Name{} },
		"line break in name": func(a *Application) { a.Name.Given = "A\nB" },
		"bad UTF-8 in name":  func(a *Application) { a.Name.Given = "\xff" },
		"blank around name":  func(a *Application) { a.Name.Given = " A" },
		"long e-mail":        func(a *Application) { a.Email = strings.Repeat("x", 255) },
		"region":             func(a *Application) { a.Region = "а" },
		"storage":            func(a *Application) { a.Storage.Kind = "" },
		"consent":            func(a *Application) { a.Consent.SHA256 = strings.Repeat("0C", 32) },
		"no keys":            func(a *Application) { a.Keys = nil },
		"many keys":          func(a *Application) { a.Keys = make([]Key, KeysMax+1) },
		"ordinal":            func(a *Application) { a.Keys[0].Ordinal = 0 },
		"transaction":        func(a *Application) { a.Keys[0].TransactionID = "0a" },
		"hash":               func(a *Application) { a.Keys[0].SPKISHA256 = "zz" },
		"key twice":          func(a *Application) { a.Keys[1].SPKISHA256 = a.Keys[0].SPKISHA256 },
		"transaction twice":  func(a *Application) { a.Keys[1].TransactionID = a.Keys[0].TransactionID },
		"device":             func(a *Application) { a.Device = "" },
		"time with fraction": func(a *Application) { a.CreatedAt = a.CreatedAt.Add(1) },
		"time elsewhere":     func(a *Application) { a.CreatedAt = a.CreatedAt.In(time.FixedZone("", 18000)) },
		"no time":            func(a *Application) { a.CreatedAt = time.Time{} },
	} {
		a := sample()
		spoil(&a)
		if _, err := a.Encode(); !errors.Is(err, ErrDocument) {
			t.Errorf("%s was encoded: %v", name, err)
		}
	}
}

func TestDecision_SaysWhatItsVerdictNeeds(t *testing.T) {
	d := sampleDecision()
	document, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := ParseDecision(document); err != nil || again != d {
		t.Fatalf("%v", err)
	}
	if _, err := ParseApplication(document); !errors.Is(err, ErrDocument) {
		t.Errorf("a decision was read as an application: %v", err)
	}
	for name, c := range map[string]struct {
		change func(*Decision)
		ok     bool
	}{
		"rejection with reason":       {func(d *Decision) { d.Verdict, d.Reason, d.Document = VerdictReject, "other", Document{} }, true},
		"rejection with document":     {func(d *Decision) { d.Verdict, d.Reason = VerdictReject, "other" }, true},
		"rejection without reason":    {func(d *Decision) { d.Verdict, d.Document = VerdictReject, Document{} }, false},
		"confirmation with reason":    {func(d *Decision) { d.Reason = "other" }, false},
		"confirmation without paper":  {func(d *Decision) { d.Document = Document{} }, false},
		"confirmation without number": {func(d *Decision) { d.Document.Number = "" }, false},
		"neither":                     {func(d *Decision) { d.Verdict = "maybe" }, false},
		"hash":                        {func(d *Decision) { d.ApplicationSHA256 = "" }, false},
		"note of two lines":           {func(d *Decision) { d.Note = "a\nb" }, false},
	} {
		d := sampleDecision()
		c.change(&d)
		if _, err := d.Encode(); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Errors go to logs: they may name fields and never what stands in them.
func TestErrors_HoldNoPersonalData(t *testing.T) {
	a := sample()
	document, err := a.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for i := range document {
		changed := bytes.Clone(document)
		changed[i] ^= 0x11
		_, err := ParseApplication(changed)
		if err == nil {
			continue // still an application, of other content
		}
		for _, secret := range []string{a.IIN[:6], "Айгер", "example"} {
			if strings.Contains(err.Error(), secret) {
				t.Fatalf("%v", err)
			}
		}
	}
}

func FuzzParseApplication(f *testing.F) {
	document, err := sample().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(document)
	f.Add([]byte(`{"version":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := ParseApplication(data)
		if err != nil {
			return
		}
		again, err := a.Encode()
		if err != nil || !bytes.Equal(again, data) {
			t.Fatalf("two encodings of one application: %v", err)
		}
	})
}

func FuzzParseDecision(f *testing.F) {
	document, err := sampleDecision().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(document)
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := ParseDecision(data)
		if err != nil {
			return
		}
		again, err := d.Encode()
		if err != nil || !bytes.Equal(again, data) {
			t.Fatalf("two encodings of one decision: %v", err)
		}
	})
}
