package cmp

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
)

// Protection makes the protection of messages (RFC 9810 §5.1.3): a MAC under a shared secret or a signature. It never shows its secret or key.
type Protection struct {
	reference, secret []byte
	like              *mac // the other side's MAC, to be answered in kind; nil: our own

	cert  *x509.Certificate
	chain []*x509.Certificate
	key   crypto.Signer
	alg   algorithm
}

// NewMAC protects by a secret that is known under a reference (senderKID), with PBM, SHA-256 and HMAC-SHA-256 (RFC 9481 §6.1.1).
func NewMAC(reference, secret []byte) Protection {
	return Protection{reference: append([]byte{}, reference...), secret: append([]byte{}, secret...)}
}

// NewSigner protects by a signature, with SHA-256 and RSA PKCS #1 v1.5 or ECDSA. The chain, nearest first and without the root, is sent along.
func NewSigner(cert *x509.Certificate, chain []*x509.Certificate, key crypto.Signer) (Protection, error) {
	alg, err := signingAlgorithm(key.Public())
	if err != nil {
		return Protection{}, fmt.Errorf("make a CMP protection: %w", err)
	}
	if public, ok := cert.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); !ok || !public.Equal(key.Public()) {
		return Protection{}, errors.New("make a CMP protection: the key is not the certificate's")
	}
	return Protection{cert: cert, chain: chain, key: key, alg: alg}, nil
}

// String says what kind of protection it is and nothing of what it holds.
func (p Protection) String() string {
	if p.isMAC() {
		return "MAC protection"
	}
	return "signature protection"
}

// GoString is String.
func (p Protection) GoString() string { return p.String() }

// Format is String for every verb.
func (p Protection) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.String()) }

func (p Protection) isMAC() bool { return p.key == nil }

// seal encodes a message and protects it. In the header only what does not depend on the protection is set; a sender that is already set stays.
// Further certificates are sent along after the protection's own.
func (p Protection) seal(rand io.Reader, h header, kind bodyKind, body bodyBuilder, extra []*x509.Certificate) ([]byte, error) {
	var params mac
	if p.isMAC() {
		salt, err := random(rand, saltLength)
		if err != nil {
			return nil, err
		}
		if params = newMAC(salt); p.like != nil {
			params = p.like.again(salt)
		}
		h.protectionAlg = params.algorithm()
		h.senderKID = p.reference // RFC 9483 §3.1: under a MAC the reference
		if h.sender == nil {
			h.sender = directoryName(referenceName(p.reference))
		}
	} else {
		h.protectionAlg = p.alg
		h.sender = directoryName(p.cert.RawSubject) // RFC 9483 §3.1: the subject of the protection certificate
		h.senderKID = nil
		if len(p.cert.SubjectKeyId) > 0 {
			h.senderKID = p.cert.SubjectKeyId
		}
	}
	m, err := newMessage(h, kind, body)
	if err != nil {
		return nil, fmt.Errorf("encode %v: %w", kind, err)
	}
	if p.isMAC() {
		m.protection, err = params.sum(p.secret, m.protectedPart())
	} else {
		m.protection, err = sign(rand, p.key, m.protectedPart())
		// RFC 9483 §3.3: the protection certificate comes first, then its chain.
		extra = append(append([]*x509.Certificate{p.cert}, p.chain...), extra...)
	}
	if err != nil {
		return nil, fmt.Errorf("protect %v: %w", kind, err)
	}
	m.addExtra(extra)
	return m.marshal()
}

// addExtra sets extraCerts, each certificate once.
func (m *message) addExtra(certs []*x509.Certificate) {
	seen := map[string]bool{}
	for _, cert := range certs {
		if !seen[string(cert.Raw)] {
			seen[string(cert.Raw)] = true
			m.extraDER = append(m.extraDER, cert.Raw)
		}
	}
}

// unprotected encodes a message without protection: only for an error about a message that could not even be read.
func unprotected(h header, kind bodyKind, body bodyBuilder) ([]byte, error) {
	m, err := newMessage(h, kind, body)
	if err != nil {
		return nil, err
	}
	return m.marshal()
}

func random(rand io.Reader, n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(rand, b); err != nil {
		return nil, fmt.Errorf("read random octets: %w", err)
	}
	return b, nil
}

// signer finds the certificate among extraCerts that the message was signed with and verifies the signature. Whether the certificate is
// trusted is not looked at.
func (m *message) signer() (*x509.Certificate, error) {
	data := m.protectedPart()
	for _, cert := range m.extra {
		// RFC 9483 §3.1: sender and senderKID name the protection certificate.
		if !m.header.sentBy(cert) || (len(m.header.senderKID) > 0 && string(m.header.senderKID) != string(cert.SubjectKeyId)) {
			continue
		}
		if verifySignature(cert.PublicKey, m.header.protectionAlg, data, m.protection) == nil {
			return cert, nil
		}
	}
	return nil, ErrProtection
}

// mayProtect says whether the certificate's key usage lets it sign messages (RFC 9483 §3.2: if there is a key usage, it has digitalSignature).
func mayProtect(cert *x509.Certificate) bool {
	return cert.KeyUsage == 0 || cert.KeyUsage&x509.KeyUsageDigitalSignature != 0
}
