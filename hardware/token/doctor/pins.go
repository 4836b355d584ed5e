package doctor

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/tirkeu/kiosk/hardware/token"
)

// label is that of the keys an examination makes, and by which one that was broken off is cleaned up after.
const label = "tirkeu doctor"

// keyBits are those of the keys the authority certifies on tokens.
const keyBits = 2048

// pins is everything that needs the PIN.
func (e *Examination) pins(ctx context.Context) error {
	if !e.here.Initialized || e.here.PINLocked {
		e.report.add(NotTried, "PIN, key and certificate", "the token has no PIN yet, or its PIN is locked")
		return nil
	}
	session, err := e.login(ctx, "Type the token's PIN: ")
	if session == nil {
		return err
	}
	e.report.add(Well, "PIN", "right, entered once; a wrong try before it: "+yes(e.here.PINLow))
	e.keys, err = session.Keys(ctx)
	if err != nil {
		return err
	}
	e.report.add(Well, "keys", fmt.Sprintf("%d key pairs on it", len(e.keys)))
	err = e.key(ctx, session)
	if err != nil {
		return err
	}
	err = session.Logout(ctx)
	if err != nil {
		return err
	}
	return e.wrong(ctx)
}

// login enters a PIN, once. Both results are nil when there is nothing to go on with.
func (e *Examination) login(ctx context.Context, prompt string) (*token.Session, error) {
	typed, err := e.Technician.Secret(prompt)
	if err != nil {
		return nil, err
	}
	pin := token.NewPIN(typed)
	defer pin.Wipe()
	if e.here.HasFactoryPIN(pin) {
		e.report.add(Attention, "factory PIN", "still in use on this token")
	}
	session, err := e.Rack.Login(ctx, e.here.Insertion, pin)
	if err == nil {
		return session, nil
	}
	if errors.Is(err, token.ErrRemoved) || errors.Is(err, token.ErrWorker) || errors.Is(err, token.ErrTimeout) {
		return nil, err
	}
	e.report.add(NotTried, "key and certificate", err.Error())
	return nil, nil
}

// wrong tries what the token tells after a wrong PIN, and makes it right again.
func (e *Examination) wrong(ctx context.Context) error {
	const name = "wrong PIN"
	now, err := e.Rack.Token(e.here.Insertion)
	if err != nil {
		return err
	}
	if now.PINLow || now.PINFinal {
		e.report.add(NotTried, name, "a wrong one was entered already")
		return nil
	}
	if !e.Technician.Agrees("Enter ONE wrong PIN on purpose? It uses up one try; the right PIN, which you type again afterwards, gives it back. Do not agree unless you are sure of the PIN.") {
		e.report.add(NotTried, name, "not agreed to")
		return nil
	}
	guess := bytes.Repeat([]byte("0"), max(now.PINMin, 6))
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return err
	}
	copy(guess[len(guess)-6:], fmt.Sprintf("%06d", n))
	session, err := e.Rack.Login(ctx, e.here.Insertion, token.NewPIN(string(guess)))
	switch now, lost := e.Rack.Token(e.here.Insertion); {
	case err == nil:
		_ = session.Logout(ctx)
		e.report.add(Attention, name, "a random PIN opened the token")
		return nil
	case lost != nil:
		return lost
	case !errors.Is(err, token.ErrPINIncorrect):
		e.report.add(Attention, name, fmt.Sprintf("called something else: %v", err))
	case now.PINLow || now.PINFinal:
		e.report.add(Well, name, "told as such, and the token says that it is not the first")
	default:
		e.report.add(Attention, name, "told as such, but the token's flags do not change: nobody can be warned before the last try")
	}
	session, err = e.login(ctx, "Type the right PIN again: ")
	if session == nil {
		return err
	}
	if now, err := e.Rack.Token(e.here.Insertion); err == nil && (now.PINLow || now.PINFinal) {
		e.report.add(Attention, "right PIN after a wrong one", "the token still says that a wrong one was entered")
	}
	return session.Logout(ctx)
}

