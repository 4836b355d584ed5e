package cmp

import (
	"crypto/x509"
	"fmt"
	"time"
)

// Transaction is one certificate request or revocation from first message to confirmation. Write it down (it is JSON) after every call, and
// before a message leaves by [Client.Keep]; after a restart go on with the same call. It holds no secret, but the certificate and the
// messages name the subject. It is not for concurrent use.
type Transaction struct {
	ID        []byte `json:"id"` // transactionID, 16 random octets
	Kind      Kind   `json:"kind,omitempty"`
	RequestID int64  `json:"request_id"`

	// The message that has left, or was about to, and has no verified answer yet. The same octets are sent until it has.
	Step    string `json:"step,omitempty"` // its body's name
	Message []byte `json:"message,omitempty"`
	Nonce   []byte `json:"nonce,omitempty"` // its senderNonce

	PeerNonce []byte `json:"peer_nonce,omitempty"` // senderNonce of the last verified answer

	State       State         `json:"state,omitempty"` // "" until the request was answered
	Status      PKIStatusInfo `json:"status"`
	Certificate []byte        `json:"certificate,omitempty"` // DER, once issued
	CAPubs      [][]byte      `json:"ca_pubs,omitempty"`     // DER; under a MAC these are trust anchors
	Extra       [][]byte      `json:"extra,omitempty"`       // DER
	Implicit    bool          `json:"implicit,omitempty"`    // the centre wants no certConf
	Refused     bool          `json:"refused,omitempty"`     // certConf says, or said, that the certificate is not taken
	Confirmed   bool          `json:"confirmed,omitempty"`   // certConf was answered, or a revocation was
}

// NewTransaction begins a transaction. The id has 16 random octets (RFC 9483 §3.1).
func NewTransaction(id []byte) *Transaction { return &Transaction{ID: append([]byte{}, id...)} }

// Pending says whether a message waits for its answer.
func (t *Transaction) Pending() bool { return len(t.Message) > 0 }

// Drop forgets the message that has no answer, so that the next call builds it anew: for a message whose protection is out of date
// (another certificate meanwhile). Should it have arrived after all, a request is answered by transactionIdInUse, which the client
// takes for "waiting", and everything else can be said twice.
func (t *Transaction) Drop() { t.Step, t.Message, t.Nonce = "", nil, nil }

// Answer is what is known of a certificate request.
type Answer struct {
	State       State
	CheckAfter  time.Duration // Waiting: how long the centre asks to be left alone; 0: not said
	Certificate *x509.Certificate
	CAPubs      []*x509.Certificate // trust anchors where the answer came under a MAC (RFC 9483 §4.1.5); else worth nothing
	Extra       []*x509.Certificate // issuing certificates and others, not verified
	Status      PKIStatusInfo
	Implicit    bool // no certConf is wanted; [Client.Confirm] then sends none
}

// answer gives what the transaction knows.
func (t *Transaction) answer(checkAfter time.Duration) (Answer, error) {
	a := Answer{State: t.State, CheckAfter: checkAfter, Status: t.Status, Implicit: t.Implicit}
	if t.State != Issued {
		return a, nil
	}
	var err error
	if a.Certificate, err = x509.ParseCertificate(t.Certificate); err != nil {
		return Answer{}, fmt.Errorf("read the certificate of the transaction: %w", err)
	}
	for _, list := range []struct {
		from [][]byte
		to   *[]*x509.Certificate
	}{{t.CAPubs, &a.CAPubs}, {t.Extra, &a.Extra}} {
		for _, der := range list.from {
			cert, err := x509.ParseCertificate(der)
			if err != nil {
				return Answer{}, fmt.Errorf("read a certificate of the transaction: %w", err)
			}
			*list.to = append(*list.to, cert)
		}
	}
	return a, nil
}
