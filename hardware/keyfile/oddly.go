package keyfile

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What is odd about a typed password.
const (
	OddCyrillic = "cyrillic" // it has Cyrillic letters: the keyboard stood at another language
	OddOutside  = "outside"  // it has something else that no password by the authority's rules can have
)

// TypedOddly says what is odd about a password that was typed to open a file, before it is tried: "" for nothing. It is worth a notice and no more,
// for files that were made elsewhere may have any password. Capital letters are the page's to see: it knows the state of its keyboard.
func TypedOddly(text string) string {
	odd := ""
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Cyrillic, r):
			return OddCyrillic
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r < utf8.RuneSelf && strings.ContainsRune(PasswordSpecials, r):
		default:
			odd = OddOutside
		}
	}
	return odd
}
