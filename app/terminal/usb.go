package terminal

import (
	"github.com/tirkeu/kiosk/hardware/device"
	"github.com/tirkeu/kiosk/hardware/usb"
)

// devices is the table of devices on this machine, with the modules that the configuration names: one called as a kind of token serves that kind, any
// other serves whatever is plugged in.
func (c Configuration) devices() (*usb.Table, error) {
	known, err := device.Load(c.Devices)
	if err != nil {
		return nil, err
	}
	table := usb.On(known)
	table.Modules = map[device.Kind][]string{}
	kinds := map[device.Kind]bool{}
	for _, d := range known.Device {
		kinds[d.Kind] = true
	}
	for _, m := range c.Modules {
		kind := device.Kind(m.Name)
		if !kinds[kind] {
			kind = ""
		}
		table.Modules[kind] = append(table.Modules[kind], m.Path)
	}
	return table, nil
}
