package app

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"time"

	"github.com/tirkeu/kiosk/hardware/stick"
	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// What is plugged in, as hardware/token tells it.
type (
	Token       = token.Token
	Certificate = token.Certificate
	Key         = token.Key
	Insertion   = token.Insertion
)

// Rack is where tokens are plugged. Errors are those of hardware/token.
type Rack interface {
	Tokens() []Token
	// Watch says that something was plugged, pulled or changed; it never blocks the rack.
	Watch() (changed <-chan struct{}, stop func())
	Modules() []token.ModuleState
	// Certificates are the public ones: no login.
	Certificates(ctx context.Context, insertion Insertion) ([]Certificate, error)
	// Login makes exactly one try.
	Login(ctx context.Context, insertion Insertion, pin token.PIN) (Login, error)
	// Unblock gives a token's user a fresh PIN with the administrator's one, which is tried exactly once.
	Unblock(ctx context.Context, insertion Insertion, so, fresh token.PIN) error
	// Recycle replaces the processes that serve the tokens, with all they had in memory; it returns when the new ones have
	// looked what is plugged in. Every token has a new insertion then.
	Recycle(ctx context.Context)
}

// Login is a token that has been opened by its PIN.
type Login interface {
	GenerateRSA(ctx context.Context, id []byte, label string, bits int) (Key, error)
	Keys(ctx context.Context) ([]Key, error)
	Certificates(ctx context.Context) ([]Certificate, error)
	Signer(ctx context.Context, id []byte) (crypto.Signer, error)
	WriteCertificate(ctx context.Context, id []byte, label string, der []byte) error
	Delete(ctx context.Context, id []byte) error
	ChangePIN(ctx context.Context, old, new token.PIN) error
	Logout(ctx context.Context) error
}

// Stick is the citizen's own USB stick. Errors are those of hardware/stick.
type Stick interface {
	Present() bool
	Watch(ctx context.Context) <-chan bool
	WriteNew(name string, data []byte) error
	// Replace takes the place of an older file of that name, which stands until the new one is whole.
	Replace(name string, data []byte) error
	// ReplaceChecked is Replace of a file that is there, which takes place only if check likes what was read back.
	ReplaceChecked(name string, data []byte, check func(back []byte) error) error
	Read(name string, limit int64) ([]byte, error)
	Remove(name string) error
	// KeyFiles finds what looks like a key file in the top folder and one level below; what cannot be opened says why. With
	// stick.ErrTooMany come those that were found.
	KeyFiles(ctx context.Context) ([]stick.Found, error)
}

// Record is an application as storage keeps it.
type Record struct {
	Number   string
	Status   registry.Status
	Kind     registry.Kind
	Document []byte
	Reason   string // code: why the centre refused it for good; empty where it did not
	Keys     []RecordKey
	// SealKey opens the sealed file of an application that was taken up from another terminal, which the centre gave it for.
	SealKey []byte
}

// RecordKey is one key of a stored application.
type RecordKey struct {
	Ordinal     int
	Template    string
	SPKISHA256  string
	Medium      string // serial of the token, or "stick"
	KeyID       []byte
	Certificate []byte // DER; empty until it has been issued and checked
	Chain       [][]byte
}

// Acceptance is what becomes durable before the citizen is told that the application was accepted.
type Acceptance struct {
	Number      string
	IIN         string
	Kind        registry.Kind
	Document    []byte
	Signature   []byte // the citizen's CMS over Document; nil where he signed nothing
	SealKey     []byte
	Keys        []AcceptedKey
	Revocations []AcceptedRevocation // of an application for revocation, instead of keys
}

// AcceptedRevocation is one certificate that an application names to be revoked; which, its document says.
type AcceptedRevocation struct {
	Ordinal       int
	TransactionID string
}

// AcceptedKey is one key of an Acceptance.
type AcceptedKey struct {
	Ordinal       int
	Template      string
	TransactionID string
	SPKISHA256    string
	CSR           []byte
	Medium        string
	KeyID         []byte
}

// IntentKind says what an intent of the device journal is about to do.
type IntentKind string

// The kinds of intents.
const (
	IntentGenerate  IntentKind = "generate"
	IntentInstall   IntentKind = "install"
	IntentChangePIN IntentKind = "change-pin"
	IntentRemove    IntentKind = "remove" // of keys that were made at another terminal
)

