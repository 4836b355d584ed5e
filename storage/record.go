package storage

import "time"

// Acceptance is what becomes durable before a citizen is told that the application was accepted.
type Acceptance struct {
	Number   string
	IIN      string // part of what makes two acceptances the same; not kept itself
	Document []byte // the exact bytes of registry.Application
	SealKey  []byte // of the private keys sealed on a stick; nil for tokens
	Keys     []AcceptedKey

	Kind        string               // a word of the trade; "" is "new"
	Signature   []byte               // the citizen's CMS over Document; nil where he signed nothing
	Revocations []AcceptedRevocation // what an application for revocation names, instead of keys
}

// AcceptedRevocation is one certificate that an Acceptance names to be revoked; which, its document says.
type AcceptedRevocation struct {
	Ordinal       int    // from 1, as in the document
	TransactionID string // of its CMP transaction, lower-case hex
}

// AcceptedKey is one key of an Acceptance.
type AcceptedKey struct {
	Ordinal       int // from 1
	Template      string
	TransactionID string // of its CMP transaction, lower-case hex
	SPKISHA256    string // lower-case hex
	CSR           []byte // PKCS#10, DER
	Medium        string // serial of the token, or "stick"
	KeyID         []byte // CKA_ID
}

// Record is an application as it is kept.
type Record struct {
	Number     string
	Status     Status
	Document   []byte
	SealKey    []byte
	AcceptedAt time.Time
	ChangedAt  time.Time // of the status
	Keys       []RecordKey

	Kind        string
	Signature   []byte
	Reason      string // code: why the centre refused it for good; "" where it did not
	Revocations []AcceptedRevocation
}

// RecordKey is one key of a Record. Certificate (DER) and Chain are empty until it was issued and checked.
type RecordKey struct {
	AcceptedKey
	Certificate []byte
	Chain       [][]byte
}

// Complete says that there is a certificate for each key.
func (r Record) Complete() bool {
	for _, k := range r.Keys {
		if len(k.Certificate) == 0 {
			return false
		}
	}
	return len(r.Keys) > 0
}

// TaskKind is what the engine has to do.
type TaskKind string

// The tasks, in the order in which those of one application are done.
const (
	TaskFile    TaskKind = "file"    // hand the application to the centre
	TaskCertify TaskKind = "certify" // get one key its certificate
	TaskRevoke  TaskKind = "revoke"  // have one certificate revoked
	TaskReport  TaskKind = "report"  // say that the certificates were installed
	TaskLetter  TaskKind = "letter"  // have the centre send a letter
)

// stage orders the tasks of one application: a task is due only when none of an earlier stage is left. A letter waits for the
// application to be filed, and nothing waits for a letter.
var stage = map[TaskKind]int{TaskFile: 1, TaskCertify: 2, TaskRevoke: 2, TaskLetter: 2, TaskReport: 3}

// TaskID names a row of the outbox.
type TaskID struct {
	Number  string
	Kind    TaskKind
	Ordinal int // of the key, of the certificate to be revoked, or of the letter; 0 for what concerns the whole application
}

// Task is a row of the outbox. State is what the engine wrote there by Note or Keep (for TaskCertify and TaskRevoke the CMP
// transaction with the bytes last sent); nil at first. Attempts counts failures in a row. Urgent tasks go ahead of all others.
type Task struct {
	TaskID
	State    []byte
	Attempts int
	Problem  string // code of the last failure
	DueAt    time.Time
	Urgent   bool
}

// Step is what came of a task; it is stored in one transaction with the task's own row.
type Step struct {
	Status      Status // "" leaves it. A status that was passed already is left as well.
	Ordinal     int    // key that Certificate belongs to
	Certificate []byte // DER, checked by the caller
	Chain       [][]byte
	Drop        bool   // removes all other tasks of the application too: it was rejected or has expired
	Reason      string // code, kept for the citizen: the centre refused for good; "" leaves what is there
	Revoked     int    // ordinal of the certificate that is revoked now; the last one ends the application
}

// Adoption is an application that another kiosk accepted, taken up here to be installed: its certificates are there.
type Adoption struct {
	Number   string
	Kind     string
	Document []byte
	SealKey  []byte
	Keys     []RecordKey // without CSR
}

// IntentKind says what is about to be done to a medium.
type IntentKind string

// The kinds of intents.
const (
	IntentGenerate  IntentKind = "generate"
	IntentInstall   IntentKind = "install"
	IntentChangePIN IntentKind = "change-pin"
	IntentRemove    IntentKind = "remove"
)

// Intent is an entry of the device journal, written before an act that changes a token or a stick.
type Intent struct {
	ID      int64
	Kind    IntentKind
	Medium  string // serial of the token, or "stick"
	Number  string // of the application; may be empty
	KeyID   []byte // CKA_ID the act is about; may be nil
	BegunAt time.Time
}

// Outcome is what came of an intent, a word for the audit.
type Outcome string

// Outcomes that Reconcile or the caller may find; others are allowed.
const (
	OutcomeDone      Outcome = "done"
	OutcomeUndone    Outcome = "undone"    // nothing of it is on the medium, or what was has been removed
	OutcomeAbandoned Outcome = "abandoned" // the medium did not come back within the time given
)
