package pki

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Bounds of the search for a chain: certificates that travel in messages are a stranger's.
const (
	maxChain      = 8  // certificates, leaf and root included
	maxChainTries = 64 // signatures verified
)

// VerifyChain builds the way from cert to one of roots and verifies it at now (zero: the clock). Links
// may be RSA, ECDSA and GOST, also mixed in one chain. The chain comes leaf first, root last. Roots count
// by being in the pool; they need not be self-signed. A nil or empty pool of roots trusts nobody.
//
// RFC 5280 §6.1: names, signatures, validity, basic constraints, path length, key usage, critical
// extensions. Name constraints are left to crypto/x509, which also looks at every chain it can verify
// whole; with a GOST link they are an error. Extended key usage, policies and revocation are for the
// caller. Errors wrap those of crypto/x509: CertificateInvalidError, UnknownAuthorityError.
func VerifyChain(cert *x509.Certificate, roots, intermediates *Pool, now time.Time) ([]*x509.Certificate, error) {
	if roots == nil || len(roots.certificates) == 0 {
		return nil, fmt.Errorf("verify chain: no root is trusted: %w", x509.UnknownAuthorityError{Cert: cert})
	}
	if now.IsZero() {
		now = time.Now()
	}
	s := search{roots: roots, between: intermediates, now: now, tries: maxChainTries}
	if err := s.fits(cert, nil); err != nil {
		return nil, fmt.Errorf("verify chain: %w", err)
	}
	chain, err := s.walk([]*x509.Certificate{cert})
	if err != nil {
		return nil, fmt.Errorf("verify chain: %w", err)
	}
	return chain, nil
}

// search is one VerifyChain under way.
type search struct {
	roots, between *Pool
	now            time.Time
	tries          int // signatures that may still be verified
}

// walk goes on from the last certificate of chain, whose members are verified up to there.
func (s *search) walk(chain []*x509.Certificate) ([]*x509.Certificate, error) {
	last := chain[len(chain)-1]
	if s.roots.Contains(last) {
		return s.whole(chain)
	}
	if len(chain) == maxChain {
		return nil, fmt.Errorf("chain has more than %d certificates", maxChain)
	}
	failed := error(x509.UnknownAuthorityError{Cert: last})
	for _, parent := range append(s.roots.issuers(last), s.between.issuers(last)...) {
		if standsIn(chain, parent) {
			continue
		}
		found, err := s.step(chain, parent)
		if err == nil {
			return found, nil
		}
		failed = errors.Join(x509.UnknownAuthorityError{Cert: last}, err)
	}
	return nil, failed
}

func (s *search) step(chain []*x509.Certificate, parent *x509.Certificate) ([]*x509.Certificate, error) {
	if err := s.fits(parent, chain); err != nil {
		return nil, err
	}
	if s.tries--; s.tries < 0 {
		return nil, fmt.Errorf("more than %d signatures on the way to a root", maxChainTries)
	}
	if err := CheckSignatureFrom(chain[len(chain)-1], parent); err != nil {
		return nil, err
	}
	return s.walk(append(slices.Clone(chain), parent))
}

// fits looks at one certificate, which is to stand above those of below.
func (s *search) fits(cert *x509.Certificate, below []*x509.Certificate) error {
	if err := checkKeySize(cert.PublicKey); err != nil {
		return err
	}
	if len(cert.UnhandledCriticalExtensions) > 0 { // RFC 5280 §6.1.4 (o), §6.1.5 (f)
		return x509.UnhandledCriticalExtension{}
	}
	if s.now.Before(cert.NotBefore) {
		detail := "not valid before " + cert.NotBefore.UTC().Format(time.RFC3339)
		return x509.CertificateInvalidError{Cert: cert, Reason: x509.Expired, Detail: detail}
	}
	if s.now.After(cert.NotAfter) {
		detail := "not valid after " + cert.NotAfter.UTC().Format(time.RFC3339)
		return x509.CertificateInvalidError{Cert: cert, Reason: x509.Expired, Detail: detail}
	}
	if len(below) == 0 {
		return nil
	}
	// RFC 5280 §6.1.4 (k) to (n). CheckSignatureFrom asks the same of the last two.
	if !cert.BasicConstraintsValid || !cert.IsCA || cert.KeyUsage != 0 && cert.KeyUsage&x509.KeyUsageCertSign == 0 {
		return x509.CertificateInvalidError{Cert: cert, Reason: x509.NotAuthorizedToSign}
	}
	between := 0
	for _, one := range below[1:] {
		if !bytes.Equal(one.RawSubject, one.RawIssuer) { // self-issued ones do not count
			between++
		}
	}
	if cert.MaxPathLen >= 0 && (cert.MaxPathLen > 0 || cert.MaxPathLenZero) && between > cert.MaxPathLen {
		return x509.CertificateInvalidError{Cert: cert, Reason: x509.TooManyIntermediates}
	}
	return nil
}

// whole judges a chain that reached a root.
func (s *search) whole(chain []*x509.Certificate) ([]*x509.Certificate, error) {
	if !slices.ContainsFunc(chain, isGOST) {
		_, err := chain[0].Verify(x509.VerifyOptions{
			Roots: NewPool(chain[len(chain)-1]).X509(), Intermediates: NewPool(chain[1:]...).X509(), CurrentTime: s.now,
			KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
		})
		if err != nil {
			return nil, err
		}
		return chain, nil
	}
	for _, ca := range chain[1:] {
		if _, constrained := findExtension(ca.Extensions, oidExtNameConstraints); constrained {
			return nil, x509.CertificateInvalidError{Cert: ca, Reason: x509.NameConstraintsWithoutSANs, Detail: "name constraints in a chain with GOST"}
		}
	}
	return chain, nil
}

func standsIn(chain []*x509.Certificate, cert *x509.Certificate) bool {
	return slices.ContainsFunc(chain, func(one *x509.Certificate) bool {
		// The same name and key under another signature is a loop as well.
		return bytes.Equal(one.RawSubject, cert.RawSubject) && bytes.Equal(one.RawSubjectPublicKeyInfo, cert.RawSubjectPublicKeyInfo)
	})
}

// CheckSignatureFrom verifies that parent signed child: parent is a CA by basic constraints and key
// usage, and the signature is right. Names and validity are VerifyChain's.
func CheckSignatureFrom(child, parent *x509.Certificate) error {
	if parent.PublicKeyAlgorithm != x509.UnknownPublicKeyAlgorithm {
		return child.CheckSignatureFrom(parent)
	}
	if !parent.BasicConstraintsValid || !parent.IsCA || parent.KeyUsage != 0 && parent.KeyUsage&x509.KeyUsageCertSign == 0 {
		return x509.ConstraintViolationError{} // RFC 5280 §4.2.1.9, §4.2.1.3
	}
	key, err := ParseKey(parent.RawSubjectPublicKeyInfo)
	if err != nil {
		return fmt.Errorf("issuer's certificate: %w", err)
	}
	signed, algorithm, signature, err := unsealed(child.Raw)
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	return VerifyBytes(key, algorithm, signed, signature)
}

// isGOST says whether crypto/x509 can neither use this certificate's key nor verify its signature.
func isGOST(cert *x509.Certificate) bool {
	return cert.PublicKeyAlgorithm == x509.UnknownPublicKeyAlgorithm || cert.SignatureAlgorithm == x509.UnknownSignatureAlgorithm
}
