package token

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tirkeu/kiosk/hardware/token/wire"
)

// pipes lead to one worker. Requests and answers are written and read by the thread of whoever asks, with poll(2) in between: through Go's poller
// and a goroutine that reads for others each answer would wake three threads instead of one, at some 50 µs each on a virtual machine.
type pipes struct {
	requests, answers int      // ours, not blocking
	news              *os.File // what comes unasked

	mu   sync.Mutex // guards wake and closed for a system call's time
	wake int        // eventfd(2)
	over bool       // closed
}

// openPipes gives our ends, and the worker's as it shall have them from descriptor 3 on.
func openPipes() (own *pipes, theirs []*os.File, err error) {
	own = &pipes{requests: -1, answers: -1, wake: -1}
	defer func() {
		if err != nil {
			own.close()
			for _, f := range theirs {
				_ = f.Close()
			}
		}
	}()
	own.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, nil, err
	}
	pair := func(ours, side int) (int, error) { // side: which end is ours, 0 to read, 1 to write
		var fds [2]int
		err := unix.Pipe2(fds[:], unix.O_CLOEXEC)
		if err != nil {
			return ours, err
		}
		theirs = append(theirs, os.NewFile(uintptr(fds[1-side]), "worker's pipe"))
		return fds[side], unix.SetNonblock(fds[side], true)
	}
	own.requests, err = pair(own.requests, 1)
	if err != nil {
		return own, theirs, err
	}
	own.answers, err = pair(own.answers, 0)
	if err != nil {
		return own, theirs, err
	}
	news, err := pair(-1, 0)
	if news >= 0 {
		own.news = os.NewFile(uintptr(news), "news")
	}
	return own, theirs, err
}

// close must not meet a read or a write of requests and answers.
func (p *pipes) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	for _, fd := range []int{p.requests, p.answers, p.wake} {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
	if p.news != nil {
		_ = p.news.Close()
	}
}

// nudge has whoever waits on the pipes look around.
func (p *pipes) nudge() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.over {
		_, _ = unix.Write(p.wake, []byte{7: 1})
	}
}

// Why a worker is given up by who speaks to it.
var errEnded = errors.New("the worker's pipe has ended")

// exchange sends one request and waits for its answer. The caller holds the turn. An error means that the worker is lost, or that ctx has ended with
// the answer outstanding: [process.rest] then waits for it.
func (p *process) exchange(ctx context.Context, request *wire.Request, deadline time.Time) (*wire.Answer, error) {
	if len(p.more) > 0 {
		return nil, fmt.Errorf("%w: it spoke out of turn", wire.ErrFrame)
	}
	p.next++
	request.ID = p.next
	if request.PIN != nil {
		p.private.Store(true)
	}
	frame, err := wire.Encode(request)
	if err != nil {
		return nil, err
	}
	err = p.send(frame, deadline)
	clear(frame)
	if err != nil {
		return nil, err
	}
	return p.rest(ctx, deadline)
}

// send writes a frame. It is not given up halfway by the caller's context: half a frame is the end of a worker.
func (p *process) send(frame []byte, deadline time.Time) error {
	for {
		n, err := unix.Write(p.pipes.requests, frame)
		switch {
		case err == nil && n == len(frame):
			return nil
		case err == nil:
			frame = frame[n:]
		case err == unix.EAGAIN: // the frame is longer than what the pipe holds
			err = p.wait(context.Background(), p.pipes.requests, unix.POLLOUT, deadline)
			if err != nil {
				return err
			}
		case err != unix.EINTR:
			return errEnded
		}
	}
}

// rest waits for the answer to the latest request.
func (p *process) rest(ctx context.Context, deadline time.Time) (*wire.Answer, error) {
	body, err := p.frame(ctx, deadline)
	if err != nil {
		return nil, err
	}
	answer := new(wire.Answer)
	err = wire.Decode(body, answer)
	if err == nil && answer.ID != p.next {
		err = fmt.Errorf("%w: an answer to another request", wire.ErrFrame)
	}
	return answer, err
}

// frame reads one frame's body.
func (p *process) frame(ctx context.Context, deadline time.Time) ([]byte, error) {
	in := make([]byte, 0, 4096) // all answers but lists of certificates
	size := -1                  // of the frame, once its length is known
	for {
		if size < 0 && len(in) >= wire.HeadSize {
			body, err := wire.BodySize(in)
			if err != nil {
				return nil, err
			}
			size = wire.HeadSize + body
			in = slices.Grow(in, max(0, size-len(in)))
		}
		switch {
		case size >= 0 && len(in) >= size:
			p.more = in[size:]
			return in[wire.HeadSize:size], nil
		}
		err := p.wait(ctx, p.pipes.answers, unix.POLLIN, deadline)
		if err != nil {
			return nil, err
		}
		n, err := unix.Read(p.pipes.answers, in[len(in):cap(in)])
		switch {
		case err == unix.EINTR, err == unix.EAGAIN:
		case err != nil, n == 0:
			return nil, errEnded
		default:
			in = in[:len(in)+n]
		}
	}
}

// wait returns nil once fd is ready, or has ended; otherwise it says why not.
func (p *process) wait(ctx context.Context, fd int, events int16, deadline time.Time) error {
	for {
		left := time.Until(deadline)
		if left <= 0 {
			return ErrTimeout
		}
		list := []unix.PollFd{{Fd: int32(fd), Events: events}, {Fd: int32(p.pipes.wake), Events: unix.POLLIN}}
		_, err := unix.Poll(list, int(left.Milliseconds())+1)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return fmt.Errorf("wait for the worker: %w", err)
		case list[0].Revents != 0:
			return nil
		case list[1].Revents == 0:
			continue
		}
		_, _ = unix.Read(p.pipes.wake, make([]byte, 8))
		select {
		case <-p.dead:
			return errEnded
		case <-p.exited: // something it left running may hold its pipes
			return errEnded
		default:
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}
