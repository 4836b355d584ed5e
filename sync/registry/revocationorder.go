package registry

import (
	"fmt"
	"time"
)

// RevocationOrder is what staff sign, by CMS over Encode, for a citizen who has lost every key and so can sign nothing
// himself: whose certificates end, why, and the identity document that was checked. At is UTC in whole seconds.
type RevocationOrder struct {
	Version      int              `json:"version"`
	IIN          string           `json:"iin"`
	Certificates []CertificateRef `json:"certificates"`
	Reason       string           `json:"reason"` // code of the directory's list of reasons for revocation
	Note         string           `json:"note"`
	Document     Document         `json:"document"`
	Device       string           `json:"device"`
	At           time.Time        `json:"at"`
}

// Encode gives the only encoding of an order; it refuses what ParseRevocationOrder would refuse.
func (o RevocationOrder) Encode() ([]byte, error) { return encode("revocation order", o) }

// ParseRevocationOrder reads what Encode wrote and nothing else; otherwise ErrDocument.
func ParseRevocationOrder(document []byte) (RevocationOrder, error) {
	return parse[RevocationOrder]("revocation order", document)
}

func (o RevocationOrder) check() error {
	switch {
	case o.Version != DocumentVersion:
		return fmt.Errorf("version: %d is not %d", o.Version, DocumentVersion)
	case !digitsOnly(o.IIN, 12):
		return fmt.Errorf("iin: not 12 digits")
	case !line(o.Note, 1000):
		return fmt.Errorf("note: too long or not a line of text")
	case !word(o.Document.Type, 64) || o.Document.Number == "" || !line(o.Document.Number, 64):
		return fmt.Errorf("document: an order names the identity document that was checked")
	case !line(o.Device, 128) || o.Device == "":
		return fmt.Errorf("device: there is none, or it is not a line of text")
	}
	if err := (Revocation{Certificates: o.Certificates, Reason: o.Reason}).check(); err != nil {
		return err
	}
	return wholeSecond("at", o.At)
}
