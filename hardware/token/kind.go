package token

import "github.com/tirkeu/kiosk/hardware/device"

// Kind says what a token is. It comes from its chip, or from what the device says of its maker and model, never from its label.
type Kind = device.Kind

// The kinds that the built-in table of devices knows.
const (
	Kaztoken = device.Kaztoken
	EToken   = device.EToken
	JaCarta  = device.JaCarta
	AKey     = device.AKey
	IDCard   = device.IDCard
	Unknown  = device.Unknown
)
