//go:build cgo

package main

import (
	"bufio"
	"context"
	"flag"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/hardware/token/wire"
	"github.com/tirkeu/kiosk/hardware/virtual/model"
)

// How long the runs are; build/soak makes them a million and a thousand.
var (
	simulated = flag.Int("simulated", 20_000, "`sign-ins` on the model device")
	real      = flag.Int("real", 60, "`sign-ins` on the real module in real workers")
	seed      = flag.Uint64("seed", 0, "of both runs; 0: another one each time")
)

// chosenSeed is printed by every run, so that it can be run again.
func chosenSeed() uint64 {
	if *seed != 0 {
		return *seed
	}
	return uint64(time.Now().UnixNano())
}

// theatre is the stage in memory: the rack, its supervisor and the worker's own code are the product's, and so is what they say to each other. In
// place of the process there is a goroutine, in place of the vendor's module the model, in place of the clock that of a synctest bubble.
type theatre struct {
	t      *testing.T
	device *model.Device

	mu     sync.Mutex // guards what follows, for a read or a write
	armed  misfortune
	killed chan struct{} // of the worker that runs
}

// Panics that end a worker.
type (
	crashed struct{}
	ended   struct{}
)

const slowBy, hastyWait = 5 * time.Second, time.Second

func newTheatre(t *testing.T) *theatre {
	th := &theatre{t: t, device: model.New(model.Token{Name: "a", PIN: rightPIN, SOPIN: adminPIN, Tries: tries, SOTries: tries, Min: 4, Max: 32})}
	th.device.Before = func(function string) error { return th.misfortune(function, crashBefore, hangBefore, pullBefore) }
	th.device.After = func(function string) error { return th.misfortune(function, crashAfter, hangAfter, pullAfter) }
	th.device.Plug("a")
	return th
}

// misfortune lets happen what is armed, at its one place, once.
func (th *theatre) misfortune(function string, crash, hang, pull misfortune) error {
	if function != "C_Login" {
		return nil
	}
	th.mu.Lock()
	kind, killed := th.armed, th.killed
	if kind != crash && kind != hang && kind != pull && !(kind == slow && crash == crashBefore) {
		th.mu.Unlock()
		return nil
	}
	th.armed = nothing
	th.mu.Unlock()
	switch kind {
	case crash:
		panic(crashed{})
	case hang:
		<-killed
		panic(ended{})
	case pull:
		th.device.Pull("a")
		return errOther // whatever the module says then; the worker finds out
	default: // slow
		select {
		case <-time.After(slowBy):
			return nil
		case <-killed:
			panic(ended{})
		}
	}
}

func (th *theatre) open() *token.Rack {
	rack, err := token.Open(context.Background(), token.Config{Modules: []token.Module{{Name: "model"}}, Start: th.start})
	if err != nil {
		th.t.Fatal(err)
	}
	return rack
}

func (th *theatre) arm(kind misfortune) {
	th.mu.Lock()
	defer th.mu.Unlock()
	th.armed = kind
}

func (th *theatre) disarm() {
	th.arm(nothing)
	th.device.Plug("a")
}

func (th *theatre) mend() bool           { return false }
func (th *theatre) replug()              { th.device.Replug("a") }
func (th *theatre) spent() uint64        { return th.device.Spent("a") }
func (th *theatre) left() int            { return th.device.Left("a") }
func (th *theatre) hasty() time.Duration { return hastyWait }

// start is a worker without a process.
func (th *theatre) start(token.Module) (token.Worker, error) {
	workerIn, requests := net.Pipe()
	answers, workerOut := net.Pipe()
	killed, over := make(chan struct{}), make(chan struct{})
	how := "ended"
	th.mu.Lock()
	th.killed = killed
	th.mu.Unlock()
	go func() {
		defer close(over)
		defer func() {
			switch recover().(type) {
			case nil, ended:
			case crashed:
				how = "signal: segmentation fault"
			default:
				how = "panic"
			}
			_ = workerIn.Close()
			_ = workerOut.Close()
		}()
		serveModel(&module{p: model.Open(th.device), every: 200 * time.Millisecond, present: map[uint]*present{}, sight: &sight{}}, workerIn, workerOut, killed)
	}()
	return token.Worker{
		Requests: requests, Answers: answers,
		Wait: func() string { <-over; return how },
		Kill: func() {
			close(killed)
			_ = workerIn.Close() // a write or read under way ends
			_ = workerOut.Close()
		},
	}, nil
}

// serveModel does what serve does, without a file to poll.
func serveModel(m *module, in, out net.Conn, killed <-chan struct{}) {
	err := wire.Write(out, wire.Hello{Version: wire.Version})
	if err != nil {
		return
	}
	requests := make(chan *wire.Request)
	go func() {
		defer close(requests)
		frames := bufio.NewReader(in)
		for {
			r := new(wire.Request)
			if wire.Read(frames, r) != nil {
				return
			}
			select {
			case requests <- r:
			case <-killed:
				return
			}
		}
	}()
	ticker := time.NewTicker(m.every)
	defer ticker.Stop()
	for {
		var answer *wire.Answer
		select {
		case <-killed:
			return
		case r, more := <-requests:
			if !more {
				return
			}
			answer = m.answer(r)
			r.Wipe()
			answer.ID = r.ID
		case <-ticker.C:
			answer = m.poll(m.told)
			if answer.Known == m.told {
				continue
			}
			m.told = answer.Known
		}
		if wire.Write(out, answer) != nil {
			return
		}
	}
}

func TestPINs_NoEntryCostsTwoTriesWhateverHappens(t *testing.T) {
	chosen := chosenSeed()
	synctest.Test(t, func(t *testing.T) {
		signIns(t, t.Context(), newTheatre(t), chosen, *simulated)
	})
}
