//go:build cgo

package main

import (
	"bufio"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tirkeu/kiosk/hardware/token/wire"
)

// settling is for how long nothing is looked at by itself after what was told of has been seen, but no longer than half of --poll: a plug is told of
// several times, by its reader and by its card, and a card is slow. What is told meanwhile is one look afterwards.
const settling = 100 * time.Millisecond

// serve answers requests until the pipe ends, and looks at the slots in between: what has changed is sent without being asked for. It waits
// in the thread that owns the module, so that a request wakes one thread and no other.
func (m *module) serve(requests, answers *os.File) {
	fd := int(requests.Fd())
	go leaveWith(fd)
	in := bufio.NewReader(requests)
	m.pace.stir(time.Now(), livelyFor)
	next := time.Now().Add(m.every)
	var settled time.Time
	for {
		now := time.Now()
		if m.opened() && !m.sight.told() {
			m.pace.stir(now, workingFor) // a token somebody is at work with is missed at once when it is pulled
		}
		every, looks := m.pace.now(now, m.every, m.sight.told())
		if looks == 0 {
			looks = max(1, int(m.every*refreshEvery/every))
		}
		wait := min(max(0, next.Sub(now)), every)
		if pause := settled.Sub(now); in.Buffered() == 0 && (pause <= 0 || !readable(fd, pause)) {
			because := m.sight.wait(fd, wait, every, looks)
			if because != asked {
				if because == told {
					m.pace.stir(time.Now(), livelyFor)
				}
				news := m.tell(answers)
				if now = time.Now(); news && because == told {
					settled = now.Add(min(settling, m.every/2))
				}
				next = now.Add(every)
				continue
			}
		}
		if wait == 0 { // a kiosk that never stops asking must not keep us from looking
			m.tell(answers)
			next = time.Now().Add(every)
		}
		var request wire.Request
		err := wire.Read(in, &request)
		if err != nil {
			os.Exit(0) // the kiosk is gone, or not to be understood
		}
		answer := m.answer(&request)
		request.Wipe()
		answer.ID = request.ID
		err = wire.Write(answers, answer)
		if err != nil || request.Op == wire.OpBye {
			os.Exit(0)
		}
	}
}

// tell polls, and sends what the kiosk does not know yet as an answer to nobody; it says whether there was any.
func (m *module) tell(answers *os.File) (news bool) {
	answer := m.poll(m.told)
	if answer.Fault != "" || answer.Known == m.told {
		return false // a module that cannot list its slots is found out by the kiosk's own poll
	}
	m.pace.stir(time.Now(), livelyFor)
	m.told = answer.Known
	err := wire.Write(answers, answer)
	if err != nil {
		os.Exit(0)
	}
	return true
}

// readable waits for a request; it says no when the time has passed. It stands in for [sight.wait] where a module has no function list.
func readable(fd int, wait time.Duration) bool {
	list := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(list, int(wait.Milliseconds())+1)
	return n > 0 && err == nil
}

// leaveWith ends the process when the other end of the pipe is closed, even while the module hangs. It asks for no event but the one that
// needs no asking (poll(2), POLLHUP), so that requests do not wake it.
func leaveWith(fd int) {
	for {
		list := []unix.PollFd{{Fd: int32(fd)}}
		n, err := unix.Poll(list, -1)
		if n > 0 || (err != nil && err != unix.EINTR) {
			os.Exit(0)
		}
	}
}

// opened tells whether a PIN has opened a token.
func (m *module) opened() bool {
	for _, t := range m.present {
		if t.login != nil {
			return true
		}
	}
	return false
}

// answer does what one request asks.
func (m *module) answer(r *wire.Request) *wire.Answer {
	if r.Op == wire.OpPoll {
		if r.Soon {
			hears := m.sight.told()
			m.pace.expect(time.Now(), hears)
			if hears { // the machine's own word comes when there is something to be seen; a look before it only keeps the reader busy
				return &wire.Answer{Known: m.told}
			}
		}
		a := m.poll(r.Known)
		m.told = a.Known
		return a
	}
	if r.Op == wire.OpBye {
		m.bye()
		return &wire.Answer{}
	}
	m.pace.stir(time.Now(), workingFor)
	t := m.bySeen(r.Seen)
	if t == nil {
		return &wire.Answer{Fault: wire.FaultRemoved}
	}
	a := &wire.Answer{}
	err := m.act(t, r, a)
	if err == nil && (!half[r.Op] || m.alive(t)) {
		return a
	}
	fault := wire.FaultRemoved
	if err == nil {
		err = pulled
	} else if fault = faultOf(err); !entered[fault] && !m.alive(t) {
		fault = wire.FaultRemoved // some modules call a pulled token a general error, and what was not read looks as if it were not there
	}
	if fault == wire.FaultRemoved {
		m.drop(t)
	}
	return &wire.Answer{Fault: fault, Code: code(err), Slot: a.Slot}
}

// half are the requests whose answer, put together from many reads, would be half a truth if the token was pulled between them.
var half = map[wire.Op]bool{wire.OpKeys: true, wire.OpCertificates: true, wire.OpPublicKeys: true, wire.OpGenerate: true}

// entered are the faults that say what became of an entered PIN, whether the token is still there or not.
var entered = map[wire.Fault]bool{
	wire.FaultPINIncorrect: true, wire.FaultPINLocked: true, wire.FaultPINLength: true, wire.FaultPINRejected: true, wire.FaultPINExpired: true,
	wire.FaultAdminWrong: true, wire.FaultAdminLocked: true, wire.FaultAdminLength: true,
}

// pulled is what is found out only after a module has answered as if nothing were the matter.
var pulled = fault{wire.FaultRemoved, "pulled meanwhile"}

// act does what a request on a token asks.
func (m *module) act(t *present, r *wire.Request, a *wire.Answer) error {
	switch r.Op {
	case wire.OpLogin:
		return m.login(t, r, a)
	case wire.OpUnblock:
		return m.unblock(t, r, a)
	case wire.OpExamine:
		return m.examine(t, a)
	case wire.OpPublicKeys:
		return m.publicKeys(t, a)
	case wire.OpCertificates:
		if r.Session == 0 {
			return m.publicCertificates(t, a)
		}
	}
	l := t.login
	if l == nil || l.number != r.Session {
		return fault{wire.FaultClosed, "no such session"}
	}
	switch r.Op {
	case wire.OpLogout:
		return m.logout(t)
	case wire.OpGenerate:
		return m.generate(t, l, r, a)
	case wire.OpKeys:
		return m.keys(l, a)
	case wire.OpSign:
		return m.sign(l, r, a)
	case wire.OpCertificates:
		list, err := m.certificates(l.handle)
		a.Certificates = list
		return err
	case wire.OpWrite:
		return m.write(l, r)
	case wire.OpDelete:
		return m.remove(l, r)
	case wire.OpChangePIN:
		return m.changePIN(t, l, r, a)
	default:
		return fault{wire.FaultRequest, "unknown request"}
	}
}
