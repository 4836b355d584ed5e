package token_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/hardware/virtual"
)

// flow is one thing that is done with a token.
type flow struct {
	name string
	// open logs in first, where the flow needs a session.
	open bool
	// anew says that the worker begins anew when the token is pulled meanwhile.
	anew bool
	do   func(p *pulling, t token.Token, session *token.Session) error
	// after checks what the pull left, on the next insertion, and sets it right.
	after func(p *pulling, session *token.Session)
}

// pulling is a stand with one token that has one certified key, "k", and whose PIN may have become another.
type pulling struct {
	*stand
	pin   string
	first []byte // two certificates for the key
	other []byte
	runs  int
}

// errHalf is an answer without error that does not say all.
var errHalf = errors.New("half a truth")

var flows = []flow{
	{name: "read certificates", do: func(p *pulling, t token.Token, _ *token.Session) error {
		written, err := p.rack.Certificates(p.ctx, t.Insertion)
		if err == nil && (len(written) != 1 || !bytes.Equal(written[0].DER, p.first)) {
			return errHalf
		}
		return err
	}},
	{name: "read public keys", do: func(p *pulling, t token.Token, _ *token.Session) error {
		public, err := p.rack.PublicKeys(p.ctx, t.Insertion)
		if err == nil && len(public) != 1 {
			return errHalf
		}
		return err
	}},
	{name: "log in", do: func(p *pulling, t token.Token, _ *token.Session) error {
		_, err := p.rack.Login(p.ctx, t.Insertion, token.NewPIN(p.pin))
		return err
	}},
	{name: "list keys", open: true, do: func(p *pulling, _ token.Token, session *token.Session) error {
		keys, err := session.Keys(p.ctx)
		if err == nil && (len(keys) != 1 || string(keys[0].ID) != "k" || keys[0].SPKI == nil || !keys[0].Local || !keys[0].NeverExtractable || !keys[0].HasCertificate) {
			return errHalf
		}
		return err
	}},
	{name: "sign", open: true, do: func(p *pulling, _ token.Token, session *token.Session) error {
		_, err := p.certifyBy(session, "k")
		return err
	}},
	{name: "generate", open: true, anew: true, do: func(p *pulling, _ token.Token, session *token.Session) error {
		p.runs++
		key, err := session.GenerateRSA(p.ctx, fmt.Appendf(nil, "new %d", p.runs), "new", 1024) // short, for it is done often
		if err == nil && (key.SPKI == nil || !key.Local || !key.NeverExtractable || !key.Sensitive || key.Label != "new") {
			return errHalf
		}
		return err
	}, after: func(p *pulling, session *token.Session) {
		id := fmt.Appendf(nil, "new %d", p.runs)
		for range p.count(session, id) { // none or one, whole: it can be found and deleted
			p.must(session.Delete(p.ctx, id))
		}
	}},
	{name: "write certificate", open: true, do: func(p *pulling, _ token.Token, session *token.Session) error {
		p.first, p.other = p.other, p.first
		return session.WriteCertificate(p.ctx, []byte("k"), "k", p.first)
	}, after: func(p *pulling, session *token.Session) {
		written, err := session.Certificates(p.ctx)
		p.must(err)
		if len(written) == 0 {
			p.Error("neither the old certificate nor the new one is there")
		}
		for _, c := range written {
			if !bytes.Equal(c.DER, p.first) && !bytes.Equal(c.DER, p.other) {
				p.Error("a certificate that nobody wrote")
			}
		}
		p.must(session.WriteCertificate(p.ctx, []byte("k"), "k", p.first)) // taken up again, it ends well
	}},
	{name: "delete", open: true, do: func(p *pulling, _ token.Token, session *token.Session) error {
		return session.Delete(p.ctx, []byte("k"))
	}, after: func(p *pulling, session *token.Session) {
		// Whatever was left can be deleted, and the id used again.
		if err := session.Delete(p.ctx, []byte("k")); err != nil && !errors.Is(err, token.ErrNotFound) {
			p.Errorf("delete what was left: %v", err)
		}
		p.furnish(session)
	}},
	{name: "change PIN", open: true, do: func(p *pulling, _ token.Token, session *token.Session) error {
		return session.ChangePIN(p.ctx, token.NewPIN(p.pin), token.NewPIN(p.fresh()))
	}},
	{name: "unblock", do: func(p *pulling, t token.Token, _ *token.Session) error {
		return p.unblock(t.Insertion, soPIN, p.fresh())
	}},
	{name: "log out", open: true, do: func(p *pulling, _ token.Token, session *token.Session) error {
		return session.Logout(p.ctx)
	}},
}

// fresh is the PIN that is not in use.
func (p *pulling) fresh() string {
	if p.pin == "123456" {
		return "654321"
	}
	return "123456"
}

// furnish makes the key that the flows work on.
func (p *pulling) furnish(session *token.Session) {
	_, err := session.GenerateRSA(p.ctx, []byte("k"), "k", 1024)
	p.must(err)
	p.first, p.other = p.certify(session, "k"), p.certify(session, "k")
	p.must(session.WriteCertificate(p.ctx, []byte("k"), "k", p.first))
}

