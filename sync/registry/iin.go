package registry

import (
	"errors"
	"slices"
	"time"
)

// What CheckIIN may find.
var (
	ErrIINLength = errors.New("an IIN has 12 digits")
	ErrIINDigits = errors.New("an IIN has digits only")
	ErrIINCheck  = errors.New("the IIN's check digit is wrong")
)

// CheckIIN says whether s can be an individual identification number: 12 digits, the last of which checks the others
// (weights 1…11 modulo 11; if that gives 10, weights 3…11, 1, 2; if 10 again, the number is never issued).
//
// Numbers in allow pass although their check digit is wrong: the national authority's test numbers 123456789011 and
// 123456789012 do. Only a trial set-up may name any.
func CheckIIN(s string, allow ...string) error {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return ErrIINDigits
		}
	}
	if len(s) != 12 {
		return ErrIINLength
	}
	if slices.Contains(allow, s) {
		return nil
	}
	check := iinCheck(s, 0)
	if check == 10 {
		check = iinCheck(s, 2)
	}
	if check == 10 || check != int(s[11]-'0') {
		return ErrIINCheck
	}
	return nil
}

// iinCheck sums the first 11 digits with the weights 1…11 turned by some places.
func iinCheck(s string, turned int) int {
	sum := 0
	for i := range 11 {
		sum += int(s[i]-'0') * ((i+turned)%11 + 1)
	}
	return sum % 11
}

// IINDateOdd says that the first seven digits are no date of birth with a century (1–6). Numbers are no longer bound to
// the date, so this asks for a second look and never refuses. It is false for what is not 12 digits.
func IINDateOdd(s string) bool {
	if err := CheckIIN(s); errors.Is(err, ErrIINLength) || errors.Is(err, ErrIINDigits) {
		return false
	}
	century := s[6]
	if century < '1' || century > '6' {
		return true
	}
	years := []string{"18", "19", "20"}[(century-'1')/2]
	_, err := time.Parse("20060102", years+s[:6])
	return err != nil
}
