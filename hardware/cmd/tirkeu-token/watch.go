//go:build cgo

package main

// #cgo LDFLAGS: -ldl
// #include <stdlib.h>
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
	s.slots, s.sessions, s.blind = len(slots), s.sessions[:0], false
	for _, slot := range slots {
		if t := present[slot]; t != nil && t.open {
			s.sessions = append(s.sessions, C.ulong(t.watch))
		} else {
			s.blind = true
		}
	}
}

// wait returns when a request can be read (true) or when it is time to poll (false): the slots look different, or rounds looks were taken.
func (s *sight) wait(fd int, first, every time.Duration, rounds int) bool {
	if s.functions == nil {
		return readable(fd, first)
	}
	if s.blind {
		rounds = 0
	}
	why := C.watch_wait(s.functions, C.int(fd), C.int(first.Milliseconds()), C.int(every.Milliseconds()), C.int(rounds),
		C.ulong(s.slots), unsafe.SliceData(s.sessions), C.ulong(len(s.sessions)))
	return why == C.WATCH_REQUEST
}
