package app

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/tirkeu/kiosk/hardware/gost"
	"github.com/tirkeu/kiosk/hardware/keyfile"
	"github.com/tirkeu/kiosk/hardware/stick"
	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// keyBits is the size of the citizens' RSA keys.
const keyBits = 2048

// applyKeys shows that keys are being made. Nothing can be touched, and the session is not wiped meanwhile.
type applyKeys struct {
	medium    ref
	key, keys int
	phase     string
}

func (*applyKeys) name() string { return "apply.keys" }
func (s *applyKeys) view(k *Kiosk) any {
	return ApplyKeysScreen{
		Medium: k.medium(s.medium), Key: s.key, Keys: s.keys, Phase: s.phase,
		Text: k.text("progress.keys."+s.phase, "Key", s.key, "Keys", s.keys),
	}
}
func (*applyKeys) steps(k *Kiosk) *Progress          { return applySteps(k, "keys") }
func (*applyKeys) act(*Kiosk, string, []byte) *fault { return nil }

// making is the work of making the keys of one application, outside the lock.
type making struct {
	k      *Kiosk
	ses    *session
	draft  draft // as it stood
	login  Login // nil for the stick
	names  []string
	number string
	keys   []draftKey
	sealed []keyfile.SealedKey
	seal   []byte
	left   []leftover
}

// makeKeys begins to make the keys the application asks for. Under the lock.
func (k *Kiosk) makeKeys() {
	d := *k.ses.draft
	m := &making{k: k, draft: d, names: k.templates(d.medium.kind, d.set)}
	if !d.onStick {
		m.login = k.ses.open.login
	}
	k.at = &applyKeys{medium: d.medium, key: 1, keys: len(m.names), phase: "generate"}
	k.start(job{steady: true}, func(ctx context.Context, ses *session) func() {
		m.ses = ses
		err := m.make(ctx)
		if err != nil {
			if ctx.Err() == nil {
				k.abandon(ctx, m.left, &opened{login: m.login, ref: d.medium})
			} // else the program is closing: reconciled at the next start
			return func() {
				k.at = &applyStorage{}
				k.close()
				k.fail(keysFault(err))
			}
		}
		return func() {
			d := ses.draft
			d.number, d.keys, d.sealKey = m.number, m.keys, m.seal
			ses.left = m.left
			k.at = &applySummary{}
		}
	})
}

// keysFault: a medium that went away while keys were made has a sentence of its own.
func keysFault(err error) *fault {
	switch {
	case errors.Is(err, token.ErrRemoved), errors.Is(err, token.ErrSessionClosed):
		return &fault{code: CodeTokenPulled, err: err}
	case errors.Is(err, stick.ErrAbsent):
		return &fault{code: CodeStickPulled, err: err}
	}
	return faultOf(err)
}

func (m *making) make(ctx context.Context) error {
	err := m.room(ctx)
	if err != nil {
		return err
	}
	m.number = m.draft.web
	if m.number != "" {
		err = m.unconfirmed(ctx)
		if err != nil {
			return err
		}
	} else {
		counter, err := m.k.cfg.Store.ReserveNumber(ctx, m.k.joined.Prefix)
		if err != nil {
			return fmt.Errorf("reserve number: %w", err)
		}
		m.number = registry.NewNumber(m.k.joined.Prefix, counter)
	}
	for n, template := range m.names {
		m.tell(n+1, "generate")
		err := m.key(ctx, n+1, template)
		if err != nil {
			return err
		}
	}
	if !m.draft.onStick {
		return nil
	}
	m.tell(len(m.names), "write")
	return m.file(ctx)
}

// room refuses a card that has no place for the keys, before it is asked to make any: one that makes room by itself would
// take what is on it, and with it the key that is to sign.
func (m *making) room(ctx context.Context) error {
	if m.draft.medium.kind != string(registry.StorageIDCard) {
		return nil
	}
	keys, err := m.login.Keys(ctx)
	if err != nil {
		return fmt.Errorf("count keys: %w", err)
	}
	if free := max(cardPairs-len(keys), 0); free < len(m.names) {
		return &faultError{&fault{code: CodeCardFull, params: []any{"Has", len(keys), "Places", cardPairs}}}
	}
	return nil
}

func (m *making) tell(key int, phase string) {
	m.k.during(m.ses, func() {
		m.k.at = &applyKeys{medium: m.draft.medium, key: key, keys: len(m.names), phase: phase}
	})
}

