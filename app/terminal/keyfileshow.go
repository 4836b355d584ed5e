//go:build cgo

package terminal

import (
	"crypto/x509"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/tirkeu/kiosk/hardware/keyfile"
)

// shownFile is a key file as programs read it.
type shownFile struct {
	File          string             `json:"file"`
	Size          int                `json:"size"` // in bytes
	Dialect       keyfile.Dialect    `json:"dialect"`
	MAC           string             `json:"mac"` // "" where there is none
	KeyCipher     string             `json:"key_cipher"`
	CertCipher    string             `json:"certificate_cipher"`
	Iterations    int                `json:"iterations"`
	FriendlyName  string             `json:"friendly_name"`
	Keys          []shownKey         `json:"keys"`
	WithoutKey    []shownCertificate `json:"certificates_without_key"`
	NotUnderstood int                `json:"not_understood"` // other things in the file
}

// shownKey is one key, never its private half.
type shownKey struct {
	Algorithm    keyfile.Algorithm  `json:"algorithm"`
	Bits         int                `json:"bits"`
	Usable       bool               `json:"usable"` // by this program
	FriendlyName string             `json:"friendly_name"`
	LocalKeyID   string             `json:"local_key_id"` // in hex
	Certificate  *shownCertificate  `json:"certificate"`  // null: there is none for this key
	Chain        []shownCertificate `json:"chain"`
}

// shownCertificate is what a certificate says of itself.
type shownCertificate struct {
	Algorithm    keyfile.Algorithm `json:"algorithm"`
	Bits         int               `json:"bits"`
	Usage        []keyfile.Usage   `json:"usage"`
	Template     string            `json:"template"`
	CommonName   string            `json:"common_name"`
	Surname      string            `json:"surname"`
	Given        string            `json:"given"`
	Patronymic   string            `json:"patronymic"`
	Organization string            `json:"organization"`
	IIN          string            `json:"iin"`
	BIN          string            `json:"bin"`
	Issuer       string            `json:"issuer"`
	NotBefore    time.Time         `json:"not_before"`
	NotAfter     time.Time         `json:"not_after"`
	Validity     string            `json:"validity"` // "valid", "expired", "not yet"
	Serial       string            `json:"serial"`
	KeyID        string            `json:"key_id"`
	Authority    bool              `json:"authority"`
}

// show puts together what is printed.
func show(path string, size int, f keyfile.File, now time.Time) shownFile {
	out := shownFile{
		File: filepath.Base(path), Size: size, Dialect: f.Dialect, MAC: f.Protection.MAC, KeyCipher: f.Protection.Keys, CertCipher: f.Protection.Certificates,
		Iterations: f.Protection.Iterations, FriendlyName: f.FriendlyName, Keys: []shownKey{}, WithoutKey: shownCertificates(f.Loose, now), NotUnderstood: f.Unread,
	}
	for _, k := range f.Keys {
		one := shownKey{
			Algorithm: k.Algorithm, Bits: k.Bits, Usable: k.Key != nil, FriendlyName: k.FriendlyName, LocalKeyID: fmt.Sprintf("%x", k.LocalKeyID),
			Chain: shownCertificates(k.Chain, now),
		}
		if k.Certificate != nil {
			one.Certificate = &shownCertificates([]*x509.Certificate{k.Certificate}, now)[0]
		}
		out.Keys = append(out.Keys, one)
	}
	return out
}

func shownCertificates(certs []*x509.Certificate, now time.Time) []shownCertificate {
	out := []shownCertificate{}
	for _, cert := range certs {
		d := keyfile.Describe(cert)
		one := shownCertificate{
			Algorithm: d.Algorithm, Bits: d.Bits, Usage: append([]keyfile.Usage{}, d.Usage...), Template: d.Template, CommonName: d.Owner.CommonName,
			Surname: d.Owner.Surname, Given: d.Owner.Given, Patronymic: d.Owner.Patronymic, Organization: d.Owner.Organization, IIN: d.Owner.IIN, BIN: d.Owner.BIN,
			Issuer: d.Issuer, NotBefore: d.NotBefore.UTC(), NotAfter: d.NotAfter.UTC(), Validity: "valid", Serial: d.Serial, KeyID: d.KeyID, Authority: d.Authority,
		}
		switch {
		case now.After(d.NotAfter):
			one.Validity = "expired"
		case now.Before(d.NotBefore):
			one.Validity = "not yet"
		}
		out = append(out, one)
	}
	return out
}

