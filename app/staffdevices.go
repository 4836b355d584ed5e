package app

// staffDevices lists what is plugged into USB, also what nobody knows: a citizen is never told of that, staff find out by it why a
// device does nothing.
type staffDevices struct{}

func (*staffDevices) name() string { return "staff.devices" }
func (*staffDevices) view(k *Kiosk) any {
	return StaffDevicesScreen{Operator: k.ses.staff.operator.Name, Devices: k.deviceCards()}
}

func (*staffDevices) act(k *Kiosk, action string, _ []byte) *fault {
	k.staffTab(action)
	return nil
}
