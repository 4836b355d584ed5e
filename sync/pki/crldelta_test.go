package pki_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/pki"
)

// delta signs a delta with this number to the complete list base.
func (h house) delta(t testing.TB, base, number int64, change func(*x509.RevocationList), entries ...x509.RevocationListEntry) []byte {
	t.Helper()
	return h.list(t, func(l *x509.RevocationList) {
		indicator, err := pki.DeltaIndicator(big.NewInt(base))
		if err != nil {
			t.Fatal(err)
		}
		l.Number, l.ExtraExtensions = big.NewInt(number), []pkix.Extension{indicator}
		if change != nil {
			change(l)
		}
	}, entries...)
}

func TestLookupDelta_AppliesTheChanges(t *testing.T) {
	for _, h := range houses(t) {
		now := time.Now()
		clean, dead, held := h.list(t, nil), h.list(t, nil, h.revoked(1)), h.list(t, nil, h.revoked(6))
		expired := h.list(t, func(l *x509.RevocationList) {
			l.ThisUpdate, l.NextUpdate = now.Add(-2*time.Hour), now.Add(-time.Hour)
		})
		older := func(l *x509.RevocationList) { l.ThisUpdate = now.Add(-30 * time.Minute) }
		scope := func(l *x509.RevocationList) {
			l.ExtraExtensions = append(l.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: []byte{0x30, 3, 0x81, 1, 0xff}})
		}
		unknown := func(l *x509.RevocationList) {
			l.ExtraExtensions = append(l.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}})
		}
		ended := func(l *x509.RevocationList) {
			l.ThisUpdate, l.NextUpdate = now.Add(-30*time.Second), now.Add(time.Second)
		}
		remove := h.revoked(8)
		stranger := house{"", gostStrangers().issuing, gostStrangers().key, h.cert, nil}
		for _, test := range []struct {
			name     string
			complete []byte
			delta    []byte
			later    time.Duration
			state    pki.Revocation
			cause    error
		}{
			{"nothing changed", clean, h.delta(t, 10, 11, nil), 0, pki.Good, nil},
			{"revoked since", clean, h.delta(t, 10, 11, nil, h.revoked(1)), 0, pki.Revoked, nil},
			{"on hold since", clean, h.delta(t, 10, 11, nil, h.revoked(6)), 0, pki.Revoked, nil},
			{"another revoked since", clean, h.delta(t, 10, 11, nil, x509.RevocationListEntry{SerialNumber: big.NewInt(5), RevocationTime: now}), 0, pki.Good, nil},
			{"a hold that stays", held, h.delta(t, 10, 11, nil), 0, pki.Revoked, nil},
			{"a hold that was lifted", held, h.delta(t, 10, 11, nil, remove), 0, pki.Good, nil},
			{"a hold that became final", held, h.delta(t, 10, 11, nil, h.revoked(4)), 0, pki.Revoked, nil},
			{"a revocation is not lifted", dead, h.delta(t, 10, 11, nil, remove), 0, pki.Revoked, nil},
			{"a hold that came and went between", clean, h.delta(t, 10, 11, nil, remove), 0, pki.Good, nil},
			{"the base is older than the list", clean, h.delta(t, 7, 11, nil), 0, pki.Good, nil},
			{"the list is newer than the delta", clean, h.delta(t, 3, 9, nil, h.revoked(6)), 0, pki.Good, nil},
			{"as new as the list", held, h.delta(t, 3, 10, nil, remove), 0, pki.Revoked, nil},
			{"the base is newer than the list", clean, h.delta(t, 11, 12, nil), 0, pki.Unknown, pki.ErrNotCovered},
			{"the base is newer than the list that revokes", dead, h.delta(t, 11, 12, nil), 0, pki.Revoked, nil},
			{"the base is newer than the list that holds", held, h.delta(t, 11, 12, nil), 0, pki.Unknown, pki.ErrNotCovered},
			{"another scope", clean, h.delta(t, 10, 11, scope), 0, pki.Unknown, pki.ErrNotCovered},
			{"an unknown critical extension", clean, h.delta(t, 10, 11, unknown), 0, pki.Unknown, pki.ErrNotCovered},
			{"a higher number, but older", clean, h.delta(t, 10, 11, older), 0, pki.Unknown, pki.ErrNotCovered},
			{"a complete list in the delta's place", clean, clean, 0, pki.Unknown, pki.ErrNotCovered},
			{"a delta in the complete list's place", h.delta(t, 10, 11, nil), h.delta(t, 10, 11, nil), 0, pki.Unknown, pki.ErrNotCovered},
			{"a stranger's delta", clean, stranger.delta(t, 10, 11, nil), 0, pki.Unknown, nil},
			{"garbage for a delta", clean, []byte("garbage"), 0, pki.Unknown, pki.ErrUnverified},
			{"garbage for a delta to a list that revokes", dead, []byte("garbage"), 0, pki.Revoked, nil},
			{"garbage for the list", []byte("garbage"), h.delta(t, 10, 11, nil), 0, pki.Unknown, pki.ErrUnverified},
			{"an expired list with a fresh delta", expired, h.delta(t, 10, 11, nil), 0, pki.Unknown, pki.ErrStale},
			{"an expired delta", clean, h.delta(t, 10, 11, ended), 30 * time.Minute, pki.Unknown, pki.ErrStale},
			{"an expired delta that revokes", clean, h.delta(t, 10, 11, ended, h.revoked(1)), 30 * time.Minute, pki.Revoked, nil},
			{"an expired delta that lifts a hold", held, h.delta(t, 10, 11, ended, remove), 30 * time.Minute, pki.Unknown, pki.ErrStale},
			{"a delta of the future", clean, h.delta(t, 10, 11, func(l *x509.RevocationList) { l.ThisUpdate, l.NextUpdate = now.Add(time.Hour), now.Add(2*time.Hour) }), 0, pki.Unknown, pki.ErrNotYet},
		} {
			answer := pki.LookupDelta(bytes.NewReader(test.complete), bytes.NewReader(test.delta), h.cert, h.issuer, now.Add(test.later))
			wantAnswer(t, h.name+": "+test.name, answer, test.state, test.cause)
		}
		wantAnswer(t, h.name+": a delta alone", pki.CheckCRL(h.delta(t, 10, 11, nil), h.cert, h.issuer, now), pki.Unknown, pki.ErrNotCovered)
		soft := h.rebuiltIndicator(t)
		if answer := pki.LookupDelta(bytes.NewReader(clean), bytes.NewReader(soft), h.cert, h.issuer, now); answer.State == pki.Good {
			t.Errorf("%s: a delta indicator that is not critical: good", h.name)
		}
	}
}

