package virtual

import "github.com/tirkeu/kiosk/hardware/token"

// vendor is what a module and its tokens say of themselves. Manufacturer and model follow the makers' habits where they are known; no claim
// is made that a real Kaztoken or AKey uses these words.
type vendor struct {
	kind           token.Kind
	manufacturer   string
	model          string
	library        string
	reader         string
	pinMin, pinMax int
	tries          int
	pairs          int // places for key pairs; 0: no limit
}

var vendors = []vendor{
	{kind: token.Kaztoken, manufacturer: "KAZTOKEN", model: "Kaztoken", library: "Kaztoken PKCS#11", reader: "KAZTOKEN Reader", pinMin: 6, pinMax: 32, tries: 10},
	{kind: token.EToken, manufacturer: "SafeNet, Inc.", model: "eToken", library: "SafeNet eToken PKCS#11", reader: "SafeNet eToken 5100", pinMin: 4, pinMax: 20, tries: 15},
	{kind: token.JaCarta, manufacturer: "Aladdin R.D.", model: "JaCarta PKI", library: "JaCarta PKCS#11", reader: "Aladdin R.D. JaCarta", pinMin: 4, pinMax: 16, tries: 10},
	{kind: token.IDCard, manufacturer: "SOMA", model: "KZ ID", library: "KZ ID card PKCS#11", reader: "ACS ACR39U ICC Reader", pinMin: 4, pinMax: 16, tries: 3, pairs: 2},
	{kind: token.AKey, manufacturer: "AKey", model: "AKey", library: "AKey PKCS#11", reader: "AKey Reader", pinMin: 4, pinMax: 32, tries: 10},
}

func vendorOf(kind token.Kind) (vendor, bool) {
	for _, v := range vendors {
		if v.kind == kind {
			return v, true
		}
	}
	return vendor{}, false
}
