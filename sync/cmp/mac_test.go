package cmp

import (
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// pbmac1 is a PBMAC1 as RFC 9481 §6.1.2 wants it.
func pbmac1() *mac {
	return &mac{kind: oidPBMAC1, hash: oidHMACSHA256, iterations: 2000, keyLength: 32, mac: oidHMACSHA256}
}

func TestServer_TakesPBMAC1AndAnswersInKind(t *testing.T) {
	w := newWorld(t)
	w.authority.share("kiosk-7", "0123456789abcdef")
	c := w.macClient("kiosk-7", "0123456789abcdef")
	c.Protect.like = pbmac1()
	x := NewTransaction(newID(t))
	a, err := c.IR(context.Background(), x, Template{RawSubject: emptyName, Key: newEC(t)})
	if err != nil || a.State != Issued {
		t.Fatalf("%+v, %v", a, err)
	}
	if err := c.Confirm(context.Background(), x, a.Certificate); err != nil {
		t.Fatal(err)
	}
}

func TestMAC_IsWhatOpenSSLComputesFromTheSameParameters(t *testing.T) {
	openssl, dir := program(t, "openssl"), t.TempDir()
	data, salt := []byte("the protected part"), []byte("0123456789abcdef")
	if err := os.WriteFile(filepath.Join(dir, "data"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	p := pbmac1().again(salt)
	key, err := run(t, dir, openssl, "kdf", "-keylen", "32", "-kdfopt", "digest:SHA256", "-kdfopt", "pass:secret", "-kdfopt", "hexsalt:"+hex.EncodeToString(salt), "-kdfopt", "iter:2000", "PBKDF2")
	if err != nil {
		t.Fatal(key)
	}
	key = strings.ReplaceAll(strings.TrimSpace(key), ":", "")
	want, err := run(t, dir, openssl, "mac", "-digest", "SHA256", "-macopt", "hexkey:"+key, "-in", "data", "HMAC")
	if err != nil {
		t.Fatal(want)
	}
	got, err := p.sum([]byte("secret"), data)
	if err != nil || !strings.EqualFold(hex.EncodeToString(got), strings.TrimSpace(want)) {
		t.Fatalf("%x, %v; openssl %s", got, err, want)
	}
}

func TestMAC_KeepsItsBounds(t *testing.T) {
	pbm := func(change func(*mac)) mac {
		p := newMAC([]byte("0123456789abcdef"))
		change(&p)
		return p
	}
	for name, p := range map[string]mac{
		"no iterations":         pbm(func(p *mac) { p.iterations = 0 }),
		"too many iterations":   pbm(func(p *mac) { p.iterations = MaxIterations + 1 }),
		"an unknown hash":       pbm(func(p *mac) { p.hash = oidCACerts }),
		"an unknown MAC":        pbm(func(p *mac) { p.mac = oidSHA256 }),
		"too much salt":         pbm(func(p *mac) { p.salt = make([]byte, maxSalt+1) }),
		"too long a PBMAC1 key": func() mac { p := *pbmac1(); p.keyLength = 4096; return p }(),
		"too many PBMAC1 rounds": func() mac {
			p := *pbmac1()
			p.iterations = MaxIterations + 1
			return p
		}(),
	} {
		if _, isMAC, err := parseMAC(p.algorithm()); !isMAC || !errors.Is(err, errMACParameters) {
			t.Errorf("%s: %v, %v", name, isMAC, err)
		}
	}
	for name, p := range map[string]mac{"PBM": newMAC([]byte("0123456789abcdef")), "PBMAC1": *pbmac1()} {
		if _, isMAC, err := parseMAC(p.algorithm()); !isMAC || err != nil {
			t.Errorf("%s: %v, %v", name, isMAC, err)
		}
	}
}

func TestServer_VoidsASecretAfterTenWrongMACs(t *testing.T) {
	w := newWorld(t)
	w.authority.share("kiosk-7", "0123456789abcdef")
	for i := range 12 {
		_, err := w.macClient("kiosk-7", "wrong").IR(context.Background(), NewTransaction(newID(t)), Template{RawSubject: emptyName, Key: newEC(t)})
		want := CodeWrongSecret
		if i >= maxBadMACs {
			want = CodeVoidSecret
		}
		var hint *UnprotectedError
		if !errors.As(err, &hint) || hint.Claim.Code != want {
			t.Fatalf("try %d: %v", i, err)
		}
	}
	_, err := w.macClient("kiosk-7", "0123456789abcdef").IR(context.Background(), NewTransaction(newID(t)), Template{RawSubject: emptyName, Key: newEC(t)})
	var hint *UnprotectedError
	if !errors.As(err, &hint) || hint.Claim.Code != CodeVoidSecret {
		t.Fatalf("the right secret came too late, and got %v", err)
	}
	_, err = w.macClient("kiosk-8", "0123456789abcdef").IR(context.Background(), NewTransaction(newID(t)), Template{RawSubject: emptyName, Key: newEC(t)})
	if !errors.As(err, &hint) || hint.Claim.Code != CodeWrongSecret {
		t.Fatalf("an unknown reference got %v", err)
	}
}
