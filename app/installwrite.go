package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/tirkeu/kiosk/hardware/keyfile"
	"github.com/tirkeu/kiosk/hardware/stick"
)

// Bounds of what is read from a stick, in bytes.
const (
	maxSealed  = 64 << 10
	maxKeyFile = 256 << 10
)

// tokenInstall writes certificates beside their keys on a token, under the same CKA_ID.
type tokenInstall struct {
	k      *Kiosk
	login  Login
	record Record
}

func (t *tokenInstall) install(ctx context.Context, tell func(index int, step string)) ([]string, error) {
	keys, err := t.login.Keys(ctx)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	for n, key := range t.record.Keys {
		if !has(keys, key) {
			return nil, is(CodeTokenKeysGone, errors.New("the application's key is not on the token"))
		}
		t.k.step(StepIntendCertificate, 0)
		intent, err := t.k.intend(ctx, Intent{Kind: IntentInstall, Medium: key.Medium, Number: t.record.Number, KeyID: key.KeyID})
		if err != nil {
			return nil, fmt.Errorf("write intent: %w", err)
		}
		err = t.one(ctx, key, intent, func(step string) { tell(n+1, step) })
		if err != nil {
			t.k.finish(ctx, intent, outcomeFailed)
			return nil, err
		}
		t.k.step(StepCloseCertificate, intent)
		t.k.finish(ctx, intent, outcomeDone)
	}
	return nil, nil
}

func (*tokenInstall) tidy() {}

// one writes a certificate, reads it back and compares it.
func (t *tokenInstall) one(ctx context.Context, key RecordKey, intent int64, tell func(step string)) error {
	ctx, cancel := context.WithTimeout(ctx, tokenWithin)
	defer cancel()
	tell("write")
	t.k.step(StepWriteCertificate, intent)
	err := t.login.WriteCertificate(ctx, key.KeyID, keyLabel(key.Template, t.record.Number), key.Certificate)
	if err != nil {
		return fmt.Errorf("write certificate: %w", err)
	}
	tell("read")
	t.k.step(StepReadBack, intent)
	there, err := t.login.Certificates(ctx)
	if err != nil {
		return fmt.Errorf("read certificate back: %w", err)
	}
	tell("compare")
	for _, c := range there {
		if bytes.Equal(c.ID, key.KeyID) && bytes.Equal(c.DER, key.Certificate) {
			return nil
		}
	}
	return is(CodeTokenReadBack, errors.New("the certificate read back is not the one written"))
}

// has tells whether the key of an application is on the token: same CKA_ID and same public key.
func has(keys []Key, want RecordKey) bool {
	for _, key := range keys {
		hash := sha256.Sum256(key.SPKI)
		if bytes.Equal(key.ID, want.KeyID) && hex.EncodeToString(hash[:]) == want.SPKISHA256 {
			return true
		}
	}
	return false
}

// stickInstall makes key files of the sealed private keys and their certificates.
type stickInstall struct {
	k        *Kiosk
	line     CentreLine
	record   Record
	password keyfile.Password
}

func (s *stickInstall) install(ctx context.Context, tell func(index int, step string)) ([]string, error) {
	defer s.password.Wipe()
	sealed, err := s.k.cfg.Stick.Read(sealedName(s.record.Number), maxSealed)
	if err != nil {
		return nil, fmt.Errorf("read sealed keys: %w", err)
	}
	seal, err := s.sealKey(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask for the key to the seal: %w", err)
	}
	keys, err := keyfile.Unseal(sealed, seal, s.record.Number)
	clear(seal)
	if err != nil {
		return nil, fmt.Errorf("open sealed keys: %w", err)
	}
	var files []string
	for n, key := range s.record.Keys {
		name, err := s.one(ctx, keys, key, func(step string) { tell(n+1, step) })
		if err != nil {
			return nil, err
		}
		files = append(files, name)
	}
	return files, nil
}

// tidy takes the sealed file off the stick. It goes last: until the key files are whole and the terminal knows it, everything can be
// done again from it.
func (s *stickInstall) tidy() {
	err := s.k.cfg.Stick.Remove(sealedName(s.record.Number))
	if err != nil && !errors.Is(err, stick.ErrNotFound) {
		s.k.log.Warn("remove sealed keys", "cause", err)
	}
}

// sealKey asks the centre for the key to the seal. It gives it to the terminal that filed the application; one that has taken it
// up has got it together with the certificates.
func (s *stickInstall) sealKey(ctx context.Context) ([]byte, error) {
	key, err := limited(ctx, func(ctx context.Context) ([]byte, error) { return s.line.SealKey(ctx, s.record.Number) })
	if errors.Is(err, ErrOtherPerson) && len(s.record.SealKey) > 0 {
		return bytes.Clone(s.record.SealKey), nil
	}
	return key, err
}

