package token

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"io"

	"bytes"

	"github.com/tirkeu/kiosk/hardware/token/wire"
)

// digestInfo holds what stands before a digest in a PKCS#1 v1.5 signature (RFC 8017 §9.2, note 1). The token gets prefix and digest
// with CKM_RSA_PKCS, which every token has; only some can hash by themselves.
var digestInfo = map[crypto.Hash][]byte{
	crypto.SHA256: {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20},
	crypto.SHA384: {0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30},
	crypto.SHA512: {0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40},
}

type signer struct {
	session *Session
	ctx     context.Context
	id      []byte
	public  *rsa.PublicKey
}

// Signer gives the RSA key under id as a crypto.Signer for PKCS#1 v1.5 with SHA-256, SHA-384 or SHA-512. It lives as long as the session;
// ctx rules its signatures too. Each signature is verified with the public key before it is handed out.
func (s *Session) Signer(ctx context.Context, id []byte) (crypto.Signer, error) {
	const op = "open key"
	keys, err := s.Keys(ctx)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		if !bytes.Equal(k.ID, id) {
			continue
		}
		public, err := x509.ParsePKIXPublicKey(k.SPKI)
		if err != nil {
			return nil, &Error{Op: op, Code: "no RSA public key", Err: ErrNoMechanism}
		}
		key, isRSA := public.(*rsa.PublicKey)
		if !isRSA {
			return nil, &Error{Op: op, Code: "no RSA public key", Err: ErrNoMechanism}
		}
		return &signer{session: s, ctx: ctx, id: bytes.Clone(id), public: key}, nil
	}
	return nil, &Error{Op: op, Err: ErrNotFound}
}

// Public gives the key's *rsa.PublicKey.
func (s *signer) Public() crypto.PublicKey { return s.public }

// Sign has the token sign a digest; the source of randomness is not used.
func (s *signer) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	const op = "sign"
	prefix, known := digestInfo[opts.HashFunc()]
	if _, pss := opts.(*rsa.PSSOptions); pss || !known {
		return nil, &Error{Op: op, Code: "only PKCS#1 v1.5 with SHA-256, SHA-384, SHA-512", Err: ErrNoMechanism}
	}
	if len(digest) != opts.HashFunc().Size() {
		return nil, &Error{Op: op, Code: "digest of the wrong length", Err: ErrNoMechanism}
	}
	data := append(bytes.Clone(prefix), digest...)
	answer, err := s.session.call(s.ctx, op, wire.Request{Op: wire.OpSign, KeyID: s.id, Data: data}, false)
	if err != nil {
		return nil, err
	}
	err = rsa.VerifyPKCS1v15(s.public, opts.HashFunc(), digest, answer.Signature)
	if err != nil {
		return nil, &Error{Op: op, Err: ErrSignature}
	}
	return answer.Signature, nil
}

// over says that a session has ended by itself.
func over(err error) bool {
	return errors.Is(err, ErrSessionClosed) || errors.Is(err, ErrRemoved) || errors.Is(err, ErrUnknownInsertion)
}
