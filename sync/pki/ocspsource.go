package pki

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"hash"
	"io"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// OCSPSource answers by asking an OCSP responder over HTTP POST (RFC 6960 appendix A.1). The zero
// value works.
type OCSPSource struct {
	Fetch     Fetcher          // nil: HTTP with a limit of 20 s
	URL       string           // empty: the certificate's authority information access
	Hash      crypto.Hash      // of the issuer in the question; 0: SHA-1, which every responder takes
	MaxAge    time.Duration    // 0: what the response says
	Now       func() time.Time // nil: time.Now
	Random    io.Reader        // of the nonces; nil: crypto/rand
	NeedNonce bool             // only an answer made for this very question counts
}

// nonceLength is in octets, as RFC 9654 §2.1 recommends.
const nonceLength = 32

// Revocation is Source's method.
func (s *OCSPSource) Revocation(ctx context.Context, cert, issuer *x509.Certificate) Answer {
	last := Answer{Source: "ocsp", Err: ErrNoSource}
	for _, url := range one(s.URL, cert.OCSPServer) {
		last = s.ask(ctx, url, cert, issuer)
		if last.State != Unknown {
			return last
		}
	}
	return last
}

func (s *OCSPSource) ask(ctx context.Context, url string, cert, issuer *x509.Certificate) Answer {
	question := ocspCheck{cert: cert, issuer: issuer, maxAge: s.MaxAge, needNonce: s.NeedNonce}
	random := s.Random
	if random == nil {
		random = rand.Reader
	}
	nonce := make([]byte, nonceLength)
	_, err := io.ReadFull(random, nonce)
	if err == nil {
		question.nonce = append([]byte{4, nonceLength}, nonce...) // an OCTET STRING
		var request []byte
		if request, err = question.request(s.Hash); err == nil {
			return s.send(ctx, url, question, request)
		}
	}
	return Answer{Source: "ocsp", Err: fmt.Errorf("build OCSP request: %w", err)}
}

func (s *OCSPSource) send(ctx context.Context, url string, question ocspCheck, request []byte) Answer {
	der, err := s.Fetch.post(ctx, url, "application/ocsp-request", request, MaxOCSP)
	if err != nil {
		return Answer{Source: "ocsp", Err: err}
	}
	question.now = clock(s.Now)
	return question.check(der)
}

// request is OCSPRequest, RFC 6960 §4.1.1, about one certificate.
func (c ocspCheck) request(named crypto.Hash) ([]byte, error) {
	oid, digest, err := requestDigest(named)
	if err != nil {
		return nil, err
	}
	name, key, err := issuerHashes(c.issuer, digest)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddBytes(algorithmIdentifier(oid, true))
						b.AddASN1OctetString(name)
						b.AddASN1OctetString(key)
						b.AddASN1BigInt(c.cert.SerialNumber)
					})
				})
			})
			b.AddASN1(explicit(2), func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1ObjectIdentifier(oidOCSPNonce)
						b.AddASN1OctetString(c.nonce)
					})
				})
			})
		})
	})
	return b.Bytes()
}

func requestDigest(named crypto.Hash) (asn1.ObjectIdentifier, func() hash.Hash, error) {
	at, known := map[crypto.Hash]int{0: 0, crypto.SHA1: 0, crypto.SHA256: 1, crypto.SHA384: 2, crypto.SHA512: 3}[named]
	if !known {
		return nil, nil, fmt.Errorf("%w: digest %v", ErrAlgorithm, named)
	}
	return ocspDigests[at].oid, ocspDigests[at].new, nil
}