// Intent is written to the device journal before an act that changes a token or a stick.
type Intent struct {
	ID     int64
	Kind   IntentKind
	Medium string // serial of the token, or "stick"
	Number string // of the application
	KeyID  []byte
}

// What storage may answer besides an unexpected error.
var (
	ErrNoRecord = errors.New("no such record")
	ErrDiskFull = errors.New("the disk is full")
	ErrConflict = errors.New("the number is taken by other bytes")
	ErrBusy     = errors.New("the database is busy")
	ErrDatabase = errors.New("the database failed")
	// ErrQueueFull: as many applications wait to be sent as this terminal may hold.
	ErrQueueFull = errors.New("too many applications wait to be sent")
	// ErrTooManyLetters: as many letters about the application were sent as may be.
	ErrTooManyLetters = errors.New("too many letters about the application")
	// ErrNumbersSpent: the centre must give this terminal another prefix.
	ErrNumbersSpent = errors.New("no application numbers are left")
)

// Store is what the terminal remembers.
type Store interface {
	// ReserveNumber gives the next counter of a prefix; it is never given twice.
	ReserveNumber(ctx context.Context, prefix string) (uint64, error)
	// Accept is one transaction; the same bytes twice are no error.
	Accept(ctx context.Context, a Acceptance) error
	Application(ctx context.Context, number string) (Record, error)
	// ByMedium finds applications whose keys lie on a medium, newest first.
	ByMedium(ctx context.Context, serial string) ([]Record, error)
	MarkInstalled(ctx context.Context, number string, at time.Time) error
	// Post keeps a letter until the centre has it. ErrTooManyLetters, ErrNoRecord.
	Post(ctx context.Context, number string, l registry.Letter) error
	// Adopt keeps an application that another terminal accepted, with its certificates, so that it can be installed here.
	Adopt(ctx context.Context, a Adoption) error
	Begin(ctx context.Context, i Intent) (int64, error)
	Finish(ctx context.Context, id int64, outcome string) error
	OpenIntents(ctx context.Context) ([]Intent, error)
	// Check reads the database through, for the self-test.
	Check(ctx context.Context) error
}

// linkProblems are the codes of LinkState.Problem.
var linkProblems = []string{"down", "slow", "garbage", "expired", "foreign", "refused", "failed"}

// LinkState is the line to the centre as the engine sees it.
type LinkState struct {
	Online      bool
	LastContact time.Time
	Pending     int
	Problem     string // code of what is wrong with the line; linkProblems, or empty
}

// Engine sends what storage holds.
type Engine interface {
	State() LinkState
	// Watch says that the state changed.
	Watch() (changed <-chan struct{}, stop func())
	Kick()
	// Hurry makes what one application waits for due now: its citizen stands here, or staff have decided.
	Hurry(ctx context.Context, number string) error
}

// What the centre may answer. Anything else is the line.
var (
	ErrUnknown        = errors.New("the centre knows no such thing")
	ErrLineDown       = errors.New("the centre cannot be reached")
	ErrLineSlow       = errors.New("the centre does not answer in time")
	ErrGarbage        = errors.New("the centre's answer makes no sense")
	ErrCentreExpired  = errors.New("the centre's certificate has expired")
	ErrCentreForeign  = errors.New("the centre's certificate is of another authority")
	ErrCentreReal     = errors.New("the centre is no sandbox, and this program is for training")
	ErrRateLimited    = errors.New("too many questions")
	ErrRefusedDevice  = errors.New("the centre does not know this terminal")
	ErrCentreFailed   = errors.New("the centre failed")
	ErrNotOperator    = errors.New("not an operator")
	ErrDecided        = errors.New("decided already")
	ErrOwn            = errors.New("one's own application")
	ErrLockedByOther  = errors.New("opened by another operator")
	ErrExpired        = errors.New("the application has expired")
	ErrOtherBytes     = errors.New("the application has changed")
	ErrSecret         = errors.New("the secret is wrong")
	ErrSecretSpent    = errors.New("the secret is spent or void")
	ErrSessionOver    = errors.New("the staff session is over")
	ErrCentreConflict = errors.New("the centre refused")
)

