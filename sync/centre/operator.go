package centre

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/authority"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/pki"
)

// Operator is a member of staff as the CLI lists him.
type Operator struct {
	ID        string     `json:"id"` // SHA-256 of the certificate, hex
	IIN       string     `json:"iin"`
	Name      string     `json:"name"`
	Serial    string     `json:"serial"`
	NotAfter  time.Time  `json:"not_after"`
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
}

// operatorStorage is where an operator's key lives when his request does not say.
const operatorStorage = pki.StorageKaztoken

// AddOperator registers a member of staff from PEM: a certificate of this authority with the operator's role, or a
// PKCS#10 request, for which a certificate is issued. iin and name (surname, given name, patronymic) are needed for a
// request that does not carry them; the register's name wins. It returns the operator and the certificate as PEM.
func (c *Centre) AddOperator(ctx context.Context, file []byte, iin, name string) (Operator, []byte, error) {
	block, _ := pem.Decode(file)
	if block == nil {
		return Operator{}, nil, refuse(api.ErrorCodeBadRequest, "the file holds no PEM: a certificate or a certificate request is wanted")
	}
	var cert *x509.Certificate
	var err error
	switch block.Type {
	case "CERTIFICATE":
		cert, err = c.foreignOperator(ctx, block.Bytes)
	case "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST":
		cert, err = c.newOperator(ctx, block.Bytes, iin, name)
	default:
		err = refuse(api.ErrorCodeBadRequest, "the file holds a %s: a certificate or a certificate request is wanted", block.Type)
	}
	if err != nil {
		return Operator{}, nil, fmt.Errorf("adding an operator: %w", err)
	}
	o, err := c.register(ctx, cert)
	if err != nil {
		return Operator{}, nil, fmt.Errorf("adding an operator: %w", err)
	}
	return o, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}), nil
}

