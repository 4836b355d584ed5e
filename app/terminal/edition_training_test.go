//go:build cgo && training

package terminal

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tirkeu/kiosk/app"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
)

// What a working terminal puts into its folders (edition_work.go).
const (
	otherEdition = ""
	otherMark    = 0
)

func otherSealKey(kept []byte) ([]byte, error) { return kept, nil }

func TestTraining_JoinsASandboxAlone(t *testing.T) {
	ca := func(name string) *x509.Certificate {
		return &x509.Certificate{IsCA: true, Subject: pkix.Name{CommonName: name}}
	}
	sandbox, real := ca("TIRKEU SANDBOX ROOT CA"), ca("ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (RSA)")
	for name, test := range map[string]struct {
		root, between *x509.Certificate
		good          bool
	}{"a sandbox": {sandbox, ca("TIRKEU SANDBOX ISSUING CA"), true}, "a real root": {real, sandbox, false}, "a real CA between": {sandbox, real, false}} {
		if err := sandboxOnly(test.root, []*x509.Certificate{test.between}); (err == nil) != test.good || err != nil && !errors.Is(err, errNotSandbox) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The centre is a sandbox's, so it is the mark it is asked for that is another here.
func TestTraining_EnrolmentAtARealCentreLeavesNothing(t *testing.T) {
	c := centretest.Start(t)
	asked := accepted
	t.Cleanup(func() { accepted = asked })
	accepted = func(*x509.Certificate, []*x509.Certificate) error { return errNotSandbox }
	state, err := enrolledHere(t, c, "kiosk-01")
	if !errors.Is(err, app.ErrCentreReal) {
		t.Fatalf("%v", err)
	}
	for _, name := range []string{"device.json", "device.key", "device.pem", "trust.pem"} {
		if _, err := os.Stat(filepath.Join(state, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What joined a sandbox and was given another root afterwards joins nothing.
func TestTraining_StaysOutOfServiceWhereTheRootIsNoSandboxs(t *testing.T) {
	state, err := enrolledHere(t, centretest.Start(t), "kiosk-01")
	if err != nil {
		t.Fatal(err)
	}
	asked := accepted
	t.Cleanup(func() { accepted = asked })
	accepted = func(root *x509.Certificate, _ []*x509.Certificate) error {
		return sandboxOnly(&x509.Certificate{IsCA: true, Subject: pkix.Name{CommonName: strings.ReplaceAll(root.Subject.CommonName, "SANDBOX", "")}}, nil)
	}
	terminal, err := Open(t.Context(), Configuration{}, state, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	if terminal.broken != app.CodeCentreReal || terminal.joined != nil || terminal.store != nil {
		t.Errorf("broken %q, joined %v", terminal.broken, terminal.joined != nil)
	}
}