// key makes a key pair, measures it, signs, writes a certificate, and takes everything away again.
func (e *Examination) key(ctx context.Context, session *token.Session) error {
	question := fmt.Sprintf("Make a key pair on the token and delete it again? There are %d on it now; some cards have few places, and some ERASE what is there when a key is made.", len(e.keys))
	if !e.Technician.Agrees(question) {
		e.report.add(NotTried, "key generation", "not agreed to")
		return nil
	}
	err := e.sweep(ctx, session)
	if err != nil {
		return err
	}
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	e.Technician.Tell("Making a key pair. This can take minutes; leave the token in.")
	began := e.Now()
	made, err := session.GenerateRSA(ctx, id, label, keyBits)
	took := e.Now().Sub(began)
	if err != nil {
		e.report.add(Attention, "key generation", err.Error())
		return e.deleted(ctx, session, id)
	}
	e.profile.KeygenTimeout = min(max(2*time.Minute, 6*took), time.Hour).Round(time.Second)
	e.report.add(Well, "key generation", fmt.Sprintf("RSA, %d bits, in %v; the limit is %v from now on", keyBits, took.Round(time.Millisecond), e.profile.KeygenTimeout))
	e.attributes(made)
	err = e.sign(ctx, session, id)
	if err != nil {
		e.report.add(Attention, "signature and certificate", err.Error())
	}
	err = e.survivors(ctx, session, id)
	if err != nil {
		return err
	}
	return e.deleted(ctx, session, id)
}

// sweep deletes what an examination that was broken off has left.
func (e *Examination) sweep(ctx context.Context, session *token.Session) error {
	for i := len(e.keys) - 1; i >= 0; i-- {
		if e.keys[i].Label != label {
			continue
		}
		err := session.Delete(ctx, e.keys[i].ID)
		if err != nil {
			return err
		}
		e.keys = append(e.keys[:i], e.keys[i+1:]...)
		e.report.add(Well, "an earlier examination", "had left a key pair: deleted")
	}
	return nil
}

// attributes are what "made on a secure medium" rests on.
func (e *Examination) attributes(k token.Key) {
	if k.Local && k.NeverExtractable && k.Sensitive && !k.Extractable {
		e.report.add(Well, "key attributes", "made on the token, never extractable, sensitive")
		return
	}
	e.report.add(Attention, "key attributes", fmt.Sprintf("CKA_LOCAL %v, CKA_NEVER_EXTRACTABLE %v, CKA_SENSITIVE %v, CKA_EXTRACTABLE %v: not a secure medium as the rules want it",
		k.Local, k.NeverExtractable, k.Sensitive, k.Extractable))
}

// sign has the token sign a certificate of its own key, writes it beside the key and reads it back.
func (e *Examination) sign(ctx context.Context, session *token.Session, id []byte) error {
	signer, err := session.Signer(ctx, id)
	if err != nil {
		return err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "examination"}, NotBefore: e.report.At, NotAfter: e.report.At.Add(time.Hour),
		SignatureAlgorithm: x509.SHA256WithRSA}
	began := e.Now()
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	took := e.Now().Sub(began)
	if err != nil {
		return err
	}
	err = session.WriteCertificate(ctx, id, label, der)
	if err != nil {
		return err
	}
	e.profile.CallTimeout = min(max(10*time.Second, 20*took), time.Hour).Round(time.Second)
	e.report.add(Well, "signature and certificate", fmt.Sprintf("signed in %v, verified; the certificate was written, read back and compared", took.Round(time.Microsecond)))
	return nil
}

// survivors looks whether the keys that were there are there still.
func (e *Examination) survivors(ctx context.Context, session *token.Session, id []byte) error {
	now, err := session.Keys(ctx)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, k := range now {
		there[string(k.ID)] = true
	}
	lost := 0
	for _, k := range e.keys {
		if !there[string(k.ID)] {
			lost++
		}
	}
	switch {
	case lost > 0:
		e.profile.Erases = "yes"
		e.report.add(Attention, "keys that were there", fmt.Sprintf("%d of %d are gone: making a key erases", lost, len(e.keys)))
	case len(e.keys) > 0:
		e.profile.Erases = "no"
		e.report.add(Well, "keys that were there", "all of them are there still")
	}
	if !there[string(id)] {
		e.report.add(Attention, "key identifier", "the token does not keep the identifier that was asked for")
	}
	return nil
}

// deleted takes away what the examination made.
func (e *Examination) deleted(ctx context.Context, session *token.Session, id []byte) error {
	err := session.Delete(ctx, id)
	switch {
	case err == nil:
		e.report.add(Well, "deletion", "key pair and certificate are gone again")
	case errors.Is(err, token.ErrNotFound): // nothing was made
	default:
		e.report.add(Attention, "deletion", err.Error()+": delete the key labelled \"tirkeu doctor\" by the maker's own program")
	}
	return nil
}

func yes(so bool) string {
	if so {
		return "yes"
	}
	return "no"
}
