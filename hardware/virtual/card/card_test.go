package card

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var testATR = []byte{0x3b, 0x80, 0x80, 0x01, 0x01}

// say sends a command and gives answer and status.
func say(t testing.TB, c *Card, ctx context.Context, apdu string) ([]byte, status) {
	t.Helper()
	octets, err := hex.DecodeString(apdu)
	if err != nil {
		t.Fatal(err)
	}
	answer := c.Transmit(ctx, octets)
	for {
		n := len(answer)
		sw := status(answer[n-2])<<8 | status(answer[n-1])
		if sw&0xff00 != statusMore {
			return answer[:n-2], sw
		}
		answer = append(answer[:n-2], c.Transmit(ctx, []byte{0, insGetResponse, 0, 0, byte(sw)})...)
	}
}

func expect(t *testing.T, c *Card, apdu string, want status) []byte {
	t.Helper()
	answer, sw := say(t, c, t.Context(), apdu)
	if sw != want {
		t.Fatalf("%s: %04x, want %04x", apdu, sw, want)
	}
	return answer
}

const (
	thePIN   = "31323334353600000000000000000000"
	otherPIN = "36353433323100000000000000000000"
	thePUK   = "38373635343332313837363534333231"
)

// personalised sets PUK and PIN.
func personalised(t *testing.T, c *Card) *Card {
	t.Helper()
	expect(t, c, "0024010210"+thePUK, statusOK)
	expect(t, c, "0024010110"+thePIN, statusOK)
	return c
}

func TestCard_LocksAfterThreeWrongPINsAlsoAcrossPowerLossAndIsUnblocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "card.json")
	open := func() *Card {
		c, err := Open(path, testATR)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := personalised(t, open())
	for left := 2; left >= 0; left-- {
		expect(t, c, "0020000110"+otherPIN, statusTriesLeft|status(left))
		if c.TriesLeft() != left {
			t.Fatalf("%d tries left, want %d", c.TriesLeft(), left)
		}
		c = open() // pulled, and another program took it up
	}
	expect(t, c, "0020000110"+thePIN, statusBlocked)
	expect(t, c, "00200001", statusBlocked)
	expect(t, c, "002c000120"+thePIN+otherPIN, statusTriesLeft|(pukTries-1)) // not the PUK
	expect(t, c, "002c000120"+thePUK+otherPIN, statusOK)
	expect(t, c, "0020000110"+thePIN, statusTriesLeft|2)
	expect(t, c, "0020000110"+otherPIN, statusOK)
	expect(t, c, "00200001", statusOK)
	c.Reset()
	expect(t, c, "00200001", statusTriesLeft|3)
}

func TestCard_PUKHasAnEndToo(t *testing.T) {
	c := personalised(t, New(testATR))
	for left := pukTries - 1; left >= 0; left-- {
		expect(t, c, "002c000120"+thePIN+otherPIN, statusTriesLeft|status(left))
	}
	expect(t, c, "002c000120"+thePUK+otherPIN, statusBlocked)
	expect(t, c, "0020000110"+thePIN, statusOK)
}

func TestCard_ChangingThePINWantsTheOldOne(t *testing.T) {
	c := personalised(t, New(testATR))
	expect(t, c, "0024000120"+otherPIN+thePIN, statusTriesLeft|2)
	expect(t, c, "0024000120"+thePIN+otherPIN, statusOK)
	expect(t, c, "0024010110"+thePIN, statusP1P2) // not once more for the first time
	expect(t, c, "0020000110"+otherPIN, statusOK)
	if got := c.Counts(); got.Verified != 3 || got.Wrong != 1 {
		t.Errorf("%+v", got)
	}
}

func TestCard_KeyIsGeneratedSignsAndIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "card.json")
	c, err := Open(path, testATR)
	if err != nil {
		t.Fatal(err)
	}
	personalised(t, c)
	expect(t, c, "002241000680"+"01f3"+"840103", statusOK)
	expect(t, c, "0046420000", statusSecurity)
	expect(t, c, "0020000110"+thePIN, statusOK)
	public := expect(t, c, "0046420000", statusOK)
	if !bytes.HasPrefix(public, []byte{0x7f, 0x49}) {
		t.Fatalf("%x", public)
	}
	parts := parseTLV(public[5:])
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(parts[0x81]), E: int(new(big.Int).SetBytes(parts[0x82]).Int64())}
	if key.N.BitLen() != 2048 || key.E != 65537 {
		t.Fatalf("%d bits, exponent %d", key.N.BitLen(), key.E)
	}
	if c, err = Open(path, testATR); err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("said"))
	info := append([]byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}, digest[:]...)
	expect(t, c, "0020000110"+thePIN, statusOK)
	expect(t, c, "002241b606"+"800111"+"840103", statusOK)
	signature := expect(t, c, "002a9e9a33"+hex.EncodeToString(info)+"00", statusOK)
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature); err != nil {
		t.Error(err)
	}
	expect(t, c, "002241b606"+"800111"+"840104", statusOK)
	expect(t, c, "002a9e9a33"+hex.EncodeToString(info)+"00", statusNoKey)
}

