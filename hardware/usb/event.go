package usb

import (
	"sync"
	"time"
)

// EventKind says what an [Event] tells.
type EventKind string

// What a watch tells of. A device arrives with its numbers and its name by the table, at once; it is described when it has said its strings, which
// takes as long as the device wants; it leaves with all that was known of it.
const (
	Arrived   EventKind = "arrived"
	Described EventKind = "described"
	Left      EventKind = "left"
	Lost      EventKind = "lost" // more happened than was read: list again with [Devices]
)

// Event is something that happened on the bus.
type Event struct {
	Kind   EventKind
	Device Device    // empty for Lost
	At     time.Time // when libusb told
}

// queueDepth bounds how many events wait for a slow reader.
const queueDepth = 64

// queue carries events to one reader, in order. On overflow everything in it becomes one Lost.
type queue struct {
	out  chan Event
	wake chan struct{} // capacity 1

	mu      sync.Mutex // guards what follows, for an append or a take
	waiting []Event
	ended   bool
}

func newQueue() *queue { return &queue{out: make(chan Event), wake: make(chan struct{}, 1)} }

// push never blocks.
func (q *queue) push(e Event) {
	q.mu.Lock()
	if len(q.waiting) >= queueDepth {
		q.waiting = append(q.waiting[:0], Event{Kind: Lost, At: e.At})
	} else {
		q.waiting = append(q.waiting, e)
	}
	q.mu.Unlock()
	q.poke()
}

func (q *queue) poke() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// end lets deliver return.
func (q *queue) end() {
	q.mu.Lock()
	q.ended = true
	q.mu.Unlock()
	q.poke()
}

// deliver hands the events on until done closes or end was called, and closes the reader's channel.
func (q *queue) deliver(done <-chan struct{}) {
	defer close(q.out)
	for {
		q.mu.Lock()
		var next Event
		some, ended := len(q.waiting) > 0, q.ended
		if some {
			next = q.waiting[0]
			q.waiting = append(q.waiting[:0], q.waiting[1:]...)
		}
		q.mu.Unlock()
		switch {
		case some:
			select {
			case q.out <- next:
			case <-done:
				return
			}
		case ended:
			return
		default:
			select {
			case <-q.wake:
			case <-done:
				return
			}
		}
	}
}
