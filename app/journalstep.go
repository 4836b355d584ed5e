package app

// JournalStep is a point of an act that changes a medium: what comes next is written to the terminal's disk or to the medium. The program may
// be ended, and the power may go, before each of them and after it; whatever was reached, the next start, or another terminal, can go on
// from there.
type JournalStep string

// The steps of a pair of keys, from the intent to the application that holds it.
const (
	StepIntendKeys  JournalStep = "intend-keys"  // the intent is about to be written
	StepMakeKeys    JournalStep = "make-keys"    // the intent is on disk; the pair is about to be made
	StepSignRequest JournalStep = "sign-request" // the pair is made; its request is about to be signed
	StepAccept      JournalStep = "accept"       // every pair is made; the application is about to be accepted
	StepCloseKeys   JournalStep = "close-keys"   // the application is on disk; a pair's outcome is about to be written
)

// The steps of taking pairs away that no application holds.
const (
	StepIntendRemoval JournalStep = "intend-removal" // of a pair of which this terminal has no intent
	StepRemoveKeys    JournalStep = "remove-keys"    // the pair is about to be taken off
	StepCloseRemoval  JournalStep = "close-removal"  // the pair is gone; its outcome is about to be written
)

// The steps of a certificate, from an application that is taken up elsewhere to the end of its installation.
const (
	StepTakeUp            JournalStep = "take-up"            // what another terminal asked for is about to become this one's
	StepIntendCertificate JournalStep = "intend-certificate" // the intent is about to be written
	StepWriteCertificate  JournalStep = "write-certificate"  // the intent is on disk; the certificate is about to be written
	StepReadBack          JournalStep = "read-back"          // the certificate is written; it is about to be read back
	StepCloseCertificate  JournalStep = "close-certificate"  // what was read is what was written; the outcome is about to be written
	StepMarkInstalled     JournalStep = "mark-installed"     // every certificate is there; the application is about to be called installed
	StepInstalled         JournalStep = "installed"          // it is called installed on disk; the citizen is about to be told
)

// The steps of a PIN that is changed.
const (
	StepIntendPIN JournalStep = "intend-pin"
	StepChangePIN JournalStep = "change-pin" // the intent is on disk; the token is about to take the new PIN
	StepClosePIN  JournalStep = "close-pin"  // the token has answered; the outcome is about to be written
)

// JournalSteps are all of them, in the order in which a citizen meets them.
var JournalSteps = []JournalStep{
	StepIntendKeys, StepMakeKeys, StepSignRequest, StepAccept, StepCloseKeys,
	StepIntendRemoval, StepRemoveKeys, StepCloseRemoval,
	StepTakeUp, StepIntendCertificate, StepWriteCertificate, StepReadBack, StepCloseCertificate, StepMarkInstalled, StepInstalled,
	StepIntendPIN, StepChangePIN, StepClosePIN,
}

// step tells the log which step is about to be taken: after a sudden end the last of them says how far it came. intent is the journal's
// number, 0 where there is none yet.
func (k *Kiosk) step(s JournalStep, intent int64) {
	k.log.Info("device journal", "step", s, "intent", intent)
}
