package app

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"github.com/tirkeu/kiosk/hardware/keyfile"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// keysMedium asks for the token whose keys shall be listed.
type keysMedium struct{}

func (*keysMedium) name() string        { return "keys.medium" }
func (*keysMedium) view(k *Kiosk) any   { return KeysMediumScreen{Tokens: k.cards(nil)} }
func (*keysMedium) back(k *Kiosk) state { return k.top() }
func (*keysMedium) act(k *Kiosk, action string, args []byte) *fault {
	if action != "keys.token" {
		return nil
	}
	t, f := k.chosen(args)
	if f != nil {
		return f
	}
	if f := unusable(t); f != nil {
		return f
	}
	k.at = &keysPIN{entry{token: refOf(t)}}
	return nil
}

// keysPIN asks for the PIN: private keys can only be seen after it.
type keysPIN struct{ entry }

func (*keysPIN) name() string      { return "keys.pin" }
func (*keysPIN) back(*Kiosk) state { return &keysMedium{} }
func (s *keysPIN) plugged(k *Kiosk) {
	if !k.plugIn(s.token) {
		k.at = &keysMedium{}
		k.absent()
	}
}

func (s *keysPIN) act(k *Kiosk, action string, args []byte) *fault {
	if action != "keys.pin" {
		return nil
	}
	return k.unlock(&s.entry, args, func(open *opened) { k.listKeys(open) })
}

// keysList is what is on the token and what the centre knows.
type keysList struct {
	token ref
	items []keyItem
	asked bool // the centre answered
}

// keyItem is one key: on the token, at the centre, or both.
type keyItem struct {
	title    string // message key
	id       string
	cert     *x509.Certificate
	state    string
	onToken  bool
	atCentre bool
	number   string
}

func (*keysList) name() string      { return "keys.list" }
func (*keysList) back(*Kiosk) state { return &keysMedium{} }
func (s *keysList) pulled(k *Kiosk) {
	k.at = &keysMedium{}
	k.absent()
}

func (s *keysList) view(k *Kiosk) any {
	v := KeysListScreen{Token: k.card(s.token), Items: []KeyCard{}, CentreAsked: s.asked}
	for _, i := range s.items {
		c := KeyCard{
			Title: k.text(i.title), KeyID: i.id, State: i.state, StateText: k.text("key." + i.state),
			OnToken: i.onToken, AtCentre: i.atCentre,
		}
		if i.cert != nil {
			c.NotBefore, c.NotAfter = k.date(i.cert.NotBefore), k.date(i.cert.NotAfter)
		}
		if i.number != "" {
			c.Number = registry.FormatNumber(i.number)
		}
		v.Items = append(v.Items, c)
	}
	return v
}

func (s *keysList) act(k *Kiosk, action string, _ []byte) *fault {
	if action == "finish" {
		k.end("finished")
	}
	return nil
}

// listKeys reads the token and asks the centre. Under the lock.
func (k *Kiosk) listKeys(open *opened) {
	joined := k.joined
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		list, err := k.gather(ctx, joined, open)
		return func() {
			if err != nil {
				k.close()
				k.at = &keysMedium{}
				k.fail(faultOf(err))
				return
			}
			k.at = list
		}
	})
}

func (k *Kiosk) gather(ctx context.Context, joined *Joined, open *opened) (*keysList, error) {
	reading, cancel := context.WithTimeout(ctx, tokenWithin)
	defer cancel()
	keys, err := open.login.Keys(reading)
	if err != nil {
		return nil, err
	}
	found, err := open.login.Certificates(reading)
	if err != nil {
		return nil, err
	}
	records, err := k.cfg.Store.ByMedium(reading, open.ref.serial)
	if err != nil {
		k.log.Warn("read applications of a token", "cause", err)
	}
	list := &keysList{token: open.ref}
	certs := map[string]*x509.Certificate{}
	for _, c := range found {
		cert, err := x509.ParseCertificate(c.DER)
		if err == nil {
			certs[string(c.ID)] = cert
		}
	}
	issued, err := k.askCertificates(ctx, joined, open, keys, certs)
	if err != nil {
		k.log.Info("certificates at the centre", "cause", err)
	}
	list.asked = err == nil
	list.items = k.join(keys, certs, records, issued)
	return list, nil
}

// errNothingToSign: a token without a certificate cannot prove whose it is, so the centre cannot be asked.
var errNothingToSign = errors.New("no key with a certificate on the token")

