package registry

import (
	"fmt"
	"time"
)

// Verdict is what staff decide about an application.
type Verdict string

// The verdicts.
const (
	VerdictConfirm Verdict = "confirm"
	VerdictReject  Verdict = "reject"
)

// Document is the identity document that staff checked: its kind by code of the directory, and its number.
type Document struct {
	Type   string `json:"type"`
	Number string `json:"number"`
}

// Decision is what staff sign, by CMS over Encode. ApplicationSHA256 is the hash of the application's bytes as shown to
// them. To confirm takes a Document; to reject takes a Reason (code of the directory). At is UTC in whole seconds.
type Decision struct {
	Version           int       `json:"version"`
	Number            string    `json:"number"`
	ApplicationSHA256 string    `json:"application_sha256"`
	Verdict           Verdict   `json:"verdict"`
	Reason            string    `json:"reason"`
	Note              string    `json:"note"`
	Document          Document  `json:"document"`
	Device            string    `json:"device"`
	At                time.Time `json:"at"`
}

// Encode gives the only encoding of a decision; it refuses what ParseDecision would refuse.
func (d Decision) Encode() ([]byte, error) { return encode("decision", d) }

// ParseDecision reads what Encode wrote and nothing else; otherwise ErrDocument.
func ParseDecision(document []byte) (Decision, error) { return parse[Decision]("decision", document) }

func (d Decision) check() error {
	switch {
	case d.Version != DocumentVersion:
		return fmt.Errorf("version: %d is not %d", d.Version, DocumentVersion)
	case !ValidNumber(d.Number):
		return fmt.Errorf("number: not a number with its check digit")
	case !hexOf(d.ApplicationSHA256, 32):
		return fmt.Errorf("application_sha256: not 32 octets in lower-case hex")
	case d.Verdict != VerdictConfirm && d.Verdict != VerdictReject:
		return fmt.Errorf("verdict: neither confirm nor reject")
	case d.Verdict == VerdictConfirm && d.Reason != "" || d.Verdict == VerdictReject && !word(d.Reason, 64):
		return fmt.Errorf("reason: a rejection has one, a confirmation none")
	case !line(d.Note, 1000):
		return fmt.Errorf("note: too long or not a line of text")
	case d.Verdict == VerdictConfirm && (!word(d.Document.Type, 64) || d.Document.Number == ""):
		return fmt.Errorf("document: a confirmation names the identity document that was checked")
	case d.Document.Type != "" && !word(d.Document.Type, 64) || !line(d.Document.Number, 64):
		return fmt.Errorf("document: type is not a code, or number too long or not a line of text")
	case !line(d.Device, 128) || d.Device == "":
		return fmt.Errorf("device: there is none, or it is not a line of text")
	}
	return wholeSecond("at", d.At)
}
