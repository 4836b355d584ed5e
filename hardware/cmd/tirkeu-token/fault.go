//go:build cgo

package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/miekg/pkcs11"

	"github.com/tirkeu/kiosk/hardware/token/wire"
)

// fault is a failure the worker itself finds, beside those a module returns.
type fault struct {
	fault wire.Fault
	text  string
}

// Error gives the text, which names no secret.
func (f fault) Error() string { return f.text }

// faults says what a module's return values mean to the kiosk (PKCS#11 v2.40 §5.1).
var faults = map[pkcs11.Error]wire.Fault{
	pkcs11.CKR_DEVICE_REMOVED:             wire.FaultRemoved,
	pkcs11.CKR_TOKEN_NOT_PRESENT:          wire.FaultRemoved,
	pkcs11.CKR_SESSION_HANDLE_INVALID:     wire.FaultRemoved, // a session ends by itself only when its token goes
	pkcs11.CKR_SESSION_CLOSED:             wire.FaultRemoved,
	pkcs11.CKR_SLOT_ID_INVALID:            wire.FaultRemoved,
	pkcs11.CKR_PIN_INCORRECT:              wire.FaultPINIncorrect,
	pkcs11.CKR_PIN_LOCKED:                 wire.FaultPINLocked,
	pkcs11.CKR_PIN_LEN_RANGE:              wire.FaultPINLength,
	pkcs11.CKR_PIN_INVALID:                wire.FaultPINRejected,
	pkcs11.CKR_PIN_TOO_WEAK:               wire.FaultPINRejected,
	pkcs11.CKR_PIN_EXPIRED:                wire.FaultPINExpired,
	pkcs11.CKR_DEVICE_MEMORY:              wire.FaultFull,
	pkcs11.CKR_USER_PIN_NOT_INITIALIZED:   wire.FaultUninitialized,
	pkcs11.CKR_TOKEN_NOT_RECOGNIZED:       wire.FaultUninitialized,
	pkcs11.CKR_TOKEN_WRITE_PROTECTED:      wire.FaultReadOnly,
	pkcs11.CKR_SESSION_READ_ONLY:          wire.FaultReadOnly,
	pkcs11.CKR_MECHANISM_INVALID:          wire.FaultMechanism,
	pkcs11.CKR_MECHANISM_PARAM_INVALID:    wire.FaultMechanism,
	pkcs11.CKR_KEY_SIZE_RANGE:             wire.FaultMechanism,
	pkcs11.CKR_FUNCTION_NOT_SUPPORTED:     wire.FaultMechanism,
	pkcs11.CKR_KEY_FUNCTION_NOT_PERMITTED: wire.FaultMechanism,
	pkcs11.CKR_KEY_TYPE_INCONSISTENT:      wire.FaultMechanism,
	pkcs11.CKR_USER_NOT_LOGGED_IN:         wire.FaultClosed,
}

func faultOf(err error) wire.Fault {
	var own fault
	if errors.As(err, &own) {
		return own.fault
	}
	var rv pkcs11.Error
	if errors.As(err, &rv) {
		if f, known := faults[rv]; known {
			return f
		}
	}
	return wire.FaultToken
}

// code is a return value's name without the binding's decoration, or its number when the standard has no name for it.
func code(err error) string {
	var rv pkcs11.Error
	if !errors.As(err, &rv) {
		return err.Error()
	}
	text := rv.Error()
	if i := strings.LastIndex(text, "CKR_"); i >= 0 {
		return text[i:]
	}
	return fmt.Sprintf("0x%08X", uint(rv))
}
