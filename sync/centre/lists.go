package centre

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/tirkeu/kiosk/sync/centre/authority"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
)

// revocationLists keeps the last signed lists; they are signed again when something was revoked or they grow old.
type revocationLists struct {
	mu      sync.Mutex // guards the lists; held while one is signed, some milliseconds
	issuing map[authority.Family]list
	root    list
}

type list struct {
	der []byte
	at  time.Time
	of  string // what was revoked when it was signed
}

// crlCounters number each CA's lists (RFC 5280 §5.2.3).
var crlCounters = map[authority.Family]string{authority.RSA: "crl", authority.GOST: "crl-gost"}

// crl is the revocation list of one issuing CA as of now, signed by that CA.
func (c *Centre) crl(ctx context.Context, f authority.Family) ([]byte, error) {
	c.lists.mu.Lock()
	defer c.lists.mu.Unlock()
	now := c.now()
	var entries []authority.Revoked
	var of strings.Builder
	err := c.db.View(ctx, func(t *ledger.Tx) error {
		rows, err := t.Revoked(string(f), now)
		if err != nil {
			return err
		}
		for _, row := range rows {
			serial, err := bigSerial(row.Serial)
			if err != nil {
				return err
			}
			entries = append(entries, authority.Revoked{Serial: serial, At: row.RevokedAt, Reason: row.Reason})
			of.WriteString(row.Serial)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing revoked certificates: %w", err)
	}
	if old := c.lists.issuing[f]; old.der != nil && old.of == of.String() && now.Sub(old.at) < c.rules.CRLEvery {
		return old.der, nil
	}
	number, err := c.listNumber(ctx, crlCounters[f])
	if err != nil {
		return nil, err
	}
	der, err := c.authority.CRLOf(f, entries, number, now.Add(c.rules.CRLLife))
	if err != nil {
		return nil, err
	}
	if c.lists.issuing == nil {
		c.lists.issuing = map[authority.Family]list{}
	}
	c.lists.issuing[f] = list{der: der, at: now, of: of.String()}
	return der, nil
}

// rootCRL is the root's list: no issuing CA of a sandbox is ever revoked.
func (c *Centre) rootCRL(ctx context.Context) ([]byte, error) {
	c.lists.mu.Lock()
	defer c.lists.mu.Unlock()
	now := c.now()
	if old := c.lists.root; old.der != nil && now.Sub(old.at) < c.rules.CRLEvery {
		return old.der, nil
	}
	number, err := c.listNumber(ctx, "root-crl")
	if err != nil {
		return nil, err
	}
	der, err := c.authority.RootCRL(nil, number, now.Add(c.rules.CRLLife))
	if err != nil {
		return nil, err
	}
	c.lists.root = list{der: der, at: now}
	return der, nil
}

func (c *Centre) listNumber(ctx context.Context, counter string) (*big.Int, error) {
	var n int64
	err := c.db.Do(ctx, func(t *ledger.Tx) error {
		var err error
		n, err = t.Next(counter, 1)
		return err
	})
	return big.NewInt(n), err
}

// CertificateStatus tells the OCSP responder what became of a certificate.
func (c *Centre) CertificateStatus(ctx context.Context, serial *big.Int) (authority.CertificateStatus, error) {
	var s authority.CertificateStatus
	err := c.db.View(ctx, func(t *ledger.Tx) error {
		row, err := t.Certificate(hex.EncodeToString(serial.Bytes()))
		if errors.Is(err, ledger.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		s = authority.CertificateStatus{Issued: row.DER != nil, Issuer: authority.Family(row.Issuer), Revoked: !row.RevokedAt.IsZero(), RevokedAt: row.RevokedAt, Reason: row.Reason}
		return nil
	})
	c.metrics.add("tirkeu_ocsp_requests_total", 1)
	return s, err
}

// serveList answers /ca/*.cer and /crl/*.crl, in DER.
func (c *Centre) serveList(w http.ResponseWriter, r *http.Request) {
	var der []byte
	var err error
	kind := "application/pkix-crl" // RFC 2585 §4
	switch r.URL.Path {
	case authority.RootCertificatePath:
		der, kind = c.authority.Root().Raw, "application/pkix-cert"
	case authority.IssuingCertificatePath:
		der, kind = c.Issuing().Raw, "application/pkix-cert"
	case authority.GOSTCertificatePath:
		der, kind = c.IssuingGOST().Raw, "application/pkix-cert"
	case authority.RootCRLPath:
		der, err = c.rootCRL(r.Context())
	case authority.IssuingCRLPath:
		der, err = c.crl(r.Context(), authority.RSA)
	case authority.GOSTCRLPath:
		der, err = c.crl(r.Context(), authority.GOST)
	default:
		http.NotFound(w, r)
		return
	}
	if err != nil {
		c.log.Error("making a list failed", "list", path.Base(r.URL.Path), "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "max-age=60")
	_, _ = w.Write(der) // the client has gone; there is nobody to tell
}
