package keyfile

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"
)

const testNumber = "10010000015"

func sealed(t testing.TB) (blob, key []byte, keys []SealedKey) {
	t.Helper()
	entry := chain()
	keys = []SealedKey{{"rsa-auth", []byte{1, 2, 3}, entry.Key}, {"rsa-sign", entry.Certificate.SubjectKeyId, entry.Key}}
	blob, key, err := Seal(keys, testNumber, nil)
	if err != nil {
		t.Fatal(err)
	}
	return blob, key, keys
}

func TestUnseal_GivesBackWhatWasSealed(t *testing.T) {
	blob, key, keys := sealed(t)
	got, err := Unseal(blob, key, testNumber)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(keys) {
		t.Fatalf("%d keys, want %d", len(got), len(keys))
	}
	for i := range got {
		if got[i].Template != keys[i].Template || !bytes.Equal(got[i].ID, keys[i].ID) || !samePublic(got[i].Key.Public(), keys[i].Key.Public()) {
			t.Errorf("key %d is another", i)
		}
	}
	if number, err := SealedNumber(blob); err != nil || number != testNumber {
		t.Errorf("number %q, %v", number, err)
	}
}

func TestSeal_NamesThePublicKeysForWhoHasNoKeyToIt(t *testing.T) {
	blob, _, keys := sealed(t)
	got, err := SealedSPKIs(blob)
	if err != nil || len(got) != len(keys) {
		t.Fatalf("%d hashes, %v", len(got), err)
	}
	want := sha256.Sum256(chain().Certificate.RawSubjectPublicKeyInfo)
	if got[0] != want || got[1] != want {
		t.Error("they are of other keys than the certificate's")
	}
}

// first is a file as the first version of this program wrote it.
func first(t testing.TB) (blob, key []byte) {
	t.Helper()
	_, key, keys := sealed(t)
	plain, err := encodeSealed(keys)
	if err != nil {
		t.Fatal(err)
	}
	encryption, check, err := sealingKeys(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := chacha20poly1305.NewX(encryption)
	if err != nil {
		t.Fatal(err)
	}
	nonce := make([]byte, chacha20poly1305.NonceSizeX)
	head := append([]byte(sealMagic), 1, byte(len(testNumber)))
	head = append(append(append(head, testNumber...), check...), nonce...)
	return aead.Seal(bytes.Clone(head), nonce, plain, head), key
}

func TestUnseal_OpensTheFirstVersionToo(t *testing.T) {
	blob, key := first(t)
	keys, err := Unseal(blob, key, testNumber)
	if err != nil || len(keys) != 2 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	hashes, err := SealedSPKIs(blob)
	if err != nil || len(hashes) != 0 {
		t.Errorf("%d hashes, %v", len(hashes), err)
	}
	for i := range blob {
		if _, err := Unseal(blob[:i], key, testNumber); !errors.Is(err, ErrSealDamaged) {
			t.Fatalf("cut off after %d bytes: %v", i, err)
		}
	}
}

func TestSeal_NeverTwiceTheSameAndNeverOpen(t *testing.T) {
	blob, key, keys := sealed(t)
	again, keyAgain, _ := sealed(t)
	if bytes.Equal(key, keyAgain) || bytes.Equal(blob, again) {
		t.Error("two sealings are alike")
	}
	if bytes.Contains(blob, key) || bytes.Contains(blob, keys[0].Key.(*rsa.PrivateKey).N.Bytes()) {
		t.Error("the key can be read")
	}
}

func TestUnseal_SaysWhatIsWrong(t *testing.T) {
	blob, key, _ := sealed(t)
	_, otherKey, _ := sealed(t)
	later := bytes.Clone(blob)
	later[len(sealMagic)] = sealVersion + 1
	for name, c := range map[string]struct {
		blob, key []byte
		number    string
		want      error
	}{
		"another application's number": {blob, key, "10010000023", ErrSealNumber},
		"no number":                    {blob, key, "", ErrSealNumber},
		"another key":                  {blob, otherKey, testNumber, ErrSealKey},
		"no key":                       {blob, nil, testNumber, ErrSealKey},
		"a later version":              {later, key, testNumber, ErrSealVersion},
		"nothing":                      {nil, key, testNumber, ErrSealDamaged},
		"something else":               {written(t, few), key, testNumber, ErrSealDamaged},
		"more than sealed":             {append(bytes.Clone(blob), 0), key, testNumber, ErrSealDamaged},
		"far too much":                 {append(bytes.Clone(blob), make([]byte, maxSealed)...), key, testNumber, ErrSealDamaged},
	} {
		if _, err := Unseal(c.blob, c.key, c.number); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestUnseal_RefusesEveryChangedBitAndEveryCut(t *testing.T) {
	blob, key, _ := sealed(t)
	for i := range blob {
		for bit := range 8 {
			broken := bytes.Clone(blob)
			broken[i] ^= 1 << bit
			if _, err := Unseal(broken, key, testNumber); err == nil {
				t.Fatalf("bit %d of byte %d changed, and it opened", bit, i)
			}
		}
		if _, err := Unseal(blob[:i], key, testNumber); !errors.Is(err, ErrSealDamaged) {
			t.Fatalf("cut off after %d bytes: %v", i, err)
		}
	}
	// A number that was put into the readable part is not believed either.
	renamed := bytes.Replace(blob, []byte(testNumber), []byte("10010000023"), 1)
	if _, err := Unseal(renamed, key, "10010000023"); !errors.Is(err, ErrSealDamaged) {
		t.Errorf("renamed: %v", err)
	}
}

func TestSeal_RefusesWhatCannotBeOpenedAgain(t *testing.T) {
	_, _, keys := sealed(t)
	for name, err := range map[string]error{
		"no keys":   errorOf(Seal(nil, testNumber, nil)),
		"no number": errorOf(Seal(keys, "", nil)),
		"many keys": errorOf(Seal(make([]SealedKey, maxSealKeys+1), testNumber, nil)),
		"nil key":   errorOf(Seal([]SealedKey{{Template: "rsa-auth"}}, testNumber, nil)),
		"no chance": errorOf(Seal(keys, testNumber, bytes.NewReader(nil))),
	} {
		if err == nil {
			t.Errorf("%s: sealed", name)
		}
	}
}

func errorOf(_, _ []byte, err error) error { return err }

func FuzzUnseal(f *testing.F) {
	blob, key, _ := sealed(f)
	f.Add(blob, key)
	old, oldKey := first(f)
	f.Add(old, oldKey)
	f.Add([]byte(sealMagic+"\x01\x05"), key)
	f.Fuzz(func(t *testing.T, data, key []byte) {
		Unseal(data, key, testNumber)
		SealedNumber(data)
		SealedSPKIs(data)
	})
}
