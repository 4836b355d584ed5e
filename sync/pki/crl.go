package pki

import (
	"bytes"
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// MaxCRL bounds a revocation list in octets. НУЦ's largest has about 20 MB.
const MaxCRL = 64 << 20

const (
	reasonCertificateHold = 6 // RFC 5280 §5.3.1
	reasonRemoveFromCRL   = 8
)

// Critical extensions of a list, RFC 5280 §5.2.
var (
	oidExtCRLNumber         = asn1.ObjectIdentifier{2, 5, 29, 20}
	oidExtDistributionPoint = asn1.ObjectIdentifier{2, 5, 29, 28}
	oidExtReason            = asn1.ObjectIdentifier{2, 5, 29, 21}
)

// CheckCRL reads a revocation list in DER and says what it knows of a certificate at now.
//
// Good needs: the list is issuer's, its signature verifies, it is a complete list that covers end
// entities, and now lies between its thisUpdate and nextUpdate. Revoked needs no freshness, since a
// revocation is final, except for a hold, which may have been lifted since. Anything else is Unknown.
func CheckCRL(der []byte, cert, issuer *x509.Certificate, now time.Time) Answer {
	list, err := verifyCRL(der, issuer)
	if err != nil {
		return Answer{Source: "crl", Err: err}
	}
	return listAnswer(list, cert, issuer, now)
}

func verifyCRL(der []byte, issuer *x509.Certificate) (*x509.RevocationList, error) {
	if len(der) > MaxCRL {
		return nil, fmt.Errorf("%w: list has more than %d octets", ErrUnverified, MaxCRL)
	}
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnverified, err)
	}
	if !bytes.Equal(list.RawIssuer, issuer.RawSubject) {
		return nil, ErrOtherIssuer
	}
	if err := list.CheckSignatureFrom(issuer); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnverified, err)
	}
	for _, one := range list.Extensions {
		if err := checkListExtension(one); err != nil {
			return nil, err
		}
	}
	if odd, found := oddEntry(list); found {
		return nil, fmt.Errorf("%w: entry with critical extension %v", ErrNotCovered, odd)
	}
	return list, nil
}

// checkListExtension refuses lists that are only a part: a critical extension not understood here
// means just that (RFC 5280 §5.2), the delta indicator among them (§5.2.4).
func checkListExtension(one pkix.Extension) error {
	if one.Id.Equal(oidExtDistributionPoint) {
		return checkDistributionPoint(one.Value)
	}
	if one.Critical && !one.Id.Equal(oidExtCRLNumber) {
		return fmt.Errorf("%w: critical extension %v", ErrNotCovered, one.Id)
	}
	return nil
}

// checkDistributionPoint takes an issuing distribution point that says nothing but its own name or
// "user certificates only" (RFC 5280 §5.2.5): fields [0] and [1].
func checkDistributionPoint(value []byte) error {
	input := cryptobyte.String(value)
	var sequence cryptobyte.String
	if !input.ReadASN1(&sequence, cbasn1.SEQUENCE) || !input.Empty() {
		return fmt.Errorf("%w: issuing distribution point is damaged", ErrUnverified)
	}
	for !sequence.Empty() {
		var field cryptobyte.String
		var tag cbasn1.Tag
		if !sequence.ReadAnyASN1(&field, &tag) {
			return fmt.Errorf("%w: issuing distribution point is damaged", ErrUnverified)
		}
		if tag != cbasn1.Tag(0).Constructed().ContextSpecific() && tag != cbasn1.Tag(1).ContextSpecific() {
			return fmt.Errorf("%w: it is a partial list", ErrNotCovered)
		}
	}
	return nil
}

func listAnswer(list *x509.RevocationList, cert, issuer *x509.Certificate, now time.Time) Answer {
	answer := Answer{Source: "crl"}
	if !bytes.Equal(cert.RawIssuer, issuer.RawSubject) {
		answer.Err = ErrOtherIssuer
		return answer
	}
	if _, partial := findExtension(list.Extensions, oidExtDistributionPoint); partial && cert.IsCA {
		answer.Err = fmt.Errorf("%w: it may be for user certificates only", ErrNotCovered)
		return answer
	}
	stale := dated(&answer, now, list.ThisUpdate, list.NextUpdate, 0)
	at := slices.IndexFunc(list.RevokedCertificateEntries, func(entry x509.RevocationListEntry) bool {
		return entry.SerialNumber.Cmp(cert.SerialNumber) == 0
	})
	if at < 0 {
		if stale != nil {
			answer.Err = stale
			return answer
		}
		answer.State = Good
		return answer
	}
	entry := list.RevokedCertificateEntries[at]
	if entry.ReasonCode == reasonRemoveFromCRL {
		answer.Err = fmt.Errorf("%w: removeFromCRL in a complete list", ErrNotCovered)
		return answer
	}
	if entry.ReasonCode == reasonCertificateHold && stale != nil {
		answer.Err = stale
		return answer
	}
	answer.State, answer.Reason, answer.RevokedAt = Revoked, entry.ReasonCode, entry.RevocationTime
	return answer
}

