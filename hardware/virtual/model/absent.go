//go:build cgo

package model

import "github.com/miekg/pkcs11"

// What the model does not have: keys and objects. A search finds nothing, on a session that lives.

var errNone = pkcs11.Error(pkcs11.CKR_FUNCTION_NOT_SUPPORTED)

// FindObjectsInit begins a search that finds nothing.
func (m *Module) FindObjectsInit(h pkcs11.SessionHandle, _ []*pkcs11.Attribute) error {
	return m.call("C_FindObjectsInit", func() error { _, err := m.on(h); return err })
}

// FindObjects finds nothing.
func (m *Module) FindObjects(h pkcs11.SessionHandle, _ int) ([]pkcs11.ObjectHandle, bool, error) {
	return nil, false, m.call("C_FindObjects", func() error { _, err := m.on(h); return err })
}

// FindObjectsFinal ends the search.
func (m *Module) FindObjectsFinal(h pkcs11.SessionHandle) error {
	return m.call("C_FindObjectsFinal", func() error { _, err := m.on(h); return err })
}

// GetMechanismInfo knows no mechanism.
func (m *Module) GetMechanismInfo(uint, []*pkcs11.Mechanism) (pkcs11.MechanismInfo, error) {
	return pkcs11.MechanismInfo{}, pkcs11.Error(pkcs11.CKR_MECHANISM_INVALID)
}

// GetAttributeValue is not supported.
func (m *Module) GetAttributeValue(pkcs11.SessionHandle, pkcs11.ObjectHandle, []*pkcs11.Attribute) ([]*pkcs11.Attribute, error) {
	return nil, errNone
}

// SetAttributeValue is not supported.
func (m *Module) SetAttributeValue(pkcs11.SessionHandle, pkcs11.ObjectHandle, []*pkcs11.Attribute) error {
	return errNone
}

// CreateObject is not supported.
func (m *Module) CreateObject(pkcs11.SessionHandle, []*pkcs11.Attribute) (pkcs11.ObjectHandle, error) {
	return 0, errNone
}

// DestroyObject is not supported.
func (m *Module) DestroyObject(pkcs11.SessionHandle, pkcs11.ObjectHandle) error { return errNone }

// GenerateKeyPair is not supported.
func (m *Module) GenerateKeyPair(pkcs11.SessionHandle, []*pkcs11.Mechanism, []*pkcs11.Attribute, []*pkcs11.Attribute) (pkcs11.ObjectHandle, pkcs11.ObjectHandle, error) {
	return 0, 0, errNone
}

// SignInit is not supported.
func (m *Module) SignInit(pkcs11.SessionHandle, []*pkcs11.Mechanism, pkcs11.ObjectHandle) error {
	return errNone
}

// Sign is not supported.
func (m *Module) Sign(pkcs11.SessionHandle, []byte) ([]byte, error) { return nil, errNone }
