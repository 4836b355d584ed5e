//go:build cgo

package main

import (
	"bufio"
	"os"

	"github.com/tirkeu/kiosk/hardware/token/wire"
)

// serve answers requests until the pipe ends. A goroutine of its own reads, so that the end of the kiosk ends this process even while the
// module hangs.
func (m *module) serve(requests, answers *os.File) {
	incoming := make(chan *wire.Request)
	go func() {
		in := bufio.NewReader(requests)
		for {
			request := new(wire.Request)
			err := wire.Read(in, request)
			if err != nil {
				os.Exit(0) // the kiosk is gone, or not to be understood
			}
			incoming <- request
		}
	}()
	for request := range incoming {
		answer := m.answer(request)
		request.Wipe()
		answer.ID = request.ID
		err := wire.Write(answers, answer)
		if err != nil || request.Op == wire.OpBye {
			os.Exit(0)
		}
	}
}

// answer does what one request asks.
func (m *module) answer(r *wire.Request) *wire.Answer {
	if r.Op == wire.OpPoll {
		return m.poll(r.Known)
	}
	if r.Op == wire.OpBye {
		m.bye()
		return &wire.Answer{}
	}
	t := m.bySeen(r.Seen)
	if t == nil {
		return &wire.Answer{Fault: wire.FaultRemoved}
	}
	a := &wire.Answer{}
	err := m.act(t, r, a)
	if err == nil {
		return a
	}
	fault := faultOf(err)
	if fault == wire.FaultToken && !m.alive(t) {
		fault = wire.FaultRemoved // some modules call a pulled token a general error
	}
	if fault == wire.FaultRemoved {
		m.drop(t)
	}
	return &wire.Answer{Fault: fault, Code: code(err), Slot: a.Slot}
}

// act does what a request on a token asks.
func (m *module) act(t *present, r *wire.Request, a *wire.Answer) error {
	switch r.Op {
	case wire.OpLogin:
		return m.login(t, r, a)
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