// oddEntry finds an entry with a critical extension, such as one of an indirect list, whose serial
// number then belongs to another issuer. Such a list must not be used at all (RFC 5280 §5.3).
func oddEntry(list *x509.RevocationList) (asn1.ObjectIdentifier, bool) {
	for _, entry := range list.RevokedCertificateEntries {
		for _, one := range entry.Extensions {
			if one.Critical && !one.Id.Equal(oidExtReason) {
				return one.Id, true
			}
		}
	}
	return nil, false
}

// CRLSource answers from a revocation list got by HTTP. A verified list is kept, so many questions
// cost one download; when a new one cannot be got, the old one still answers until its nextUpdate.
// The zero value works.
type CRLSource struct {
	Fetch   Fetcher          // nil: HTTP with a limit of 20 s
	URL     string           // empty: the certificate's distribution points
	KeepFor time.Duration    // how long a list is not asked for anew; 0: 10 minutes
	Now     func() time.Time // nil: time.Now

	mutex sync.Mutex // guards kept; held only to read or replace an entry, never while fetching
	kept  map[string]keptList
}

type keptList struct {
	list  *x509.RevocationList
	until time.Time // ask anew after this
}

const (
	keepListsFor = 10 * time.Minute
	maxKeptLists = 16 // more issuers than this do not occur
)

// Revocation is Source's method.
func (s *CRLSource) Revocation(ctx context.Context, cert, issuer *x509.Certificate) Answer {
	urls := cert.CRLDistributionPoints
	if s.URL != "" {
		urls = []string{s.URL}
	}
	last := Answer{Source: "crl", Err: ErrNoSource}
	for _, url := range urls {
		last = s.ask(ctx, url, cert, issuer)
		if last.State != Unknown {
			return last
		}
	}
	return last
}

func (s *CRLSource) ask(ctx context.Context, url string, cert, issuer *x509.Certificate) Answer {
	now := clock(s.Now)
	key := url + "\x00" + string(issuer.Raw)
	s.mutex.Lock()
	kept := s.kept[key]
	s.mutex.Unlock()
	if kept.list != nil && now.Before(kept.until) && now.Before(kept.list.NextUpdate) {
		return listAnswer(kept.list, cert, issuer, now)
	}
	list, err := s.download(ctx, url, issuer)
	if err != nil {
		return orKept(kept.list, err, cert, issuer, now)
	}
	if kept.list != nil && list.ThisUpdate.Before(kept.list.ThisUpdate) { // an old list played back
		list = kept.list
	}
	s.keep(key, keptList{list: list, until: now.Add(s.keepFor())})
	return listAnswer(list, cert, issuer, now)
}

func (s *CRLSource) download(ctx context.Context, url string, issuer *x509.Certificate) (*x509.RevocationList, error) {
	der, err := s.Fetch.get(ctx, url, MaxCRL)
	if err != nil {
		return nil, err
	}
	return verifyCRL(der, issuer)
}

func (s *CRLSource) keep(key string, list keptList) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if _, known := s.kept[key]; s.kept == nil || !known && len(s.kept) >= maxKeptLists {
		s.kept = map[string]keptList{}
	}
	s.kept[key] = list
}

func (s *CRLSource) keepFor() time.Duration {
	if s.KeepFor > 0 {
		return s.KeepFor
	}
	return keepListsFor
}

func orKept(kept *x509.RevocationList, failed error, cert, issuer *x509.Certificate, now time.Time) Answer {
	if kept == nil {
		return Answer{Source: "crl", Err: failed}
	}
	answer := listAnswer(kept, cert, issuer, now)
	if answer.State == Unknown {
		answer.Err = errors.Join(failed, answer.Err)
	}
	return answer
}
