//go:build !cgo

package block

import "context"

// events: without the C library's udev there is nothing to listen to but the regular look.
func events(context.Context, func()) bool { return false }
