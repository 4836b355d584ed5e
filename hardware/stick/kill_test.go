package stick

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/stick/block/blocktest"
)

// pattern is one whole version of the file that the writer replaces: other versions differ in every octet.
func pattern(version byte) []byte { return bytes.Repeat([]byte{version}, 100_000) }

// writerAsChild replaces one file over and over, and says each step and each end, until it is killed.
func writerAsChild() {
	folder := os.Getenv(childFolder)
	d := OpenDevices(Configuration{Root: rootOf(folder), command: helperOf(folder)})
	for s := range d.States(context.Background()) {
		if s.Standing == StandingReady {
			break
		}
	}
	d.step = func(at step) { fmt.Println("step", at) }
	for version := byte(1); ; version = version%250 + 1 {
		if err := d.Replace("key.p12", pattern(version)); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("version", version)
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

// A kiosk killed in the middle of a writing, as often as the rounds say, at or shortly after a step that the seed chooses.
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
		lines := bufio.NewScanner(said)
		for versions, steps := 0, chance.IntN(30); (versions == 0 || steps > 0) && lines.Scan(); steps-- { // at least one version is whole
			if !strings.HasPrefix(lines.Text(), "step") && !strings.HasPrefix(lines.Text(), "version") {
				t.Fatalf("the writer failed: %s", lines.Text())
			}
			if strings.HasPrefix(lines.Text(), "version") {
				versions++
			}
		}
		must(t, lines.Err())
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
