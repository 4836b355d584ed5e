package pki

import (
	"bytes"
	"crypto/sha1" // responder identifiers only
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// MaxOCSP bounds an OCSP response in octets; one with its responder's certificate has about 2 KiB.
const MaxOCSP = 16 << 10

// CheckOCSP reads an OCSP response in DER and says what it knows of a certificate at now. maxAge
// bounds the age of a response; 0 leaves it to its nextUpdate.
//
// The response must be signed by issuer itself, or by a certificate that travels in it, that issuer gave
// the extended key usage OCSPSigning and that is valid at now (RFC 6960 §4.2.2.2). Whether that delegate
// was revoked itself is not asked: responders live for days, and §4.2.2.2.1 leaves it to the client.
// Unknown, errors, contradictions and stale responses are Unknown, never Good. RSA, ECDSA and GOST.
func CheckOCSP(der []byte, cert, issuer *x509.Certificate, now time.Time, maxAge time.Duration) Answer {
	return ocspCheck{cert: cert, issuer: issuer, now: now, maxAge: maxAge}.check(der)
}

// ocspCheck is one question to which a response is held.
type ocspCheck struct {
	cert, issuer *x509.Certificate
	now          time.Time
	maxAge       time.Duration
	nonce        []byte // the value of the extension that was sent; nil: none was
	needNonce    bool   // an answer without it does not count
}

func (c ocspCheck) check(der []byte) Answer {
	answer := Answer{Source: "ocsp"}
	if len(der) > MaxOCSP {
		answer.Err = fmt.Errorf("%w: response has more than %d octets", ErrUnverified, MaxOCSP)
		return answer
	}
	if !bytes.Equal(c.cert.RawIssuer, c.issuer.RawSubject) {
		answer.Err = ErrOtherIssuer
		return answer
	}
	response, err := parseOCSP(der)
	if err != nil {
		answer.Err = fmt.Errorf("%w: %w", ErrUnverified, err)
		return answer
	}
	if err := response.checkSigner(c.issuer, c.now); err != nil {
		answer.Err = fmt.Errorf("%w: %w", ErrUnverified, err)
		return answer
	}
	single, err := c.find(response)
	if err != nil {
		answer.Err = err
		return answer
	}
	stale := dated(&answer, c.now, single.thisUpdate, single.nextUpdate, c.maxAge)
	if response.producedAt.After(c.now.Add(revocationSkew)) {
		stale = ErrNotYet
	}
	if single.state == Unknown {
		answer.Err = ErrUnknownSerial
		return answer
	}
	var entry *listEntry
	if single.state == Revoked {
		entry = &listEntry{at: single.revokedAt, reason: single.reason}
	}
	return answer.decide(entry, stale)
}

// find gives the one status about the certificate, from a response that was verified. Two about one
// certificate are a contradiction.
func (c ocspCheck) find(response *ocspAnswer) (ocspSingle, error) {
	if err := c.checkNonce(response); err != nil {
		return ocspSingle{}, err
	}
	var found []ocspSingle
	for _, single := range response.singles {
		if single.isOf(c.cert, c.issuer) {
			found = append(found, single)
		}
	}
	if len(found) != 1 {
		return ocspSingle{}, fmt.Errorf("%w: %d statuses of it", ErrNotCovered, len(found))
	}
	for _, one := range found[0].extensions {
		if one.Critical {
			return ocspSingle{}, fmt.Errorf("%w: critical extension %v", ErrNotCovered, one.Id)
		}
	}
	return found[0], nil
}

// checkNonce wants the nonce back that was sent (RFC 6960 §4.4.1). Responders may leave it out, and those
// that prepare their answers do (RFC 5019 §4); another one than ours is an answer to somebody else. Critical
// extensions that are not understood here spoil the response.
func (c ocspCheck) checkNonce(response *ocspAnswer) error {
	echoed := false
	for _, one := range response.extensions {
		if !one.Id.Equal(oidOCSPNonce) {
			if one.Critical {
				return fmt.Errorf("%w: critical extension %v", ErrNotCovered, one.Id)
			}
			continue
		}
		if c.nonce != nil && !bytes.Equal(one.Value, c.nonce) {
			return fmt.Errorf("%w: it answers another question: the nonce differs", ErrUnverified)
		}
		echoed = true
	}
	if c.needNonce && !echoed {
		return fmt.Errorf("%w: it may answer another question: the nonce is missing", ErrUnverified)
	}
	return nil
}

// checkSigner verifies who signed the response, RFC 6960 §4.2.2.2.
func (a *ocspAnswer) checkSigner(issuer *x509.Certificate, now time.Time) error {
	failed := errors.New("responder's certificate is not in it")
	if a.names(issuer) {
		if failed = a.signedBy(issuer); failed == nil {
			return nil
		}
	}
	for _, delegate := range a.certificates {
		if !a.names(delegate) || bytes.Equal(delegate.Raw, issuer.Raw) {
			continue
		}
		if err := mayRespond(delegate, issuer, now); err != nil {
			return fmt.Errorf("responder's certificate: %w", err)
		}
		if failed = a.signedBy(delegate); failed == nil {
			return nil
		}
	}
	return failed
}

// names says whether the response names this certificate as the responder's.
func (a *ocspAnswer) names(cert *x509.Certificate) bool {
	if a.byName != nil {
		return bytes.Equal(a.byName, cert.RawSubject)
	}
	key, err := keyBits(cert.RawSubjectPublicKeyInfo)
	hashed := sha1.Sum(key)
	return err == nil && bytes.Equal(a.byKey, hashed[:])
}

func (a *ocspAnswer) signedBy(cert *x509.Certificate) error {
	key, err := ParseKey(cert.RawSubjectPublicKeyInfo)
	if err != nil {
		return err
	}
	return VerifyBytes(key, a.algorithm, a.signed, a.signature)
}

func mayRespond(delegate, issuer *x509.Certificate, now time.Time) error {
	if !bytes.Equal(delegate.RawIssuer, issuer.RawSubject) {
		return errors.New("another authority issued it")
	}
	if err := CheckSignatureFrom(delegate, issuer); err != nil {
		return err
	}
	if now.Before(delegate.NotBefore.Add(-revocationSkew)) || now.After(delegate.NotAfter) {
		return errors.New("it is not valid now")
	}
	if len(delegate.UnhandledCriticalExtensions) > 0 {
		return x509.UnhandledCriticalExtension{}
	}
	if delegate.KeyUsage != 0 && delegate.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 {
		return errors.New("its key usage does not allow signing")
	}
	for _, usage := range delegate.ExtKeyUsage {
		if usage == x509.ExtKeyUsageOCSPSigning {
			return nil
		}
	}
	return errors.New("it may not sign OCSP responses")
}
