package terminal

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/tirkeu/kiosk/app"
)

// Device is what the terminal knows of itself once it is enrolled (device.json); nothing in it is secret.
type Device struct {
	Name      string            `json:"name"`
	Prefix    string            `json:"prefix"`
	Centre    string            `json:"centre"` // address
	Names     map[string]string `json:"centre_names"`
	Display   app.Display       `json:"display"`
	Languages []app.Lang        `json:"languages"`
	JoinedAt  time.Time         `json:"joined_at"`
	Edition   string            `json:"edition,omitempty"` // of the program that enrolled it; "" is the one that serves people
}

// identity is the device's certificate, its key and the root it trusts.
type identity struct {
	key   crypto.Signer
	chain []*x509.Certificate // the device's own certificate first
	root  *x509.Certificate
}

// device reads what enrolment left; nil when the terminal is not enrolled. errOtherEdition and errNotSandbox: it is not for this program.
func (f *Folder) device() (*Device, *identity, error) {
	raw, err := os.ReadFile(f.Path("device.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading device.json: %w", err)
	}
	var d Device
	err = json.Unmarshal(raw, &d)
	if err != nil {
		return nil, nil, fmt.Errorf("reading device.json: %w", err)
	}
	err = d.ours()
	if err != nil {
		return nil, nil, err
	}
	id, err := f.identity()
	if err == nil && accepted != nil {
		err = accepted(id.root, id.chain[1:])
	}
	if err != nil {
		return nil, nil, err
	}
	return &d, id, nil
}

func (f *Folder) identity() (*identity, error) {
	raw, err := os.ReadFile(f.Path("device.key"))
	if err != nil {
		return nil, fmt.Errorf("reading device.key: %w", err)
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, errors.New("device.key is no PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("reading device.key: %w", err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("device.key holds a %T", parsed)
	}
	chain, err := f.certificates("device.pem")
	if err != nil {
		return nil, err
	}
	trusted, err := f.certificates("trust.pem")
	if err != nil {
		return nil, err
	}
	return &identity{key: key, chain: chain, root: trusted[0]}, nil
}

func (f *Folder) certificates(name string) ([]*x509.Certificate, error) {
	raw, err := os.ReadFile(f.Path(name))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	var list []*x509.Certificate
	for {
		var block *pem.Block
		block, raw = pem.Decode(raw)
		if block == nil {
			break
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s holds no certificate", name)
	}
	return list, nil
}

// keep writes what enrolment gave. device.json comes last: with it the terminal counts as enrolled.
func (f *Folder) keep(d Device, key *ecdsa.PrivateKey, chain []*x509.Certificate, root *x509.Certificate) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("keeping the device's key: %w", err)
	}
	err = f.write("device.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err != nil {
		return err
	}
	var certificates []byte
	for _, c := range chain {
		certificates = append(certificates, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	err = f.write("device.pem", certificates)
	if err != nil {
		return err
	}
	err = f.write("trust.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw}))
	if err != nil {
		return err
	}
	raw, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return fmt.Errorf("keeping device.json: %w", err)
	}
	return f.write("device.json", raw)
}
