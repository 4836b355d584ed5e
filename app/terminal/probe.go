//go:build cgo

package terminal

import (
	"context"
	"fmt"

	"github.com/tirkeu/kiosk/app"
	"github.com/tirkeu/kiosk/hardware/printer"
	"github.com/tirkeu/kiosk/hardware/usb"
)

// probes look at the parts that app cannot judge by itself.
func probes() map[string]app.Probe {
	return map[string]app.Probe{
		"usb": func(ctx context.Context) app.Finding {
			list, err := usb.Devices(ctx)
			if err != nil {
				return app.Finding{State: "absent"}
			}
			return app.Finding{State: "well", Detail: fmt.Sprint(len(list))}
		},
		"printer": func(context.Context) app.Finding {
			name, there, err := printer.Present()
			switch {
			case err != nil:
				return app.Finding{State: "attention"}
			case !there:
				return app.Finding{State: "absent"}
			}
			return app.Finding{State: "well", Detail: name}
		},
	}
}
