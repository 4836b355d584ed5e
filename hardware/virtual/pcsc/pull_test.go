package pcsc

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/virtual/bus"
	"github.com/tirkeu/kiosk/hardware/virtual/card"
	"github.com/tirkeu/kiosk/hardware/virtual/kit"
)

// pulling is a card that can be pulled while it computes one of its commands.
type pulling struct {
	*card.Card
	left atomic.Int64 // commands until then; 0 and less: never
	pull func()
}

func (p *pulling) Transmit(ctx context.Context, command []byte) []byte {
	if p.left.Add(-1) == 0 {
		go p.pull()
		<-ctx.Done()
		return nil
	}
	return p.Card.Transmit(ctx, command)
}

// A token is pulled within one command after another of a signature, spread over all of them. Each time the program ends by itself, the daemon lives,
// and after the replug the right PIN works the first time.
func TestOpenSC_PulledWithinItsCommandsEndsAndWorksAgain(t *testing.T) {
	t.Parallel()
	b, d := started(t)
	path := personalised(t, b, d)
	model, _ := kit.ByCode("etoken-5100")
	c, err := card.Open(path, model.ATR)
	if err != nil {
		t.Fatal(err)
	}
	at := bus.Port{Bus: 1, Port: 1}
	gone := make(chan error, 1)
	hand := &pulling{Card: c, pull: func() { gone <- b.Pull(at) }}
	r := inserted(t, b, d, at, model.Code, "", hand)
	in := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(in, []byte("application 1234"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := tool(t, d, "--login", "--pin", holder.PIN, "--keypairgen", "--key-type", "rsa:2048", "--id", "01")
	must(t, out, err)
	sign := func() (string, error) {
		return tool(t, d, "--login", "--pin", holder.PIN, "--sign", "-m", "SHA256-RSA-PKCS", "--id", "01", "-i", in, "-o", filepath.Join(t.TempDir(), "sig"))
	}
	before := c.Counts().Commands
	out, err = sign()
	must(t, out, err)
	commands := int64(c.Counts().Commands - before)
	if commands < 10 {
		t.Fatalf("a signature takes %d commands", commands)
	}
	pid := d.PID()
	const places = 5
	for i := range int64(places) {
		n := 1 + i*(commands-1)/(places-1) // the first and the last among them
		hand.left.Store(n)
		limited := time.AfterFunc(time.Minute, func() { panic("the program hangs") })
		out, err := sign()
		limited.Stop()
		select {
		case err := <-gone:
			if err != nil {
				t.Fatal(err)
			}
		default:
			t.Fatalf("command %d of %d was never said\n%s", n, commands, out)
		}
		if err == nil {
			t.Errorf("pulled within command %d of %d, it claims to have signed:\n%s", n, commands, out)
		}
		if _, err := d.Await(t.Context(), model.Reader, Gone); err != nil {
			t.Fatal(err)
		}
		if err := b.Plug(at, model.Device("", r)); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Await(t.Context(), model.Reader, Loaded); err != nil {
			t.Fatal(err)
		}
		wrong := c.Counts().Wrong
		out, err = sign()
		must(t, out, err)
		if c.Counts().Wrong != wrong || c.TriesLeft() != 3 {
			t.Errorf("after command %d: %d tries left", n, c.TriesLeft())
		}
	}
	if d.PID() != pid {
		t.Error("the daemon is another one")
	}
}
