package pki

import (
	"crypto/sha256"
	"crypto/x509"
	"slices"
)

// Pool is a set of certificates that chains are built from. It stands where crypto/x509 has CertPool,
// which cannot be read again and therefore cannot serve chains with GOST links. A nil Pool is an empty
// one. Many goroutines may read a Pool that nobody adds to any more.
type Pool struct {
	certificates []*x509.Certificate // in the order they were added
	bySubject    map[string][]*x509.Certificate
	known        map[[sha256.Size]byte]bool // of the DER
}

// NewPool gives a pool of these certificates.
func NewPool(certs ...*x509.Certificate) *Pool {
	p := &Pool{bySubject: map[string][]*x509.Certificate{}, known: map[[sha256.Size]byte]bool{}}
	p.Add(certs...)
	return p
}

// Add puts certificates into the pool; one that is there already, or nil, changes nothing.
func (p *Pool) Add(certs ...*x509.Certificate) {
	if p.bySubject == nil { // a Pool that was declared, not made by NewPool
		p.bySubject, p.known = map[string][]*x509.Certificate{}, map[[sha256.Size]byte]bool{}
	}
	for _, cert := range certs {
		if cert == nil || p.Contains(cert) {
			continue
		}
		p.known[sha256.Sum256(cert.Raw)] = true
		p.certificates = append(p.certificates, cert)
		subject := string(cert.RawSubject)
		p.bySubject[subject] = append(p.bySubject[subject], cert)
	}
}

// Contains says whether this very certificate is in the pool.
func (p *Pool) Contains(cert *x509.Certificate) bool {
	return p != nil && p.known[sha256.Sum256(cert.Raw)]
}

// Clone gives a pool of its own with the same certificates.
func (p *Pool) Clone() *Pool { return NewPool(p.Certificates()...) }

// Certificates gives the certificates in the order they were added.
func (p *Pool) Certificates() []*x509.Certificate {
	if p == nil {
		return nil
	}
	return slices.Clone(p.certificates)
}

// X509 gives the pool as crypto/tls wants it. It is never nil: crypto/x509 would take the machine's own
// roots for a nil pool.
func (p *Pool) X509() *x509.CertPool {
	pool := x509.NewCertPool()
	if p == nil {
		return pool
	}
	for _, cert := range p.certificates {
		pool.AddCert(cert)
	}
	return pool
}

// issuers gives the certificates that may have issued child: of the name it gives, those whose key
// identifier fits first (RFC 5280 §4.2.1.1: a hint, not a rule).
func (p *Pool) issuers(child *x509.Certificate) []*x509.Certificate {
	if p == nil {
		return nil
	}
	var fitting, others []*x509.Certificate
	for _, one := range p.bySubject[string(child.RawIssuer)] {
		if len(child.AuthorityKeyId) > 0 && slices.Equal(child.AuthorityKeyId, one.SubjectKeyId) {
			fitting = append(fitting, one)
		} else {
			others = append(others, one)
		}
	}
	return append(fitting, others...)
}
