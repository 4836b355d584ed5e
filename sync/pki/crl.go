package pki

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"time"
)

// CheckCRL reads a revocation list in DER and says what it knows of a certificate at now.
//
// Good needs: the list is issuer's, its signature verifies, it is a complete list whose scope takes the
// certificate in, and now lies between its thisUpdate and nextUpdate. Revoked needs no freshness, since a
// revocation is final, except for a hold, which may have been lifted since. Anything else is Unknown.
func CheckCRL(der []byte, cert, issuer *x509.Certificate, now time.Time) Answer {
	return LookupCRL(bytes.NewReader(der), cert, issuer, now)
}

// LookupCRL is CheckCRL for a list of up to MaxCRL octets that need not be in memory: it is read once, to
// its end, through a window of 64 KiB, and digested on the way. RSA, ECDSA and GOST lists.
func LookupCRL(list io.Reader, cert, issuer *x509.Certificate, now time.Time) Answer {
	if answer, other := ofAnother(cert, issuer); other {
		return answer
	}
	found, err := scanList(list, issuer, cert.SerialNumber)
	if err != nil {
		return Answer{Source: "crl", Err: err}
	}
	return found.answer(cert, now)
}

// LookupDelta is LookupCRL with a complete list and a delta to it. The answer is that of the complete list
// with the changes of the delta, and Good needs both to be fresh. A delta that does not go with the list
// (RFC 5280 §5.2.4) makes the answer Unknown, unless a list revokes for good. At and NextAt are the delta's
// where it was used.
func LookupDelta(complete, delta io.Reader, cert, issuer *x509.Certificate, now time.Time) Answer {
	if answer, other := ofAnother(cert, issuer); other {
		return answer
	}
	base, err := scanList(complete, issuer, cert.SerialNumber)
	if err != nil {
		return Answer{Source: "crl", Err: err}
	}
	changes, err := scanList(delta, issuer, cert.SerialNumber)
	if err != nil {
		return base.without(cert, now, fmt.Errorf("delta list: %w", err))
	}
	return base.answerWith(changes, cert, now)
}

func ofAnother(cert, issuer *x509.Certificate) (Answer, bool) {
	if bytes.Equal(cert.RawIssuer, issuer.RawSubject) {
		return Answer{}, false
	}
	return Answer{Source: "crl", Err: ErrOtherIssuer}, true
}

// answer judges a complete list.
func (l *listScan) answer(cert *x509.Certificate, now time.Time) Answer {
	answer := Answer{Source: "crl"}
	if answer.Err = l.usable(cert); answer.Err != nil {
		return answer
	}
	stale := dated(&answer, now, l.thisUpdate, l.nextUpdate, 0)
	return answer.decide(l.entry, stale)
}

// usable says why a list cannot be used as the complete one of this certificate.
func (l *listScan) usable(cert *x509.Certificate) error {
	if l.base != nil {
		return fmt.Errorf("%w: it is a delta list", ErrNotCovered)
	}
	if l.entry != nil && l.entry.reason == reasonRemoveFromCRL {
		return fmt.Errorf("%w: removeFromCRL in a complete list", ErrNotCovered)
	}
	return l.covers(cert)
}

// decide gives the state: what the entry says, if nothing stale forbids to believe it.
func (a Answer) decide(entry *listEntry, stale error) Answer {
	final := entry != nil && entry.reason != reasonCertificateHold
	switch {
	case stale != nil && !final:
		a.Err = stale
	case entry == nil:
		a.State = Good
	default:
		a.State, a.Reason, a.RevokedAt = Revoked, entry.reason, entry.at
	}
	return a
}

// without judges a complete list whose delta could not be had: only what a newer list cannot change counts.
func (l *listScan) without(cert *x509.Certificate, now time.Time, missing error) Answer {
	answer := l.answer(cert, now)
	if answer.State == Good || answer.State == Revoked && answer.Reason == reasonCertificateHold {
		answer.State, answer.Reason, answer.RevokedAt, answer.Err = Unknown, 0, time.Time{}, missing
	}
	return answer
}

// answerWith judges a complete list and a delta, RFC 5280 §5.2.4 and §6.3.3 (c).
func (l *listScan) answerWith(delta *listScan, cert *x509.Certificate, now time.Time) Answer {
	if err := l.usable(cert); err != nil {
		return Answer{Source: "crl", Err: err}
	}
	if err := l.fits(delta, cert); err != nil {
		return l.without(cert, now, err)
	}
	if l.number.Cmp(delta.number) >= 0 { // the complete list has all that the delta says, §5.2.3
		return l.answer(cert, now)
	}
	var old, answer Answer
	answer.Source = "crl"
	stale := dated(&old, now, l.thisUpdate, l.nextUpdate, 0)
	if late := dated(&answer, now, delta.thisUpdate, delta.nextUpdate, 0); stale == nil {
		stale = late
	}
	if answer.NextAt.IsZero() || !old.NextAt.IsZero() && old.NextAt.Before(answer.NextAt) {
		answer.NextAt = old.NextAt
	}
	return answer.decide(l.changed(delta), stale)
}

// changed gives the entry that stands after the delta: its own, none if it lifts a hold, or the old one. A
// final revocation is not undone by a delta (RFC 5280 §5.3.1: removeFromCRL is for holds and for
// certificates that expired).
func (l *listScan) changed(delta *listScan) *listEntry {
	switch {
	case l.entry != nil && l.entry.weight() == 2, delta.entry == nil:
		return l.entry
	case delta.entry.reason == reasonRemoveFromCRL:
		return nil
	default:
		return delta.entry
	}
}

// fits says whether a delta may be combined with this complete list: of one scope, numbered, and the list
// not older than the delta's base. That one key signed both was verified.
func (l *listScan) fits(delta *listScan, cert *x509.Certificate) error {
	switch {
	case delta.base == nil:
		return fmt.Errorf("%w: the list in the delta's place is none", ErrNotCovered)
	case l.number == nil || delta.number == nil:
		return fmt.Errorf("%w: complete or delta list has no number", ErrNotCovered)
	case !bytes.Equal(l.point, delta.point):
		return fmt.Errorf("%w: complete and delta list have two scopes", ErrNotCovered)
	case l.number.Cmp(delta.base) < 0:
		return fmt.Errorf("%w: the delta begins at list %v, the complete list is %v", ErrNotCovered, short(delta.base), short(l.number))
	case l.number.Cmp(delta.number) < 0 && delta.thisUpdate.Before(l.thisUpdate):
		return fmt.Errorf("%w: the delta is older, though its number is higher", ErrNotCovered)
	}
	return delta.covers(cert)
}

// short keeps a stranger's number short in an error.
func short(n *big.Int) string {
	if n.BitLen() > 64 {
		return "of many digits"
	}
	return n.String()
}
