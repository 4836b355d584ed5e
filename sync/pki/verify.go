package pki

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"

	"github.com/smallstep/pkcs7"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tirkeu/kiosk/hardware/gost"
)

// What a signature can fail by. Each is wrapped with its detail.
var (
	ErrSignatureMalformed = errors.New("signature cannot be read")
	ErrSignatureContent   = errors.New("signature is over other content")
	ErrSignatureWrong     = errors.New("signature is wrong")
	ErrSignerUntrusted    = errors.New("signer is not trusted")
	ErrSigningTime        = errors.New("signing time cannot be")
)

// signingTimeSkew is how far a signer's clock may run before ours.
const signingTimeSkew = 5 * time.Minute

// maxSignatureCertificates bounds the certificates that travel in one signature.
const maxSignatureCertificates = 16

// Verifier accepts detached CMS signatures.
type Verifier struct {
	Roots         *Pool               // never nil: with nil nobody is trusted
	Intermediates []*x509.Certificate // known ones, beside those that travel in the signature
	Now           time.Time           // chains are verified for this moment
}

// VerifyDetached is Verifier.Verify with roots only. It gives the signer's certificate and the
// signing time the signer claims.
func VerifyDetached(content, cms []byte, roots *Pool, now time.Time) (*x509.Certificate, time.Time, error) {
	return Verifier{Roots: roots, Now: now}.Verify(content, cms)
}

// Verify checks a detached CMS signature (RFC 5652 §5.4, §5.6) over exactly these bytes and gives
// the signer's certificate and the signing time it claims.
//
// It wants: at most MaxSignature octets, no content inside, one signer named by issuer and serial
// number, SHA-256 or longer, signed attributes (a signature without them could be a replay of
// another's attributes as content), a key of RSA-2048 or P-256 at least or GOST with Streebog-512, key
// usage that allows signing, a chain to Roots at Now, and a signing time within the certificate's validity and not
// after Now. Role, IIN and revocation are for the caller.
func (v Verifier) Verify(content, cms []byte) (*x509.Certificate, time.Time, error) {
	if len(content) > MaxContent {
		return nil, time.Time{}, fmt.Errorf("verify signature: %w", ErrContentTooLarge)
	}
	if len(cms) > MaxSignature {
		return nil, time.Time{}, fmt.Errorf("verify signature: %w", ErrSignatureTooLarge)
	}
	p7, err := parseCMS(cms)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("verify signature: %w: %w", ErrSignatureMalformed, err)
	}
	signer := p7.GetOnlySigner()
	if signer == nil {
		return nil, time.Time{}, fmt.Errorf("verify signature: %w: the signer's certificate is not in it", ErrSignatureMalformed)
	}
	at, err := checkAttributes(p7, signer)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("verify signature: %w: %w", ErrSignatureMalformed, err)
	}
	if err := v.checkSigner(signer, p7.Certificates); err != nil {
		return nil, time.Time{}, fmt.Errorf("verify signature: %w: %w", ErrSignerUntrusted, err)
	}
	if err := v.checkSignature(p7, signer, content, at); err != nil {
		return nil, time.Time{}, fmt.Errorf("verify signature: %w", err)
	}
	if at.After(v.Now.Add(signingTimeSkew)) {
		return nil, time.Time{}, fmt.Errorf("verify signature: %w: it lies in the future", ErrSigningTime)
	}
	return signer, at, nil
}

// checkSignature verifies digest and signature, and that the signing time lies within the certificate's
// validity. The library does so for what crypto/x509 knows.
func (v Verifier) checkSignature(p7 *pkcs7.PKCS7, signer *x509.Certificate, content []byte, at time.Time) error {
	if signer.PublicKeyAlgorithm == x509.UnknownPublicKeyAlgorithm {
		return checkGOSTSignature(p7, signer, content, at)
	}
	p7.Content = content
	if err := p7.VerifyWithChainAtTime(nil, v.Now); err != nil {
		return nameFailure(err)
	}
	return nil
}

// nameFailure sorts the library's errors into ours.
func nameFailure(err error) error {
	var digest *pkcs7.MessageDigestMismatchError
	if errors.As(err, &digest) {
		return ErrSignatureContent
	}
	var outside *pkcs7.SigningTimeNotValidError
	if errors.As(err, &outside) {
		return fmt.Errorf("%w: it lies outside the certificate's validity", ErrSigningTime)
	}
	return fmt.Errorf("%w: %w", ErrSignatureWrong, err)
}

// parseCMS reads the outer form. The library is lenient (trailing bytes, SHA-1, no attributes), so
// what it lets through is checked here.
func parseCMS(cms []byte) (p7 *pkcs7.PKCS7, err error) {
	defer func() {
		if recovered := recover(); recovered != nil {
			p7, err = nil, fmt.Errorf("parser stopped: %v", recovered)
		}
	}()
	if err := checkOuter(cms); err != nil {
		return nil, err
	}
	p7, err = pkcs7.Parse(cms)
	if err != nil {
		return nil, err
	}
	if len(p7.Content) > 0 {
		return nil, errors.New("it carries content, though it should be detached")
	}
	if len(p7.Certificates) > maxSignatureCertificates {
		return nil, fmt.Errorf("it carries %d certificates, at most %d are allowed", len(p7.Certificates), maxSignatureCertificates)
	}
	for _, cert := range p7.Certificates {
		if err := checkKeySize(cert.PublicKey); err != nil {
			return nil, err
		}
	}
	if len(p7.Signers) != 1 {
		return nil, fmt.Errorf("it has %d signers instead of one", len(p7.Signers))
	}
	digest := p7.Signers[0].DigestAlgorithm.Algorithm
	if !digest.Equal(oidSHA256) && !digest.Equal(oidSHA384) && !digest.Equal(oidSHA512) && !digest.Equal(gost.Kazakh.DigestOID()) {
		return nil, fmt.Errorf("digest algorithm %v is not accepted", digest)
	}
	return p7, nil
}

