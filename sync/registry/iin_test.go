package registry

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestCheckIIN(t *testing.T) {
	for _, c := range []struct {
		iin  string
		want error
	}{
		{"900101300017", nil}, {"900101400013", nil}, {"850615300024", nil}, {"780320400037", nil},
		{"900101300018", ErrIINCheck}, {"123456789011", ErrIINCheck}, {"123456789012", ErrIINCheck}, {"000000000000", nil},
		{"", ErrIINLength}, {"90010130001", ErrIINLength}, {"9001013000170", ErrIINLength},
		{"90010130001A", ErrIINDigits}, {"90010130001٧", ErrIINDigits}, {" 900101300017", ErrIINDigits}, {"-00101300017", ErrIINDigits},
	} {
		if err := CheckIIN(c.iin); !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
			t.Errorf("%q: %v, want %v", c.iin, err, c.want)
		}
	}
}

func TestCheckIIN_AllowsTestNumbersOnlyWhereTheyAreNamed(t *testing.T) {
	if err := CheckIIN("123456789011", "123456789011", "123456789012"); err != nil {
		t.Error(err)
	}
	if err := CheckIIN("123456789014", "123456789011", "123456789012"); err == nil {
		t.Error("a number next to an allowed one passed")
	}
	for _, allowed := range []string{"", "12", "12345678901x"} {
		if err := CheckIIN(allowed, allowed); err == nil {
			t.Errorf("%q passed by being allowed", allowed)
		}
	}
}

// The check digit recomputed as ca.md says it: weights 1…11; if that gives 10, weights 3…11, 1, 2.
func TestCheckIIN_FollowsTheFormula(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	second, never := 0, 0
	const tries = 20000
	for range tries {
		body := fmt.Sprintf("%011d", random.Uint64N(100_000_000_000))
		sum := func(weights [11]int) (s int) {
			for i, w := range weights {
				s += int(body[i]-'0') * w
			}
			return s % 11
		}
		digit := sum([11]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
		if digit == 10 {
			second++
			digit = sum([11]int{3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2})
		}
		for d := range 10 {
			err := CheckIIN(body + string(rune('0'+d)))
			if (err == nil) != (d == digit) {
				t.Fatalf("body %s, digit %d: %v", body, d, err)
			}
		}
		if digit == 10 {
			never++
		}
	}
	if second < tries/15 || never == 0 {
		t.Errorf("the second pass was met %d times, numbers never issued %d times", second, never)
	}
}

func TestIINDateOdd_AsksOnly(t *testing.T) {
	for iin, want := range map[string]bool{
		"900101300017": false, "000229500000": false /* 2000 was a leap year */, "010229500000": true, "901301300000": true,
		"900132300000": true, "900101000000": true, "900101700000": true, "900101600000": false, "short": false,
	} {
		if got := IINDateOdd(iin); got != want {
			t.Errorf("%s: %v", iin, got)
		}
	}
}
