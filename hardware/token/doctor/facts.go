package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tirkeu/kiosk/hardware/token"
)

// Mechanisms that matter here, by their numbers (PKCS#11 v2.40 §2; the GOST ones are the makers' own).
const (
	rsaKeyPairGen     = 0x0
	rsaPKCS           = 0x1
	gost256KeyPairGen = 0x1200
	gost512KeyPairGen = 0xd4321005
)

// itself tells what the token says of itself.
func (e *Examination) itself(ctx context.Context) error {
	facts, err := e.Rack.Examine(ctx, e.here.Insertion)
	if err != nil {
		return err
	}
	e.facts = facts
	t := e.here
	if t.Kind == token.Unknown {
		e.report.add(Attention, "kind", fmt.Sprintf("the table of devices has no rule for maker %q, model %q: add one", t.Manufacturer, t.Model))
	} else {
		e.report.add(Well, "kind", fmt.Sprintf("%s, by maker %q and model %q", t.Name, t.Manufacturer, t.Model))
	}
	if t.Serial == "" {
		e.report.add(Attention, "serial number", "none: two such tokens cannot be told apart")
	} else {
		e.report.add(Well, "serial number", "present")
	}
	limits := fmt.Sprintf("%d to %d octets", t.PINMin, t.PINMax)
	if t.PINMax == 0 {
		limits = fmt.Sprintf("%d octets or more, no upper limit told", t.PINMin)
	}
	e.report.add(Well, "PIN length", limits)
	// A look is taken at least once in its own hundredfold, so that it costs at most a hundredth of a core.
	e.profile.PollEvery = max(200*time.Millisecond, (facts.Look * 100).Round(10*time.Millisecond))
	state := Well
	if e.profile.PollEvery > time.Second {
		state = Attention
	}
	e.report.add(state, "a look at the slot", fmt.Sprintf("takes %v: taken every %v", facts.Look.Round(time.Microsecond), e.profile.PollEvery))
	return nil
}

// mechanisms tells what the module claims to do.
func (e *Examination) mechanisms(context.Context) error {
	known := map[uint64]token.Mechanism{}
	for _, m := range e.facts.Mechanisms {
		known[m.Type] = m
	}
	rsa, makes := known[rsaKeyPairGen]
	_, signs := known[rsaPKCS]
	switch {
	case !makes || !signs:
		e.report.add(Attention, "RSA", "the module does not list the making of RSA keys and CKM_RSA_PKCS: no application can be made on it")
	case rsa.Max != 0 && rsa.Max < 2048:
		e.report.add(Attention, "RSA", fmt.Sprintf("keys of at most %d bits; 2048 are needed", rsa.Max))
	default:
		e.report.add(Well, "RSA", fmt.Sprintf("keys of %d to %d bits", rsa.Min, rsa.Max))
	}
	e.profile.RSAMin, e.profile.RSAMax = rsa.Min, rsa.Max
	_, gost := known[gost512KeyPairGen]
	_, short := known[gost256KeyPairGen]
	switch {
	case gost:
		e.report.add(Well, "GOST", "the module lists 512-bit keys (0xD4321005)")
	case short:
		e.report.add(Well, "GOST", "only 256-bit keys, which the authority does not certify")
	default:
		e.report.add(Well, "GOST", "not listed: GOST keys are offered on a USB stick only")
	}
	e.report.add(Well, "mechanisms", fmt.Sprintf("%d listed; %d sessions at once (0: not told)", len(known), e.facts.Sessions))
	return nil
}

// replug has the token pulled and plugged, and tries whether what was opened before is dead.
func (e *Examination) replug(ctx context.Context) error {
	if !e.Technician.Agrees("Pull the token and plug it in again, when told to?") {
		e.report.add(NotTried, "replug", "not agreed to")
		return nil
	}
	e.Technician.Tell("Pull the token out now.")
	_, err := e.wait(ctx, token.Removed)
	if err != nil {
		e.profile.Replug = "not noticed"
		e.report.add(Attention, "pull", err.Error())
		return ctx.Err()
	}
	e.report.add(Well, "pull", "noticed")
	e.Technician.Tell("Plug it in again now.")
	event, err := e.wait(ctx, token.Inserted)
	if err != nil {
		e.report.add(Attention, "plug", err.Error())
		return fmt.Errorf("the token is out: %w", err)
	}
	_, stale := e.Rack.Certificates(ctx, e.here.Insertion)
	before := e.here
	e.here = event.Token
	switch {
	case !errors.Is(stale, token.ErrRemoved):
		e.report.add(Attention, "plug", fmt.Sprintf("what was opened before the pull answers still: %v", stale))
	case e.here.Serial != before.Serial:
		e.report.add(Attention, "plug", "another serial number than before: another token, or one that changes its number")
	default:
		e.profile.Replug = "noticed"
		e.report.add(Well, "plug", "noticed as a new insertion; what was opened before is dead")
	}
	return nil
}

// events asks whether the module told of the replug by itself.
func (e *Examination) events(ctx context.Context) error {
	facts, err := e.Rack.Examine(ctx, e.here.Insertion)
	if err != nil {
		return err
	}
	switch {
	case facts.EventsCode == "CKR_FUNCTION_NOT_SUPPORTED":
		e.profile.SlotEvents = "not supported"
	case e.profile.Replug == notTried:
		return nil
	case facts.Events > 0:
		e.profile.SlotEvents = "yes"
	default:
		e.profile.SlotEvents = "no"
	}
	e.report.add(Well, "slot events", e.profile.SlotEvents+" (C_WaitForSlotEvent, not blocking; with yes the worker waits for them from now on, and looks at the slots by itself less often)")
	return nil
}
