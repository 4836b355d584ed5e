// Package ccid is a smart card reader on the virtual bus: the bulk messages of the USB device class "CCID" (usb.org, "Integrated Circuit(s) Cards
// Interface Devices", revision 1.1) with one slot, as the real libccid and pcscd speak them. A token is a reader whose card is never taken out.
//
// It exchanges whole APDUs, short and extended ("extended APDU level", §5.1), sets its parameters by the ATR itself, and has no interrupt endpoint:
// pcscd asks for the slot's state instead, every 400 ms. A card that computes for longer than [Reader.Patience] has the host wait by time extensions
// (§6.2.6), as real ones do.
//
// What a card answers belongs to the card; a reader keeps nothing of it.
package ccid