func parsePEMCertificate(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("this is no certificate in PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}

// foreignOperator takes a certificate that exists already; signatures by it must lead to our root.
func (c *Centre) foreignOperator(ctx context.Context, der []byte) (*x509.Certificate, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, refuse(api.ErrorCodeBadRequest, "the certificate cannot be read: %v", err)
	}
	if _, err := pki.VerifyChain(cert, c.anchors, nil, c.now()); err != nil {
		return nil, refuse(api.ErrorCodeBadRequest, "the certificate is not of this authority: %v", err)
	}
	if !pki.IsOperator(cert) {
		return nil, refuse(api.ErrorCodeNotOperator, "the certificate has not the operator's role (extended key usage %v)", pki.EKUOperator)
	}
	return cert, c.notRevoked(ctx, cert)
}

func (c *Centre) notRevoked(ctx context.Context, cert *x509.Certificate) error {
	return c.db.View(ctx, func(t *ledger.Tx) error {
		row, err := t.Certificate(serialOf(cert))
		if errors.Is(err, ledger.ErrNotFound) {
			return nil
		}
		if err == nil && !row.RevokedAt.IsZero() {
			return refuse(api.ErrorCodeConflict, "the certificate is revoked")
		}
		return err
	})
}

// newOperator issues an operator's certificate for a request. Its row is written before it is signed.
func (c *Centre) newOperator(ctx context.Context, der []byte, iin, name string) (*x509.Certificate, error) {
	asked, err := c.profiles.ParseRequest(der)
	if err != nil {
		return nil, refuse(api.ErrorCodeBadRequest, "%v", err)
	}
	if iin == "" {
		iin = asked.IIN
	}
	if err := c.checkIIN(iin); err != nil {
		return nil, refuse(api.ErrorCodeBadRequest, "an operator needs a valid IIN, by --iin or in the request: %v", err)
	}
	who := pki.Person{IIN: iin, Email: asked.Email}
	who.Surname, who.Given, who.Patronymic = requestName(asked)
	if name != "" {
		who.Surname, who.Given, who.Patronymic = splitName(name)
	}
	if asked.StorageKind == "" {
		asked.StorageKind = operatorStorage
	}
	serial, err := c.authority.NewSerial()
	if err != nil {
		return nil, err
	}
	promised := ledger.Certificate{Serial: plainSerial(serial.Text(16)), Kind: "operator", Template: pki.TemplateOperator, IIN: iin, SPKISHA256: hashOf(asked.SPKI)}
	err = c.db.Do(ctx, func(t *ledger.Tx) error {
		p, err := t.Person(iin)
		if err == nil {
			who.Surname, who.Given, who.Patronymic = p.Surname, p.Given, p.Patronymic
		} else if !errors.Is(err, ledger.ErrNotFound) {
			return err
		}
		if who.Surname == "" {
			return refuse(api.ErrorCodeBadRequest, "an operator needs a name, by --name")
		}
		return t.Promise(promised)
	})
	if err != nil {
		return nil, err
	}
	cert, err := c.authority.IssueOperator(authority.Order{Person: who, Storage: asked.StorageKind, SPKI: asked.SPKI, Serial: serial})
	if err != nil {
		return nil, err
	}
	c.metrics.add(`tirkeu_certificates_issued_total{template="operator"}`, 1)
	return cert, c.db.Do(ctx, func(t *ledger.Tx) error {
		if err := t.Fulfil(promised.Serial, cert.Raw, cert.NotBefore, cert.NotAfter, c.now()); err != nil {
			return err
		}
		return t.Audit(c.now(), "certificate-issued", actor(ctx), "certificate:"+promised.Serial, "operator")
	})
}

// requestName reads a name out of a request's subject, as far as it has one.
func requestName(asked pki.Request) (surname, given, patronymic string) {
	return pki.SubjectName(&x509.Certificate{RawSubject: asked.Parsed.RawSubject})
}

func splitName(name string) (surname, given, patronymic string) {
	parts := append(strings.Fields(name), "", "")
	return parts[0], parts[1], strings.TrimSpace(strings.Join(parts[2:], " "))
}

func (c *Centre) register(ctx context.Context, cert *x509.Certificate) (Operator, error) {
	iin, ok := pki.SubjectIIN(cert)
	if !ok {
		return Operator{}, refuse(api.ErrorCodeBadRequest, "the certificate names no IIN")
	}
	surname, given, patronymic := pki.SubjectName(cert)
	row := ledger.Operator{ID: hashOf(cert.Raw), IIN: iin, Name: fullName(surname, given, patronymic), Certificate: cert.Raw, CreatedAt: c.now()}
	err := c.db.Do(ctx, func(t *ledger.Tx) error {
		if err := t.AddOperator(row); err != nil {
			return err
		}
		return t.Audit(c.now(), "operator-added", actor(ctx), "operator:"+row.ID, row.Name)
	})
	return operatorOut(row, cert), err
}

func operatorOut(row ledger.Operator, cert *x509.Certificate) Operator {
	return Operator{ID: row.ID, IIN: row.IIN, Name: row.Name, Serial: serialOf(cert), NotAfter: cert.NotAfter, RevokedAt: known(row.RevokedAt)}
}

// Operators lists every member of staff ever added.
func (c *Centre) Operators(ctx context.Context) ([]Operator, error) {
	operators := []Operator{}
	err := c.db.View(ctx, func(t *ledger.Tx) error {
		rows, err := t.Operators()
		if err != nil {
			return err
		}
		for _, row := range rows {
			cert, err := x509.ParseCertificate(row.Certificate)
			if err != nil {
				return err
			}
			operators = append(operators, operatorOut(row, cert))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing operators: %w", err)
	}
	return operators, nil
}

// RevokeOperator shuts an operator out, named by ID, serial number or IIN (then all of his), and revokes his
// certificates (affiliationChanged).
func (c *Centre) RevokeOperator(ctx context.Context, name string) error {
	all, err := c.Operators(ctx)
	if err != nil {
		return err
	}
	found := false
	err = c.db.Do(ctx, func(t *ledger.Tx) error {
		for _, o := range all {
			if o.RevokedAt != nil || o.ID != name && o.IIN != name && o.Serial != plainSerial(name) {
				continue
			}
			found = true
			if err := t.RevokeOperator(o.ID, c.now()); err != nil {
				return err
			}
			if err := t.RevokeCertificate(o.Serial, 3, c.now()); err != nil && !errors.Is(err, ledger.ErrNotFound) {
				return err
			}
			if err := t.Audit(c.now(), "operator-revoked", actor(ctx), "operator:"+o.ID, ""); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("revoking an operator: %w", err)
	}
	if !found {
		return refuse(api.ErrorCodeNotFound, "there is no operator %q that is not revoked: see tirkeu-centre staff list", name)
	}
	return nil
}
