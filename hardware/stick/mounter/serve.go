package mounter

import (
	"errors"
	"fmt"
	"net"

	"golang.org/x/sys/unix"

	"github.com/tirkeu/kiosk/hardware/stick/block"
)

// helper serves one kiosk: at most one mount at a time.
type helper struct {
	root block.Root
	who  owner
	at   *attached
}

// Serve answers one kiosk's requests until it hangs up, and lets go of what was mounted for it then. The error is why it stopped, nil for the hanging up.
func Serve(conn *net.UnixConn, root block.Root) error {
	who, err := peer(conn)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	h := &helper{root: root, who: who}
	defer h.drop()
	for {
		var r request
		fd, err := receive(conn, &r)
		if err != nil {
			if isEnd(err) {
				return nil
			}
			return fmt.Errorf("serve: %w", err)
		}
		if fd >= 0 { // nobody has a descriptor to give here
			unix.Close(fd)
			return errors.New("serve: a request with a descriptor")
		}
		answer, mount := h.answer(r)
		err = send(conn, answer, mount)
		if isEnd(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("serve: %w", err)
		}
	}
}

// peer is who connected, by the kernel's word.
func peer(conn *net.UnixConn) (owner, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return owner{}, err
	}
	var who *unix.Ucred
	var wrong error
	err = raw.Control(func(fd uintptr) { who, wrong = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err = errors.Join(err, wrong); err != nil {
		return owner{}, fmt.Errorf("ask who connected: %w", err)
	}
	return owner{who.Uid, who.Gid}, nil
}

// answer does what is asked. mount is the descriptor that goes with the answer, or -1.
func (h *helper) answer(r request) (a Answer, mount int) {
	var err error
	mount = -1
	switch {
	case r.Act == ActMount && h.at == nil:
		a, err = h.attach(r)
		if err == nil {
			mount = h.at.mount
		}
	case h.at == nil:
		err = refused{Meaningless, "", errors.New("nothing is mounted")}
	case r.Act == ActWrite:
		err = writing(h.at.unlock())
	case r.Act == ActRead:
		err = writing(h.at.lock())
	case r.Act == ActRelease:
		a, err = h.release()
	default:
		err = refused{Meaningless, "", errors.New("not now, or never")}
	}
	if err == nil {
		return a, mount
	}
	var no refused
	if !errors.As(err, &no) {
		no = refused{Damaged, "", err}
	}
	return Answer{Refusal: no.why, Kind: no.kind, Detail: clip(no.reason.Error())}, -1
}

func (h *helper) attach(r request) (Answer, error) {
	number, err := parse(r)
	if err != nil {
		return Answer{}, refused{Meaningless, "", err}
	}
	disk, there, err := h.root.Find(number, r.Sequence)
	if err != nil {
		return Answer{}, refused{Forbidden, "", err}
	}
	if !there {
		return Answer{}, refused{Gone, "", errors.New("no removable USB disk of that number and insertion")}
	}
	at, kind, err := attach(h.root, disk, h.who)
	if err != nil {
		return Answer{}, err
	}
	h.at = at
	if !h.root.Still(disk) { // the number may have become another disk's between the look and the mount
		h.drop()
		return Answer{}, refused{Gone, "", errors.New("pulled while it was mounted")}
	}
	a := Answer{Kind: kind, Protected: disk.Protected}
	if at.lent != nil {
		a.Detail = clip(at.lent.Error())
	}
	return a, nil
}

// release makes the stick safe to pull. Only where even that is refused does it stay mounted.
func (h *helper) release() (Answer, error) {
	if err := h.at.lock(); err != nil {
		why := meaning(err)
		if why == InUse {
			return Answer{}, refused{Busy, "", err}
		}
		// The medium is gone or fails: nothing more can be done for it.
		h.drop()
		return Answer{}, refused{why, "", err}
	}
	h.at.detach()
	a := Answer{Lingers: !h.at.released()}
	h.drop()
	return a, nil
}

func (h *helper) drop() {
	if h.at == nil {
		return
	}
	h.at.detach()
	h.at.node.Close()
	h.at = nil
}

// writing says why it could not be made so that it can, or cannot, be written.
func writing(err error) error {
	if err == nil {
		return nil
	}
	why := meaning(err)
	if why == InUse {
		why = Busy
	}
	return refused{why, "", err}
}

func clip(text string) string {
	const most = 300
	if len(text) > most {
		return text[:most]
	}
	return text
}
