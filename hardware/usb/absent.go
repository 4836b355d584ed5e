//go:build !cgo

package usb

import (
	"context"
	"fmt"
)

// Devices cannot look without libusb: a program built without C says so.
func Devices(context.Context) ([]Device, error) {
	return nil, fmt.Errorf("list USB devices: %w: built without libusb", ErrUnavailable)
}

// DevicesNamed cannot look without libusb either.
func DevicesNamed(ctx context.Context, _ *Table) ([]Device, error) { return Devices(ctx) }

// Watch cannot look without libusb either.
func Watch(context.Context, *Table) (<-chan Event, error) {
	return nil, fmt.Errorf("watch USB: %w: built without libusb", ErrUnavailable)
}
