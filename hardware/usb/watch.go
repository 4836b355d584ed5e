//go:build cgo

package usb

/*
#cgo pkg-config: libusb-1.0
#include "hotplug.h"
*/
import "C"

import (
	"context"
	"fmt"
	"runtime/cgo"
	"sync"
	"time"
	"unsafe"
)

// failuresInARow of waiting after which a watch ends: the machine's USB is gone.
const failuresInARow = 10

// askAtOnce bounds how many devices are asked for their strings at once: one that hangs holds up no other, and a bus gone mad starts no more threads.
const askAtOnce = 4

// classHub is left out: a hub is nothing a citizen plugs in.
const classHub = 0x09

// place is where a device is plugged, and which stay it is.
type place struct{ bus, address int }

// watch is one libusb context with its callback.
type watch struct {
	table    *Table
	queue    *queue
	context  *C.libusb_context
	handle   C.libusb_hotplug_callback_handle
	mu       sync.Mutex // guards present and closing, for a look or a change
	present  map[place]Device
	closing  bool
	askers   sync.WaitGroup
	turns    chan struct{} // of askers
	finished chan struct{}
}

// Watch tells of every device but hubs: first of those plugged already, then of what comes and goes, until ctx ends, which closes the channel; so
// does a machine whose USB breaks down. A nil table is the built-in one. A reader that falls behind by more than 64 events gets one [Lost] in their
// stead.
func Watch(ctx context.Context, table *Table) (<-chan Event, error) {
	if table == nil {
		var err error
		if table, err = builtIn(); err != nil {
			return nil, fmt.Errorf("watch USB: %w", err)
		}
	}
	w := &watch{table: table, queue: newQueue(), present: map[place]Device{}, turns: make(chan struct{}, askAtOnce), finished: make(chan struct{})}
	self := cgo.NewHandle(w)
	if r := C.hotplug_start(&w.context, &w.handle, C.uintptr_t(self)); r != 0 {
		self.Delete()
		return nil, fmt.Errorf("watch USB: %w: %s", ErrUnavailable, C.GoString(C.libusb_strerror(r)))
	}
	go func() {
		w.wait()
		w.end()
		self.Delete()
	}()
	go func() {
		select {
		case <-ctx.Done():
			w.mu.Lock()
			w.closing = true
			w.mu.Unlock()
			w.interrupt()
		case <-w.finished:
		}
	}()
	go w.queue.deliver(ctx.Done())
	return w.queue.out, nil
}

func (w *watch) isClosing() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closing
}

// interrupt wakes wait. It holds the lock that end takes before it gives the context back.
func (w *watch) interrupt() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.context != nil {
		C.libusb_interrupt_event_handler(w.context)
	}
}

// wait lets libusb call back until the watch is to close.
func (w *watch) wait() {
	for failures := 0; !w.isClosing() && failures < failuresInARow; {
		r := C.hotplug_wait(w.context)
		if r == 0 || r == C.LIBUSB_ERROR_INTERRUPTED {
			failures = 0
			continue
		}
		failures++
	}
}

// end gives everything back once nobody speaks to a device any more.
func (w *watch) end() {
	w.queue.end()
	C.libusb_hotplug_deregister_callback(w.context, w.handle)
	w.mu.Lock()
	w.closing = true
	w.mu.Unlock()
	w.askers.Wait()
	w.mu.Lock()
	C.libusb_exit(w.context)
	w.context = nil
	w.mu.Unlock()
	close(w.finished)
}

// tirkeuHotplug is what libusb calls: in wait, and for the devices that are there at the start in Watch.
//
//export tirkeuHotplug
func tirkeuHotplug(self C.uintptr_t, left C.int, seen *C.struct_seen, device *C.libusb_device) {
	w := cgo.Handle(self).Value().(*watch)
	if seen.classes[0] == classHub {
		return
	}
	at := time.Now()
	where := place{int(seen.bus), int(seen.address)}
	w.mu.Lock()
	defer w.mu.Unlock()
	if left != 0 {
		if d, known := w.present[where]; known {
			delete(w.present, where)
			w.queue.push(Event{Left, d, at})
		}
		return
	}
	if _, known := w.present[where]; known || w.closing { // told of twice: by enumeration and by the event
		return
	}
	var ports []int
	for _, p := range seen.ports[:seen.port_count] {
		ports = append(ports, int(p))
	}
	classes := make([]uint8, 0, seen.class_count)
	for _, c := range seen.classes[:seen.class_count] {
		classes = append(classes, uint8(c))
	}
	d := Device{Bus: where.bus, Address: where.address, Port: portOf(where.bus, ports), Vendor: uint16(seen.vendor), ProductID: uint16(seen.product)}
	w.table.name(&d, classes)
	w.present[where] = d
	w.queue.push(Event{Arrived, d, at})
	strings := seen.strings
	C.libusb_ref_device(device)
	w.askers.Go(func() {
		defer C.libusb_unref_device(device)
		w.turns <- struct{}{}
		defer func() { <-w.turns }()
		w.ask(where, device, [3]C.uint8_t(strings), classes)
	})
}

// ask reads a device's strings, in a goroutine of its own, for it may be busy or hang; libusb gives up each string after a second.
func (w *watch) ask(where place, device *C.libusb_device, indices [3]C.uint8_t, classes []uint8) {
	w.mu.Lock()
	_, still := w.present[where]
	still = still && !w.closing
	w.mu.Unlock()
	if !still {
		return
	}
	var handle *C.libusb_device_handle
	if C.libusb_open(device, &handle) != 0 { // forbidden, or pulled again
		return
	}
	var said [3]string
	for i, index := range indices {
		if index == 0 || w.isClosing() {
			continue
		}
		var text [256]C.uchar
		n := C.libusb_get_string_descriptor_ascii(handle, index, &text[0], C.int(len(text)))
		if n > 0 {
			said[i] = printable(C.GoStringN((*C.char)(unsafe.Pointer(&text[0])), n))
		}
	}
	C.libusb_close(handle)
	w.mu.Lock()
	defer w.mu.Unlock()
	d, still := w.present[where]
	if !still || w.closing {
		return
	}
	d.Manufacturer, d.Product, d.Serial = said[0], said[1], said[2]
	w.table.name(&d, classes)
	w.present[where] = d
	w.queue.push(Event{Described, d, time.Now()})
}
