package registry

import (
	"bytes"
	"testing"
)

// Whatever is read has one encoding, and no input stops the reader.
func FuzzParse_GivesBackWhatItRead(f *testing.F) {
	for _, kind := range Kinds {
		document, err := ofKind(kind).Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(document)
	}
	order, err := RevocationOrder{Version: 1, IIN: sample().IIN, Certificates: []CertificateRef{{Issuer: []byte{0x30, 0}, Serial: "0a"}}, Reason: "medium-lost",
		Document: Document{Type: "id-card", Number: "1"}, Device: "hall", At: sample().CreatedAt}.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(order)
	f.Fuzz(func(t *testing.T, document []byte) {
		if a, err := ParseApplication(document); err == nil {
			if again, err := a.Encode(); err != nil || !bytes.Equal(again, document) {
				t.Errorf("an application came back as %s: %v", again, err)
			}
			if (a.Kind == KindRevocation) != (len(a.Keys) == 0) {
				t.Errorf("%s with %d keys", a.Kind, len(a.Keys))
			}
		}
		if o, err := ParseRevocationOrder(document); err == nil {
			if again, err := o.Encode(); err != nil || !bytes.Equal(again, document) {
				t.Errorf("an order came back as %s: %v", again, err)
			}
		}
	})
}
