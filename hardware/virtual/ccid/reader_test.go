package ccid

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/virtual/bus"
)

// slow is a card that answers what it is told to, once it is let.
type slow struct {
	let    chan []byte
	resets int
	ended  chan struct{} // closed when a Transmit saw its context end
}

func (s *slow) ATR() []byte { return []byte{0x3b, 0x00} }
func (s *slow) Reset()      { s.resets++ }
func (s *slow) Transmit(ctx context.Context, _ []byte) []byte {
	select {
	case answer := <-s.let:
		return answer
	case <-ctx.Done():
		close(s.ended)
		return nil
	}
}

func newSlow() *slow { return &slow{let: make(chan []byte, 1), ended: make(chan struct{})} }

// host is one side of the bulk pipes.
type host struct {
	*testing.T
	r        *Reader
	ctx      context.Context
	sequence byte
}

func (h *host) out(kind byte, data string) {
	h.Helper()
	octets, err := hex.DecodeString(data)
	if err != nil {
		h.Fatal(err)
	}
	h.sequence++
	message := make([]byte, headerSize, headerSize+len(octets))
	message[0], message[6] = kind, h.sequence
	binary.LittleEndian.PutUint32(message[1:], uint32(len(octets)))
	if err := h.r.Out(h.ctx, bulkOut, append(message, octets...)); err != nil {
		h.Fatal(err)
	}
}

func (h *host) in() []byte {
	h.Helper()
	message, err := h.r.In(h.ctx, bulkIn, 4096)
	if err != nil {
		h.Fatal(err)
	}
	if message[6] != h.sequence {
		h.Fatalf("the answer %x is not to message %d", message, h.sequence)
	}
	return message
}

// ask expects kind, status, error and data in hexadecimal.
func (h *host) ask(kind byte, data string, want string) {
	h.Helper()
	h.out(kind, data)
	h.answer(want)
}

func (h *host) answer(want string) {
	h.Helper()
	m := h.in()
	if got := hex.EncodeToString([]byte{m[0], m[7], m[8]}) + " " + hex.EncodeToString(m[headerSize:]); got != want {
		h.Fatalf("%s, want %s", got, want)
	}
}

func TestReader_FollowsItsCardThroughPowerAndWithdrawal(t *testing.T) {
	r := &Reader{}
	h := &host{T: t, r: r, ctx: t.Context()}
	h.ask(getSlotStatus, "", "810200 ")
	h.ask(iccPowerOn, "", "8042fe ")
	c := newSlow()
	r.Insert(c)
	h.ask(getSlotStatus, "", "810100 ")
	h.ask(xfrBlock, "00a40000", "8041fe ") // no power yet
	h.ask(iccPowerOn, "", "800000 3b00")
	h.ask(getSlotStatus, "", "810000 ")
	h.ask(setParameters, "11100045000000", "820000 1110004d00fe00")
	c.let <- []byte{0x90, 0x00}
	h.ask(xfrBlock, "00a40000", "800000 9000")
	h.ask(0x6b, "", "814000 ") // nothing that it knows
	h.ask(iccPowerOff, "", "810100 ")
	r.Withdraw()
	h.ask(getSlotStatus, "", "810200 ")
	if c.resets != 1 {
		t.Errorf("%d resets", c.resets)
	}
}

func TestReader_AsksForTimeWhileTheCardComputes(t *testing.T) {
	r := &Reader{Patience: time.Millisecond}
	c := newSlow()
	r.Insert(c)
	h := &host{T: t, r: r, ctx: t.Context()}
	h.ask(iccPowerOn, "", "800000 3b00")
	h.out(xfrBlock, "0046000000")
	h.answer("808001 ") // time extension
	h.answer("808001 ")
	c.let <- []byte{0x90, 0x00}
	for {
		m := h.in()
		if m[7] == 0x80 {
			continue
		}
		if !bytes.Equal(m[headerSize:], []byte{0x90, 0x00}) || m[7] != 0 {
			t.Errorf("%x", m)
		}
		return
	}
}

func TestReader_WithdrawalEndsWhatTheCardComputes(t *testing.T) {
	r := &Reader{}
	c := newSlow()
	r.Insert(c)
	h := &host{T: t, r: r, ctx: t.Context()}
	h.ask(iccPowerOn, "", "800000 3b00")
	h.out(xfrBlock, "0046000000")
	r.Withdraw()
	h.answer("8042fe ")
	<-c.ended
}

func TestReader_PullEndsEverythingAndTakesThePower(t *testing.T) {
	r := &Reader{}
	c := newSlow()
	r.Insert(c)
	ctx, pull := context.WithCancel(t.Context())
	h := &host{T: t, r: r, ctx: ctx}
	h.ask(iccPowerOn, "", "800000 3b00")
	h.out(xfrBlock, "0046000000")
	pull()
	if _, err := r.In(ctx, bulkIn, 64); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	<-c.ended
	plugged, unplug := context.WithCancel(t.Context()) // plugged in again: another context
	defer unplug()
	again := &host{T: t, r: r, ctx: plugged}
	again.ask(getSlotStatus, "", "810100 ")
}

func TestReader_RefusesWhatIsNoMessage(t *testing.T) {
	for _, c := range []struct{ what, message, want string }{
		{"a single octet", "65", "814101"},
		{"data that are not there", "65050000000001000000", "814101"},
		{"data that were not announced", "6500000000000100000000", "814101"},
		{"a length beyond everything", "6affffffff0001000000", "814101"},
		{"another slot", "65000000000101000000", "814105"},
		{"an unknown kind", "00000000000001000000", "814100"},
		{"an APDU without power", "6f000000000001000000", "8041fe"},
	} {
		r := &Reader{}
		r.Insert(newSlow())
		octets, err := hex.DecodeString(c.message)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Out(t.Context(), bulkOut, octets); err != nil {
			t.Fatal(err)
		}
		m, err := r.In(t.Context(), bulkIn, 64)
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString([]byte{m[0], m[7], m[8]}); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
	r := &Reader{}
	if err := r.Out(t.Context(), 0x01, nil); !errors.Is(err, bus.ErrStall) {
		t.Errorf("another endpoint takes messages: %v", err)
	}
	if _, err := r.In(t.Context(), 0x82, 64); !errors.Is(err, bus.ErrStall) {
		t.Errorf("another endpoint gives messages: %v", err)
	}
	if _, err := r.Control(t.Context(), bus.Setup{}, nil); !errors.Is(err, bus.ErrStall) {
		t.Errorf("a request of the class: %v", err)
	}
}

func TestReader_LongAnswersComeInParts(t *testing.T) {
	r := &Reader{}
	c := newSlow()
	r.Insert(c)
	h := &host{T: t, r: r, ctx: t.Context()}
	h.ask(iccPowerOn, "", "800000 3b00")
	c.let <- bytes.Repeat([]byte{7}, 100)
	h.out(xfrBlock, "00b0000064")
	var whole []byte
	for len(whole) < headerSize+100 {
		part, err := r.In(t.Context(), bulkIn, 64)
		if err != nil || len(part) > 64 {
			t.Fatal(len(part), err)
		}
		whole = append(whole, part...)
	}
	if !bytes.Equal(whole[headerSize:], bytes.Repeat([]byte{7}, 100)) {
		t.Errorf("%x", whole)
	}
	if _, err := r.In(t.Context(), bulkIn, 64); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with nothing to say: %v", err)
	}
}
