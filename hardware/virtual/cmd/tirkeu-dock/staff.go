package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tirkeu/kiosk/hardware/token"
)

// keyLabel is the label of keys that are made here.
const keyLabel = "tirkeu staff"

// How long a token may take to be seen, and all that is done with it.
const (
	seenWithin  = 20 * time.Second
	tokenWithin = 2 * time.Minute
)

// onToken does something with one token of the bench, logged in with the PIN it was made with. A token that is out is plugged in for as long as that takes.
func (d *dock) onToken(name string, do func(context.Context, *token.Session, Person) error) error {
	bench, err := d.bench()
	if err != nil {
		return err
	}
	people, err := d.cast()
	if err != nil {
		return err
	}
	var owner Person
	for _, p := range people {
		if p.Token == name {
			owner = p
		}
	}
	for _, t := range bench.Tokens() {
		if t.Name != name {
			continue
		}
		if !t.Plugged {
			if err := bench.Plug(name); err != nil {
				return err
			}
			defer bench.Pull(name)
		}
		for _, m := range bench.Modules() {
			if m.Name == t.Module {
				return d.withSession(m, t.Serial, t.PIN, func(ctx context.Context, s *token.Session) error { return do(ctx, s, owner) })
			}
		}
	}
	return errNoToken
}

// withSession opens a rack with the one module, logs in and out.
func (d *dock) withSession(m token.Module, serial, pin string, do func(context.Context, *token.Session) error) error {
	ctx, stop := context.WithTimeout(d.ctx, tokenWithin)
	defer stop()
	worker, err := findWorker()
	if err != nil {
		return err
	}
	rack, err := token.Open(ctx, token.Config{Worker: worker, Modules: []token.Module{m}})
	if err != nil {
		return fmt.Errorf("open the tokens: %w", err)
	}
	defer rack.Close()
	insertion, err := waitFor(ctx, rack, serial)
	if err != nil {
		return err
	}
	session, err := rack.Login(ctx, insertion, token.NewPIN(pin))
	if err != nil {
		return err
	}
	defer session.Logout(ctx)
	return do(ctx, session)
}

// waitFor waits until the rack sees the token with that serial number.
func waitFor(ctx context.Context, rack *token.Rack, serial string) (token.Insertion, error) {
	events, stop := rack.Watch()
	defer stop()
	late := time.After(seenWithin)
	for {
		for _, t := range rack.Tokens() {
			if t.Serial == serial {
				return t.Insertion, nil
			}
		}
		select {
		case <-events:
		case <-time.After(500 * time.Millisecond): // events may be coalesced
		case <-late:
			why := "the module runs and does not see it"
			for _, m := range rack.Modules() {
				if !m.Running {
					why = "the module does not run: " + m.Error
				}
			}
			return 0, fmt.Errorf("wait for the token: %s", why)
		case <-ctx.Done():
			return 0, fmt.Errorf("wait for the token: %w", ctx.Err())
		}
	}
}

// findWorker finds tirkeu-token.
func findWorker() (string, error) {
	if path := os.Getenv("TIRKEU_TOKEN_WORKER"); path != "" {
		return path, nil
	}
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	path := filepath.Join(filepath.Dir(self), "tirkeu-token")
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("the program tirkeu-token is not beside this one: %w", err)
	}
	return path, nil
}

// request makes a key pair on a token, or takes one made before that still waits for its certificate, and writes a PKCS#10 signed with it.
func (d *dock) request(args []string) error {
	var out string
	name, err := one("request", "the name of a token", args, func(f *flag.FlagSet) { f.StringVar(&out, "out", "", "") })
	if err != nil {
		return err
	}
	if out == "" {
		return usage("request needs --out FILE")
	}
	var der []byte
	err = d.onToken(name, func(ctx context.Context, s *token.Session, owner Person) error {
		id, err := waitingKey(ctx, s)
		if err != nil {
			return err
		}
		signer, err := s.Signer(ctx, id)
		if err != nil {
			return err
		}
		subject, err := subjectOf(name, owner)
		if err != nil {
			return err
		}
		der, err = x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{RawSubject: subject, SignatureAlgorithm: x509.SHA256WithRSA}, signer)
		return err
	})
	if err != nil {
		return fmt.Errorf("make a request on %s: %w", name, err)
	}
	if err := writeFile(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})); err != nil {
		return fmt.Errorf("write the request: %w", err)
	}
	return d.say("a request of %s is in %s", name, out)
}

// waitingKey is the identifier of a key of ours without certificate; a new one where there is none.
func waitingKey(ctx context.Context, s *token.Session) ([]byte, error) {
	keys, err := s.Keys(ctx)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		if k.Label == keyLabel && !k.HasCertificate {
			return k.ID, nil
		}
	}
	id := make([]byte, 20)
	rand.Read(id) // never fails
	key, err := s.GenerateRSA(ctx, id, keyLabel, 2048)
	return key.ID, err
}

// subjectOf is the name in the request, in the authority's order: CN, SURNAME, serialNumber, C, GIVENNAME. The centre writes its own into the certificate.
func subjectOf(name string, owner Person) ([]byte, error) {
	attribute := func(oid asn1.ObjectIdentifier, value string) pkix.RelativeDistinguishedNameSET {
		return pkix.RelativeDistinguishedNameSET{{Type: oid, Value: value}}
	}
	cn, serial, country := asn1.ObjectIdentifier{2, 5, 4, 3}, asn1.ObjectIdentifier{2, 5, 4, 5}, asn1.ObjectIdentifier{2, 5, 4, 6}
	surname, given := asn1.ObjectIdentifier{2, 5, 4, 4}, asn1.ObjectIdentifier{2, 5, 4, 42}
	if owner.IIN == "" {
		return asn1.Marshal(pkix.RDNSequence{attribute(cn, name), attribute(country, "KZ")})
	}
	return asn1.Marshal(pkix.RDNSequence{
		attribute(cn, owner.Surname+" "+owner.Given), attribute(surname, owner.Surname), attribute(serial, "IIN"+owner.IIN),
		attribute(country, "KZ"), attribute(given, owner.Given),
	})
}

// install writes a certificate beside the key it is for. The first certificate in the file counts.
func (d *dock) install(args []string) error {
	words, err := options("install", args, nil)
	if err != nil {
		return err
	}
	if len(words) != 2 {
		return usage("install needs the name of a token and a file")
	}
	cert, err := readCertificate(words[1])
	if err != nil {
		return fmt.Errorf("read the certificate: %w", err)
	}
	err = d.onToken(words[0], func(ctx context.Context, s *token.Session, _ Person) error {
		keys, err := s.Keys(ctx)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if bytes.Equal(k.SPKI, cert.RawSubjectPublicKeyInfo) {
				return s.WriteCertificate(ctx, k.ID, keyLabel, cert.Raw)
			}
		}
		sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
		return fmt.Errorf("none of its %d keys is the one of the certificate (%x…)", len(keys), sum[:6])
	})
	if err != nil {
		return fmt.Errorf("install a certificate on %s: %w", words[0], err)
	}
	return d.say("the certificate of %s is on %s", cert.Subject.CommonName, words[0])
}

func readCertificate(path string) (*x509.Certificate, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return nil, errors.New("there is no certificate in PEM in it")
		}
		if block.Type == "CERTIFICATE" {
			return x509.ParseCertificate(block.Bytes)
		}
	}
}
