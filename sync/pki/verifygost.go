package pki

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"slices"
	"time"

	"github.com/smallstep/pkcs7"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tirkeu/kiosk/hardware/gost"
)

// checkGOSTSignature is checkSignature for a GOST key: RFC 5652 §5.4, §5.6 with Streebog-512 under Kazakh
// identifiers and nothing else, so that no other digest can be passed off as the signed one.
func checkGOSTSignature(p7 *pkcs7.PKCS7, signer *x509.Certificate, content []byte, at time.Time) error {
	info := p7.Signers[0]
	if err := named(info.DigestAlgorithm, algorithmIdentifier(gost.Kazakh.DigestOID(), false)); err != nil {
		return fmt.Errorf("%w: digest: %w", ErrSignatureMalformed, err)
	}
	if err := named(info.DigestEncryptionAlgorithm, algorithmIdentifier(gost.Kazakh.SignatureOID(), false)); err != nil {
		return fmt.Errorf("%w: signature: %w", ErrSignatureMalformed, err)
	}
	var encoded [][]byte
	var digest cryptobyte.String
	for _, attribute := range info.AuthenticatedAttributes {
		if attribute.Type.Equal(oidMessageDigest) {
			value := cryptobyte.String(attribute.Value.Bytes)
			if !value.ReadASN1(&digest, cbasn1.OCTET_STRING) {
				return fmt.Errorf("%w: message digest is damaged", ErrSignatureMalformed)
			}
		}
		var b cryptobyte.Builder
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(attribute.Type)
			b.AddBytes(attribute.Value.FullBytes) // as it came: whatever tag it has was signed or was not
		})
		der, err := b.Bytes()
		if err != nil {
			return fmt.Errorf("%w: %w", ErrSignatureMalformed, err)
		}
		encoded = append(encoded, der)
	}
	if sum := gost.Sum512(content); !bytes.Equal(digest, sum[:]) {
		return ErrSignatureContent
	}
	slices.SortFunc(encoded, bytes.Compare) // DER, whatever order they came in: X.690 §11.6
	signed, err := attributeSet(bytes.Join(encoded, nil))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSignatureMalformed, err)
	}
	key, err := ParseKey(signer.RawSubjectPublicKeyInfo)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSignerUntrusted, err)
	}
	if err := VerifyBytes(key, algorithmIdentifier(gost.Kazakh.SignatureOID(), true), signed, info.EncryptedDigest); err != nil {
		return fmt.Errorf("%w: %w", ErrSignatureWrong, err)
	}
	if at.Before(signer.NotBefore) || at.After(signer.NotAfter) {
		return fmt.Errorf("%w: it lies outside the certificate's validity", ErrSigningTime)
	}
	return nil
}

// named compares an algorithm with an AlgorithmIdentifier without parameters; NULL in their place is the same.
func named(algorithm pkix.AlgorithmIdentifier, want []byte) error {
	parameters := algorithm.Parameters.FullBytes
	if len(parameters) > 0 && !bytes.Equal(parameters, derNULL) || !bytes.Equal(algorithmIdentifier(algorithm.Algorithm, false), want) {
		return fmt.Errorf("%w: %v", ErrAlgorithm, algorithm.Algorithm)
	}
	return nil
}
