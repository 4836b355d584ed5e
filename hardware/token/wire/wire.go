// Package wire is the language between the kiosk and one tirkeu-token process: length-prefixed JSON over two pipes.
//
// A frame is four octets, the length of what follows in network order, then that many octets of JSON. The kiosk writes one
// [Request] and reads its [Answer] before it writes the next; the first frame of all is the worker's [Hello]. Answers with the ID 0 come
// unasked, whenever the slots have changed. A frame longer than
// [MaxFrame] or one that does not parse means that the other side is not to be trusted any more: both ends then give up, and the
// kiosk starts a new worker.
//
// No PKCS#11 type crosses this boundary: slots are named by the number of their appearance, sessions by a number of the worker's,
// objects by CKA_ID. Requests carry PINs, so nothing here prints a request, and frames are wiped once they are written or parsed.
package wire

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Version is raised whenever a message changes its meaning; the kiosk refuses a worker of another version.
const Version = 2

// MaxFrame bounds one message in octets: the longest is the list of a token's certificates.
const MaxFrame = 1 << 20

// RequestFD and AnswerFD are the worker's descriptors; 0 and 1 are left to whatever a vendor's module prints.
const (
	RequestFD = 3
	AnswerFD  = 4
)

// ErrFrame says that what arrived is no frame of this protocol.
var ErrFrame = errors.New("malformed frame")

// Op names a request.
type Op string

// The requests a worker serves.
const (
	OpPoll         Op = "poll"         // what is plugged in
	OpCertificates Op = "certificates" // public objects of a token, no login
	OpPublicKeys   Op = "public-keys"  // public objects of a token, no login
	OpLogin        Op = "login"        // exactly one C_Login
	OpLogout       Op = "logout"
	OpGenerate     Op = "generate"
	OpKeys         Op = "keys"
	OpSign         Op = "sign"
	OpWrite        Op = "write-certificate"
	OpDelete       Op = "delete"
	OpChangePIN    Op = "change-pin"
	OpUnblock      Op = "unblock" // exactly one C_Login, as security officer, then C_InitPIN
	OpExamine      Op = "examine" // what the module and its token say of themselves, for a technician; no login
	OpBye          Op = "bye"     // log out everywhere, finalize, exit
)

// Fault is the closed list of ways in which a request fails; the empty word means that it succeeded.
type Fault string

// The faults of a request.
const (
	FaultRemoved       Fault = "removed"
	FaultPINIncorrect  Fault = "pin-incorrect"
	FaultPINLocked     Fault = "pin-locked"
	FaultPINLength     Fault = "pin-length"
	FaultPINRejected   Fault = "pin-rejected"
	FaultPINExpired    Fault = "pin-expired"
	FaultAdminWrong    Fault = "admin-pin-incorrect"
	FaultAdminLocked   Fault = "admin-pin-locked"
	FaultAdminLength   Fault = "admin-pin-length"
	FaultFull          Fault = "full"
	FaultUninitialized Fault = "uninitialized"
	FaultMechanism     Fault = "mechanism"
	FaultReadOnly      Fault = "read-only"
	FaultNotFound      Fault = "not-found"
	FaultExists        Fault = "exists"
	FaultMismatch      Fault = "mismatch"
	FaultClosed        Fault = "closed"
	FaultRequest       Fault = "request" // the kiosk asked for something that is no request
	FaultToken         Fault = "token"   // anything else the token said
)

// Hello is the worker's first frame.
type Hello struct {
	Version int    `json:"version"`
	Library string `json:"library,omitempty"` // C_GetInfo: manufacturer and description of the module
	Err     string `json:"err,omitempty"`     // why the module cannot be used
}

// Request is one question to the worker. Only the fields its Op needs are set.
type Request struct {
	ID      uint64 `json:"id"`
	Op      Op     `json:"op"`
	Known   uint64 `json:"known,omitempty"`   // poll: the generation the kiosk already has
	Soon    bool   `json:"soon,omitempty"`    // poll: something was plugged or pulled just now, look often for a while
	Seen    uint64 `json:"seen,omitempty"`    // the appearance of a token
	Session uint64 `json:"session,omitempty"` // a logged-in session
	PIN     []byte `json:"pin,omitempty"`     // unblock: the administrator's
	NewPIN  []byte `json:"new_pin,omitempty"`
	KeyID   []byte `json:"key_id,omitempty"` // CKA_ID
	Label   string `json:"label,omitempty"`  // CKA_LABEL
	Bits    int    `json:"bits,omitempty"`
	Data    []byte `json:"data,omitempty"` // sign: DigestInfo (RFC 8017 §9.2); write-certificate: DER
}

// Wipe overwrites the secrets of a request.
func (r *Request) Wipe() {
	clear(r.PIN)
	clear(r.NewPIN)
}