func (p *pulling) count(session *token.Session, id []byte) (n int) {
	keys, err := session.Keys(p.ctx)
	p.must(err)
	for _, k := range keys {
		if bytes.Equal(k.ID, id) {
			n++
		}
	}
	if n > 1 {
		p.Errorf("%d keys under one id", n)
	}
	return n
}

// enter logs in with the PIN that holds: after a PIN was being changed that is one of two, and only then is a second entry allowed.
func (p *pulling) enter(t token.Token, changing bool) *token.Session {
	before := p.bench.Calls("a")["C_Login"]
	session, err := p.rack.Login(p.ctx, t.Insertion, token.NewPIN(p.pin))
	if changing && errors.Is(err, token.ErrPINIncorrect) {
		p.pin = p.fresh()
		session, err = p.rack.Login(p.ctx, t.Insertion, token.NewPIN(p.pin))
		before++
	}
	if err != nil {
		p.Fatalf("the right PIN after a replug: %v", err)
	}
	if n := p.bench.Calls("a")["C_Login"] - before; n != 1 {
		p.Errorf("%d C_Login for one entry", n)
	}
	return session
}

// The token is pulled within every single call that every flow makes: before the call has done anything, and after it has done its work while the
// answer is lost. The calls are not listed here but counted while the flow runs undisturbed, so that none is forgotten.
func TestEveryFlow_SurvivesAPullWithinEveryOneOfItsCalls(t *testing.T) {
	for _, f := range flows {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel() // most of the time is spent waiting for polls
			s := start(t, nil, spec("a", token.Kaztoken))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s.ctx = ctx // as long as the test itself: there are many turns
			p := &pulling{stand: s, pin: "123456"}
			here := p.plug("a")
			session := p.enter(here, false)
			p.furnish(session)
			calls := p.undisturbed(f, here, session)
			if len(calls) == 0 {
				t.Fatal("the flow makes no calls")
			}
			turns := 0
			for _, call := range slices.Sorted(maps.Keys(calls)) {
				for nth := range calls[call] {
					for _, late := range []bool{false, true} {
						p.turn(f, call, int(nth)+1, late)
						turns++
					}
				}
			}
			t.Logf("%d turns: %v", turns, calls)
		})
	}
}

// undisturbed counts the calls of a flow, and sets right what it did.
func (p *pulling) undisturbed(f flow, here token.Token, session *token.Session) map[string]uint64 {
	if f.open {
		session = p.enter(here, false)
	} else {
		p.must(session.Logout(p.ctx))
	}
	before := p.bench.Calls("a")
	p.must(f.do(p, here, session))
	after := p.bench.Calls("a")
	for call, n := range after {
		after[call] = n - before[call]
		// Looks at the token that no flow makes: the watcher's. The rest of these two is inside the flows' own calls.
		if after[call] == 0 || call == "C_GetSessionInfo" {
			delete(after, call)
		}
	}
	session = p.enter(here, f.name == "change PIN" || f.name == "unblock")
	if f.after != nil {
		f.after(p, session)
	}
	return after
}

// turn runs a flow while the token is pulled within one call, and takes the token up again.
func (p *pulling) turn(f flow, call string, nth int, late bool) {
	p.Helper()
	what := fmt.Sprintf("%s, pulled in %s number %d", f.name, call, nth)
	p.must(p.bench.Replug("a"))
	here := p.wait(token.Inserted).Token
	var session *token.Session
	if f.open {
		session = p.enter(here, false)
	}
	fault := virtual.Fault{PullOn: fmt.Sprintf("%s:0x32:%d", call, nth)}
	if late {
		what += ", after its work"
		fault = virtual.Fault{PullAfter: fmt.Sprintf("%s:0x32:%d", call, nth)}
	}
	p.must(p.bench.Fault("a", fault))
	err := f.do(p, here, session)
	p.must(p.bench.Fault("a", virtual.Fault{}))
	if err != nil && !errors.Is(err, token.ErrRemoved) {
		p.Errorf("%s: %v", what, err)
	}
	if f.anew && errors.Is(err, token.ErrRemoved) {
		here = p.wait(token.Inserted).Token // only the module of the worker that is gone saw the token pulled: to the new one's it is there
	}
	// The token is still out, for the fault has pulled it; it goes in again.
	p.must(p.bench.Replug("a"))
	now := p.wait(token.Inserted).Token
	for now.Insertion <= here.Insertion {
		now = p.wait(token.Inserted).Token
	}
	if session != nil {
		if _, dead := session.Keys(p.ctx); !errors.Is(dead, token.ErrRemoved) {
			p.Errorf("%s: the session before answers %v", what, dead)
		}
	}
	session = p.enter(now, f.name == "change PIN" || f.name == "unblock")
	if f.after != nil {
		f.after(p, session)
	}
	if p.count(session, []byte("k")) != 1 {
		p.Errorf("%s: the key is gone", what)
	}
}
