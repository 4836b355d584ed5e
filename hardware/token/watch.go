package token

import "sync"

// watchDepth bounds how many events wait for a slow watcher.
const watchDepth = 64

// watcher carries events to one reader. Its queue is bounded: on overflow everything in it becomes one Changed without a token.
type watcher struct {
	out    chan Event
	wake   chan struct{} // capacity 1
	done   chan struct{}
	mu     sync.Mutex // guards queue, for an append or a take
	queue  []Event
	ending sync.Once
}

func newWatcher() *watcher {
	w := &watcher{out: make(chan Event), wake: make(chan struct{}, 1), done: make(chan struct{})}
	go w.deliver()
	return w
}

// push never blocks.
func (w *watcher) push(e Event) {
	w.mu.Lock()
	if len(w.queue) >= watchDepth {
		w.queue = w.queue[:0]
		e = Event{Kind: Changed}
	}
	w.queue = append(w.queue, e)
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *watcher) deliver() {
	defer close(w.out)
	for {
		w.mu.Lock()
		var next Event
		some := len(w.queue) > 0
		if some {
			next = w.queue[0]
			w.queue = append(w.queue[:0], w.queue[1:]...)
		}
		w.mu.Unlock()
		if !some {
			select {
			case <-w.wake:
			case <-w.done:
				return
			}
			continue
		}
		select {
		case w.out <- next:
		case <-w.done:
			return
		}
	}
}

func (w *watcher) stop() { w.ending.Do(func() { close(w.done) }) }

// Watch gives the events from now on. The channel is closed by stop and by [Rack.Close]. A reader that falls behind by more than 64 events
// gets one [Changed] without a token in their stead: it then reads [Rack.Tokens] again.
func (r *Rack) Watch() (<-chan Event, func()) {
	w := newWatcher()
	r.mu.Lock()
	if r.closed {
		w.stop()
	} else {
		r.watchers[w] = struct{}{}
	}
	r.mu.Unlock()
	return w.out, func() {
		r.mu.Lock()
		delete(r.watchers, w)
		r.mu.Unlock()
		w.stop()
	}
}

// emit tells every watcher; r.mu is held, so that all see events in one order.
func (r *Rack) emit(e Event) {
	for w := range r.watchers {
		w.push(e)
	}
}
