package token

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
	"sync/atomic"
)

const hidden = "PIN(hidden)"

// PIN is a token's secret as a citizen typed it. It hides itself from every way of printing, and lives as one slice that
// [PIN.Wipe] overwrites. Copies made by JSON, by the PKCS#11 binding and by the module cannot be wiped: that is why the worker
// processes are replaced when a session ends ([Rack.Recycle]).
//
// One PIN is one human entry: it goes to a token once, whatever tries to send it again. A second use is [ErrSpent], and no token is touched.
type PIN struct {
	octets []byte
	entry  *entry
}

// entry is what became of an entered PIN. All copies of a PIN share it.
type entry struct {
	spent  atomic.Bool
	proved atomic.Pointer[Session] // the session it opened
}

// NewPIN takes a PIN as text; PKCS#11 wants it in UTF-8 (v2.40 §4.2, CK_UTF8CHAR).
func NewPIN(text string) PIN { return PIN{octets: []byte(text), entry: new(entry)} }

// spend takes the one try that an entry has.
func (p PIN) spend(op string) error {
	if p.entry == nil || !p.entry.spent.CompareAndSwap(false, true) {
		return &Error{Op: op, Err: ErrSpent}
	}
	return nil
}

// spendAsOld is spend for the old PIN of a change: the entry that opened this very session was found right, and may be given once more with the
// new one.
func (p PIN) spendAsOld(op string, s *Session) error {
	if p.entry != nil && p.entry.proved.CompareAndSwap(s, nil) {
		return nil
	}
	return p.spend(op)
}

// Len is the length in octets, the unit of ulMinPinLen and ulMaxPinLen.
func (p PIN) Len() int { return len(p.octets) }

// Equal compares in constant time with a known text, such as a factory PIN.
func (p PIN) Equal(text string) bool {
	return subtle.ConstantTimeCompare(p.octets, []byte(text)) == 1
}

// Same compares two PINs in constant time.
func (p PIN) Same(other PIN) bool { return subtle.ConstantTimeCompare(p.octets, other.octets) == 1 }

// Wipe overwrites the PIN, in all copies of this value.
func (p PIN) Wipe() { clear(p.octets) }

// String hides the PIN.
func (p PIN) String() string { return hidden }

// GoString hides the PIN from %#v.
func (p PIN) GoString() string { return hidden }

// Format hides the PIN from every verb, %x and %d included.
func (p PIN) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(hidden)) }

// MarshalJSON hides the PIN.
func (p PIN) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// MarshalText hides the PIN.
func (p PIN) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue hides the PIN from slog.
func (p PIN) LogValue() slog.Value { return slog.StringValue(hidden) }

// send gives a copy for one request, which is wiped when the request is over.
func (p PIN) send() []byte { return append([]byte(nil), p.octets...) }
