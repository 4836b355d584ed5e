package gost

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

var _ crypto.Signer = (*PrivateKey)(nil)

var dialects = []Dialect{Kazakh, Russian}

func makeKey(t testing.TB) *PrivateKey {
	t.Helper()
	key, err := GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestKey_SignsWhatItsPublicHalfVerifiesInItsDialectOnly(t *testing.T) {
	for range 20 {
		key := makeKey(t)
		public := key.Public().(*PublicKey)
		digest := Sum512(key.public.raw[:10])
		other := Sum512(key.public.raw[:11])
		for i, dialect := range dialects {
			signature, err := key.Sign(rand.Reader, digest[:], dialect)
			if err != nil {
				t.Fatal(err)
			}
			if !public.Verify(dialect, digest[:], signature) {
				t.Errorf("%v: own signature refused", dialect)
			}
			if public.Verify(dialects[1-i], digest[:], signature) {
				t.Errorf("%v: taken for the other dialect", dialect)
			}
			if public.Verify(dialect, other[:], signature) {
				t.Errorf("%v: taken for another digest", dialect)
			}
			if makeKey(t).public.Verify(dialect, digest[:], signature) {
				t.Errorf("%v: taken for another key's", dialect)
			}
			for range 10 {
				bad := bytes.Clone(signature)
				bad[digest[0]%SignatureSize] ^= 1 << (digest[1] % 8)
				if public.Verify(dialect, digest[:], bad) {
					t.Errorf("%v: a flipped bit went unseen", dialect)
				}
			}
			if public.Verify(dialect, digest[:63], signature) || public.Verify(dialect, digest[:], signature[:127]) || public.Verify(dialect, digest[:], nil) {
				t.Errorf("%v: wrong lengths taken", dialect)
			}
		}
	}
}

func TestKey_GoesThroughItsEncodingsUnchanged(t *testing.T) {
	for _, dialect := range dialects {
		key := makeKey(t)
		spki, err := MarshalPublicKey(key.public, dialect)
		if err != nil {
			t.Fatal(err)
		}
		public, got, err := ParsePublicKey(spki)
		if err != nil || got != dialect || !public.Equal(key.Public()) {
			t.Errorf("%v: public key: %v, %v", dialect, got, err)
		}
		pkcs8, err := MarshalPrivateKey(key, dialect)
		if err != nil {
			t.Fatal(err)
		}
		private, got, err := ParsePrivateKey(pkcs8)
		if err != nil || got != dialect || !private.Equal(key) || !private.public.Equal(key.public) {
			t.Errorf("%v: private key: %v, %v", dialect, got, err)
		}
		if raw, err := NewPrivateKey(key.Bytes()); err != nil || !raw.Equal(key) {
			t.Errorf("%v: raw private key: %v", dialect, err)
		}
		if raw, err := NewPublicKey(public.Bytes()); err != nil || !raw.Equal(key.public) {
			t.Errorf("%v: raw public key: %v", dialect, err)
		}
	}
}

func TestPrivateKey_HidesItself(t *testing.T) {
	key, err := NewPrivateKey(bytes.Repeat([]byte{0x5a}, 64))
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("key", "key", key, "inside", struct{ Key *PrivateKey }{key})
	slog.New(slog.NewTextHandler(&log, nil)).Info("key", "key", key)
	text, err := json.Marshal(map[string]any{"key": key})
	if err != nil {
		t.Fatal(err)
	}
	all := log.String() + string(text)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
		all += fmt.Sprintf(verb, key) + fmt.Sprintf(verb, []crypto.Signer{key})
	}
	for _, part := range []string{"5a5a", "5A5A", "ZZZZ", "WlpaW", "90 90", "6510615555426900570"} {
		if strings.Contains(all, part) {
			t.Errorf("the key shows as %q in %s", part, all)
		}
	}
}

func TestPrivateKey_SignsNoMoreOnceWiped(t *testing.T) {
	key := makeKey(t)
	key.Wipe()
	digest := Sum512(nil)
	if _, err := key.Sign(nil, digest[:], Kazakh); !errors.Is(err, ErrWiped) {
		t.Errorf("signed: %v", err)
	}
	if _, err := MarshalPrivateKey(key, Kazakh); !errors.Is(err, ErrWiped) {
		t.Errorf("marshalled: %v", err)
	}
	if !bytes.Equal(key.Bytes(), make([]byte, 64)) {
		t.Error("the number is still there")
	}
}

func TestPrivateKey_RefusesWhatIsNoDigestOfStreebog(t *testing.T) {
	key := makeKey(t)
	digest := Sum512(nil)
	if _, err := key.Sign(nil, digest[:32], Kazakh); !errors.Is(err, ErrDigest) {
		t.Errorf("32 octets: %v", err)
	}
	if _, err := key.Sign(nil, digest[:], crypto.SHA512); !errors.Is(err, ErrDigest) {
		t.Errorf("SHA-512: %v", err)
	}
	for _, opts := range []crypto.SignerOpts{nil, crypto.Hash(0), Kazakh} {
		signature, err := key.Sign(nil, digest[:], opts)
		if err != nil || !key.public.Verify(Kazakh, digest[:], signature) {
			t.Errorf("%v: %v", opts, err)
		}
	}
}
