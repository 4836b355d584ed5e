package registry

import (
	"fmt"
	"testing"
)

func TestNumber_FindsEveryWrongDigitAndEverySwap(t *testing.T) {
	for counter := uint64(1); counter < MaxCounter; counter += 7919 {
		number := NewNumber("1001", counter)
		if len(number) != 11 || !ValidNumber(number) {
			t.Fatalf("%q", number)
		}
		for i := range 11 {
			for d := byte('0'); d <= '9'; d++ {
				wrong := number[:i] + string(d) + number[i+1:]
				if d != number[i] && ValidNumber(wrong) {
					t.Fatalf("%s passes for %s", wrong, number)
				}
			}
			if i < 10 && number[i] != number[i+1] {
				swapped := number[:i] + string(number[i+1]) + string(number[i]) + number[i+2:]
				if ValidNumber(swapped) {
					t.Fatalf("%s passes for %s", swapped, number)
				}
			}
		}
	}
}

// The example of Damm's thesis: 572 has the check digit 4.
func TestDamm_GivesThePublishedDigit(t *testing.T) {
	if got := dammDigit("572"); got != 4 {
		t.Fatalf("572: %d", got)
	}
	if got := dammDigit("5724"); got != 0 {
		t.Fatalf("5724: %d", got)
	}
}

func TestNumber_IsRefusedOutOfRange(t *testing.T) {
	for _, c := range []struct {
		prefix  string
		counter uint64
	}{{"1001", 0}, {"1001", MaxCounter + 1}, {"101", 1}, {"10011", 1}, {"10a1", 1}, {"", 1}} {
		if got := NewNumber(c.prefix, c.counter); got != "" {
			t.Errorf("%v: %q", c, got)
		}
	}
	if got := NewNumber("1001", MaxCounter); !ValidNumber(got) {
		t.Errorf("the last: %q", got)
	}
	for _, s := range []string{"", "1001000001", "1001 000001 5", "1001000001５", "100100000١٥"} {
		if ValidNumber(s) {
			t.Errorf("%q passes", s)
		}
	}
}

func TestFormatNumber(t *testing.T) {
	number := NewNumber("1001", 1)
	if got, want := FormatNumber(number), fmt.Sprintf("1001 000001 %c", number[10]); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for _, s := range []string{"", "12", "not a number"} {
		if FormatNumber(s) != s {
			t.Errorf("%q was changed", s)
		}
	}
}
