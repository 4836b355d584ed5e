package authority

import (
	"fmt"
	"io"
	"math/big"

	"github.com/tirkeu/kiosk/sync/pki"
)

// NewSerial gives a serial number of 20 random octets, positive and never shorter (RFC 5280
// §4.1.2.2). The leading octet follows НУЦ's rule: top bit off, at least 0x10. A caller that must
// not lose a certificate records the number before it has it signed.
func (a *Authority) NewSerial() (*big.Int, error) { return newSerial(a.options.Rand) }

// SerialFor gives the serial number that a certificate of a template for this key (SPKI in DER) will
// have: drawn, or by НУЦ's rule for GOST the identifier of the key. By that rule the same key gives the
// same number every time, so it cannot be certified twice.
func (a *Authority) SerialFor(template string, spki []byte) (*big.Int, error) {
	profile, err := a.profiles.Template(template)
	if err != nil {
		return nil, err
	}
	if profile.Serial != pki.SerialKeyIdentifier {
		return a.NewSerial()
	}
	return pki.KeySerial(spki)
}

func newSerial(random io.Reader) (*big.Int, error) {
	octets := make([]byte, 20)
	if _, err := io.ReadFull(random, octets); err != nil {
		return nil, fmt.Errorf("draw serial number: %w", err)
	}
	octets[0] &= 0x7f
	if octets[0] < 0x10 {
		octets[0] |= 0x10
	}
	return new(big.Int).SetBytes(octets), nil
}
