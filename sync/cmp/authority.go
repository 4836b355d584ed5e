package cmp

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"time"
)

// Authority decides and remembers; the [Server] parses, verifies, protects. What the server hands over was verified: protection, proof of
// possession, formats and bounds. Whether this party may have this, is the authority's to say.
//
// A method refuses by returning a [*Refusal], which becomes a protected negative answer. Any other error is answered by
// systemFailure, logged and not stored: the other side tries again with the same bytes. Methods may be called concurrently, also for one
// transaction, and must be atomic each: what they return as done is durable.
type Authority interface {
	// Secret gives the secret shared under a reference (senderKID) and whose it is.
	// Errors: ErrSecretUnknown, ErrSecretSpent, ErrSecretVoid (too old, or too many bad MACs).
	Secret(ctx context.Context, reference []byte) (secret []byte, party Party, err error)
	// BadMAC counts a message under this reference whose MAC was wrong.
	BadMAC(ctx context.Context, reference []byte) error
	// Signer says whose certificate this is. Its signature over the message was verified, its chain, time and revocation were
	// not: others holds whatever the message brought along. Refuse with SignerNotTrusted or CertRevoked.
	Signer(ctx context.Context, cert *x509.Certificate, others []*x509.Certificate) (Party, error)

	// Reply finds the stored answer to a message; nil if there is none. It is asked before protection is verified, so that an
	// answer can be had again when the secret is spent: who has the very same bytes may have the very same answer.
	Reply(ctx context.Context, request [sha256.Size]byte) ([]byte, error)
	// PutReply stores an answer. Where one is there already the first one stays; what is stored is returned.
	PutReply(ctx context.Context, request [sha256.Size]byte, transactionID, reply []byte) (stored []byte, err error)

	// Request opens a transaction (ir, cr, p10cr, kur). The same TransactionID with the same Message again gives the outcome as it stands
	// now (an answer was built but not stored); with another Message or from another party it is refused with TransactionIDInUse.
	Request(ctx context.Context, r *Request) (Outcome, error)
	// Poll says how a transaction stands, also after it was confirmed. A transaction that is unknown or another party's is refused with
	// BadRequest.
	Poll(ctx context.Context, party Party, transactionID []byte) (Outcome, error)
	// Confirm ends a transaction: the certificate of its outcome was accepted or refused (certHash was compared). It stores c.Reply under
	// c.Message in the same step, since an enrolment secret is spent by it. Confirming again with the same verdict is no error; with the
	// other one it is refused with CertConfirmed.
	Confirm(ctx context.Context, c *Confirmation) error
	// Revoke revokes a certificate. The same TransactionID and Message again gives the same. Refuse with BadCertID (unknown), CertRevoked
	// (already), NotAuthorized.
	Revoke(ctx context.Context, r *RevocationRequest) error
}

// What [Authority.Secret] says when it gives none.
var (
	ErrSecretUnknown = errors.New("no secret under this reference")
	ErrSecretSpent   = errors.New("the secret was used: the device is enrolled")
	ErrSecretVoid    = errors.New("the secret is void: too old or too many wrong tries")
)

// Values of errorCode (RFC 9810 §5.3.21 leaves them to us) in the answer to a message whose MAC cannot be verified, so that
// a technician reads the reason although nobody can vouch for it.
const (
	CodeWrongSecret int64 = 1 // unknown reference or wrong MAC
	CodeSpentSecret int64 = 2
	CodeVoidSecret  int64 = 3
)

// Party is who protected a message. Name is the authority's own word for it and means nothing here.
type Party struct {
	Name        string
	Certificate *x509.Certificate // nil under a MAC; filled in by the server
	RA          bool              // its certificate is a registration authority's; filled in by the server
	Via         *Party            // who wrapped the message in a nested one (RFC 9483 §5.2.2), nil if nobody
}

// Kind is what kind of certificate request opened a transaction.
type Kind string

// The kinds: RFC 9810 §5.3.1, §5.3.3, §5.3.5 and, for p10cr, RFC 9483 §4.1.4. KindRR is a revocation (§5.3.9).
const (
	KindIR    Kind = "ir"
	KindCR    Kind = "cr"
	KindP10CR Kind = "p10cr"
	KindKUR   Kind = "kur"
	KindRR    Kind = "rr"
)

// Request asks for one certificate. DER fields are whole elements with their tags.
type Request struct {
	Party         Party
	Profile       string // of the path, RFC 9811 §3.3
	Kind          Kind
	TransactionID []byte
	Message       []byte // DER of the whole PKIMessage
	MessageSHA256 [sha256.Size]byte

	Subject    []byte // Name; nil if the template has none
	SPKI       []byte // SubjectPublicKeyInfo
	Extensions []pkix.Extension
	CSR        []byte  // PKCS#10 of a p10cr, else nil
	Old        *CertID // oldCertID of a kur, nil if absent; it was checked to name Party.Certificate
	RAVerified bool    // possession is the RA's word, not a signature
}

// CertID names a certificate (RFC 4211 §6.5).
type CertID struct {
	Issuer []byte // DER of a Name
	Serial *big.Int
}

// State is how a request stands.
type State string

// The states. Issued covers "not yet confirmed" and "confirmed".
const (
	Waiting  State = "waiting"
	Issued   State = "issued"
	Rejected State = "rejected"
)

// Outcome is how a request stands.
type Outcome struct {
	State      State
	Kind       Kind                // as in the request; needed by Poll
	CheckAfter time.Duration       // Waiting: when to ask again; whole seconds are sent
	Text       string              // Waiting, Rejected: for the other side's log, English; no personal data
	Fail       Failure             // Rejected; 0 means BadRequest
	DER        []byte              // Issued: the certificate
	Chain      []*x509.Certificate // Issued: issuing certificates without the root, nearest first
}

// Confirmation is a certConf (RFC 9810 §5.3.18) that fits the transaction's certificate.
type Confirmation struct {
	Party         Party
	TransactionID []byte
	Accepted      bool
	Text          string // why it was not accepted, as the other side says it
	DER           []byte // the certificate
	MessageSHA256 [sha256.Size]byte
	Reply         []byte // the answer; see [Authority.Confirm]
}

// RevocationRequest is an rr (RFC 9810 §5.3.9) for one certificate.
type RevocationRequest struct {
	Party         Party
	Profile       string
	TransactionID []byte
	Message       []byte
	MessageSHA256 [sha256.Size]byte
	Certificate   CertID
	Reason        int // CRLReason of RFC 5280 §5.3.1; 0 if none was given
}

// Refusal is a negative answer of the [Authority].
type Refusal struct {
	Fail Failure
	Text string // English, for the other side's log; no personal data
}

// Error gives the refusal in words.
func (r *Refusal) Error() string { return r.Fail.String() + ": " + r.Text }

// Refuse makes a [*Refusal].
func Refuse(fail Failure, text string) error { return &Refusal{Fail: fail, Text: text} }
