// Package card is a smart card in software: a file system with access rights (ISO/IEC 7816-4), one PIN with its PUK, and RSA-2048 keys that are
// generated on it and never leave it. It speaks the published command set of the JavaCard applet "IsoApplet", API version 0.6, which OpenSC has a
// driver and a pkcs15-init profile for, so that OpenSC's PKCS#11 personalises it, generates, signs, stores certificates, locks and unblocks as on a
// real card. Its ATR is whatever it is given: OpenSC recognises it by the applet.
//
// It promises: a command either takes full effect or none, also when the card loses power while it computes; what it has kept ([Open]) is on disk
// before the command is answered, by rename; each VERIFY with a wrong PIN costs exactly one try, and the count survives power loss.
//
// It is for tests, demonstration and training: its file holds PIN, PUK and private keys in clear, and anybody who can change the file can change
// the card. It may be lost at any time; a blank card takes its place.
package card
