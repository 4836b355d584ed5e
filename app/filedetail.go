package app

import (
	"crypto/x509"
	"slices"

	"github.com/tirkeu/kiosk/hardware/keyfile"
	"github.com/tirkeu/kiosk/sync/pki"
)

// fileKey is one key of a file: its certificate and what is known of it, never the key itself.
type fileKey struct {
	cert     *x509.Certificate   // nil: a key without certificate
	beside   []*x509.Certificate // that lay in the file with it
	alone    bool                // a certificate without its key
	kind     string              // of a key without certificate: message key
	standing Standing
}

// filed lists what an opened file holds, and drops the private keys.
func filed(file keyfile.File) []fileKey {
	var keys []fileKey
	issuers := slices.Clone(file.Loose)
	for _, e := range file.Keys {
		issuers = append(issuers, e.Chain...)
	}
	for _, e := range file.Keys {
		keys = append(keys, fileKey{cert: e.Certificate, beside: issuers, kind: kindOf(e.Algorithm)})
		if wiped, can := e.Key.(interface{ Wipe() }); can {
			wiped.Wipe()
		}
	}
	for _, cert := range file.Loose {
		if len(file.Keys) > 0 && keyfile.Describe(cert).Authority { // of another issuer; nobody asks for it
			continue
		}
		keys = append(keys, fileKey{cert: cert, beside: issuers, alone: true})
	}
	return keys
}

// kindOf is what a key without certificate is called; a message key.
func kindOf(a keyfile.Algorithm) string {
	switch a {
	case keyfile.AlgorithmGOST2015, keyfile.AlgorithmGOST2004:
		return "file.key-gost"
	case keyfile.AlgorithmRSA:
		return "file.key-rsa"
	}
	return "file.key-other"
}

// filesDetail shows what the opened file holds.
type filesDetail struct {
	picked
	keys []fileKey
}

func (*filesDetail) name() string        { return "files.detail" }
func (s *filesDetail) back(*Kiosk) state { return s.list }
func (s *filesDetail) view(k *Kiosk) any {
	v := FilesDetailScreen{File: s.card(k), Keys: []FileKey{}, CanChange: s.canChange()}
	for _, key := range s.keys {
		v.Keys = append(v.Keys, k.fileKeyCard(key))
	}
	return v
}

// canChange: a file without any key has no password worth changing.
func (s *filesDetail) canChange() bool {
	return slices.ContainsFunc(s.keys, func(key fileKey) bool { return !key.alone })
}

func (s *filesDetail) act(k *Kiosk, action string, _ []byte) *fault {
	switch action {
	case "files.change":
		if s.canChange() {
			k.at = &filesChange{picked: s.picked, detail: s}
		}
	case "finish":
		k.end("finished")
	}
	return nil
}

// fileKeyCard is one key of a file in the chosen language.
func (k *Kiosk) fileKeyCard(key fileKey) FileKey {
	state := key.state(k)
	c := FileKey{State: state, StateText: k.text("file.state." + state), Rows: []Row{}, Notes: []string{}}
	if key.cert == nil {
		c.Title = k.text(key.kind)
		c.Notes = append(c.Notes, k.text("file.note.no-certificate"))
		return c
	}
	d := keyfile.Describe(key.cert)
	c.Title = k.fileKeyTitle(key.cert, d)
	add := func(label, value string) {
		if value != "" {
			c.Rows = append(c.Rows, Row{Label: label, Value: value})
		}
	}
	add(k.text("label.owner"), printable(tidy(d.Owner.CommonName+" "+d.Owner.Patronymic)))
	add(k.text("label.organization"), printable(tidy(d.Owner.Organization)))
	add(k.text("label.iin"), maskedIIN(d.Owner.IIN))
	add(k.text("label.bin"), d.Owner.BIN)
	add(k.text("label.use"), k.text("file.use."+useOf(d)))
	add(k.text("label.valid"), k.text("file.valid", "From", k.date(d.NotBefore), "To", k.date(d.NotAfter)))
	add(k.text("label.issuer"), printable(tidy(d.Issuer)))
	for _, note := range key.notes(state) {
		c.Notes = append(c.Notes, k.text("file.note."+note))
	}
	return c
}

// fileKeyTitle goes by the certificate's purpose, never by a name.
func (k *Kiosk) fileKeyTitle(cert *x509.Certificate, d keyfile.Description) string {
	switch {
	case pki.IsOperator(cert):
		return k.text("template.operator")
	case d.Authority:
		return k.text("template.authority")
	case d.Template != "":
		return k.text("template." + known(d.Template))
	}
	return k.text(titleOf(cert))
}

// useOf is what the key may be used for: "both", "sign-in", "sign", or "unsaid".
func useOf(d keyfile.Description) string {
	in, sign := slices.Contains(d.Usage, keyfile.UsageSignIn), slices.Contains(d.Usage, keyfile.UsageSign)
	switch {
	case in && sign:
		return "both"
	case in:
		return "sign-in"
	case sign:
		return "sign"
	}
	return "unsaid"
}

// state is how a key stands; what could not be checked is not called valid.
func (f fileKey) state(k *Kiosk) string {
	now := k.cfg.Now()
	switch {
	case f.cert == nil:
		return "no-certificate"
	case f.standing.Ours && f.standing.Revocation == pki.Revoked:
		return "revoked"
	case now.After(f.cert.NotAfter):
		return "expired"
	case f.alone:
		return "no-key"
	case !f.standing.Ours:
		return "foreign"
	case now.Before(f.cert.NotBefore):
		return "not-yet"
	case f.standing.Revocation == pki.Good:
		return "valid"
	}
	return "unchecked"
}

// notes are what to know and what to do, the most important first; words under "file.note".
func (f fileKey) notes(state string) []string {
	notes := []string{}
	if state != "valid" {
		notes = append(notes, state)
	}
	if f.alone && state != "no-key" {
		notes = append(notes, "no-key")
	}
	if !f.standing.Ours && state != "foreign" {
		notes = append(notes, "foreign")
	}
	return notes
}

// fileStates are all that state gives; the words are checked against it.
var fileStates = []string{"valid", "unchecked", "foreign", "not-yet", "expired", "revoked", "no-certificate", "no-key"}