// rebuiltIndicator is a delta whose indicator is not critical, which RFC 5280 §5.2.4 wants it to be.
func (h house) rebuiltIndicator(t testing.TB) []byte {
	t.Helper()
	return h.delta(t, 10, 11, func(l *x509.RevocationList) { l.ExtraExtensions[0].Critical = false })
}

// listServer gives out lists and counts who asks.
type listServer struct {
	lists map[string][]byte
	asked map[string]int
}

func (s *listServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked[r.URL.Path]++
	der, found := s.lists[r.URL.Path]
	if !found {
		http.NotFound(w, r)
		return
	}
	io.Copy(w, bytes.NewReader(der))
}

func TestCRLSource_AsksForTheDeltaTheCertificateNames(t *testing.T) {
	ca := gostHouse()
	point, err := pki.FreshestCRL("http://centre.test/delta.crl")
	if err != nil {
		t.Fatal(err)
	}
	cert := ca.issue(t, newGOSTKey(), func(c *x509.Certificate) { c.ExtraExtensions = append(c.ExtraExtensions, point) })
	h := house{"GOST", ca.issuing, ca.key, cert, nil}
	server := &listServer{lists: map[string][]byte{"/crl/issuing-gost.crl": h.list(t, nil)}, asked: map[string]int{}}
	source := &pki.CRLSource{Fetch: (&line{serve: server}).do, KeepFor: time.Nanosecond}
	ask := func() pki.Answer { return pki.Check(t.Context(), cert, ca.issuing, source) }
	wantAnswer(t, "the delta cannot be had", ask(), pki.Unknown, pki.ErrUnreachable)
	server.lists["/delta.crl"] = h.delta(t, 10, 11, nil)
	wantAnswer(t, "nothing changed", ask(), pki.Good, nil)
	server.lists["/delta.crl"] = h.delta(t, 10, 12, nil, h.revoked(1))
	wantAnswer(t, "revoked since", ask(), pki.Revoked, nil)
	server.lists["/delta.crl"] = h.delta(t, 99, 100, nil)
	wantAnswer(t, "the delta is too new for the list", ask(), pki.Unknown, pki.ErrNotCovered)
	alone := &pki.CRLSource{Fetch: source.Fetch, NoDelta: true}
	wantAnswer(t, "complete lists only", pki.Check(t.Context(), cert, ca.issuing, alone), pki.Good, nil)
	server.lists["/crl/issuing-gost.crl"] = h.list(t, nil, h.revoked(1))
	before := server.asked["/delta.crl"]
	wantAnswer(t, "final by the complete list", ask(), pki.Revoked, nil)
	if server.asked["/delta.crl"] != before {
		t.Error("a delta was asked for, though it could change nothing")
	}
}

