package app

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"errors"

	"github.com/tirkeu/kiosk/hardware/keyfile"
	"github.com/tirkeu/kiosk/hardware/stick"
	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/sync/pki"
)

// signSecret asks for the PIN of the token or card, or for the password of the picked file. One entry is one try.
type signSecret struct {
	s *signing
	entry
	oddly
	file *picked // nil: a token
}

func (*signSecret) name() string               { return "sign.secret" }
func (m *signSecret) steps(k *Kiosk) *Progress { return m.s.progress(k, "secret") }
func (m *signSecret) back(k *Kiosk) state {
	if m.file != nil {
		return &signFile{s: m.s, list: m.file.list}
	}
	return &signMedium{m.s}
}

func (m *signSecret) view(k *Kiosk) any {
	v := SignSecretScreen{Purpose: string(m.s.purpose), Medium: k.medium(m.token)}
	if m.file != nil {
		card := m.file.card(k)
		v.File = &card
		return v
	}
	pin := m.entry.view(k).(PINScreen)
	v.Token = &pin
	if t, there := k.find(m.token); there && t.FactoryPIN != "" {
		v.Factory = k.text("label.factory-pin", "Name", t.Name, "PIN", t.FactoryPIN)
	}
	return v
}

func (m *signSecret) plugged(k *Kiosk) {
	switch {
	case m.file != nil:
		m.s.stickGone(k)
	case !k.plugIn(m.token):
		k.at = &signMedium{m.s}
		k.absent()
	}
}

func (m *signSecret) act(k *Kiosk, action string, args []byte) *fault {
	switch {
	case action != "sign.secret":
		return nil
	case m.file == nil:
		return k.unlock(&m.entry, args, func(open *opened) { m.listToken(k, open) })
	}
	var a PINArgs
	err := decode(args, &a)
	if err != nil {
		return &fault{code: CodeInternal, err: err}
	}
	if f := m.oddly.refuse(a.PIN); f != nil {
		return f
	}
	password := keyfile.NewPassword(a.PIN)
	a = PINArgs{}
	m.listFile(k, password)
	return nil
}

// listToken reads the keys of an open token. Under the lock.
func (m *signSecret) listToken(k *Kiosk, open *opened) {
	joined := k.joined
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		keys, err := k.keysOn(ctx, open)
		if err == nil {
			k.standings(ctx, joined, keys)
		}
		return func() {
			if err != nil {
				k.close()
				k.fail(faultOf(err))
				return
			}
			m.show(k, keys)
		}
	})
}

// listFile opens the picked file. Its private keys stay in the session until the act is done or given up. Under the lock.
func (m *signSecret) listFile(k *Kiosk, password keyfile.Password) {
	joined, name := k.joined, m.file.file()
	k.start(job{awaits: true}, func(ctx context.Context, ses *session) func() {
		keys, err := k.keysIn(name, password)
		if err == nil {
			k.standings(ctx, joined, keys)
		}
		return func() {
			switch {
			case errors.Is(err, stick.ErrAbsent):
				k.at = &signMedium{m.s}
				k.fail(fileFault(err))
			case err != nil:
				k.fail(fileFault(err))
			default:
				ses.held = keys
				m.show(k, keys)
			}
		}
	})
}

// show goes on to the list of keys, or says that there is none. Under the lock.
func (m *signSecret) show(k *Kiosk, keys []heldKey) {
	if len(keys) == 0 {
		k.close()
		k.fail(&fault{code: CodeNoKeys})
		return
	}
	if m.s.read != nil {
		k.close()
		m.s.read(k, m.token, keys)
		return
	}
	factory := k.ses.open != nil && k.ses.open.factory
	k.at = &signKeys{s: m.s, medium: m.token, keys: keys, factory: factory, secret: m}
}

// heldKey is a key that lies on an open token, or in an open file.
type heldKey struct {
	fileKey
	id  []byte        // CKA_ID, on a token
	key crypto.Signer // in a file; nil on a token, and for a key of a kind that is not used here
}

// keysOn reads the keys of an open token and their certificates.
func (k *Kiosk) keysOn(ctx context.Context, open *opened) ([]heldKey, error) {
	ctx, cancel := context.WithTimeout(ctx, tokenWithin)
	defer cancel()
	keys, err := open.login.Keys(ctx)
	if err != nil {
		return nil, err
	}
	found, err := open.login.Certificates(ctx)
	if err != nil {
		return nil, err
	}
	certs := map[string]*x509.Certificate{}
	var all []*x509.Certificate
	for _, c := range found {
		cert, err := x509.ParseCertificate(c.DER)
		if err == nil {
			certs[string(c.ID)] = cert
			all = append(all, cert)
		}
	}
	var out []heldKey
	for _, key := range keys {
		out = append(out, heldKey{id: key.ID, fileKey: fileKey{cert: certs[string(key.ID)], beside: all, kind: "file.key-rsa"}})
	}
	return out, nil
}

// keysIn reads the keys of a file. The password is gone when it returns.
func (k *Kiosk) keysIn(name string, password keyfile.Password) ([]heldKey, error) {
	file, err := k.readFile(name, password)
	if err != nil {
		return nil, err
	}
	var out []heldKey
	for _, e := range file.Keys {
		out = append(out, heldKey{key: e.Key, fileKey: fileKey{cert: e.Certificate, beside: e.Chain, kind: kindOf(e.Algorithm)}})
	}
	for _, cert := range file.Loose {
		if len(file.Keys) > 0 && keyfile.Describe(cert).Authority {
			continue
		}
		out = append(out, heldKey{fileKey: fileKey{cert: cert, alone: true}})
	}
	return out, nil
}

// standings asks of each certificate what the centre's authority knows of it, all at once.
func (k *Kiosk) standings(ctx context.Context, joined *Joined, keys []heldKey) {
	if joined == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookupWithin)
	defer cancel()
	asked := 0
	done := make(chan struct{})
	for i := range keys {
		if keys[i].cert == nil {
			continue
		}
		asked++
		k.spawn(func() {
			defer func() { done <- struct{}{} }()
			keys[i].standing = joined.Line.Standing(ctx, keys[i].cert, keys[i].beside)
		})
	}
	for range asked {
		<-done
	}
}

// wipe empties private keys as far as their kinds allow it.
func wipe(keys []heldKey) {
	for _, key := range keys {
		if w, can := key.key.(interface{ Wipe() }); can {
			w.Wipe()
		}
	}
}

// signerOf is a key of an open token or file, ready to sign.
func (k *Kiosk) signerOf(medium ref, key heldKey, open *opened) signer {
	with := signer{medium: medium, cert: key.cert, factory: open != nil && open.factory}
	with.sign = func(ctx context.Context, content []byte) ([]byte, error) {
		ctx, cancel := context.WithTimeout(ctx, tokenWithin)
		defer cancel()
		use := key.key
		if open != nil {
			var err error
			use, err = open.login.Signer(ctx, key.id)
			if err != nil {
				return nil, err
			}
		}
		if use == nil {
			return nil, token.ErrNotFound
		}
		return pki.SignDetached(content, key.cert, chainOf(key), use, k.cfg.Now())
	}
	return with
}

// chainOf are the certificates that travel with a signature: those above the key's own.
func chainOf(key heldKey) []*x509.Certificate {
	var chain []*x509.Certificate
	for _, cert := range key.beside {
		if cert.IsCA && bytes.Equal(cert.RawSubject, key.cert.RawIssuer) {
			chain = append(chain, cert)
		}
	}
	return chain
}
