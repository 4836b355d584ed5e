package token

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/tirkeu/kiosk/hardware/token/wire"
)

// Session is a token with its PIN entered. It ends by [Session.Logout], by the token's removal, by another login on the same
// token, or with the worker. Its methods may be called from any goroutine; the token does one thing at a time.
type Session struct {
	rack   *Rack
	number uint64

	mu    sync.Mutex // guards token, for a read or a write
	token Token
}

// Login enters the PIN, once: it makes exactly one C_Login, or none when the token is gone or the PIN's length cannot be right
// ([ErrPINLength]). After a wrong PIN, [Rack.Token] has the new flags already. A login on a token that has a session ends that session.
func (r *Rack) Login(ctx context.Context, n Insertion, pin PIN) (*Session, error) {
	const op = "log in"
	t, err := r.Token(n)
	if err != nil {
		return nil, err
	}
	if !t.Initialized {
		return nil, &Error{Op: op, Err: ErrNotInitialized}
	}
	if !t.fits(pin) {
		return nil, &Error{Op: op, Err: ErrPINLength}
	}
	answer, err := r.call(ctx, op, n, wire.Request{Op: wire.OpLogin, PIN: pin.send()}, true)
	if err != nil {
		return nil, err
	}
	s := &Session{rack: r, number: answer.Session, token: t}
	return s, nil
}

// Certificates reads the certificates everybody may see, without a login.
func (r *Rack) Certificates(ctx context.Context, n Insertion) ([]Certificate, error) {
	answer, err := r.call(ctx, "read certificates", n, wire.Request{Op: wire.OpCertificates}, false)
	if err != nil {
		return nil, err
	}
	return certificates(answer), nil
}

// PublicKeys reads the SubjectPublicKeyInfo of every RSA public key that the token shows to everybody, without a login and in no order: whose
// token it is can be told by it before a PIN is entered. A module that hides public keys gives none, which proves nothing. The
// number of them is the number of key pairs only where the module keeps both halves.
func (r *Rack) PublicKeys(ctx context.Context, n Insertion) ([][]byte, error) {
	answer, err := r.call(ctx, "read public keys", n, wire.Request{Op: wire.OpPublicKeys}, false)
	if err != nil {
		return nil, err
	}
	list := make([][]byte, 0, len(answer.Keys))
	for _, k := range answer.Keys {
		list = append(list, k.SPKI)
	}
	return list, nil
}

func certificates(answer *wire.Answer) []Certificate {
	list := make([]Certificate, 0, len(answer.Certificates))
	for _, c := range answer.Certificates {
		list = append(list, Certificate(c))
	}
	return list
}

// Token gives the session's token, with its flags as they are now or were last.
func (s *Session) Token() Token {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t, err := s.rack.Token(s.token.Insertion); err == nil {
		s.token = t
	}
	return s.token
}

func (s *Session) call(ctx context.Context, op string, request wire.Request, killing bool) (*wire.Answer, error) {
	request.Session = s.number
	return s.rack.call(ctx, op, s.token.Insertion, request, killing)
}

// GenerateRSA makes a key pair on the token: both halves under CKA_ID id; the private one PRIVATE, SENSITIVE, not EXTRACTABLE, for
// signing. bits is the modulus' length. [ErrExists] when a key has that id already. After an error the key may still be there (the
// answer can be lost with the token): [Session.Keys] tells.
func (s *Session) GenerateRSA(ctx context.Context, id []byte, label string, bits int) (Key, error) {
	answer, err := s.call(ctx, "generate key", wire.Request{Op: wire.OpGenerate, KeyID: id, Label: label, Bits: bits}, true)
	if err != nil {
		return Key{}, err
	}
	if len(answer.Keys) != 1 || !bytes.Equal(answer.Keys[0].ID, id) {
		return Key{}, &Error{Op: "generate key", Code: "no key under the id asked for", Err: ErrToken}
	}
	return Key(answer.Keys[0]), nil
}

// Keys lists the private keys on the token.
func (s *Session) Keys(ctx context.Context) ([]Key, error) {
	answer, err := s.call(ctx, "list keys", wire.Request{Op: wire.OpKeys}, false)
	if err != nil {
		return nil, err
	}
	list := make([]Key, 0, len(answer.Keys))
	for _, k := range answer.Keys {
		list = append(list, Key(k))
	}
	return list, nil
}

// Certificates reads all certificates on the token.
func (s *Session) Certificates(ctx context.Context) ([]Certificate, error) {
	answer, err := s.call(ctx, "read certificates", wire.Request{Op: wire.OpCertificates}, false)
	if err != nil {
		return nil, err
	}
	return certificates(answer), nil
}

// WriteCertificate puts a certificate beside its key: [ErrNotFound] when no private key has that id, [ErrKeyMismatch] when the certificate
// is for another one. The new certificate is written, read back and compared before an old one under the id is deleted; one that is there
// already is left as it is.
func (s *Session) WriteCertificate(ctx context.Context, id []byte, label string, der []byte) error {
	_, err := s.call(ctx, "write certificate", wire.Request{Op: wire.OpWrite, KeyID: id, Label: label, Data: der}, false)
	return err
}

// Delete removes the key pair and the certificates under id; [ErrNotFound] when there is nothing.
func (s *Session) Delete(ctx context.Context, id []byte) error {
	_, err := s.call(ctx, "delete key", wire.Request{Op: wire.OpDelete, KeyID: id}, false)
	return err
}

// ChangePIN changes the user's PIN. A wrong old PIN costs a try. Both lengths are checked before the token is touched. When ctx ends
// first, or with [ErrTimeout] and [ErrWorker], nobody knows which PIN holds.
func (s *Session) ChangePIN(ctx context.Context, old, new PIN) error {
	const op = "change PIN"
	t := s.Token()
	if !t.fits(old) {
		return &Error{Op: op, Code: "old", Err: ErrPINLength}
	}
	if !t.fits(new) {
		return &Error{Op: op, Code: "new", Err: ErrPINLength}
	}
	_, err := s.call(ctx, op, wire.Request{Op: wire.OpChangePIN, PIN: old.send(), NewPIN: new.send()}, true)
	return err
}

// Logout ends the session. A session that is over already is no error, nor is a token that is gone.
func (s *Session) Logout(ctx context.Context) error {
	_, err := s.call(ctx, "log out", wire.Request{Op: wire.OpLogout}, true)
	if err == nil || over(err) {
		return nil
	}
	return fmt.Errorf("end session on token: %w", err)
}
