package stick

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/stick/block/blocktest"
)

// pattern is one whole version of the file that the writer replaces: other versions differ in every octet.
func pattern(version byte) []byte { return bytes.Repeat([]byte{version}, 100_000) }

// writerAsChild replaces one file over and over, and says so after each time, until it is killed.
func writerAsChild() {
	folder := os.Getenv(childFolder)
	d := OpenDevices(Configuration{Root: rootOf(folder), command: helperOf(folder)})
	for s := range d.States(context.Background()) {
		if s.Standing == StandingReady {
			break
		}
	}
	for version := byte(1); ; version = version%250 + 1 {
		if err := d.Replace("key.p12", pattern(version)); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(version)
	}
}

// seeded is chance that can be had again: TIRKEU_SEED.
func seeded(t testing.TB) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("TIRKEU_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		must(t, err)
		seed = n
	}
	t.Logf("TIRKEU_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// A kiosk killed in the middle of a writing, as often as the rounds say, at a moment that the seed chooses within the time that a writing takes.
func TestDevices_KilledInTheMiddleOfAWritingLeavesOneVersionWhole(t *testing.T) {
	m := blocktest.New(t)
	disk := looped(t, ext4(t))
	chance := seeded(t)
	unfinishedOnes := 0
	for round := range 12 {
		m.Plug(disk)
		c := child(childWriter, m.Folder)
		said, err := c.StdoutPipe()
		must(t, err)
		must(t, c.Start())
		hung := time.AfterFunc(60*time.Second, func() { _ = c.Process.Kill() })
		var last [64]byte
		n, err := said.Read(last[:]) // it writes: the next version is on its way
		must(t, err)
		if bytes.Contains(last[:n], []byte("stick")) {
			t.Fatalf("the writer failed: %s", last[:n])
		}
		<-time.After(time.Duration(chance.IntN(20_000)) * time.Microsecond)
		must(t, c.Process.Kill())
		_ = c.Wait()
		hung.Stop()
		free(t, disk) // the helper and the mount end with the kiosk, by themselves
		d := kioskOn(t, m)
		stands(t, d, StandingReady)
		found := onStick(t, d)
		got := []byte(found["key.p12"])
		if len(got) == 0 || !bytes.Equal(got, pattern(got[0])) {
			t.Fatalf("round %d: %d octets that are no version", round, len(got))
		}
		unfinishedOnes += len(found) - 1
		must(t, d.WriteNew("after.p12", nil))
		if left := onStick(t, d); len(left) != 2 {
			t.Errorf("round %d: %d files after the next writing", round, len(left))
		}
		must(t, d.Remove("after.p12"))
		must(t, d.Close())
		free(t, disk)
		m.Pull(disk)
	}
	t.Logf("%d of 12 kills left an unfinished file beside the whole one", unfinishedOnes)
}
