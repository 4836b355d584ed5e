//go:build cgo

package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/hardware/virtual"
	"github.com/tirkeu/kiosk/hardware/virtual/virtualtest"
)

// workshop is the stage with real workers and the virtual vendor module over SoftHSM.
type workshop struct {
	t      *testing.T
	bench  *virtual.Bench
	config token.Config
	store  string // SoftHSM's file of the token
	whole  []byte // what stood in it at the start
}

// mend puts SoftHSM's file back when a worker was killed while SoftHSM was writing it, which it does at every login and not in one piece: a real
// token keeps itself whole. The file holds the same PIN throughout; the tries are counted elsewhere.
func (w *workshop) mend() bool {
	now, err := os.ReadFile(w.store)
	if err == nil && len(now) == len(w.whole) {
		return false
	}
	w.t.Logf("SoftHSM's file had %d octets instead of %d", len(now), len(w.whole))
	w.must(os.WriteFile(w.store+".mended", w.whole, 0o600))
	w.must(os.Rename(w.store+".mended", w.store))
	return true
}

func (w *workshop) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *workshop) open() *token.Rack {
	rack, err := token.Open(context.Background(), w.config)
	w.must(err)
	return rack
}

// arm makes the misfortune happen in C_Login, or, after its work, in the look at the flags that follows it in the same request.
func (w *workshop) arm(kind misfortune) {
	const during, after = "C_Login", "C_GetTokenInfo"
	w.must(w.bench.Fault("a", map[misfortune]virtual.Fault{
		crashBefore: {CrashOn: during}, crashAfter: {CrashOn: after}, hangBefore: {HangOn: during}, hangAfter: {HangOn: after},
		pullBefore: {PullOn: during + ":0x32:1"}, pullAfter: {PullAfter: during + ":0x32:1"}, slow: {Slow: time.Second},
	}[kind]))
}

func (w *workshop) disarm() {
	w.must(w.bench.Fault("a", virtual.Fault{}))
	w.must(w.bench.Replug("a")) // what was pulled by a fault comes in with the next plug
}

func (w *workshop) replug()              { w.must(w.bench.Replug("a")) }
func (w *workshop) hasty() time.Duration { return 200 * time.Millisecond }

// spent is how often C_Login was called: never less than how often the token looked at a PIN.
func (w *workshop) spent() uint64 { return w.bench.Calls("a")["C_Login"] }

func (w *workshop) left() int { return w.bench.Tokens()[0].TriesLeft }

func TestPINs_NoEntryCostsTwoTriesOnTheRealModule(t *testing.T) {
	bench, config := virtualtest.StartForTest(t, virtual.Spec{Name: "a", Kind: token.Kaztoken, PIN: rightPIN, SOPIN: adminPIN, PINTries: tries, SOTries: tries, Initialized: true})
	if err := bench.Plug("a"); err != nil {
		t.Fatal(err)
	}
	config.CallTimeout = 3 * time.Second // and so much does each hang take
	w := &workshop{t: t, bench: bench, config: config}
	files, err := filepath.Glob(filepath.Join(bench.Dir(), "softhsm", "*", "token.object"))
	if err != nil || len(files) != 1 {
		t.Fatalf("SoftHSM keeps %q, %v", files, err)
	}
	w.store = files[0]
	w.whole, err = os.ReadFile(w.store)
	w.must(err)
	signIns(t, t.Context(), w, chosenSeed(), *real)
}
