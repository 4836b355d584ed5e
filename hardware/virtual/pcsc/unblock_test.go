package pcsc

import (
	"errors"
	"testing"

	"github.com/tirkeu/kiosk/hardware/token"
)

// Staff unblock a card with its PUK: set as [moduleSettings] does, OpenSC takes that for the administrator's PIN, and looks at it only when the fresh PIN
// is set. A wrong one is told as what it is.
func TestRack_UnblocksACardWithItsPUKAndTellsAWrongOne(t *testing.T) {
	t.Parallel()
	b, d := started(t)
	c := at(t, b, d, slotOne, "acr39u", personalised(t, b, d), idCard.ATR)
	r := rackOn(t, d)
	n := r.one().Insertion
	if err := c.SetTries(0); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Login(t.Context(), n, token.NewPIN(holder.PIN)); !errors.Is(err, token.ErrPINLocked) {
		t.Fatalf("the right PIN on a locked card: %v", err)
	}
	for _, puk := range []string{"0000000000000000", "12345678"} { // a short one is padded, and wrong
		if err := r.Unblock(t.Context(), n, token.NewPIN(puk), token.NewPIN("654321")); !errors.Is(err, token.ErrAdminPIN) {
			t.Errorf("the PUK %s: %v", puk, err)
		}
	}
	if err := r.Unblock(t.Context(), n, token.NewPIN(holder.PUK), token.NewPIN("654321")); err != nil {
		t.Fatal(err)
	}
	if now, err := r.Token(n); err != nil || now.PINLocked || now.PINFinal || c.TriesLeft() != 3 {
		t.Errorf("after that: %+v %v, %d tries", now, err, c.TriesLeft())
	}
	if _, err := r.Login(t.Context(), n, token.NewPIN("654321")); err != nil {
		t.Errorf("the fresh PIN: %v", err)
	}
	for range 5 { // as many as there are (card/pin.go)
		if err := r.Unblock(t.Context(), n, token.NewPIN("0000000000000000"), token.NewPIN("654321")); !errors.Is(err, token.ErrAdminPIN) && !errors.Is(err, token.ErrAdminPINLocked) {
			t.Errorf("%v", err)
		}
	}
	if err := r.Unblock(t.Context(), n, token.NewPIN(holder.PUK), token.NewPIN("654321")); !errors.Is(err, token.ErrAdminPINLocked) {
		t.Errorf("the right PUK when none is left: %v", err)
	}
}
