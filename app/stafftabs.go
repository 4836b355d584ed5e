package app

// staffTab leads from one part of supervisor mode to another, and out of it; true where the touch was one of these. Under the lock.
func (k *Kiosk) staffTab(action string) bool {
	switch action {
	case "staff.leave-mode":
		k.end("staff left")
	case "staff.queue":
		k.at = &staffQueue{}
		k.search("")
	case "staff.people":
		k.at = &staffPeople{}
	case "staff.unblock":
		k.at = &staffUnblock{}
	case "staff.devices":
		k.at = &staffDevices{}
	case "staff.report":
		k.showReport(k.today())
	default:
		return false
	}
	return true
}
