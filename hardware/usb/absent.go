//go:build !cgo

package usb

import (
	"context"
	"fmt"

	"github.com/tirkeu/kiosk/hardware/token"
)

// Devices cannot look without libusb: a program built without C says so.
func Devices(context.Context) ([]Device, error) {
	return nil, fmt.Errorf("list USB devices: %w: built without libusb", ErrUnavailable)
}

// DevicesNamed cannot look without libusb either.
func DevicesNamed(ctx context.Context, _ *token.Devices) ([]Device, error) { return Devices(ctx) }