// maxKeyBits bounds the RSA keys that are computed with before anybody vouches for them: a modulus of
// half a million bits, which a message has room for, would keep a processor busy for seconds.
const maxKeyBits = 8192

func checkKeySize(public any) error {
	if key, isRSA := public.(*rsa.PublicKey); isRSA && key.N.BitLen() > maxKeyBits {
		return fmt.Errorf("RSA key has %d bits, at most %d are allowed", key.N.BitLen(), maxKeyBits)
	}
	return nil
}

// checkOuter refuses bytes after the ContentInfo, in DER and in BER's indefinite form.
func checkOuter(cms []byte) error {
	if len(cms) > 2 && cms[0] == 0x30 && cms[1] == 0x80 {
		if !bytes.HasSuffix(cms, []byte{0, 0}) {
			return errors.New("bytes after the end")
		}
		return nil
	}
	input := cryptobyte.String(cms)
	var content cryptobyte.String
	if !input.ReadASN1(&content, cbasn1.SEQUENCE) {
		return errors.New("it is no CMS")
	}
	if !input.Empty() {
		return errors.New("bytes after the end")
	}
	return nil
}

// checkAttributes wants each of the attributes once, with one value (RFC 5652 §11), and gives the
// signing time. A signing-certificate attribute, where there is one, must name the signer's
// certificate (RFC 5035 §3).
func checkAttributes(p7 *pkcs7.PKCS7, signer *x509.Certificate) (time.Time, error) {
	values := map[string]cryptobyte.String{}
	for _, attribute := range p7.Signers[0].AuthenticatedAttributes {
		name := attribute.Type.String()
		if _, twice := values[name]; twice {
			return time.Time{}, fmt.Errorf("attribute %s stands twice", name)
		}
		values[name] = attribute.Value.Bytes
	}
	contentType := values[oidContentType.String()]
	var oid asn1.ObjectIdentifier
	if !contentType.ReadASN1ObjectIdentifier(&oid) || !contentType.Empty() || !oid.Equal(oidData) {
		return time.Time{}, errors.New("signed attribute content type is missing or not data")
	}
	digest := values[oidMessageDigest.String()]
	var octets cryptobyte.String
	if !digest.ReadASN1(&octets, cbasn1.OCTET_STRING) || !digest.Empty() {
		return time.Time{}, errors.New("signed attribute message digest is missing or damaged")
	}
	if named, present := values[oidSigningCertificate.String()]; present {
		if err := checkSigningCertificate(named, signer); err != nil {
			return time.Time{}, err
		}
	}
	return readSigningTime(values[oidSigningTime.String()])
}

func readSigningTime(value cryptobyte.String) (time.Time, error) {
	var at time.Time
	read := value.PeekASN1Tag(cbasn1.UTCTime) && value.ReadASN1UTCTime(&at) ||
		value.PeekASN1Tag(cbasn1.GeneralizedTime) && value.ReadASN1GeneralizedTime(&at)
	if !read || !value.Empty() {
		return time.Time{}, errors.New("signed attribute signing time is missing or damaged")
	}
	return at, nil
}

// checkSigningCertificate compares the first ESSCertIDv2 with the signer's certificate. Only SHA-256,
// the default, is understood.
func checkSigningCertificate(value cryptobyte.String, signer *x509.Certificate) error {
	var outer, list, first, hash cryptobyte.String
	if !value.ReadASN1(&outer, cbasn1.SEQUENCE) || !outer.ReadASN1(&list, cbasn1.SEQUENCE) ||
		!list.ReadASN1(&first, cbasn1.SEQUENCE) {
		return errors.New("signed attribute signing certificate is damaged")
	}
	if first.PeekASN1Tag(cbasn1.SEQUENCE) {
		var algorithm cryptobyte.String
		var oid asn1.ObjectIdentifier
		if !first.ReadASN1(&algorithm, cbasn1.SEQUENCE) || !algorithm.ReadASN1ObjectIdentifier(&oid) || !oid.Equal(oidSHA256) {
			return errors.New("signed attribute signing certificate has a digest other than SHA-256")
		}
	}
	want := sha256.Sum256(signer.Raw)
	if !first.ReadASN1(&hash, cbasn1.OCTET_STRING) || !bytes.Equal(hash, want[:]) {
		return errors.New("signed attribute signing certificate names another certificate")
	}
	return nil
}

func (v Verifier) checkSigner(signer *x509.Certificate, travelled []*x509.Certificate) error {
	if v.Roots == nil {
		return errors.New("no root is given")
	}
	if signer.IsCA {
		return errors.New("its certificate is a CA's")
	}
	if signer.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 {
		return errors.New("its key usage does not allow signing")
	}
	public, err := ParseKey(signer.RawSubjectPublicKeyInfo)
	if err != nil {
		return err
	}
	switch key := public.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < 2048 {
			return fmt.Errorf("its RSA key has only %d bits", key.N.BitLen())
		}
	case *ecdsa.PublicKey:
		if key.Curve.Params().BitSize < 256 {
			return fmt.Errorf("its curve has only %d bits", key.Curve.Params().BitSize)
		}
	}
	intermediates := NewPool(v.Intermediates...)
	intermediates.Add(travelled...)
	_, err = VerifyChain(signer, v.Roots, intermediates, v.Now)
	return err
}
