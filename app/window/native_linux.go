//go:build linux && cgo && production

package window

/*
#cgo pkg-config: gtk+-3.0 webkit2gtk-4.1
#include "native_linux.h"
*/
import "C"

// onRendererGone is called on the main thread when the page's process has ended by itself. Set before Run.
var onRendererGone func(reason string)

//export tirkeuRendererGone
func tirkeuRendererGone(reason C.int) {
	name := "crashed"
	if reason == 1 {
		name = "exceeded its memory limit"
	}
	if onRendererGone != nil {
		onRendererGone(name)
	}
}

// replacePage ends the page's process and loads the page anew, on the main thread.
func replacePage() { C.tirkeu_replace_page() }
