package token_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"testing"

	"github.com/tirkeu/kiosk/hardware/token"
)

func TestSession_MakesKeySignsAndKeepsCertificateUnderOneID(t *testing.T) {
	s := start(t, nil, spec("aigerim", token.Kaztoken))
	session := s.login(s.plug("aigerim"), "123456")
	key := s.generate(session, "auth")
	if !key.Local || !key.NeverExtractable || key.Extractable || !key.Sensitive || key.HasCertificate {
		t.Errorf("a fresh key is %+v", key)
	}
	public, err := x509.ParsePKIXPublicKey(key.SPKI)
	s.must(err)
	if n := public.(*rsa.PublicKey).N.BitLen(); n != 2048 {
		t.Errorf("modulus of %d bits", n)
	}
	_, err = session.GenerateRSA(s.ctx, []byte("auth"), "again", 2048)
	if !errors.Is(err, token.ErrExists) {
		t.Errorf("a second key under one id: %v", err)
	}

	signer, err := session.Signer(s.ctx, []byte("auth"))
	s.must(err)
	digest := sha256.Sum256([]byte("text"))
	signature, err := signer.Sign(nil, digest[:], crypto.SHA256)
	s.must(err)
	s.must(rsa.VerifyPKCS1v15(public.(*rsa.PublicKey), crypto.SHA256, digest[:], signature))
	_, err = signer.Sign(nil, digest[:], &rsa.PSSOptions{Hash: crypto.SHA256})
	if !errors.Is(err, token.ErrNoMechanism) {
		t.Errorf("PSS: %v", err)
	}

	first, second := s.certify(session, "auth"), s.certify(session, "auth")
	for _, der := range [][]byte{first, second, second} {
		s.must(session.WriteCertificate(s.ctx, []byte("auth"), "key auth", der))
	}
	written, err := session.Certificates(s.ctx)
	s.must(err)
	if len(written) != 1 || !bytes.Equal(written[0].DER, second) || string(written[0].ID) != "auth" {
		t.Errorf("%d certificates after one replaced the other", len(written))
	}
	seen, err := s.rack.Certificates(s.ctx, session.Token().Insertion)
	s.must(err)
	if len(seen) != 1 {
		t.Errorf("%d certificates seen without a session of one's own", len(seen))
	}
	keys, err := session.Keys(s.ctx)
	s.must(err)
	if len(keys) != 1 || !keys[0].HasCertificate || !bytes.Equal(keys[0].SPKI, key.SPKI) {
		t.Errorf("keys: %+v", keys)
	}
	s.must(session.Delete(s.ctx, []byte("auth")))
	if err = session.Delete(s.ctx, []byte("auth")); !errors.Is(err, token.ErrNotFound) {
		t.Errorf("delete twice: %v", err)
	}
	if seen, err = s.rack.Certificates(s.ctx, session.Token().Insertion); err != nil || len(seen) != 0 {
		t.Errorf("%d certificates after delete, %v", len(seen), err)
	}
	s.must(session.Logout(s.ctx))
	s.must(session.Logout(s.ctx))
	if _, err = session.Keys(s.ctx); !errors.Is(err, token.ErrSessionClosed) {
		t.Errorf("keys after logout: %v", err)
	}
}
