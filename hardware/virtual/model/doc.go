// Package model is a device with tokens in memory, which answers as a PKCS#11 module does in all that has to do with plugging and with PINs: for
// simulations of a million sign-ins, which a real module is too slow for. It has no keys and no objects.
//
// It is worth something only as far as it behaves as the virtual vendor module does: both pass one suite (suite_test.go). It needs cgo, because the
// PKCS#11 types do.
package model
