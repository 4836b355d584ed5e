//go:build linux && cgo && production && training

package window

/*
#cgo CFLAGS: -DTIRKEU_TRAINING
#include <stdlib.h>
#include "band_training.h"
*/
import "C"

import (
	"math"
	"unsafe"
)

// programName is what the window's library calls its own folders by: they are not shared with a working terminal.
const programName = "tirkeu-training"

// What the band says: the word in every language, whatever the screen below speaks.
const (
	bandPlain  = "Оқу режимі · Учебный режим · Training"
	bandMarkup = `<span lang="kk">Оқу режимі</span>   ·   <span lang="ru">Учебный режим</span>   ·   <span lang="en">Training</span>`
	title      = "Tirkeu · " + bandPlain
)

// Height of the band's letters, in millimetres of the glass: a little more than the page's own body text.
const (
	bandSmallMM  = 4.4
	bandLargeMM  = 6.6
	bandSmallFor = 180.0 // glass lower than this, as in the page's display.ts
)

// prepareBand says what stands over every screen; before the window is made.
func prepareBand(o Options) {
	mm := 4.0
	if o.DiagonalIn > 0 && o.Width > 0 && o.Height > 0 {
		mm = math.Hypot(float64(o.Width), float64(o.Height)) / o.DiagonalIn / 25.4
	}
	size := bandLargeMM
	if float64(o.Height)/mm < bandSmallFor {
		size = bandSmallMM
	}
	markup, plain := C.CString(bandMarkup), C.CString(bandPlain)
	defer C.free(unsafe.Pointer(markup))
	defer C.free(unsafe.Pointer(plain))
	C.tirkeu_band_says(markup, plain, C.int(math.Round(size*mm)))
}
