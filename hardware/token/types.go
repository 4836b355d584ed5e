package token

import (
	"crypto/subtle"
	"io"
	"log/slog"
	"time"

	"github.com/tirkeu/kiosk/hardware/token/wire"
)

// Insertion numbers one stay of a token in the kiosk. Numbers grow as long as the program runs and are never used twice; a token that is
// pulled and put back has a new one.
type Insertion uint64

// Module names a vendor's PKCS#11 module; one worker process serves it.
type Module struct {
	Name string   // as the configuration calls it
	Path string   // absolute path of the shared library
	Env  []string // added to the worker's environment, "NAME=value"
}

// Token is a token that is plugged in.
type Token struct {
	Insertion    Insertion
	Module       string // Module.Name
	Kind         Kind
	Name         string // the device's name, "Kaztoken"
	Manufacturer string
	Model        string
	Serial       string
	Label        string
	Reader       string // the slot's description

	Initialized bool // it has a user PIN
	PINLow      bool // a wrong PIN was entered since the last right one
	PINFinal    bool // one more wrong PIN locks it
	PINLocked   bool
	PINMin      int // octets
	PINMax      int // octets; 0: no limit known

	// The administrator's (security officer's) PIN, as the token tells of it; many tell nothing.
	AdminPINLow    bool // a wrong one was entered since the last right one
	AdminPINFinal  bool // one more wrong one locks it for ever
	AdminPINLocked bool

	// What the module's list of mechanisms (C_GetMechanismList) says of this token, read once an insertion. It is a claim: whether a key
	// can be made, the token itself says when it is asked to.
	RSA  bool // makes RSA key pairs; also where the module gives no list at all, for every token known makes them
	GOST bool // makes key pairs of GOST R 34.10-2012 (34.10-2015 in Kazakhstan) with 512 bits; the 256-bit mechanism does not count

	FactoryPIN string `json:"-"` // to recognise that it is still in use, never to try
}

// HasFactoryPIN says whether pin is the one the maker ships this kind of token with.
func (t Token) HasFactoryPIN(pin PIN) bool {
	return t.FactoryPIN != "" && subtle.ConstantTimeCompare([]byte(t.FactoryPIN), pin.octets) == 1
}

// fits says whether a PIN of that length can be right for the token.
func (t Token) fits(pin PIN) bool {
	return pin.Len() > 0 && pin.Len() >= t.PINMin && (t.PINMax == 0 || pin.Len() <= t.PINMax)
}

// Certificate is a certificate object on a token.
type Certificate struct {
	ID    []byte // CKA_ID
	Label string
	DER   []byte
}

// Key is a private key on a token.
type Key struct {
	ID               []byte // CKA_ID
	Label            string
	SPKI             []byte // SubjectPublicKeyInfo of an RSA key (RFC 3279 §2.3.1); nil for other kinds of key
	Local            bool   // CKA_LOCAL: generated on this token
	NeverExtractable bool   // CKA_NEVER_EXTRACTABLE
	Extractable      bool
	Sensitive        bool
	HasCertificate   bool // a certificate for this very key lies under the same CKA_ID
}

// EventKind says what an [Event] tells.
type EventKind string

// What can happen to the rack.
const (
	Inserted   EventKind = "inserted"
	Removed    EventKind = "removed"
	Changed    EventKind = "changed" // flags or label of a token; with no token: too much happened, read Tokens again
	WorkerDied EventKind = "worker-died"
	WorkerBack EventKind = "worker-back"
)

// Event is something that happened to the rack.
type Event struct {
	Kind   EventKind
	Token  Token  // Inserted, Removed, Changed
	Module string // every kind but a coalesced Changed
}

// ModuleState is what the self-test says of a module.
type ModuleState struct {
	Name    string
	Path    string
	Running bool
	Error   string // why it is not running
	Library string // what the module says of itself
	PID     int    // of the worker; 0 when not running
	Starts  int    // how often a worker was started
}

// Config says which modules to serve and how patiently.
type Config struct {
	Worker        string   // path of tirkeu-token
	Modules       []Module // one worker process each
	Devices       string   // a table of devices to use instead of the embedded one; optional
	CallTimeout   time.Duration
	KeygenTimeout time.Duration
	PollEvery     time.Duration
	Log           *slog.Logger

	// Start, where it is given, brings a module's worker to life in place of the program Worker: another driver than a PKCS#11 module, or a
	// simulation. Module.Path is not looked at then.
	Start func(Module) (Worker, error)
}

// Worker is what serves one module, as the rack holds it: it speaks package wire, begins with a Hello and may be killed at any time.
type Worker struct {
	PID      int // 0: no process of its own
	Requests interface {
		io.WriteCloser
		SetWriteDeadline(time.Time) error
	}
	Answers interface {
		io.ReadCloser
		SetReadDeadline(time.Time) error
	}
	Wait func() string // returns once the worker has ended, and says how
	Kill func()        // ends it, whatever it is doing; called at most once, and not after its end
}

func (c Config) withDefaults() Config {
	if c.CallTimeout <= 0 {
		c.CallTimeout = 10 * time.Second
	}
	if c.KeygenTimeout <= 0 {
		c.KeygenTimeout = 2 * time.Minute // RSA-2048 takes a card up to a minute
	}
	if c.PollEvery <= 0 {
		c.PollEvery = 200 * time.Millisecond
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// tokenOf makes a Token of what the worker saw.
func (d *Devices) tokenOf(s wire.Slot, n Insertion, module string) Token {
	device := d.Recognize(s.Manufacturer, s.Model)
	t := Token{
		Insertion: n, Module: module, Kind: device.Kind, Name: device.Name,
		Manufacturer: s.Manufacturer, Model: s.Model, Serial: s.Serial, Label: s.Label, Reader: s.Reader,
		Initialized: s.Initialized, PINLow: s.PINLow, PINFinal: s.PINFinal, PINLocked: s.PINLocked,
		AdminPINLow: s.AdminLow, AdminPINFinal: s.AdminFinal, AdminPINLocked: s.AdminLocked, RSA: s.RSA, GOST: s.GOST,
		PINMin: s.PINMin, PINMax: s.PINMax, FactoryPIN: device.FactoryPIN,
	}
	if t.PINMin == 0 {
		t.PINMin = device.PINMin
	}
	if t.PINMax == 0 {
		t.PINMax = device.PINMax
	}
	return t
}
