package registry

import "fmt"

// MaxCounter is the highest counter that fits a number; a device that has spent it needs a new prefix.
const MaxCounter = 999_999

// damm is the totally anti-symmetric quasigroup of order 10 of H. M. Damm (thesis, Marburg 2004): the check digit finds
// every wrong digit and every swap of neighbours.
var damm = [10][10]byte{
	{0, 3, 1, 7, 5, 9, 8, 6, 4, 2},
	{7, 0, 9, 2, 1, 5, 4, 8, 6, 3},
	{4, 2, 0, 6, 8, 7, 1, 3, 5, 9},
	{1, 7, 5, 0, 9, 8, 3, 4, 2, 6},
	{6, 1, 2, 3, 0, 4, 5, 9, 7, 8},
	{3, 6, 7, 4, 2, 0, 9, 5, 8, 1},
	{5, 8, 6, 9, 7, 2, 0, 1, 3, 4},
	{8, 9, 4, 5, 3, 6, 2, 0, 1, 7},
	{9, 4, 3, 8, 6, 1, 7, 2, 0, 5},
	{2, 5, 8, 1, 4, 3, 6, 7, 9, 0},
}

// dammDigit gives the check digit of a row of digits; over a row with its check digit it gives 0.
func dammDigit(digits string) byte {
	interim := byte(0)
	for i := range len(digits) {
		interim = damm[interim][digits[i]-'0']
	}
	return interim
}

func digitsOnly(s string, length int) bool {
	if len(s) != length {
		return false
	}
	for i := range length {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// ValidPrefix says whether s can be a device's prefix: 4 digits.
func ValidPrefix(s string) bool { return digitsOnly(s, 4) }

// NewNumber makes an application number: the device's prefix (4 digits), a counter from 1 (6 digits) and the check digit.
// It is empty if the prefix is no prefix or the counter is 0 or above MaxCounter.
func NewNumber(prefix string, counter uint64) string {
	if !ValidPrefix(prefix) || counter == 0 || counter > MaxCounter {
		return ""
	}
	body := fmt.Sprintf("%s%06d", prefix, counter)
	return body + string('0'+rune(dammDigit(body)))
}

// ValidNumber says whether s is 11 digits, the last of which checks the others.
func ValidNumber(s string) bool { return digitsOnly(s, 11) && dammDigit(s) == 0 }

// FormatNumber writes a number as people read it aloud: "1001 000001 5". What is not 11 digits stays as it is.
func FormatNumber(s string) string {
	if !digitsOnly(s, 11) {
		return s
	}
	return s[:4] + " " + s[4:10] + " " + s[10:]
}
