package centre_test

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tirkeu/kiosk/sync/centre"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/cmp"
	"github.com/tirkeu/kiosk/sync/pki"
)

func asVerdict(err error) (*cmp.StatusError, bool) {
	verdict := (*cmp.StatusError)(nil)
	return verdict, errors.As(err, &verdict)
}

// A kiosk is enrolled, its citizen's application waits; the centre is a program from before there was a GOST CA. Then
// the new program opens it.
func TestOpen_GivesAnOlderAuthorityItsGOSTCA(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		c := centretest.StartWith(t, o)
		d := c.Enrol("hall")
		waiting := d.NewPaper(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
		open := file(t, d, waiting)
		root, issuing := c.Root, c.Issuing
		c.MakeOld()
		c.Restart()
		if !c.Root.Equal(root) || !c.Issuing.Equal(issuing) {
			t.Fatal("the authority is another one")
		}

		// What waited goes on, with the certificate the kiosk has.
		c.Approve(waiting.Number)
		certs, _ := collect(t, d, waiting, open)
		standing(t, certs[0], c.Issuing, pki.Good)

		// The kiosk knows the root, the RSA CA and nothing of the other: that comes along with the certificate.
		p := d.PaperFor(centretest.Person(centretest.IINAigerim), 2, centretest.OnStick, gostSet, []crypto.Signer{centretest.GOSTKey(0)})
		open = file(t, d, p)
		c.Approve(p.Number)
		certs, chains := collect(t, d, p, open)
		checked(t, c, p, 0, certs[0], chains[0])
		if _, err := pki.VerifyChain(certs[0], pki.NewPool(root), pki.NewPool(issuing), c.GOST.NotBefore.AddDate(0, 0, 1)); err == nil {
			t.Error("the kiosk would have found the way without what came along: the test shows nothing")
		}
		standing(t, certs[0], c.GOST, pki.Good)

		first := c.GOST
		c.Restart()
		if !c.GOST.Equal(first) {
			t.Error("the next start made another GOST CA")
		}
		report, err := c.VerifyAudit(t.Context(), nil)
		if err != nil || report.BrokenAt != 0 {
			t.Errorf("the audit chain: %+v %v", report, err)
		}
	})
}

func TestOpen_NotesTheNewCAInTheAuditChainOnce(t *testing.T) {
	c := centretest.Start(t)
	c.MakeOld()
	c.Restart()
	c.Restart()
	var rows strings.Builder
	if _, err := c.VerifyAudit(t.Context(), &rows); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(rows.String(), "issuing-ca-made"); n != 1 {
		t.Errorf("%d rows tell of the new CA", n)
	}
}

func TestOpen_ManyProcessesMakeOneGOSTCA(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		c := centretest.StartWith(t, o)
		c.MakeOld()
		var mu sync.Mutex // guards found
		var found []*x509.Certificate
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				one, err := centre.Open(context.Background(), centre.Config{DB: c.DB, State: c.State})
				if err != nil {
					t.Error(err)
					return
				}
				defer one.Close()
				mu.Lock()
				defer mu.Unlock()
				found = append(found, one.IssuingGOST())
			})
		}
		all.Wait()
		for _, ca := range found {
			if !ca.Equal(found[0]) {
				t.Fatal("two processes have different GOST CAs")
			}
		}
		left, err := filepath.Glob(filepath.Join(c.State, "issuing-gost.key*"))
		if err != nil || len(left) != 1 {
			t.Errorf("in the folder of keys: %q", left)
		}
		if info, err := os.Stat(left[0]); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("its mode is %v: %v", info.Mode(), err)
		}
	})
}

func TestOpen_NeverPutsAnotherGOSTCAInThePlaceOfALostOne(t *testing.T) {
	c, other := centretest.Start(t), centretest.Start(t)
	c.Stop()
	path := filepath.Join(c.State, "issuing-gost.key")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	others, err := os.ReadFile(filepath.Join(other.State, "issuing-gost.key"))
	if err != nil {
		t.Fatal(err)
	}
	open := func() error {
		one, err := centre.Open(t.Context(), centre.Config{DB: c.DB, State: c.State})
		if err == nil {
			one.Close()
		}
		return err
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := open(); err == nil || !strings.Contains(err.Error(), "restore issuing-gost.key") {
		t.Errorf("without the file: %v", err)
	}
	for name, file := range map[string][]byte{"another authority's": others, "half of it": good[:len(good)/2], "nothing": {}} {
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := open(); err == nil || strings.Contains(err.Error(), "PRIVATE") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := open(); err != nil {
		t.Errorf("with the file back: %v", err)
	}
}

// A database from a backup that is older than the GOST CA belongs to the one in the folder of keys.
func TestOpen_KeepsTheGOSTCAOverAnOlderBackupOfTheDatabase(t *testing.T) {
	c := centretest.Start(t)
	first := c.GOST
	path := filepath.Join(c.State, "issuing-gost.key")
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c.MakeOld()
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	c.Restart()
	if !c.GOST.Equal(first) {
		t.Error("another GOST CA was made")
	}
}
