//go:build !training

package terminal

import "github.com/tirkeu/kiosk/app"

// The program that serves people, and its demonstration, which shares its data.
const (
	// Program is what it is called.
	Program = "tirkeu"
	// About is what it is for.
	About = "the self-service terminal of a registration centre"
	// DefaultConfiguration and DefaultState are where a packaged terminal keeps its files.
	DefaultConfiguration = "/etc/tirkeu/kiosk.toml"
	DefaultState         = "/var/lib/tirkeu"

	edition  = "" // in device.json
	fileMark = 0  // in the database's header
)

// band: there is none over the screens.
var band func(app.Display) int

// accepted judges a centre: one that knows the secret will do.
var accepted authority

// sealKey is the key that seals the database, from what seal.key holds.
func sealKey(kept []byte) ([]byte, error) { return kept, nil }