var dialectNames = map[keyfile.Dialect]string{
	keyfile.DialectNCA: "the National Certification Authority's own program", keyfile.DialectOpenSSL: "OpenSSL 3", keyfile.DialectOpenSSLLegacy: "an older OpenSSL, or OpenSSL with -legacy",
	keyfile.DialectJava: "Java (keytool)", keyfile.DialectBouncyCastle: "Bouncy Castle", keyfile.DialectTirkeu: "Tirkeu", keyfile.DialectOther: "another program",
}

var algorithmNames = map[keyfile.Algorithm]string{
	keyfile.AlgorithmRSA: "RSA", keyfile.AlgorithmGOST2015: "GOST 34.10-2015", keyfile.AlgorithmGOST2004: "GOST 34.310-2004", keyfile.AlgorithmEC: "elliptic curve (not GOST)",
	keyfile.AlgorithmOther: "of an unknown kind",
}

// print prints a table for people.
func (s shownFile) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		if text := printable(fmt.Sprintf(format, args...)); text != "" {
			fmt.Fprintf(w, "%s\t%s\n", name, text)
		}
	}
	sealed := func(with string) string {
		if with == "" {
			return "nothing"
		}
		return with
	}
	row("file", "%s, %d bytes", s.File, s.Size)
	row("written by", "%s (by the look of it)", dialectNames[s.Dialect])
	row("sealed with", "keys: %s; certificates: %s; whole file: %s; %d iterations", sealed(s.KeyCipher), sealed(s.CertCipher), sealed(s.MAC), s.Iterations)
	for n, k := range s.Keys {
		fmt.Fprintln(w)
		row(fmt.Sprintf("key %d", n+1), "%s, %d bits", algorithmNames[k.Algorithm], k.Bits)
		if !k.Usable {
			row("  attention", "this program names such keys but cannot use them")
		}
		row("  name", "%s", k.FriendlyName)
		if k.Certificate == nil {
			row("  attention", "the file holds no certificate for this key")
			continue
		}
		k.Certificate.print(row)
		for _, above := range k.Chain {
			row("  above it", "%s (%s to %s)", above.CommonName, above.NotBefore.Format(time.DateOnly), above.NotAfter.Format(time.DateOnly))
		}
	}
	for n, c := range s.WithoutKey {
		fmt.Fprintln(w)
		row(fmt.Sprintf("certificate %d", n+1), "%s, %d bits", algorithmNames[c.Algorithm], c.Bits)
		row("  attention", "the file holds no key for this certificate")
		c.print(row)
	}
	if len(s.Keys)+len(s.WithoutKey) == 0 {
		row("attention", "the file holds neither a key nor a certificate")
	}
	if s.NotUnderstood > 0 {
		row("besides", "%d other things, not looked into", s.NotUnderstood)
	}
	return w.Flush()
}

func (c shownCertificate) print(row func(name, format string, args ...any)) {
	purpose := map[keyfile.Usage]string{keyfile.UsageSignIn: "signing in to services", keyfile.UsageSign: "signing documents"}
	var purposes []string
	for _, u := range c.Usage {
		purposes = append(purposes, purpose[u])
	}
	switch {
	case c.Authority:
		purposes = []string{"issuing certificates"}
	case purposes == nil:
		purposes = []string{"neither signing in nor signing documents"}
	}
	row("  for", "%s", strings.Join(purposes, ", "))
	row("  owner", "%s", strings.Join(strings.Fields(c.CommonName+" "+c.Patronymic), " "))
	row("  IIN", "%s", c.IIN)
	row("  organization", "%s", c.Organization)
	row("  BIN", "%s", c.BIN)
	word := map[string]string{"valid": "", "expired": ": EXPIRED", "not yet": ": NOT YET VALID"}[c.Validity]
	row("  valid", "%s to %s%s", c.NotBefore.Format(time.DateOnly), c.NotAfter.Format(time.DateOnly), word)
	row("  issued by", "%s", c.Issuer)
	row("  template", "%s", c.Template)
	row("  serial number", "%s", c.Serial)
	row("  key identifier", "%s", c.KeyID)
}

// printable leaves out what a stranger's file could do to a terminal: control characters, and marks that turn the direction of writing.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\ufffd'
		}
		return r
	}, text)
}
