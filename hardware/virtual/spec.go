package virtual

import (
	"fmt"
	"regexp"
	"time"

	"github.com/tirkeu/kiosk/hardware/token"
)

// Spec describes one token of a bench. Its PINs are fictional and known to everybody who may read the bench's folder.
type Spec struct {
	Name        string     `json:"name"` // the bench's word for it, "aigerim-kaztoken"
	Kind        token.Kind `json:"kind"`
	Label       string     `json:"label"` // what the token calls itself; may lie
	Serial      string     `json:"serial"`
	PIN         string     `json:"pin"`
	SOPIN       string     `json:"so_pin"`    // 87654321 when empty
	PINTries    int        `json:"pin_tries"` // wrong PINs in a row until it locks; the kind's own number when 0
	PINMin      int        `json:"pin_min"`   // the kind's own when 0
	PINMax      int        `json:"pin_max"`   // the kind's own when 0
	SOTries     int        `json:"so_tries"`  // wrong administrator's PINs in a row until that one locks; 10 when 0
	Initialized bool       `json:"initialized"`
	Locked      bool       `json:"locked"` // its PIN is locked from the start
	Trait
}

// Trait is what a token can do and has room for; [Bench.Alter] changes it.
type Trait struct {
	Pairs  int  `json:"pairs"`            // places for key pairs: the kind's own when 0, no limit when negative
	Erases bool `json:"erases,omitempty"` // a pair for which there is no place erases all objects that are there, instead of CKR_DEVICE_MEMORY
	GOST   bool `json:"gost,omitempty"`   // claims to make 512-bit keys of GOST R 34.10-2012, which SoftHSM cannot
	NoRSA  bool `json:"no_rsa,omitempty"` // makes no RSA keys, and says so
}

// State is a token of the bench as it is now.
type State struct {
	Spec
	Plugged   bool
	Module    string // of the module that serves this kind
	Slot      int    // where it is plugged in
	TriesLeft int
	Fault     Fault // what goes wrong on purpose
}

// Fault is what goes wrong on purpose with one token; the zero Fault is a token in good order. Functions are named as in PKCS#11, "C_Sign".
type Fault struct {
	KeygenDelay  time.Duration `json:"keygen_delay,omitempty"` // C_GenerateKeyPair takes at least so long, and notices a pull meanwhile
	FailCall     string        `json:"fail_call,omitempty"`    // "C_Sign:0x32": the function answers that value and does nothing; "C_Sign:0x32:2" does so twice
	LoseAnswer   string        `json:"lose_answer,omitempty"`  // "C_GenerateKeyPair:0x32": the function does its work, then answers that value
	CrashOn      string        `json:"crash_on,omitempty"`     // the process dies with SIGSEGV
	HangOn       string        `json:"hang_on,omitempty"`      // the function never returns
	PrintOn      string        `json:"print_on,omitempty"`     // the function prints on standard output; "*" is every function
	Slow         time.Duration `json:"slow,omitempty"`         // every function takes so much longer
	Full         bool          `json:"full,omitempty"`         // nothing can be written: CKR_DEVICE_MEMORY
	Deed         string        `json:"deed,omitempty"`         // "C_Sign:fork": what a module has no business doing, before it does its work; see shim/deed.c
	PullOn       string        `json:"pull_on,omitempty"`      // "C_Sign:0x32:3": the token is pulled in the third C_Sign, which answers that value and does nothing
	PullAfter    string        `json:"pull_after,omitempty"`   // the same, but the function does its work first
	PINTriesLeft int           `json:"-"`                      // sets the counter: 1 is the last try, negative is locked, 0 leaves it
}

var nameRule = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`) // also the SoftHSM label, which has 32 octets

// complete fills in what a kind brings with it and refuses what no token can be.
func (s *Spec) complete(n int) error {
	v, known := vendorOf(s.Kind)
	switch {
	case !nameRule.MatchString(s.Name):
		return fmt.Errorf("virtual token %q: a name has 1 to 32 small letters, digits and hyphens", s.Name)
	case !known:
		return fmt.Errorf("virtual token %s: no virtual module for the kind %q", s.Name, s.Kind)
	case s.Initialized && len(s.PIN) < 4:
		return fmt.Errorf("virtual token %s: SoftHSM takes no PIN of less than 4 octets", s.Name)
	case len(s.Label) > 32 || len(s.Serial) > 16:
		return fmt.Errorf("virtual token %s: a label has 32 octets and a serial number 16 at most", s.Name)
	}
	if s.SOPIN == "" {
		s.SOPIN = "87654321"
	}
	if s.Serial == "" {
		s.Serial = fmt.Sprintf("%08X", 0x0B530000+n)
	}
	if s.Label == "" {
		s.Label = v.model
	}
	if s.SOTries == 0 {
		s.SOTries = 10
	}
	if s.Pairs == 0 {
		s.Pairs = v.pairs
	}
	if s.PINTries == 0 {
		s.PINTries = v.tries
	}
	if s.PINMin == 0 {
		s.PINMin = v.pinMin
	}
	if s.PINMax == 0 {
		s.PINMax = v.pinMax
	}
	return nil
}
