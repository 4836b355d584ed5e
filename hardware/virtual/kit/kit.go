package kit

import (
	"encoding/hex"
	"strings"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/hardware/virtual/bus"
	"github.com/tirkeu/kiosk/hardware/virtual/ccid"
)

// Model is a kind of token, or a reader.
type Model struct {
	Code            string     // "etoken-5100"
	Kind            token.Kind // empty for a reader
	Vendor, Product uint16
	Manufacturer    string // as the device calls its maker
	Name            string // and itself
	ATR             []byte // of the token; nil for a reader
	Reader          string // how libccid calls the reader, without serial number and counters
	StandIn         bool   // the numbers are those of another device
}

// Card is a kind of card for a reader.
type Card struct {
	Code string
	ATR  []byte
}

func atr(text string) []byte {
	octets, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		panic(err) // a constant of this file
	}
	return octets
}

// Models are the tokens and readers.
var Models = []Model{
	{Code: "kaztoken", Kind: token.Kaztoken, Vendor: 0x0a89, Product: 0x0030, Manufacturer: "Aktiv", Name: "Rutoken ECP",
		ATR: atr("3B 88 01 4B 41 5A 54 4F 4B 45 4E 82"), Reader: "Aktiv Rutoken ECP", StandIn: true},
	{Code: "kaztoken-sc", Kind: token.Kaztoken, Vendor: 0x0a89, Product: 0x0030, Manufacturer: "Aktiv", Name: "Rutoken ECP",
		ATR: atr("3B 98 96 00 4B 41 5A 54 4F 4B 45 4E"), Reader: "Aktiv Rutoken ECP", StandIn: true},
	{Code: "jacarta", Kind: token.JaCarta, Vendor: 0x24dc, Product: 0x0101, Manufacturer: "Aladdin R.D.", Name: "JaCarta",
		ATR: atr("3B DC 18 FF 81 91 FE 1F C3 80 73 C8 21 13 66 01 06 11 59 00 01 28"), Reader: "Aladdin R.D. JaCarta"},
	{Code: "jacarta-lt", Kind: token.JaCarta, Vendor: 0x24dc, Product: 0x0102, Manufacturer: "Aladdin R.D.", Name: "JaCarta LT",
		ATR: atr("3B DC 18 FF 81 11 FE 80 73 C8 21 13 66 01 06 01 30 80 01 8D"), Reader: "Aladdin R.D. JaCarta LT"},
	{Code: "etoken-5100", Kind: token.EToken, Vendor: 0x0529, Product: 0x0620, Manufacturer: "SafeNet", Name: "eToken PRO Java 72K OS755",
		ATR: atr("3B D5 18 00 81 31 3A 7D 80 73 C8 21 10 30"), Reader: "SafeNet eToken 5100"},
	{Code: "etoken-5110", Kind: token.EToken, Vendor: 0x08e6, Product: 0x34cf, Manufacturer: "SafeNet", Name: "eToken 5110+ FIPS",
		ATR: atr("3B D5 18 00 81 31 FE 7D 80 73 C8 21 10 F4"), Reader: "SafeNet eToken 5110+ FIPS"},
	{Code: "acr39u", Vendor: 0x072f, Product: 0xb100, Manufacturer: "ACS", Name: "ACR39U ICC Reader", Reader: "ACS ACR39U ICC Reader"},
	{Code: "omnikey-3x21", Vendor: 0x076b, Product: 0x3031, Manufacturer: "HID Global", Name: "OMNIKEY 3x21 Smart Card Reader", Reader: "HID Global OMNIKEY 3x21 Smart Card Reader"},
}

// Cards are the national identity cards.
var Cards = []Card{
	{"id-soma-a", atr("3B 3E 95 00 53 4F 4D 41 2D 63 30 30 37 2D 44 53 31 61")},
	{"id-soma-b", atr("3B 3E 95 00 53 4F 4D 41 2D 63 30 30 37 2D 44 53 31 62")},
	{"id-2022", atr("3B FA 18 00 FF 80 31 FE 45 00 31 80 73 94 41 00 00 90 00 90")},
	{"id-contactless", atr("3B 8C 80 01 50 F5 6F F8 2B E1 F3 5E 11 33 81 C7 3C")},
}

// ByCode finds a model.
func ByCode(code string) (Model, bool) {
	for _, m := range Models {
		if m.Code == code {
			return m, true
		}
	}
	return Model{}, false
}

// CardByCode finds a card.
func CardByCode(code string) (Card, bool) {
	for _, c := range Cards {
		if c.Code == code {
			return c, true
		}
	}
	return Card{}, false
}

// Device is the model as it is plugged in, with what answers inside. serial may be empty; many readers have none.
func (m Model) Device(serial string, inside *ccid.Reader) bus.Device {
	return bus.Device{Vendor: m.Vendor, Product: m.Product, Manufacturer: m.Manufacturer, Name: m.Name, Serial: serial, Function: inside}
}
