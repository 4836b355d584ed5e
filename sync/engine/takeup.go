package engine

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"

	"github.com/tirkeu/kiosk/storage"
	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/registry"
)

// Proof says that an application is somebody's; one of the fields is enough.
type Proof struct {
	Keys    []string // SHA-256 over the SubjectPublicKeyInfo of keys seen on his medium, lower-case hex
	Session string   // his own
	Staff   string   // that of staff at the application's centre
}

// TakeUp asks for all it takes to install certificates that another kiosk asked for: storage.Adopt takes it once the caller
// has said on which medium each key lies. It gives garbage where certificates and document do not belong together; the
// certificates themselves are checked again when they are installed. *api.Error: other_person (nothing proves it), conflict
// (not issued), session_over, not_found, rate_limited.
func (l *Line) TakeUp(ctx context.Context, number string, proof Proof) (storage.Adoption, error) {
	params := &api.TakeInstallationUpParams{}
	if proof.Session != "" {
		params.XCitizenSession = &proof.Session
	}
	if proof.Staff != "" {
		params.XStaffSession = &proof.Staff
	}
	in := api.TakeUp{Number: number}
	if proof.Keys != nil {
		in.Keys = &proof.Keys
	}
	r, err := l.rest.TakeInstallationUpWithResponse(ctx, params, in)
	if err != nil {
		return storage.Adoption{}, explain(ctx, err)
	}
	t, err := judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err)
	if err != nil {
		return storage.Adoption{}, err
	}
	return adoption(number, t)
}

func adoption(number string, t api.TakenUp) (storage.Adoption, error) {
	a, err := registry.ParseApplication(t.Document)
	if err != nil {
		return storage.Adoption{}, garbage("the document: %w", err)
	}
	if a.Number != number || len(t.Keys) != len(a.Keys) {
		return storage.Adoption{}, garbage("the document is another application's")
	}
	out := storage.Adoption{Number: number, Kind: string(a.Kind), Document: t.Document}
	if t.SealKey != nil {
		out.SealKey = *t.SealKey
	}
	for i, k := range a.Keys {
		cert, err := x509.ParseCertificate(t.Keys[i].Certificate)
		if err != nil {
			return storage.Adoption{}, garbage("certificate %d: %w", i+1, err)
		}
		if sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo); t.Keys[i].Ordinal != k.Ordinal || hex.EncodeToString(sum[:]) != k.SPKISHA256 {
			return storage.Adoption{}, garbage("certificate %d is for another key", i+1)
		}
		key := storage.RecordKey{Certificate: cert.Raw, AcceptedKey: storage.AcceptedKey{Ordinal: k.Ordinal, Template: string(k.Template),
			TransactionID: k.TransactionID, SPKISHA256: k.SPKISHA256, KeyID: cert.SubjectKeyId}}
		for _, der := range t.Chain {
			if ca, err := x509.ParseCertificate(der); err == nil && string(ca.RawSubject) == string(cert.RawIssuer) {
				key.Chain = [][]byte{der}
			}
		}
		out.Keys = append(out.Keys, key)
	}
	return out, nil
}
