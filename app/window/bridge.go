package window

import "time"

// Bridge is what the page can call. Its methods are the whole surface between page and program.
type Bridge struct{ w *Window }

// maxArgs bounds what one touch may carry.
const maxArgs = 64 << 10

// Do carries out one touch: action and its arguments as JSON; the answer is the new snapshot as JSON.
func (b *Bridge) Do(action, args string) string {
	b.alive()
	backend := b.w.serves()
	switch {
	case backend == nil:
		return ""
	case len(action) > 64 || len(args) > maxArgs:
		return string(backend.State())
	}
	return string(backend.Do(action, []byte(args)))
}

// State is the present snapshot as JSON.
func (b *Bridge) State() string {
	b.alive()
	if backend := b.w.serves(); backend != nil {
		return string(backend.State())
	}
	return ""
}

// Words are the page's words in one language, as JSON.
func (b *Bridge) Words(lang string) string {
	if backend := b.w.serves(); backend != nil {
		return string(backend.Words(lang))
	}
	return ""
}

// Alive is the page's heartbeat; the first comes when all of the page is there.
func (b *Bridge) Alive() {
	b.alive()
	b.w.alive.Do(func() {
		if b.w.opt.OnAlive != nil {
			b.w.opt.OnAlive()
		}
	})
}

// Painted tells that the first screen stands.
func (b *Bridge) Painted() {
	b.alive()
	b.w.painted.Do(func() {
		if b.w.opt.OnPainted != nil {
			b.w.opt.OnPainted()
		}
	})
}

func (b *Bridge) alive() { b.w.heard.Store(time.Now().UnixMilli()) }
