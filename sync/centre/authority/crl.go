package authority

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/tirkeu/kiosk/sync/pki"
)

// Revoked is one entry of a revocation list.
type Revoked struct {
	Serial *big.Int
	At     time.Time
	Reason int // CRLReason, RFC 5280 §5.3.1; 0 is left out
}

// reasons a complete list may carry: removeFromCRL (8) is for deltas only, 7 is not used.
var listReasons = map[int]bool{0: true, 1: true, 2: true, 3: true, 4: true, 5: true, 6: true, 9: true, 10: true}

// CRL signs the RSA issuing CA's complete revocation list (RFC 5280 §5) in DER. number must grow from
// list to list; thisUpdate is now, nextUpdate is when a client should have got the next one.
func (a *Authority) CRL(entries []Revoked, number *big.Int, nextUpdate time.Time) ([]byte, error) {
	return a.CRLOf(RSA, entries, number, nextUpdate)
}

// CRLOf is CRL for the issuing CA of a family, signed with that family's algorithm. Each CA numbers its own lists.
func (a *Authority) CRLOf(f Family, entries []Revoked, number *big.Int, nextUpdate time.Time) ([]byte, error) {
	ca, err := a.issuer(f)
	if err != nil {
		return nil, fmt.Errorf("sign revocation list: %w", err)
	}
	der, err := a.list(entries, number, nextUpdate, ca.cert, ca.key)
	if err != nil {
		return nil, fmt.Errorf("sign revocation list: %w", err)
	}
	return der, nil
}

// RootCRL signs the root's list, which covers issuing CAs.
func (a *Authority) RootCRL(entries []Revoked, number *big.Int, nextUpdate time.Time) ([]byte, error) {
	if a.rootKey == nil {
		return nil, errors.New("sign root's revocation list: the root's key is not here")
	}
	der, err := a.list(entries, number, nextUpdate, a.root, a.rootKey)
	if err != nil {
		return nil, fmt.Errorf("sign root's revocation list: %w", err)
	}
	return der, nil
}

func (a *Authority) list(entries []Revoked, number *big.Int, nextUpdate time.Time, issuer *x509.Certificate, key crypto.Signer) ([]byte, error) {
	now := a.options.Now().UTC().Truncate(time.Second)
	if number == nil || number.Sign() < 0 || len(number.Bytes()) > 20 { // RFC 5280 §5.2.3
		return nil, errors.New("list number is negative, missing or longer than 20 octets")
	}
	if !nextUpdate.After(now) {
		return nil, errors.New("next update is not after now")
	}
	list := &x509.RevocationList{Number: number, ThisUpdate: now, NextUpdate: nextUpdate.UTC().Truncate(time.Second)}
	for _, entry := range entries {
		if entry.Serial == nil || entry.At.IsZero() || !listReasons[entry.Reason] {
			return nil, fmt.Errorf("entry without serial number or time, or with reason %d", entry.Reason)
		}
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{
			SerialNumber: entry.Serial, RevocationTime: entry.At.UTC().Truncate(time.Second), ReasonCode: entry.Reason,
		})
	}
	return pki.CreateRevocationList(list, issuer, key)
}