// Operator is who opened supervisor mode.
type Operator struct {
	Session, Name, IIN string
}

// Waiting is one application of the centre's queue.
type Waiting struct {
	Number, IIN, Name string
	Status            registry.Status
	CreatedAt         time.Time
	LockedBy          string
	NameDiffers       bool
}

// Opened is an application opened by staff, locked to them.
type Opened struct {
	Document     []byte
	SHA256       string
	Status       registry.Status
	RegisterName registry.Name
	NameDiffers  bool
}

// Issued is a certificate as the centre knows it.
type Issued struct {
	Serial, Template, Number string
	NotBefore, NotAfter      time.Time
	Revoked                  bool
	DER                      []byte
}

// CentreLine is the centre, asked directly. Errors are the ones above.
type CentreLine interface {
	Cabinet
	StaffDesk
	Time(ctx context.Context) (time.Time, error)
	Lookup(ctx context.Context, iin string) (registry.Name, error)
	Status(ctx context.Context, number string) (registry.Status, error)
	SealKey(ctx context.Context, number string) ([]byte, error)
	Challenge(ctx context.Context) ([]byte, error)
	OpenStaff(ctx context.Context, challenge, cms []byte) (Operator, error)
	CloseStaff(ctx context.Context, session string) error
	Search(ctx context.Context, session, query string) ([]Waiting, error)
	Open(ctx context.Context, session, number string) (Opened, error)
	Unlock(ctx context.Context, session, number string) error
	Decide(ctx context.Context, decision, cms []byte) (registry.Status, error)
	Certificates(ctx context.Context, challenge, cms []byte) ([]Issued, error)
	// Standing says what the centre's authority knows of a certificate that was found in a file, with the certificates that
	// lay beside it.
	Standing(ctx context.Context, cert *x509.Certificate, beside []*x509.Certificate) Standing
	// Published says what the world outside is told of a certificate now: nothing that was kept from before counts.
	Published(ctx context.Context, cert *x509.Certificate) Published
}

// Published is what is told of a certificate's revocation in each of the two ways in which others can look it up.
type Published struct{ OCSP, CRL pki.Revocation }

// Printer prints for the person who stands before it. Errors are those below.
type Printer interface {
	// Present tells whether there is a printer that takes documents.
	Present(ctx context.Context) bool
	// Print hands a PDF in and waits until it is printed; where ctx ends first the job is cancelled. told is called, one call after
	// the other, with a word of printerStates each time the printer's state changes; it may be nil.
	Print(ctx context.Context, p Paper, told func(state string)) error
}

// Paper is what is printed.
type Paper struct {
	Title string // seen in the print server's lists: nothing of a person
	PDF   []byte
	// Width and Height of the page in millimetres, where it is not the printer's usual one.
	Width, Height int
}

// What a printer may answer.
var (
	ErrPrinterAbsent = errors.New("there is no printer")
	ErrNotPrinted    = errors.New("it was not printed")
	ErrMaybePrinted  = errors.New("nobody can say whether it was printed")
)

// printerStates are what Printer tells while it prints; the words are under "printer".
var printerStates = []string{"ready", "busy", "connecting", "offline", "out-of-paper", "jam", "cover-open", "no-ink", "stopped", "attention"}

// Standing is what is known of a certificate. The zero value is one of another authority, of which nothing is known.
type Standing struct {
	Ours bool // it leads to the centre's own authority
	// Revocation is only asked about a certificate of the own authority: an address that a foreign one names is not called.
	Revocation pki.Revocation
}

// Joined is what a terminal has once it is enrolled at a centre.
type Joined struct {
	Device string // name of this terminal
	Prefix string // of application numbers
	Centre map[Lang]string
	Line   CentreLine
	Engine Engine
	// Directory is the centre's data as last received.
	Directory func() *registry.Directory
}

// Enrolment is what a technician types at first start. Secret is never logged.
type Enrolment struct {
	Centre, Reference string
	Secret            string
	Display           Display
	Languages         []Lang
}

// Finding is what a probe of the self-test found.
type Finding struct {
	State  string // "well", "attention", "absent"
	Detail string // goes into the sentence: a name, a size; never personal
}

// Probe looks at one part of the terminal.
type Probe func(ctx context.Context) Finding
