//go:build linux && cgo && production && training

package window

/*
#cgo CFLAGS: -DTIRKEU_TRAINING
#include <stdlib.h>
#include "band_training.h"
*/
import "C"

import "unsafe"

// programName is what the window's library calls its own folders by: they are not shared with a working terminal.
const programName = "tirkeu-training"

// What the band says: the word in every language, whatever the screen below speaks.
const (
	bandPlain  = "Оқу режимі · Учебный режим · Training"
	bandMarkup = `<span lang="kk">Оқу режимі</span>   ·   <span lang="ru">Учебный режим</span>   ·   <span lang="en">Training</span>`
	title      = "Tirkeu · " + bandPlain
)

// prepareBand says what stands over every screen; before the window is made.
func prepareBand(o Options) {
	markup, plain := C.CString(bandMarkup), C.CString(bandPlain)
	defer C.free(unsafe.Pointer(markup))
	defer C.free(unsafe.Pointer(plain))
	C.tirkeu_band_says(markup, plain, C.int(o.BandPx))
}
