// Package kit lists the devices that can be plugged into the virtual bus, with the numbers and answers to reset of the tokens, readers and identity
// cards that a kiosk of Kazakhstan meets. They are like the real ones to USB and PC/SC; inside every one of them is the same card in software.
//
// Numbers and ATRs come from public lists (libccid's Info.plist, usb.ids, pcsc-tools' smartcard_list.txt). Kaztoken's number is that of a Rutoken ECP,
// whose family its ATR is of: a stand-in, not a fact. AKey is not here, for neither its number nor its ATR is known.
package kit
