// Package virtual is a bench of tokens that are not there: SoftHSM behind a vendor-module shim (shim/, in C), so that several tokens at once
// are truly a Kaztoken, an eToken, a JaCarta, an AKey and an identity card to the program. It is for demonstration and tests, and is never linked into the
// kiosk.
//
// A bench is a folder: SoftHSM's store, one control file for each vendor's module, and for each token what the token itself remembers
// (wrong PINs in a row, its label, counts of calls). Every process that opens the folder sees the same bench; changes are made under a lock and
// take effect at the module's next call. A token that is plugged again has another plug number, and sessions opened before are dead.
//
// The folder holds the PINs of its fictional tokens in clear, for the dock to show. It may be lost at any time: [Create] makes a new one.
package virtual
