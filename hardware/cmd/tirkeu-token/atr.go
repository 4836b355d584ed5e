//go:build cgo

package main

// #include <stdlib.h>
// #include "atr.h"
import "C"

import (
	"encoding/hex"
	"unsafe"
)

// atrOf gives the answer to reset of the card in a reader, in hexadecimal digits; empty where PC/SC does not tell. A slot of a module over PC/SC is
// described by the reader's name.
func atrOf(reader string) string {
	name := C.CString(reader)
	defer C.free(unsafe.Pointer(name))
	var atr [C.ATR_MOST]C.uchar
	n := C.atr_of(name, &atr[0])
	return hex.EncodeToString(C.GoBytes(unsafe.Pointer(&atr[0]), n))
}