// one writes a key file, reads it back and compares it.
func (s *stickInstall) one(ctx context.Context, keys []keyfile.SealedKey, key RecordKey, tell func(step string)) (string, error) {
	tell("write")
	entry, err := entryOf(keys, key)
	if err != nil {
		return "", err
	}
	s.k.step(StepIntendCertificate, 0)
	intent, err := s.k.intend(ctx, Intent{Kind: IntentInstall, Medium: stickRef.serial, Number: s.record.Number, KeyID: key.KeyID})
	if err != nil {
		return "", fmt.Errorf("write intent: %w", err)
	}
	name := keyfile.Name(key.Template, entry.Certificate)
	err = s.write(name, entry, intent, tell)
	if err != nil {
		s.k.finish(ctx, intent, outcomeFailed)
		return "", err
	}
	s.k.step(StepCloseCertificate, intent)
	s.k.finish(ctx, intent, outcomeDone)
	return name, nil
}

func (s *stickInstall) write(name string, entry keyfile.Entry, intent int64, tell func(step string)) error {
	var file bytes.Buffer
	err := keyfile.Write(&file, entry, s.password, keyfile.Options{Rand: s.k.cfg.Rand})
	if err != nil {
		return fmt.Errorf("make key file: %w", err)
	}
	s.k.step(StepWriteCertificate, intent)
	// A file of this name holds this very key (the name is its identifier): it is of an installation that was cut short.
	err = s.k.cfg.Stick.Replace(name, file.Bytes())
	if err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	tell("read")
	s.k.step(StepReadBack, intent)
	back, err := s.k.cfg.Stick.Read(name, maxKeyFile)
	if err != nil {
		return fmt.Errorf("read key file back: %w", err)
	}
	tell("compare")
	read, err := keyfile.Read(bytes.NewReader(back), s.password)
	if err != nil {
		return is(CodeStickDamaged, fmt.Errorf("open key file: %w", err))
	}
	if !keyfile.Belongs(entry.Certificate, read.Key) || !read.Certificate.Equal(entry.Certificate) {
		return is(CodeStickDamaged, errors.New("the key file read back is not the one written"))
	}
	return nil
}

// entryOf joins a certificate with its private key, by the public key.
func entryOf(keys []keyfile.SealedKey, key RecordKey) (keyfile.Entry, error) {
	cert, err := x509.ParseCertificate(key.Certificate)
	if err != nil {
		return keyfile.Entry{}, fmt.Errorf("read certificate: %w", err)
	}
	var chain []*x509.Certificate
	for _, der := range key.Chain {
		ca, err := x509.ParseCertificate(der)
		if err != nil {
			return keyfile.Entry{}, fmt.Errorf("read issuer's certificate: %w", err)
		}
		chain = append(chain, ca)
	}
	for _, k := range keys {
		if keyfile.Belongs(cert, k.Key) {
			return keyfile.Entry{Key: k.Key, Certificate: cert, Chain: chain}, nil
		}
	}
	return keyfile.Entry{}, is(CodeStickOther, errors.New("no private key for the certificate"))
}

// installPassword lets the citizen invent the password of the key files.
type installPassword struct{ record Record }

func (*installPassword) name() string             { return "install.password" }
func (*installPassword) back(*Kiosk) state        { return &statusNumber{} }
func (s *installPassword) steps(*Kiosk) *Progress { return installSteps(s.record, "password") }
func (s *installPassword) view(*Kiosk) any {
	return InstallPasswordScreen{Rules: passwordRules()}
}

func (s *installPassword) plugged(k *Kiosk) {
	if !k.stick {
		k.at = &installMedium{record: s.record, medium: stickRef}
		k.fail(&fault{code: CodeStickAbsent})
	}
}

func (s *installPassword) act(k *Kiosk, action string, args []byte) *fault {
	if action != "install.password" {
		return nil
	}
	var a PasswordArgs
	err := decode(args, &a)
	if err != nil {
		return &fault{code: CodeInternal, err: err}
	}
	if !keyfile.PasswordOK(a.Password) {
		return &fault{code: CodePasswordRules}
	}
	if a.Password != a.Again {
		return &fault{code: CodePasswordDiffers}
	}
	password := keyfile.NewPassword(a.Password)
	a = PasswordArgs{}
	k.install(s.record, &stickInstall{k: k, line: k.joined.Line, record: s.record, password: password})
	return nil
}
