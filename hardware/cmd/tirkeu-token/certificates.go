//go:build cgo

package main

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"

	"github.com/miekg/pkcs11"

	"github.com/tirkeu/kiosk/hardware/token/wire"
)

// publicCertificates reads what everybody may see, by the session that watches the token.
func (m *module) publicCertificates(t *present, a *wire.Answer) error {
	if !t.open {
		return fault{wire.FaultUninitialized, "the token takes no session"}
	}
	list, err := m.certificates(t.watch)
	a.Certificates = list
	return err
}

// certificates lists X.509 certificates; objects without a value are left out.
func (m *module) certificates(h pkcs11.SessionHandle) ([]wire.Certificate, error) {
	handles, err := m.find(h, attr(pkcs11.CKA_CLASS, uint(pkcs11.CKO_CERTIFICATE)), attr(pkcs11.CKA_CERTIFICATE_TYPE, uint(pkcs11.CKC_X_509)))
	if err != nil {
		return nil, err
	}
	var list []wire.Certificate
	size := 0
	for _, o := range handles {
		der := m.octets(h, o, pkcs11.CKA_VALUE)
		if size += len(der); len(der) == 0 || size > wire.MaxFrame/2 {
			continue
		}
		list = append(list, wire.Certificate{ID: m.octets(h, o, pkcs11.CKA_ID), Label: string(m.octets(h, o, pkcs11.CKA_LABEL)), DER: der})
	}
	return list, nil
}

// write puts a certificate beside its key: the new one is written, read back and compared before the old ones go, so that a token pulled
// in between has one certificate too many rather than none.
func (m *module) write(l *login, r *wire.Request) error {
	certificate, err := x509.ParseCertificate(r.Data)
	if err != nil {
		return fault{wire.FaultMismatch, "not a certificate"}
	}
	private, err := m.privateKey(l, r.KeyID)
	if err != nil {
		return err
	}
	if !bytes.Equal(m.publicKey(l.handle, private, r.KeyID), certificate.RawSubjectPublicKeyInfo) {
		return fault{wire.FaultMismatch, "the certificate is for another key"}
	}
	old, err := m.findID(l.handle, pkcs11.CKO_CERTIFICATE, r.KeyID)
	if err != nil {
		return err
	}
	written := false
	for i, o := range old {
		if bytes.Equal(m.octets(l.handle, o, pkcs11.CKA_VALUE), r.Data) {
			old = append(old[:i], old[i+1:]...)
			written = true
			break
		}
	}
	if !written {
		err = m.create(l, r, certificate)
		if err != nil {
			return err
		}
	}
	for _, o := range old {
		err = m.p.DestroyObject(l.handle, o)
		if err != nil {
			return err
		}
	}
	return nil
}

// create writes a certificate object (PKCS#11 v2.40 §4.6.3) and compares what the token kept.
func (m *module) create(l *login, r *wire.Request, c *x509.Certificate) error {
	serial, err := asn1.Marshal(c.SerialNumber)
	if err != nil {
		return fault{wire.FaultRequest, "serial number"}
	}
	o, err := m.p.CreateObject(l.handle, []*pkcs11.Attribute{
		attr(pkcs11.CKA_CLASS, uint(pkcs11.CKO_CERTIFICATE)), attr(pkcs11.CKA_CERTIFICATE_TYPE, uint(pkcs11.CKC_X_509)),
		attr(pkcs11.CKA_TOKEN, true), attr(pkcs11.CKA_PRIVATE, false),
		attr(pkcs11.CKA_SUBJECT, c.RawSubject), attr(pkcs11.CKA_ISSUER, c.RawIssuer), attr(pkcs11.CKA_SERIAL_NUMBER, serial),
		attr(pkcs11.CKA_ID, r.KeyID), attr(pkcs11.CKA_LABEL, r.Label), attr(pkcs11.CKA_VALUE, r.Data),
	})
	if err != nil {
		return err
	}
	if !bytes.Equal(m.octets(l.handle, o, pkcs11.CKA_VALUE), r.Data) || !bytes.Equal(m.octets(l.handle, o, pkcs11.CKA_ID), r.KeyID) {
		_, err = m.p.GetSessionInfo(l.handle)
		if err != nil {
			return err // pulled: what it kept is read after the next insertion
		}
		_ = m.p.DestroyObject(l.handle, o)
		return fault{wire.FaultToken, "the token kept another certificate than was written"}
	}
	return nil
}
