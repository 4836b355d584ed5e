package registry

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// ErrDocument is wrapped by every refusal of an application, a decision or a directory.
var ErrDocument = errors.New("the document is not in form")

type checked interface{ check() error }

// encode writes compact JSON with the fields in the order of the struct and nothing escaped that need not be.
func encode(what string, d checked) ([]byte, error) {
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("encoding the %s: %w: %w", what, ErrDocument, err)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(d); err != nil {
		return nil, fmt.Errorf("encoding the %s: %w: %w", what, ErrDocument, err)
	}
	document := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if len(document) > DocumentMax {
		return nil, fmt.Errorf("encoding the %s: %w: longer than %d bytes", what, ErrDocument, DocumentMax)
	}
	return document, nil
}

// parse accepts exactly what encode writes. Comparing with the encoding anew also refuses doubled fields, names in other
// letter case, replaced bad UTF-8 and times written otherwise. Errors of encoding/json may quote values, so they are not passed on.
func parse[D checked](what string, document []byte) (D, error) {
	var d, none D
	refuse := func(why string) (D, error) {
		return none, fmt.Errorf("reading the %s: %w: %s", what, ErrDocument, why)
	}
	if len(document) > DocumentMax {
		return refuse("too long")
	}
	in := json.NewDecoder(bytes.NewReader(document))
	in.DisallowUnknownFields()
	if err := in.Decode(&d); err != nil {
		return refuse("not JSON with the fields of this version")
	}
	if err := d.check(); err != nil {
		return refuse(err.Error())
	}
	again, err := encode(what, d)
	if err != nil || !bytes.Equal(again, document) {
		return refuse("not in the canonical encoding")
	}
	return d, nil
}

// Hash gives the SHA-256 of a document's bytes in lower-case hex.
func Hash(document []byte) string {
	sum := sha256.Sum256(document)
	return hex.EncodeToString(sum[:])
}
