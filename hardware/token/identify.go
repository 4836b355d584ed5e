package token

import (
	"encoding/hex"

	"github.com/tirkeu/kiosk/hardware/device"
	"github.com/tirkeu/kiosk/hardware/token/wire"
)

// identify finds the device by its chip's answer to reset where there is one, and by what it says of its maker and model otherwise: a general module,
// such as OpenSC's, says of every maker's card what was written on it when it was made out.
func identify(table *device.Table, s wire.Slot) device.Device {
	atr, err := hex.DecodeString(s.ATR)
	if err == nil && len(atr) > 0 {
		if known, found := table.ByATR(atr); found {
			return known
		}
	}
	return table.Recognize(s.Manufacturer, s.Model)
}
