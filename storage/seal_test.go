//go:build cgo

package storage

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

// spellings of a secret as careless code might leave them.
func spellings(secret string) map[string][]byte {
	var little, big []byte
	escaped := ""
	for _, u := range utf16.Encode([]rune(secret)) {
		little = append(little, byte(u), byte(u>>8))
		big = append(big, byte(u>>8), byte(u))
		escaped += fmt.Sprintf(`\u%04x`, u)
	}
	quoted, _ := json.Marshal(secret)
	all := map[string][]byte{
		"UTF-8": []byte(secret), "lower case": []byte(strings.ToLower(secret)), "UTF-16LE": little, "UTF-16BE": big,
		"JSON escapes": []byte(escaped), "JSON escapes, upper": []byte(strings.ToUpper(escaped)), "JSON": bytes.Trim(quoted, `"`),
		"hex": []byte(hex.EncodeToString([]byte(secret))), "hex, upper": []byte(strings.ToUpper(hex.EncodeToString([]byte(secret)))),
	}
	// base64 of a text that holds the secret somewhere: at each of three shifts, without the characters that neighbours touch.
	for shift := range 3 {
		for name, encoding := range map[string]*base64.Encoding{"base64": base64.StdEncoding, "base64url": base64.URLEncoding} {
			encoded := encoding.EncodeToString(append(make([]byte, shift), secret...))
			from := []int{0, 2, 3}[shift]
			whole := (shift + len(secret)) / 3 * 4
			all[fmt.Sprintf("%s, shift %d", name, shift)] = []byte(encoded[from:whole])
		}
	}
	return all
}

func TestFile_HoldsNoPersonalDataInTheClear(t *testing.T) {
	ctx := context.Background()
	s, path := openTest(t, Options{})
	a := acceptance(number, newRand())
	a.SealKey = []byte("the key that opens the sealed file")
	must(t, s.Accept(ctx, a))
	must(t, s.Done(ctx, TaskID{number, TaskFile, 0}, Step{Status: Waiting}))
	must(t, s.Keep(ctx, TaskID{number, TaskCertify, 1}, a.Keys[0].CSR, time.Now(), Step{}))
	must(t, s.Note(ctx, TaskID{number, TaskCertify, 2}, a.Keys[1].CSR))
	must(t, s.Done(ctx, TaskID{number, TaskCertify, 1}, Step{Ordinal: 1, Certificate: a.Keys[0].CSR, Chain: [][]byte{a.Keys[0].CSR}}))
	must(t, s.Retry(ctx, TaskID{number, TaskCertify, 2}, time.Now(), "garbage"))
	id, err := s.Begin(ctx, Intent{Kind: IntentGenerate, Medium: testSerial, Number: number, KeyID: []byte{1}})
	must(t, err)
	must(t, s.Finish(ctx, id, OutcomeDone))
	must(t, s.Put(ctx, "draft", []byte(testIIN+testName+testGiven+testEmail)))
	var export bytes.Buffer
	must(t, s.ExportAudit(ctx, &export))

	search := func(where string, content []byte) {
		for _, secret := range []string{testIIN, testName, testGiven, testEmail, testSerial, string(a.SealKey)} {
			for how, spelling := range spellings(secret) {
				if bytes.Contains(content, spelling) {
					t.Errorf("%s holds %q as %s", where, secret, how)
				}
			}
		}
	}
	read := func(name string) []byte {
		content, err := os.ReadFile(name)
		must(t, err)
		return content
	}
	search("the log", read(path+"-wal"))
	search("the exported audit", export.Bytes())
	must(t, s.Close())
	content := read(path)
	search("the file", content)
	if !bytes.Contains(content, []byte(number)) || len(content) < 20_000 {
		t.Fatal("the search looks at the wrong file: not even the number is in it")
	}
	for how, spelling := range spellings(testIIN) { // the search itself finds what is there
		planted := append(bytes.Repeat([]byte{0}, 100), spelling...)
		if !bytes.Contains(planted, spelling) || len(spelling) < 8 {
			t.Errorf("%s cannot be searched for", how)
		}
	}
}

func TestSeal_FitsOnlyItsPlaceAndItsKey(t *testing.T) {
	s, err := newSealer(testKey(), bytes.NewReader(bytes.Repeat([]byte{9}, 1000)))
	must(t, err)
	sealed, err := s.seal([]byte("secret"), "applications", "document", number)
	must(t, err)
	if plain, err := s.open(sealed, "applications", "document", number); err != nil || string(plain) != "secret" {
		t.Fatalf("%q %v", plain, err)
	}
	for _, p := range [][3]string{{"applications", "document", "10010000023"}, {"applications", "seal_key", number}, {"outbox", "document", number}} {
		if _, err := s.open(sealed, p[0], p[1], p[2]); !errors.Is(err, ErrDamaged) {
			t.Errorf("opened as %v: %v", p, err)
		}
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := s.open(changed, "applications", "document", number); !errors.Is(err, ErrDamaged) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
	}
	for n := range sealed {
		if _, err := s.open(sealed[:n], "applications", "document", number); !errors.Is(err, ErrDamaged) {
			t.Fatalf("cut to %d: %v", n, err)
		}
	}
	if empty, err := s.seal([]byte{}, "a", "b", "c"); err != nil || len(empty) == 0 {
		t.Fatalf("nothing sealed: %v", err)
	}
	if absent, err := s.seal(nil, "a", "b", "c"); err != nil || absent != nil {
		t.Fatalf("absent sealed: %v %v", absent, err)
	}
	if _, err := s.seal(make([]byte, 1), "a", "b", "c"); err != nil {
		t.Fatal(err)
	}
	starved := *s
	starved.rand = strings.NewReader("short")
	if _, err := starved.seal([]byte("x"), "a", "b", "c"); err == nil {
		t.Fatal("sealed without chance")
	}
}

func TestOpen_RefusesAnotherSealKey(t *testing.T) {
	s, path := openTest(t, Options{})
	must(t, s.Close())
	if _, err := Open(path, Options{SealKey: bytes.Repeat([]byte{8}, SealKeySize)}); !errors.Is(err, ErrKey) {
		t.Fatalf("%v", err)
	}
	if _, err := Open(path, Options{SealKey: []byte("short")}); err == nil {
		t.Fatal("opened with a short key")
	}
	s, err := Open(path, Options{SealKey: testKey()})
	must(t, err)
	must(t, s.Close())
}