// Answer is the worker's reply to the request of the same ID, or, with the ID 0, news of the slots as OpPoll would give them.
type Answer struct {
	ID           uint64        `json:"id"`
	Fault        Fault         `json:"fault,omitempty"`
	Code         string        `json:"code,omitempty"`  // the module's own word, as CKR_PIN_INCORRECT
	Known        uint64        `json:"known,omitempty"` // poll: generation of Slots; Slots is absent when it is the asker's
	Slots        []Slot        `json:"slots,omitempty"`
	Slot         *Slot         `json:"slot,omitempty"` // the token's flags after an act that may change them
	Session      uint64        `json:"session,omitempty"`
	Keys         []Key         `json:"keys,omitempty"`
	Certificates []Certificate `json:"certificates,omitempty"`
	Signature    []byte        `json:"signature,omitempty"`
	Examined     *Examined     `json:"examined,omitempty"`
}

// Examined is what the module and one of its tokens say of themselves.
type Examined struct {
	Mechanisms []Mechanism `json:"mechanisms"`
	Flags      uint64      `json:"flags"`       // of CK_TOKEN_INFO
	Look       int64       `json:"look"`        // nanoseconds, median, of the calls of one look at the slot
	Events     int         `json:"events"`      // so many events C_WaitForSlotEvent had, not blocking, since it was asked before
	EventsCode string      `json:"events_code"` // what it answered at last
	Sessions   int         `json:"sessions"`    // so many can be open at once; 0: not known
}

// Mechanism is one of C_GetMechanismList.
type Mechanism struct {
	Type uint64 `json:"type"`
	Min  int    `json:"min"` // of the keys, in the mechanism's own unit
	Max  int    `json:"max"`
}

// Slot is a token in a slot, from its appearance until it is pulled.
type Slot struct {
	Seen         uint64 `json:"seen"`
	Reader       string `json:"reader"` // slotDescription
	Manufacturer string `json:"manufacturer"`
	Model        string `json:"model"`
	Serial       string `json:"serial"`
	Label        string `json:"label"`
	ATR          string `json:"atr,omitempty"` // of the chip, hexadecimal; empty where the module does not work over PC/SC
	Initialized  bool   `json:"initialized"`
	PINLow       bool   `json:"pin_low"`
	PINFinal     bool   `json:"pin_final"`
	PINLocked    bool   `json:"pin_locked"`
	AdminLow     bool   `json:"admin_low"`
	AdminFinal   bool   `json:"admin_final"`
	AdminLocked  bool   `json:"admin_locked"`
	PINMin       int    `json:"pin_min"` // 0: the token gives none
	PINMax       int    `json:"pin_max"` // 0: the token gives none
	RSA          bool   `json:"rsa"`     // C_GetMechanismList names CKM_RSA_PKCS_KEY_PAIR_GEN, or there is no list
	GOST         bool   `json:"gost"`    // it names the generation of 512-bit keys of GOST R 34.10-2012
}

// Key is a private key on a token.
type Key struct {
	ID               []byte `json:"id"`
	Label            string `json:"label"`
	SPKI             []byte `json:"spki,omitempty"`
	Local            bool   `json:"local"`
	NeverExtractable bool   `json:"never_extractable"`
	Extractable      bool   `json:"extractable"`
	Sensitive        bool   `json:"sensitive"`
	HasCertificate   bool   `json:"has_certificate"`
}

// Certificate is a certificate object on a token.
type Certificate struct {
	ID    []byte `json:"id"`
	Label string `json:"label"`
	DER   []byte `json:"der"`
}

// Write sends one message as one write, so that a reader never sees half a length.
func Write(w io.Writer, message any) error {
	body, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("encode frame: %w", err)
	}
	defer clear(body)
	if len(body) > MaxFrame {
		return fmt.Errorf("%w: %d octets to send", ErrFrame, len(body))
	}
	frame := make([]byte, 4+len(body))
	defer clear(frame)
	binary.BigEndian.PutUint32(frame, uint32(len(body)))
	copy(frame[4:], body)
	_, err = w.Write(frame)
	if err != nil {
		return fmt.Errorf("write frame: %w", err)
	}
	return nil
}

// Read receives one message. It answers io.EOF when the other side closed the pipe between frames, and [ErrFrame] for garbage.
func Read(r io.Reader, message any) error {
	var head [4]byte
	_, err := io.ReadFull(r, head[:])
	if err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("%w: the pipe ended inside a length", ErrFrame)
		}
		return err
	}
	size := binary.BigEndian.Uint32(head[:])
	if size == 0 || size > MaxFrame {
		return fmt.Errorf("%w: length %d", ErrFrame, size)
	}
	body := make([]byte, size)
	defer clear(body)
	_, err = io.ReadFull(r, body)
	if err != nil {
		return fmt.Errorf("%w: the pipe ended inside a message", ErrFrame)
	}
	err = json.Unmarshal(body, message)
	if err != nil {
		// The decoder's own words quote what it read, which may be a PIN.
		return fmt.Errorf("%w: not the expected JSON", ErrFrame)
	}
	return nil
}
