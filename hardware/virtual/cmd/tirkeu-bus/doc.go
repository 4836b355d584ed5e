// Tirkeu-bus is a USB bus with tokens, card readers and identity cards that are not there, and a pcscd of its own that serves them: for demonstration,
// training and tests, never part of a release.
//
//	tirkeu-bus --dir DIR serve              be the bus until told to end
//	tirkeu-bus --dir DIR COMMAND [WORDS]    tell a bus that serves in DIR; see --help
//
// DIR holds the cards, which stay from one run to the next, and while the bus serves two files of shell assignments: env, for a program that uses cards
// through PC/SC or OpenSC's PKCS#11, and env.usb, for the one program that also watches USB through libusb.
package main
