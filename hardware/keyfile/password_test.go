package keyfile

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestPassword_HidesItselfHoweverItIsPrinted(t *testing.T) {
	const secret = "Secret12"
	p := NewPassword(secret)
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "password", p, "in", struct{ P Password }{p})
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "password", p, "in", struct{ P Password }{p})
	marshalled, err := json.Marshal(map[string]any{"p": p, "in": struct{ P *Password }{&p}})
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{
		fmt.Sprint(p), fmt.Sprintf("%v %+v %#v %s %q %x %d", p, p, p, p, p, p, p), fmt.Sprintf("%+v %#v", struct{ P Password }{p}, &p),
		fmt.Errorf("with %v", p).Error(), string(marshalled), logged.String(),
	} {
		for _, form := range []string{secret, hex.EncodeToString([]byte(secret)), fmt.Sprint([]byte(secret))} {
			if strings.Contains(shown, form) || shown == "" {
				t.Errorf("shown: %s", shown)
			}
		}
	}
}

func TestPassword_WipeLeavesNothing(t *testing.T) {
	p := NewPassword("Secret12")
	other := p
	p.Wipe()
	if !bytes.Equal(other.text, make([]byte, 8)) {
		t.Error("the password is still there")
	}
}

func TestPassword_IsFedAsBMPStringWithTwoZeroOctets(t *testing.T) {
	for text, want := range map[string]string{
		"": "0000", "Beavis": "004200650061007600690073" + "0000", // RFC 7292 appendix B.1 has this example
		"Құп": "049a04b1043f" + "0000", "😀": "d83dde00" + "0000",
	} {
		if got := hex.EncodeToString(NewPassword(text).bmp()); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestCheckPassword_HoldsEveryRule(t *testing.T) {
	for text, unmet := range map[string]string{
		"Qwerty12": "", "Aa1aaa": "", "Aa1#$^+=!*()@%&_?-.": "", strings.Repeat("Aa1", 10) + "aa": "",
		"":      "length lower upper digit allowed",
		"Aa1aa": "length", strings.Repeat("Aa1", 11): "length",
		"qwerty12": "upper", "QWERTY12": "lower", "Qwertyui": "digit",
		"Qwerty 12": "allowed", "Qwerty12~": "allowed", "Qwerty12\x00": "allowed", "Qwerty12\n": "allowed",
		"Qwertу12":  "allowed", // a Cyrillic у
		"Құпиясөз1": "lower upper allowed", "Пароль12": "lower upper allowed", "Ａａ１ａａａ": "lower upper digit allowed",
	} {
		var got []string
		for _, rule := range CheckPassword(text) {
			if !rule.Met {
				got = append(got, rule.ID)
			}
		}
		if strings.Join(got, " ") != unmet {
			t.Errorf("%q: unmet %v, want %s", text, got, unmet)
		}
		if PasswordOK(text) != (unmet == "") {
			t.Errorf("%q: PasswordOK disagrees", text)
		}
	}
}