func TestCRLSource_KeepsListsInAFolderThroughRestart(t *testing.T) {
	h := houses(t)[1]
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "list-1.part"), []byte("left"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := &listServer{lists: map[string][]byte{"/crl/issuing-gost.crl": h.list(t, nil)}, asked: map[string]int{}}
	l := &line{serve: server}
	start := func() *pki.CRLSource { return &pki.CRLSource{Fetch: l.do, Folder: folder} }
	first := start()
	for range 3 {
		wantAnswer(t, "first run", first.Revocation(t.Context(), h.cert, h.issuer), pki.Good, nil)
	}
	if server.asked["/crl/issuing-gost.crl"] != 1 {
		t.Errorf("asked %d times", server.asked["/crl/issuing-gost.crl"])
	}
	files, err := os.ReadDir(folder)
	if err != nil || len(files) != 1 || filepath.Ext(files[0].Name()) != ".crl" {
		t.Fatalf("files %v, %v", files, err)
	}
	l.cut.Store(true)
	wantAnswer(t, "after a restart, line cut", start().Revocation(t.Context(), h.cert, h.issuer), pki.Good, nil)
	l.cut.Store(false)
	replayed := start()
	server.lists["/crl/issuing-gost.crl"] = h.list(t, func(l *x509.RevocationList) { l.ThisUpdate = time.Now().Add(-30 * time.Minute) })
	wantAnswer(t, "after a restart, an old list", replayed.Revocation(t.Context(), h.cert, h.issuer), pki.Good, nil)
	if answer := replayed.Revocation(t.Context(), h.cert, h.issuer); answer.Age > 10*time.Minute {
		t.Errorf("the old list counts: %+v", answer)
	}
	path := filepath.Join(folder, files[0].Name())
	der := read(t, path)
	der[len(der)-1] ^= 1
	if err := os.WriteFile(path, der, 0o600); err != nil {
		t.Fatal(err)
	}
	l.cut.Store(true)
	wantAnswer(t, "a file somebody changed", start().Revocation(t.Context(), h.cert, h.issuer), pki.Unknown, pki.ErrUnreachable)
	l.cut.Store(false)
	wantAnswer(t, "and the line back", start().Revocation(t.Context(), h.cert, h.issuer), pki.Good, nil)
	if err := os.Chmod(folder, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(folder, 0o700) })
	missing := &pki.CRLSource{Fetch: l.do, Folder: filepath.Join(folder, "none")}
	wantAnswer(t, "nowhere to keep it", missing.Revocation(t.Context(), h.cert, h.issuer), pki.Good, nil)
}

// OpenSSL combines the same lists to the same answers (verify -use_deltas).
func TestLookupDelta_AgreesWithOpenSSL(t *testing.T) {
	h, now := houses(t)[0], time.Now()
	point, err := pki.FreshestCRL("http://centre.test/delta.crl")
	if err != nil {
		t.Fatal(err)
	}
	names := func(l *x509.RevocationList) { l.ExtraExtensions = append(l.ExtraExtensions, point) }
	root, issuing, person := writeCert(t, sandbox(t).Root()), writeCert(t, h.issuer), writeCert(t, h.cert)
	for _, test := range []struct {
		name            string
		complete, delta []byte
	}{
		{"nothing changed", h.list(t, names), h.delta(t, 10, 11, nil)},
		{"revoked since", h.list(t, names), h.delta(t, 10, 11, nil, h.revoked(1))},
		{"revoked before", h.list(t, names, h.revoked(1)), h.delta(t, 10, 11, nil)},
		{"a hold that was lifted", h.list(t, names, h.revoked(6)), h.delta(t, 10, 11, nil, h.revoked(8))},
		{"a hold that stays", h.list(t, names, h.revoked(6)), h.delta(t, 10, 11, nil)},
	} {
		lists := slices.Concat(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: test.complete}), pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: test.delta}))
		output, err := openssl(t, "verify", "-CAfile", root, "-untrusted", issuing, "-crl_check", "-use_deltas", "-CRLfile", write(t, "lists.pem", "", lists), person)
		ours := pki.LookupDelta(bytes.NewReader(test.complete), bytes.NewReader(test.delta), h.cert, h.issuer, now)
		if (ours.State == pki.Good) != (err == nil) || ours.State == pki.Unknown {
			t.Errorf("%s: ours %v (%v), OpenSSL %v\n%s", test.name, ours.State, ours.Err, err, output)
		}
		if err != nil && !strings.Contains(output, "certificate revoked") {
			t.Errorf("%s: OpenSSL fails by something else\n%s", test.name, output)
		}
	}
}
