package mounter

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tirkeu/kiosk/hardware/stick/block"
	"github.com/tirkeu/kiosk/hardware/stick/block/blocktest"
)

// line is a helper in this process and the kiosk's end of its line. ended gives why the helper stopped.
func line(t testing.TB, root block.Root) (conn *net.UnixConn, ended chan error) {
	t.Helper()
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	var conns [2]*net.UnixConn
	for i, fd := range ends {
		f := os.NewFile(uintptr(fd), "line")
		c, err := net.FileConn(f)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		conns[i] = c.(*net.UnixConn)
	}
	ended = make(chan error, 1)
	go func() {
		ended <- Serve(conns[1], root)
		conns[1].Close()
	}()
	t.Cleanup(func() { conns[0].Close() })
	return conns[0], ended
}

var plugged = blocktest.Disk{Name: "sdb", Number: block.Number{Major: 8, Minor: 16}, Size: 1 << 30}

func refusal(t *testing.T, err error) Refusal {
	t.Helper()
	var no Error
	if !errors.As(err, &no) {
		t.Errorf("%v is no refusal", err)
	}
	return no.Refusal
}

func TestServe_MountsNothingButARemovableUSBDiskOfThatInsertion(t *testing.T) {
	m := blocktest.New(t)
	sequence := m.Plug(plugged)
	inside := blocktest.Disk{Name: "sda", Number: block.Number{Major: 8, Minor: 0}, Size: 1 << 40, Inside: true}
	insideSequence := m.Plug(inside)
	used := blocktest.Disk{Name: "sdc", Number: block.Number{Major: 8, Minor: 32}, Size: 1 << 30, Held: true}
	usedSequence := m.Plug(used)
	for what, c := range map[string]struct {
		number   block.Number
		sequence uint64
		want     Refusal
	}{
		"the machine's own disk":   {inside.Number, insideSequence, Gone},
		"a disk that is in use":    {used.Number, usedSequence, InUse},
		"an insertion before":      {plugged.Number, sequence - 1, Gone},
		"one to come":              {plugged.Number, sequence + 9, Gone},
		"a disk that is not there": {block.Number{Major: 8, Minor: 160}, 1, Gone},
		"one without a node here":  {plugged.Number, sequence, Gone},
	} {
		t.Run(what, func(t *testing.T) {
			conn, _ := line(t, block.Root{Sys: m.Root().Sys, Proc: m.Root().Proc, Dev: t.TempDir()})
			c := c
			_, _, err := (&Client{conn: conn}).Mount(t.Context(), c.number, c.sequence)
			if got := refusal(t, err); got != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

// Whatever stands in the place of the device's node, only the node itself is opened.
func TestServe_OpensNoFileOrLinkInTheNodesPlace(t *testing.T) {
	for what, place := range map[string]func(node string) error{
		"a file":          func(node string) error { return os.WriteFile(node, make([]byte, 1<<20), 0o600) },
		"a link":          func(node string) error { return os.Symlink("/dev/loop0", node) },
		"a pipe":          func(node string) error { return unix.Mkfifo(node, 0o600) },
		"a folder":        func(node string) error { return os.Mkdir(node, 0o700) },
		"another device":  func(node string) error { return unix.Mknod(node, unix.S_IFBLK|0o600, int(unix.Mkdev(7, 0))) },
		"a character one": func(node string) error { return unix.Mknod(node, unix.S_IFCHR|0o600, int(unix.Mkdev(8, 16))) },
	} {
		t.Run(what, func(t *testing.T) {
			m := blocktest.New(t)
			sequence := m.Plug(plugged)
			root := m.Root()
			root.Dev = t.TempDir()
			if err := place(root.Dev + "/sdb"); err != nil {
				t.Skipf("it cannot be made here: %v", err)
			}
			conn, _ := line(t, root)
			_, _, err := (&Client{conn: conn}).Mount(t.Context(), plugged.Number, sequence)
			if got := refusal(t, err); got != Gone {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestServe_RefusesWhatMakesNoSense(t *testing.T) {
	conn, ended := line(t, blocktest.New(t).Root())
	c := &Client{conn: conn}
	for _, act := range []Act{ActWrite, ActRead, ActRelease, "", "format", Act(strings.Repeat("x", 300))} {
		if _, err := c.Do(t.Context(), act); refusal(t, err) != Meaningless {
			t.Errorf("%q: %v", act, err)
		}
	}
	for _, disk := range []string{"", "/dev/sda", "8", "8:", ":0", "8:16:1", "../../8:0", "-8:16", "8:99999999999", "4096:0", "0x8:16"} {
		_, _, err := c.ask(t.Context(), request{Act: ActMount, Disk: disk})
		if refusal(t, err) != Meaningless {
			t.Errorf("%q: %v", disk, err)
		}
	}
	c.Close()
	if err := <-ended; err != nil {
		t.Errorf("the helper ended with %v", err)
	}
}

func TestServe_EndsOnGarbage(t *testing.T) {
	for what, garbage := range map[string][]byte{
		"no JSON": []byte("mount /dev/sda"), "another JSON": []byte(`["mount"]`), "too long": append([]byte(`{"Act":"mount","Disk":"`), []byte(strings.Repeat("8", 4*maxMessage)+`"}`)...),
	} {
		t.Run(what, func(t *testing.T) {
			conn, ended := line(t, blocktest.New(t).Root())
			if _, err := conn.Write(garbage); err != nil {
				t.Fatal(err)
			}
			if err := <-ended; err == nil {
				t.Error("it ended without a word")
			}
			if _, err := (&Client{conn: conn}).Do(t.Context(), ActRead); refusal(t, err) != NoAnswer {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("a descriptor", func(t *testing.T) {
		conn, ended := line(t, blocktest.New(t).Root())
		if err := send(conn, request{Act: ActRead}, int(os.Stdin.Fd())); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err == nil {
			t.Error("it was taken")
		}
	})
}

func TestClient_WaitsForAHelperThatHangsNoLongerThanTheCaller(t *testing.T) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(ends[1]) // nobody ever answers there
	f := os.NewFile(uintptr(ends[0]), "line")
	conn, err := net.FileConn(f)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	c := &Client{conn: conn.(*net.UnixConn)}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Do(ctx, ActRead); refusal(t, err) != NoAnswer {
		t.Errorf("%v", err)
	}
	if _, err := c.Do(t.Context(), ActRead); refusal(t, err) != NoAnswer {
		t.Errorf("a late answer would be taken for this one's: %v", err)
	}
}

// Whatever is said on the line of a machine without sticks, nothing is ever mounted and every answer is a refusal, or the helper ends.
func FuzzServe(f *testing.F) {
	f.Add([]byte(`{"Act":"mount","Disk":"8:16","Sequence":1}`))
	f.Add([]byte(`{"Act":"write"}`))
	f.Add([]byte(`{"act":"release","disk":null}`))
	f.Add([]byte("\x00"))
	root := blocktest.New(f).Root()
	f.Fuzz(func(t *testing.T, message []byte) {
		if len(message) == 0 || len(message) > 1<<16 {
			return
		}
		conn, ended := line(t, root)
		if _, err := conn.Write(message); err != nil {
			t.Fatal(err)
		}
		var a Answer
		fd, err := receive(conn, &a)
		if err == nil && (fd >= 0 || a.Refusal == Done) {
			text, _ := json.Marshal(a)
			t.Errorf("%q was done: %s", message, text)
		}
		conn.Close()
		<-ended
	})
}
