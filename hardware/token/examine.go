package token

import (
	"context"
	"time"

	"github.com/tirkeu/kiosk/hardware/token/wire"
)

// Facts are what a module and one of its tokens say of themselves.
type Facts struct {
	Mechanisms []Mechanism
	Flags      uint64        // of CK_TOKEN_INFO (PKCS#11 v2.40 §3.2)
	Look       time.Duration // one look at the slots, as the worker takes many a second
	Events     int           // slot events since the module was last examined, as far as it tells of them
	EventsCode string        // what it answered when it had no more: CKR_NO_EVENT, or that it has no such function
	Sessions   int           // that can be open at once; 0: not known
}

// Mechanism is one of the module's list.
type Mechanism struct {
	Type     uint64 // CK_MECHANISM_TYPE
	Min, Max int    // lengths of its keys, in its own unit: bits for RSA
}

// Examine asks what a technician wants to know of a module. It needs no login and changes nothing.
func (r *Rack) Examine(ctx context.Context, n Insertion) (Facts, error) {
	answer, err := r.call(ctx, "examine token", n, wire.Request{Op: wire.OpExamine}, false)
	if err != nil {
		return Facts{}, err
	}
	e := answer.Examined
	if e == nil {
		return Facts{}, &Error{Op: "examine token", Code: "no facts", Err: ErrWorker}
	}
	f := Facts{Flags: e.Flags, Look: time.Duration(e.Look), Events: e.Events, EventsCode: e.EventsCode, Sessions: e.Sessions}
	for _, m := range e.Mechanisms {
		f.Mechanisms = append(f.Mechanisms, Mechanism(m))
	}
	return f, nil
}
