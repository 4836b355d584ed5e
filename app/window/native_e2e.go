//go:build linux && cgo && production && e2e

package window

// Only test builds may be driven from outside: the web view is made under automation control.

// #cgo CFLAGS: -DTIRKEU_AUTOMATION
import "C"
