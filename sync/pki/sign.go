package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tirkeu/kiosk/hardware/gost"
)

// Bounds of what is signed and verified, in octets.
const (
	MaxContent   = 4 << 20
	MaxSignature = 64 << 10
)

// ErrContentTooLarge and ErrSignatureTooLarge say that a bound was passed.
var (
	ErrContentTooLarge   = errors.New("signed content is too large")
	ErrSignatureTooLarge = errors.New("signature is too large")
)

// Object identifiers of CMS and its algorithms: RFC 5652 §4, §5.1, §11; RFC 5035 §3; RFC 5754.
var (
	oidData               = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningTime        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	oidSigningCertificate = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidSHA256             = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidSHA384             = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
	oidSHA512             = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}
	oidECDSASHA256        = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
)

// The tags of RFC 5652's IMPLICIT and EXPLICIT [0].
var tagZero = cbasn1.Tag(0).Constructed().ContextSpecific()

// SignDetached signs content with signer, whose certificate is cert: the DER of a CMS ContentInfo
// with a detached SignedData, one signer, SHA-256 (Streebog-512 for a GOST key), and the signed attributes
// content type, message digest, signing time at and signing certificate (RFC 5035 §3). cert and chain travel along. The
// signature is verified before it is handed out, so that a key that is not the certificate's, or a
// device that signed wrong, is an error here and not at the centre.
//
// smallstep/pkcs7 reads our signatures but does not write them: it stamps the machine's own clock,
// where the time of the act is given to us.
func SignDetached(content []byte, cert *x509.Certificate, chain []*x509.Certificate, signer crypto.Signer, at time.Time) ([]byte, error) {
	if len(content) > MaxContent {
		return nil, fmt.Errorf("sign: %w", ErrContentTooLarge)
	}
	how, err := manner(cert)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	attributes, err := how.attributes(content, cert, at)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	signature, err := how.sign(attributes, signer)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	der, err := how.signedData(cert, chain, attributes, signature)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	if len(der) > MaxSignature {
		return nil, fmt.Errorf("sign: %w", ErrSignatureTooLarge)
	}
	return der, nil
}

// cmsManner is how the owner of one key signs a message.
type cmsManner struct {
	public             crypto.PublicKey
	scheme             scheme
	digest, signatures []byte // AlgorithmIdentifiers
}

// manner chooses by the certificate's key: SHA-256 for RSA and ECDSA of any size, with the algorithm
// identifiers of RFC 5754 §2 and RFC 3370 §3.2, and Streebog-512 for GOST, whose identifiers carry NULL as in
// НУЦ's certificates.
func manner(cert *x509.Certificate) (cmsManner, error) {
	public, err := ParseKey(cert.RawSubjectPublicKeyInfo)
	if err != nil {
		return cmsManner{}, err
	}
	how := cmsManner{public: public, digest: algorithmIdentifier(oidSHA256, false)}
	switch public.(type) {
	case *rsa.PublicKey:
		how.scheme, how.signatures = findScheme(oidRSASHA256), algorithmIdentifier(oidRSAKey, true)
	case *ecdsa.PublicKey:
		how.scheme, how.signatures = findScheme(oidECDSASHA256), algorithmIdentifier(oidECDSASHA256, false)
	case *gost.PublicKey:
		how.scheme = findScheme(gost.Kazakh.SignatureOID())
		how.digest, how.signatures = algorithmIdentifier(gost.Kazakh.DigestOID(), true), how.scheme.identifier()
	}
	return how, nil
}

// attributes encodes the signed attributes as SET OF in DER (RFC 5652 §5.4: that is what is signed).
func (m cmsManner) attributes(content []byte, cert *x509.Certificate, at time.Time) ([]byte, error) {
	hashed := m.scheme.digest()
	hashed.Write(content)
	digest := hashed.Sum(nil)
	certDigest := sha256.Sum256(cert.Raw)
	var attributes [][]byte
	var failed error
	add := func(oid asn1.ObjectIdentifier, value cryptobyte.BuilderContinuation) {
		var b cryptobyte.Builder
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oid)
			b.AddASN1(cbasn1.SET, value)
		})
		der, err := b.Bytes()
		if err != nil {
			failed = fmt.Errorf("encode attribute %v: %w", oid, err)
		}
		attributes = append(attributes, der)
	}
	add(oidContentType, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidData) })
	add(oidMessageDigest, func(b *cryptobyte.Builder) { b.AddASN1OctetString(digest) })
	add(oidSigningTime, func(b *cryptobyte.Builder) { addTime(b, at) })
	// RFC 5035 §4: ESSCertIDv2 with SHA-256, which is the default and therefore left out.
	add(oidSigningCertificate, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1OctetString(certDigest[:]) })
			})
		})
	})
	if failed != nil {
		return nil, failed
	}
	slices.SortFunc(attributes, bytes.Compare) // X.690 §11.6
	return bytes.Join(attributes, nil), nil
}

// addTime writes UTCTime until 2049 and GeneralizedTime after, RFC 5652 §11.3.
func addTime(b *cryptobyte.Builder, at time.Time) {
	at = at.UTC().Truncate(time.Second)
	if at.Year() >= 1950 && at.Year() < 2050 {
		b.AddASN1UTCTime(at)
		return
	}
	b.AddASN1GeneralizedTime(at)
}

func (m cmsManner) sign(attributes []byte, signer crypto.Signer) ([]byte, error) {
	toSign, err := attributeSet(attributes)
	if err != nil {
		return nil, err
	}
	hashed := m.scheme.digest()
	hashed.Write(toSign)
	digest := hashed.Sum(nil)
	signature, err := signer.Sign(rand.Reader, digest, m.scheme.options())
	if err != nil {
		return nil, fmt.Errorf("ask the key: %w", err)
	}
	if !m.scheme.verify(m.public, digest, signature) {
		return nil, fmt.Errorf("the key is not the certificate's, or signed wrong: %w", errWrongSignature)
	}
	return signature, nil
}

// attributeSet is the SET OF that is digested, RFC 5652 §5.4.
func attributeSet(attributes []byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(attributes) })
	return b.Bytes()
}

// signedData puts the parts together, RFC 5652 §3 and §5.1.
func (m cmsManner) signedData(cert *x509.Certificate, chain []*x509.Certificate, attributes, signature []byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidSignedData)
		b.AddASN1(tagZero, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1Int64(1) // signers are named by issuer and serial number
				b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(m.digest) })
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidData) })
				b.AddASN1(tagZero, func(b *cryptobyte.Builder) { b.AddBytes(certificateSet(cert, chain)) })
				b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { m.addSignerInfo(b, cert, attributes, signature) })
			})
		})
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encode signed data: %w", err)
	}
	return der, nil
}

// addSignerInfo is RFC 5652 §5.3.
func (m cmsManner) addSignerInfo(b *cryptobyte.Builder, cert *x509.Certificate, attributes, signature []byte) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(cert.RawIssuer)
			b.AddASN1BigInt(cert.SerialNumber)
		})
		b.AddBytes(m.digest)
		b.AddASN1(tagZero, func(b *cryptobyte.Builder) { b.AddBytes(attributes) })
		b.AddBytes(m.signatures)
		b.AddASN1OctetString(signature)
	})
}

func certificateSet(cert *x509.Certificate, chain []*x509.Certificate) []byte {
	all := [][]byte{cert.Raw}
	for _, one := range chain {
		all = append(all, one.Raw)
	}
	slices.SortFunc(all, bytes.Compare)
	return bytes.Join(slices.CompactFunc(all, bytes.Equal), nil)
}
