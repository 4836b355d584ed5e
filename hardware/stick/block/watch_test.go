//go:build cgo

package block_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/stick/block"
	"github.com/tirkeu/kiosk/hardware/stick/block/blocktest"
)

// A program on a machine of umockdev's is started anew, for the preloaded library is in the environment: this test program once more.
const childRole = "TIRKEU_BLOCK_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childRole) != "" {
		watchAsChild()
		return
	}
	os.Exit(m.Run())
}

// watchAsChild prints the names of the disks whenever udev, not the clock, says that they may have changed. It ends with its input.
func watchAsChild() {
	ctx, end := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		end()
	}()
	root := block.Root{Sys: os.Getenv("UMOCKDEV_DIR") + "/sys", Proc: os.Getenv("UMOCKDEV_DIR") + "/proc"}
	told := make(chan struct{}, 1)
	if !block.Events(ctx, func() { told <- struct{}{} }) {
		fmt.Println("nothing to listen to")
		return
	}
	for {
		select {
		case <-told:
			disks, err := root.List()
			names := ""
			for _, d := range disks {
				names += " " + d.Name
			}
			fmt.Printf("disks%s (%v)\n", names, err)
		case <-ctx.Done():
			fmt.Println("ended")
			return
		}
	}
}

func TestEvents_TellsAPlugAndAPullByUdev(t *testing.T) {
	if _, err := exec.LookPath("umockdev-wrapper"); err != nil {
		if os.Getenv("TIRKEU_TEST_ALL") == "1" {
			t.Fatal("umockdev is missing")
		}
		t.Skip("umockdev is missing")
	}
	m := blocktest.New(t)
	child := exec.Command(os.Args[0])
	child.Env = append(append(os.Environ(), m.Env()...), childRole+"=watch")
	child.Stderr = os.Stderr
	input, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	limit := time.AfterFunc(20*time.Second, func() { _ = child.Process.Kill() })
	defer limit.Stop()
	lines := bufio.NewScanner(output)
	says := func(want string) {
		t.Helper()
		if !lines.Scan() || lines.Text() != want {
			t.Errorf("%q, want %q (%v)", lines.Text(), want, lines.Err())
		}
	}
	late := time.After(20 * time.Second)
	for tick := time.Tick(time.Millisecond); m.Listeners() == 0; {
		select {
		case <-tick:
		case <-late:
			t.Fatal("nobody listens")
		}
	}
	m.Plug(stick)
	m.Tell("add", stick)
	says("disks sdb (<nil>)")
	m.Plug(whole)
	m.Tell("add", whole)
	says("disks sdb sdc (<nil>)")
	m.Pull(stick)
	m.Tell("remove", stick)
	says("disks sdc (<nil>)")
	if err := input.Close(); err != nil {
		t.Error(err)
	}
	says("ended")
	if err := child.Wait(); err != nil {
		t.Error(err)
	}
}
