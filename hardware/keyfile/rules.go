package keyfile

import (
	"strings"
	"unicode/utf8"
)

// Bounds and letters of a new password. The manual of the personal cabinet asks for Latin letters and digits, 6 to 32, and allows
// these special characters; the authority's later pages and its client ask for a capital as well. All three are met here.
const (
	PasswordMin      = 6
	PasswordMax      = 32
	PasswordSpecials = "#$^+=!*()@%&_?-."
)

// Rule is one rule for a new password and whether it is met. ID is the message key under which the page finds its words.
type Rule struct {
	ID  string `json:"id"`
	Met bool   `json:"met"`
}

// The rules, in the order in which they are shown.
const (
	RuleLength  = "length"  // 6 to 32 characters
	RuleLower   = "lower"   // a small Latin letter
	RuleUpper   = "upper"   // a capital Latin letter
	RuleDigit   = "digit"   // a digit 0-9
	RuleAllowed = "allowed" // nothing but Latin letters, digits and PasswordSpecials
)

// CheckPassword holds a new password against every rule, so that the page can show each as met or not while it is typed.
// Cyrillic and Kazakh letters never pass RuleAllowed, whatever they look like: «А» is not "A".
func CheckPassword(text string) []Rule {
	var lower, upper, digit bool
	allowed := text != ""
	for _, r := range text {
		switch {
		case 'a' <= r && r <= 'z':
			lower = true
		case 'A' <= r && r <= 'Z':
			upper = true
		case '0' <= r && r <= '9':
			digit = true
		case r < utf8.RuneSelf && strings.ContainsRune(PasswordSpecials, r):
		default:
			allowed = false
		}
	}
	n := utf8.RuneCountInString(text)
	return []Rule{
		{RuleLength, PasswordMin <= n && n <= PasswordMax},
		{RuleLower, lower}, {RuleUpper, upper}, {RuleDigit, digit},
		{RuleAllowed, allowed},
	}
}

// PasswordOK says whether every rule is met.
func PasswordOK(text string) bool {
	for _, rule := range CheckPassword(text) {
		if !rule.Met {
			return false
		}
	}
	return true
}
