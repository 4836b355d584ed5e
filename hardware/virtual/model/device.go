//go:build cgo

package model

import "sync"

// slots is the number of slots.
const slots = 4

// Token is a token as it is made. What it remembers afterwards is the device's.
type Token struct {
	Name    string // serial number as well
	PIN     string
	SOPIN   string
	Tries   int // wrong PINs in a row until it locks
	SOTries int
	Min     int // octets of a new PIN
	Max     int
}

// memory is what a token itself remembers, through every pull and restart.
type memory struct {
	Token
	bad, soBad int    // wrong PINs in a row
	spent      uint64 // how often one of its PINs was tried, right or wrong
	slot       int    // -1: not plugged in
	plug       uint64
}

// Device is the tokens and their slots. It outlives the modules that look at it ([Open]). Its methods may be called from any goroutine.
type Device struct {
	// Before and After, where they are given, are called with the function's name, as "C_Login", before it does anything and after it has done its
	// work. They may answer in its stead, never come back (a hang), or panic (a crash). No lock is held.
	Before, After func(function string) error

	mu     sync.Mutex // guards what follows, for a read or a write
	tokens []*memory
	plugs  uint64
}

// New makes a device; all its tokens lie beside it.
func New(tokens ...Token) *Device {
	d := &Device{}
	for _, t := range tokens {
		d.tokens = append(d.tokens, &memory{Token: t, slot: -1})
	}
	return d
}

func (d *Device) named(name string) *memory {
	for _, t := range d.tokens {
		if t.Name == name {
			return t
		}
	}
	panic("model: no token " + name)
}

// in gives the token in a slot; the lock is held.
func (d *Device) in(slot uint) *memory {
	for _, t := range d.tokens {
		if t.slot >= 0 && uint(t.slot) == slot {
			return t
		}
	}
	return nil
}

// Plug puts a token into the first free slot; one that is in stays as it is.
func (d *Device) Plug(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.named(name)
	for slot := uint(0); slot < slots && t.slot < 0; slot++ {
		if d.in(slot) == nil {
			d.plugs++
			t.slot, t.plug = int(slot), d.plugs
		}
	}
}

// Pull takes a token out.
func (d *Device) Pull(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.named(name).slot = -1
}

// Replug takes a token out and puts it back with no time in between.
func (d *Device) Replug(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if t := d.named(name); t.slot >= 0 {
		d.plugs++
		t.plug = d.plugs
	}
}

// Spent says how often a PIN of the token was tried, right or wrong.
func (d *Device) Spent(name string) uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.named(name).spent
}

// Left says how many wrong PINs are left until the user's locks.
func (d *Device) Left(name string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.named(name)
	return t.Tries - t.bad
}
