package ccid

import (
	"bytes"
	"context"
	"encoding/binary"
	"sync"
	"time"

	"github.com/tirkeu/kiosk/hardware/virtual/bus"
)

// Card is what lies in a reader.
type Card interface {
	// ATR is the answer to reset (ISO/IEC 7816-3 §8).
	ATR() []byte
	// Reset takes the card back to where it is after power on. Nothing is logged in any more.
	Reset()
	// Transmit answers one command APDU (ISO/IEC 7816-3 §12). ctx ends when the card is taken out or loses its power: then what it was
	// computing is lost, and what it had kept is kept.
	Transmit(ctx context.Context, command []byte) []byte
}

// Reader is a CCID reader; the zero Reader is empty.
type Reader struct {
	// Patience is how long a card may compute before the host is asked for more time; a second when 0. Set before the reader is plugged in.
	Patience time.Duration

	mu      sync.Mutex // guards the fields below, never while a card computes
	card    Card
	powered bool
	stop    context.CancelFunc // of what the card is computing
	answer  chan []byte        // of the command under way; nil when there is none
	head    [3]byte            // type, slot and sequence number of it
	rest    []byte             // of a message that did not fit into one transfer
	stay    context.Context    // of the latest message: another one means that the reader was pulled, and its card without power, meanwhile
}

// Endpoints of the bulk pipes.
const (
	bulkIn  = 0x81
	bulkOut = 0x02
)

// Interface tells the bus what it is (CCID §4).
func (r *Reader) Interface() bus.Interface {
	d := make([]byte, 54)
	le := binary.LittleEndian
	copy(d, []byte{54, 0x21, 0x10, 0x01, 0, 0x07}) // CCID 1.10, one slot, 5 V 3 V 1.8 V
	le.PutUint32(d[6:], 3)                         // dwProtocols: T=0 and T=1
	le.PutUint32(d[10:], 4000)                     // dwDefaultClock, kHz
	le.PutUint32(d[14:], 4000)
	le.PutUint32(d[19:], 10752) // dwDataRate, bit/s
	le.PutUint32(d[23:], 344086)
	le.PutUint32(d[28:], 254)        // dwMaxIFSD
	le.PutUint32(d[40:], 0x000404be) // dwFeatures: everything is automatic, extended APDU level
	le.PutUint32(d[44:], maxMessage)
	d[48], d[49] = 0xff, 0xff // bClassGetResponse, bClassEnvelope: as the command's
	d[53] = 1                 // bMaxCCIDBusySlots
	return bus.Interface{Class: 0x0b, Descriptor: d, Endpoints: []byte{bulkIn, bulkOut}}
}

// Insert puts a card in; one that is in is taken out before.
func (r *Reader) Insert(c Card) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.powerOff()
	r.card = c
}

// Withdraw takes the card out, whatever it was doing.
func (r *Reader) Withdraw() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.powerOff()
	r.card = nil
}

// Inserted gives the card that is in, or nil.
func (r *Reader) Inserted() Card {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.card
}

// powerOff stops what the card is computing. r.mu is held.
func (r *Reader) powerOff() {
	r.powered = false
	if r.stop != nil {
		r.stop()
		r.stop = nil
	}
}

// Control knows none of the class's requests (CCID §5.3): aborting is left to the time limits of the host.
func (r *Reader) Control(context.Context, bus.Setup, []byte) ([]byte, error) {
	return nil, bus.ErrStall
}

// Out takes one message of the host.
func (r *Reader) Out(ctx context.Context, endpoint byte, data []byte) error {
	if endpoint != bulkOut {
		return bus.ErrStall
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stay != ctx {
		r.powerOff()
		r.stay = ctx
	}
	r.rest = nil
	r.take(ctx, bytes.Clone(data))
	return nil
}

// In gives the answer, or asks for more time while the card computes.
func (r *Reader) In(ctx context.Context, endpoint byte, limit int) ([]byte, error) {
	if endpoint != bulkIn {
		return nil, bus.ErrStall
	}
	r.mu.Lock()
	message, answer, head := r.rest, r.answer, r.head
	r.mu.Unlock()
	if message == nil && answer != nil {
		patience := r.Patience
		if patience == 0 {
			patience = time.Second
		}
		limit := time.NewTimer(patience)
		defer limit.Stop()
		select {
		case message = <-answer:
			r.mu.Lock()
			if r.answer == answer {
				r.answer = nil
			}
			r.mu.Unlock()
		case <-limit.C:
			return reply(head[0], head, stateActive|commandTimeExtension, 1, 0, nil), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if message == nil {
		return nil, context.DeadlineExceeded
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	n := min(limit, len(message))
	r.rest = nil
	if n < len(message) {
		r.rest = message[n:]
	}
	return message[:n], nil
}