func TestCard_PowerLostDuringKeyGenerationLeavesNoKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "card.json")
	c, err := Open(path, testATR)
	if err != nil {
		t.Fatal(err)
	}
	personalised(t, c)
	c.KeygenAfter = time.Hour
	expect(t, c, "002241000680"+"01f3"+"840100", statusOK)
	expect(t, c, "0020000110"+thePIN, statusOK)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, pull := context.WithCancel(t.Context())
	pull()
	if _, sw := say(t, c, ctx, "0046420000"); sw == statusOK {
		t.Error("a key was generated without power")
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the card changed: %v", err)
	}
}

func TestCard_FilesKeepTheirRights(t *testing.T) {
	c := New(testATR)
	// A folder 5015 with a file 4401 that anybody reads and only the holder of the PIN changes and deletes.
	expect(t, c, "00e0000018"+"6f16"+"820138"+"83025015"+"8403a0b0c1"+"8608ff90909090000090", statusOK)
	expect(t, c, "00e0000017"+"6f15"+"81020008"+"820101"+"83024401"+"8608ff90909090909000", statusOK)
	expect(t, c, "00d6000003"+"010203", statusOK)
	personalised(t, c)
	c.Reset()
	expect(t, c, "00a4040003"+"a0b0c1", statusOK)
	control := expect(t, c, "00a4020002"+"4401", statusOK)
	if fields := parseTLV(parseTLV(control)[0x6f]); !bytes.Equal(fields[0x80], []byte{0, 8}) || !bytes.Equal(fields[0x83], []byte{0x44, 0x01}) || len(fields[0x86]) != 8 {
		t.Fatalf("%x", control)
	}
	if got := expect(t, c, "00b0000100", statusOK); !bytes.Equal(got, []byte{2, 3, 0, 0, 0, 0, 0}) {
		t.Errorf("%x", got)
	}
	expect(t, c, "00d6000001"+"ff", statusSecurity)
	expect(t, c, "00e40000", statusSecurity)
	expect(t, c, "00b0000900", statusOffset)
	expect(t, c, "0020000110"+thePIN, statusOK)
	expect(t, c, "00d6000701"+"ff", statusOK)
	expect(t, c, "00d6000702"+"ffff", statusOffset)
	expect(t, c, "00a4080004"+"50154402", statusNotFound)
	expect(t, c, "00a4080004"+"50154401", statusOK)
	expect(t, c, "00e40000", statusOK)
	expect(t, c, "00a4080004"+"50154401", statusNotFound)
	expect(t, c, "00b0000000", statusNoCurrentEF)
}

func TestCard_DamagedFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "card.json")
	for _, text := range []string{"", "{", "{}", `{"root":{"id":16128}}`, `{"root":{"id":16128,"folder":true},"keys":{"1":"AAAA"}}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path, testATR); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func FuzzTransmit_AnswersEverythingAndNeverForgetsATry(f *testing.F) {
	for _, seed := range []string{"", "00", "00a40400", "00a404000cf276a288bcfba69d34f31001", "0020000110" + otherPIN, "00e00000096f078201388302501584", "00c0000000",
		"10d6000004deadbeef", "00b00000000000", "002c000120" + thePUK + thePIN, "00a4000002ffff"} {
		octets, _ := hex.DecodeString(seed)
		f.Add(octets, octets)
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		c := New(testATR)
		say(t, c, t.Context(), "0024010210"+thePUK)
		say(t, c, t.Context(), "0024010110"+thePIN)
		say(t, c, t.Context(), "0020000110"+otherPIN)
		for _, octets := range [][]byte{first, second} {
			wrong, tries := c.Counts().Wrong, c.TriesLeft()
			if answer := c.Transmit(t.Context(), octets); len(answer) < 2 || len(answer) > 258 {
				t.Fatalf("%x: %x", octets, answer)
			}
			if c.Counts().Wrong > wrong && c.TriesLeft() != tries-1 {
				t.Fatalf("%x: a wrong PIN, and %d tries after %d", octets, c.TriesLeft(), tries)
			}
		}
	})
}