// askCertificates asks the centre for the certificates of the person whose key signs its challenge.
func (k *Kiosk) askCertificates(ctx context.Context, joined *Joined, open *opened, keys []Key, certs map[string]*x509.Certificate) ([]Issued, error) {
	now := k.cfg.Now()
	for _, key := range keys {
		cert := certs[string(key.ID)]
		if cert == nil || now.After(cert.NotAfter) || now.Before(cert.NotBefore) {
			continue
		}
		ctx, cancel := context.WithTimeout(ctx, lookupWithin)
		defer cancel()
		challenge, err := joined.Line.Challenge(ctx)
		if err != nil {
			return nil, err
		}
		signer, err := open.login.Signer(ctx, key.ID)
		if err != nil {
			return nil, err
		}
		cms, err := pki.SignDetached(challenge, cert, nil, signer, now)
		if err != nil {
			return nil, err
		}
		return joined.Line.Certificates(ctx, challenge, cms)
	}
	return nil, errNothingToSign
}

// join makes one list of what lies on the token, what was applied for here and what the centre knows.
func (k *Kiosk) join(keys []Key, certs map[string]*x509.Certificate, records []Record, issued []Issued) []keyItem {
	now := k.cfg.Now()
	central := map[string]Issued{}
	for _, i := range issued {
		central[i.Serial] = i
	}
	var items []keyItem
	for _, key := range keys {
		cert := certs[string(key.ID)]
		item := keyItem{id: keyName(key.ID), title: "template.unknown", onToken: true, cert: cert, state: "no-certificate"}
		template, number, status := applied(records, key.ID)
		if number != "" {
			item.number, item.title = number, "template."+template
			if cert == nil && !status.Denied() {
				item.state = "waiting"
			}
		}
		if cert != nil {
			item.title = titleOf(cert)
			i, known := central[serialHex(cert)]
			delete(central, serialHex(cert))
			item.atCentre = known
			item.state = stateOf(cert.NotAfter, now, known, i.Revoked)
			if known {
				item.number = i.Number
			}
		}
		items = append(items, item)
	}
	for _, i := range issued {
		if _, left := central[i.Serial]; !left {
			continue
		}
		cert, err := x509.ParseCertificate(i.DER)
		if err != nil {
			continue
		}
		items = append(items, keyItem{
			title: "template." + known(i.Template), id: hex.EncodeToString(cert.SubjectKeyId), cert: cert, atCentre: true,
			number: i.Number, state: stateOf(i.NotAfter, now, true, i.Revoked),
		})
	}
	slices.SortStableFunc(items, func(a, b keyItem) int { return begins(b).Compare(begins(a)) })
	return items
}

// begins: keys that still wait for a certificate are the newest.
func begins(i keyItem) time.Time {
	if i.cert == nil {
		return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return i.cert.NotBefore
}

// stateOf: what could not be checked is not called valid.
func stateOf(notAfter, now time.Time, checked, revoked bool) string {
	switch {
	case revoked:
		return "revoked"
	case now.After(notAfter):
		return "expired"
	case checked:
		return "valid"
	}
	return "unknown"
}

// applied finds the application a key was made for.
func applied(records []Record, id []byte) (template, number string, status registry.Status) {
	for _, r := range records {
		for _, key := range r.Keys {
			if string(key.KeyID) == string(id) {
				return known(key.Template), r.Number, r.Status
			}
		}
	}
	return "", "", ""
}

// known keeps to the templates there are words for.
func known(template string) string {
	switch template {
	case keyfile.TemplateAuth, keyfile.TemplateSign, keyfile.TemplateGOST, keyfile.TemplateOldGOST, pki.TemplateSystem:
		return template
	}
	return "unknown"
}

// titleOf goes by the certificate's purpose, never by a name; a message key.
func titleOf(cert *x509.Certificate) string {
	d := keyfile.Describe(cert)
	template, ours := pki.DefaultProfiles().TemplateOf(cert)
	switch {
	case pki.IsOperator(cert):
		return "template.operator"
	case ours:
		return "template." + known(template)
	case d.Algorithm == keyfile.AlgorithmGOST2015:
		return "template.gost2015"
	case slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageEmailProtection):
		return "template.rsa-sign"
	case slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageClientAuth):
		return "template.rsa-auth"
	}
	return "template.unknown"
}

func serialHex(cert *x509.Certificate) string { return hex.EncodeToString(cert.SerialNumber.Bytes()) }

// certificateCard is an installed certificate as shown to a person.
func (k *Kiosk) certificateCard(key RecordKey) CertificateCard {
	c := CertificateCard{Template: key.Template, Title: k.text("template." + known(key.Template)), KeyID: keyName(key.KeyID)}
	cert, err := x509.ParseCertificate(key.Certificate)
	if err != nil {
		return c
	}
	c.Serial, c.NotBefore, c.NotAfter = serialHex(cert), k.date(cert.NotBefore), k.date(cert.NotAfter)
	if id, err := keyfile.KeyID(cert); err == nil {
		c.KeyID = keyName(id)
	}
	return c
}
