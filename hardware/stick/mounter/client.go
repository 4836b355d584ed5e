package mounter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tirkeu/kiosk/hardware/stick/block"
)

// answerWithin is how long an answer is waited for. A defective medium can hold up the kernel for minutes, and with it the helper, but not the kiosk.
const answerWithin = 20 * time.Second

// Error is a refusal as the kiosk sees it, with what was found on the stick.
type Error struct{ Answer }

func (e Error) Error() string { return fmt.Sprintf("%s (%s)", e.Refusal, e.Detail) }

// Client is one line to a helper, for one stay of a stick.
type Client struct {
	conn *net.UnixConn
	mu   sync.Mutex // one question at a time
}

// Dial connects to the helper that the machine starts for each connection (tirkeu-mount.socket).
func Dial(socket string) (*Client, error) {
	conn, err := net.DialUnix("unixpacket", nil, &net.UnixAddr{Name: socket, Net: "unixpacket"})
	if err != nil {
		return nil, fmt.Errorf("reach the mount helper: %w", err)
	}
	return &Client{conn: conn}, nil
}

// Start starts the helper as a child of the kiosk, which is enough where the kiosk is root or the helper's file has its capabilities. It ends when the
// line does.
func Start(command *exec.Cmd) (*Client, error) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("start the mount helper: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(ends[0]), "mount helper"), os.NewFile(uintptr(ends[1]), "mount helper")
	defer ours.Close()
	defer theirs.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		return nil, fmt.Errorf("start the mount helper: %w", err)
	}
	command.Stdin = theirs
	err = command.Start()
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("start the mount helper: %w", err)
	}
	go func() { _ = command.Wait() }() // it says what it has to say over the line
	return &Client{conn: conn.(*net.UnixConn)}, nil
}

// Mount asks for a disk. The descriptor is the top folder's, to be opened from (O_PATH), and the caller's to close. Refusals are [Error].
func (c *Client) Mount(ctx context.Context, n block.Number, sequence uint64) (*os.File, Answer, error) {
	answer, fd, err := c.ask(ctx, request{Act: ActMount, Disk: n.String(), Sequence: sequence})
	if err != nil {
		return nil, answer, err
	}
	if fd < 0 {
		return nil, answer, Error{Answer{Refusal: NoAnswer, Detail: "an answer without a mount"}}
	}
	return os.NewFile(uintptr(fd), "stick"), answer, nil
}

// Do asks for one of the other acts.
func (c *Client) Do(ctx context.Context, act Act) (Answer, error) {
	answer, fd, err := c.ask(ctx, request{Act: act})
	if fd >= 0 {
		unix.Close(fd)
	}
	return answer, err
}

func (c *Client) ask(ctx context.Context, r request) (Answer, int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	lost := func(err error) (Answer, int, error) {
		return Answer{}, -1, Error{Answer{Refusal: NoAnswer, Detail: err.Error()}}
	}
	end := time.Now().Add(answerWithin)
	if at, ok := ctx.Deadline(); ok && at.Before(end) {
		end = at
	}
	if err := c.conn.SetDeadline(end); err != nil {
		return lost(err)
	}
	stop := context.AfterFunc(ctx, func() { _ = c.conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := send(c.conn, r, -1); err != nil {
		return lost(err)
	}
	var a Answer
	fd, err := receive(c.conn, &a)
	if err != nil {
		c.conn.Close() // a later answer would be taken for another question's
		return lost(err)
	}
	if a.Refusal != Done {
		if fd >= 0 {
			unix.Close(fd)
		}
		return a, -1, Error{a}
	}
	return a, fd, nil
}

// Close hangs up, upon which the helper lets go and ends.
func (c *Client) Close() { _ = c.conn.Close() }

// isEnd says whether the other side hung up.
func isEnd(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, os.ErrClosed) || errors.Is(err, unix.ECONNRESET) || errors.Is(err, unix.EPIPE)
}
