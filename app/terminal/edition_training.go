//go:build training

package terminal

import (
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"math"

	"github.com/tirkeu/kiosk/app"
	"github.com/tirkeu/kiosk/sync/pki"
)

// The program that staff learn on.
const (
	// Program is what it is called.
	Program = "tirkeu-training"
	// About is what it is for.
	About = "the training program of the self-service terminal: a virtual bench, data of its own, a sandbox centre alone"
	// DefaultConfiguration and DefaultState are where it keeps its files, apart from a working terminal's.
	DefaultConfiguration = "/etc/tirkeu/training.toml"
	DefaultState         = "/var/lib/tirkeu-training"

	edition  = "training"
	fileMark = 0x54524e47 // "TRNG"

	virtualBench = true
)

// Height of the band in millimetres of the glass: its letters are a little larger than the page's body text.
const (
	bandSmallMM  = 7.2
	bandLargeMM  = 11.5
	bandSmallFor = 180.0 // glass lower than this, as in the page's display.ts
)

// band is the height of the band over every screen, in pixels.
var band = func(d app.Display) int {
	mm := math.Hypot(float64(d.WidthPx), float64(d.HeightPx)) / d.DiagonalIn / 25.4
	if float64(d.HeightPx)/mm < bandSmallFor {
		return int(math.Round(bandSmallMM * mm))
	}
	return int(math.Round(bandLargeMM * mm))
}

// accepted takes a centre whose CAs all say that they are a sandbox's.
var accepted authority = sandboxOnly

func sandboxOnly(root *x509.Certificate, chain []*x509.Certificate) error {
	for _, ca := range append([]*x509.Certificate{root}, chain...) {
		if !pki.IsSandbox(ca) {
			return fmt.Errorf("%w (%q does not say %s)", errNotSandbox, ca.Subject.CommonName, pki.SandboxMark)
		}
	}
	return nil
}

// sealKey derives this edition's own key: where a database's mark was changed, it still does not open on a working terminal.
func sealKey(kept []byte) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, kept, nil, "tirkeu training 1 seal", len(kept))
	if err != nil {
		return nil, fmt.Errorf("deriving the training program's seal key: %w", err)
	}
	return key, nil
}
