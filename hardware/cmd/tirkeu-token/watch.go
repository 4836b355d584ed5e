//go:build cgo

package main

// #cgo LDFLAGS: -ldl
// #include <stdlib.h>
// #include "listen.h"
// #include "watch.h"
import "C"

import (
	"time"
	"unsafe"

	"github.com/miekg/pkcs11"
)

// sight is what the slots looked like at the latest poll, as C wants it.
type sight struct {
	functions *C.struct_watch_functions
	slots     int // with a token
	sessions  []C.ulong
	blind     bool // there is a token without a session to watch, or one that does not answer yet: poll at every look
}

// openSight takes the function list of the module at path, which is loaded already.
func openSight(path string) *sight {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	return &sight{functions: C.watch_open(name)}
}

// event asks for a slot event without waiting for one.
func (s *sight) event() error {
	if s.functions == nil {
		return pkcs11.Error(pkcs11.CKR_FUNCTION_NOT_SUPPORTED)
	}
	if rv := C.watch_event(s.functions); rv != 0 {
		return pkcs11.Error(rv)
	}
	return nil
}

// take notes what a poll found: the slots with a token, and the sessions that die with their tokens.
func (s *sight) take(slots []uint, present map[uint]*present) {
	if s.functions != nil {
		C.listen_to_readers() // some modules bring PC/SC's library along only when they first need it
	}
	s.slots, s.sessions, s.blind = len(slots), s.sessions[:0], false
	for _, slot := range slots {
		if t := present[slot]; t != nil && t.open {
			s.sessions = append(s.sessions, C.ulong(t.watch))
		} else {
			s.blind = true
		}
	}
}

// listen lets a thread wait in the module for its slot events. It is only for a module of which that is known to work.
func (s *sight) listen() {
	if s.functions != nil {
		C.watch_listen(s.functions)
	}
}

// told says whether changes are told of without looking.
func (s *sight) told() bool { return C.listen_ears() > 0 }

// waited says whether a thread is, or was, in the module beside ours.
func (s *sight) waited() bool { return C.listen_inside() != 0 }

// why wait returned.
type why int

const (
	asked   why = C.WATCH_REQUEST // a request can be read
	differs why = C.WATCH_DIFFERS // the slots look different
	due     why = C.WATCH_DUE     // as many looks were taken as it was told to take
	told    why = C.WATCH_TOLD    // the machine, or the module, says that something was plugged or pulled
)

// wait returns when a request can be read or when it is time to poll.
func (s *sight) wait(fd int, first, every time.Duration, looks int) why {
	if s.functions == nil {
		if readable(fd, first) {
			return asked
		}
		return due
	}
	if s.blind {
		looks = 0
	}
	return why(C.watch_wait(s.functions, C.int(fd), milliseconds(first), milliseconds(every), C.int(looks),
		C.ulong(s.slots), unsafe.SliceData(s.sessions), C.ulong(len(s.sessions))))
}

// milliseconds are rounded up: a look too early would be followed by another.
func milliseconds(d time.Duration) C.int {
	return C.int((d + time.Millisecond - 1) / time.Millisecond)
}