// key makes one key pair and its request.
func (m *making) key(ctx context.Context, n int, template string) error {
	id := make([]byte, 20)
	transaction := make([]byte, 16) // RFC 9483 §3.1: 128 bits of transactionID
	_, err := io.ReadFull(m.k.cfg.Rand, id)
	if err != nil {
		return fmt.Errorf("choose key id: %w", err)
	}
	_, err = io.ReadFull(m.k.cfg.Rand, transaction)
	if err != nil {
		return fmt.Errorf("choose transaction id: %w", err)
	}
	m.k.step(StepIntendKeys, 0)
	intent, err := m.k.intend(ctx, Intent{Kind: IntentGenerate, Medium: m.draft.medium.serial, Number: m.number, KeyID: id})
	if err != nil {
		return fmt.Errorf("write intent: %w", err)
	}
	m.k.during(m.ses, func() { m.ses.intents = append(m.ses.intents, intent) })
	m.k.step(StepMakeKeys, intent)
	var signer crypto.Signer
	var spki []byte
	if m.draft.onStick {
		m.left = append(m.left, leftover{intent: intent, medium: stickRef, number: m.number, file: sealedName(m.number)})
		signer, spki, err = m.soft(template, id)
	} else {
		m.left = append(m.left, leftover{intent: intent, medium: m.draft.medium, number: m.number, id: id})
		signer, spki, err = m.onToken(ctx, n, template, id)
	}
	if err != nil {
		return err
	}
	m.tell(n, "check")
	m.k.step(StepSignRequest, intent)
	d := m.draft
	person := pki.Person{IIN: d.iin, Surname: d.name.Surname, Given: d.name.Given, Patronymic: d.name.Patronymic, Email: d.email}
	csr, err := pki.NewRequest(template, person, d.medium.kind, signer)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	hash := sha256.Sum256(spki)
	m.keys = append(m.keys, draftKey{
		ordinal: n, template: template, id: id, spki: hex.EncodeToString(hash[:]), csr: csr, transaction: hex.EncodeToString(transaction),
	})
	return nil
}

// onToken makes a key pair on the token. "Secure medium" is only written of a key that was made there and can never
// leave; a token that does not say so is refused.
func (m *making) onToken(ctx context.Context, n int, template string, id []byte) (crypto.Signer, []byte, error) {
	if template == string(registry.TemplateGOST) {
		return nil, nil, is(CodeTokenUnable, errors.New("no token here makes GOST keys"))
	}
	key, err := m.login.GenerateRSA(ctx, id, keyLabel(template, m.number), keyBits)
	if err != nil {
		return nil, nil, fmt.Errorf("make keys: %w", m.crowded(ctx, err))
	}
	if !key.Local || !key.NeverExtractable || key.Extractable || !key.Sensitive {
		return nil, nil, is(CodeTokenUnsafe, errors.New("the token does not say that the key was made there and cannot leave"))
	}
	m.tell(n, "check")
	signer, err := m.login.Signer(ctx, id)
	if err != nil {
		return nil, nil, fmt.Errorf("use new key: %w", err)
	}
	return signer, key.SPKI, nil
}

// crowded names the likely reason why a token with other keys on it made no pair and did not say why: OpenSC calls a card without room
// CKR_GENERAL_ERROR.
func (m *making) crowded(ctx context.Context, err error) error {
	if !errors.Is(err, token.ErrToken) {
		return err
	}
	keys, unread := m.login.Keys(ctx)
	if unread != nil || !slices.ContainsFunc(keys, m.other) {
		return err
	}
	return is(CodeTokenCrowded, err)
}

// other tells whether a key was on the token before this application made its own.
func (m *making) other(key token.Key) bool {
	return !slices.ContainsFunc(m.left, func(l leftover) bool { return bytes.Equal(l.id, key.ID) })
}

// soft makes a key pair in memory, for the stick. Its template says of which kind.
func (m *making) soft(template string, id []byte) (crypto.Signer, []byte, error) {
	if template == string(registry.TemplateGOST) {
		key, err := gost.GenerateKey(m.k.cfg.Rand)
		if err != nil {
			return nil, nil, fmt.Errorf("make keys: %w", err)
		}
		public, _ := key.Public().(*gost.PublicKey)
		spki, err := gost.MarshalPublicKey(public, gost.Kazakh)
		if err != nil {
			return nil, nil, fmt.Errorf("encode public key: %w", err)
		}
		m.sealed = append(m.sealed, keyfile.SealedKey{Template: template, ID: id, Key: key})
		return key, spki, nil
	}
	key, err := rsa.GenerateKey(m.k.cfg.Rand, keyBits)
	if err != nil {
		return nil, nil, fmt.Errorf("make keys: %w", err)
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, nil, fmt.Errorf("encode public key: %w", err)
	}
	m.sealed = append(m.sealed, keyfile.SealedKey{Template: template, ID: id, Key: key})
	return key, spki, nil
}

// file seals the private keys onto the stick; the key to the seal travels with the application.
func (m *making) file(ctx context.Context) error {
	blob, seal, err := keyfile.Seal(m.sealed, m.number, m.k.cfg.Rand)
	m.sealed = nil
	if err != nil {
		return fmt.Errorf("seal keys: %w", err)
	}
	m.seal = seal
	err = m.k.cfg.Stick.WriteNew(sealedName(m.number), blob)
	if errors.Is(err, stick.ErrExists) {
		err = m.overForsaken(ctx, blob, err)
	}
	if err != nil {
		return fmt.Errorf("write sealed keys: %w", err)
	}
	return nil
}

// keyLabel is a key's name on the token.
func keyLabel(template, number string) string { return template + " " + number }

// close closes the login of the session, when there is one, and forgets the keys of an opened file. Under the lock.
func (k *Kiosk) close() {
	if k.ses == nil {
		return
	}
	wipe(k.ses.held)
	k.ses.held = nil
	if k.ses.open != nil {
		k.drop(k.ses.open)
	}
}
