package app

import (
	"strings"

	"rsc.io/qr"
)

// encodeQR draws text as a QR code of error correction level M; the empty code when the text does not fit.
func encodeQR(text string) QR {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return QR{}
	}
	var modules strings.Builder
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				modules.WriteByte('1')
			} else {
				modules.WriteByte('0')
			}
		}
	}
	return QR{Size: code.Size, Modules: modules.String()}
}
