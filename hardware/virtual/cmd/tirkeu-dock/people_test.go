package main

import "testing"

func TestCheckDigit_IsTheLawfulOne(t *testing.T) {
	for first, want := range map[string]string{
		"12345678901": "3", // of the authority's own test number, whose printed last digit is wrong
		"79110420050": "2", // the first sum gives 10, so the second weights decide
		"85031220001": "6",
		"90021810006": "0",
	} {
		if got, err := checkDigit(first); err != nil || got != want {
			t.Errorf("%s: %s %v, want %s", first, got, err, want)
		}
	}
	for _, first := range []string{"", "1234567890", "123456789012", "1234567890x"} {
		if got, err := checkDigit(first); err == nil {
			t.Errorf("%q got %s", first, got)
		}
	}
}

func TestCast_CannotBeAnybody(t *testing.T) {
	people, err := cast()
	if err != nil {
		t.Fatal(err)
	}
	seen, roles := map[string]bool{}, map[string]int{}
	for _, p := range people {
		if len(p.IIN) != 12 || seen[p.IIN] {
			t.Errorf("%s: IIN %s", p.Name(), p.IIN)
		}
		if k, err := checkDigit(p.IIN[:11]); err != nil || k != p.IIN[11:] {
			t.Errorf("%s: IIN %s, check digit %s", p.Name(), p.IIN, k)
		}
		if c := p.IIN[6]; c != '1' && c != '2' {
			t.Errorf("%s could be alive: IIN %s", p.Name(), p.IIN)
		}
		seen[p.IIN] = true
		roles[p.Role]++
	}
	if roles[citizen] != 6 || roles[operator] != 2 || roles[technician] != 1 || roles[stranger] != 1 {
		t.Errorf("roles: %v", roles)
	}
}

// Every kind of key storage has a citizen who owns one, and the staff who are needed are there.
func TestCast_OwnsEveryKindOfToken(t *testing.T) {
	people, err := cast()
	if err != nil {
		t.Fatal(err)
	}
	owned := map[string]bool{}
	for _, p := range people {
		kind := ""
		if p.Token != "" {
			kind = string(kindOf(p.Token))
		}
		if kindWords[kind] == "" && p.Token != "" {
			t.Errorf("%s is of no kind", p.Token)
		}
		owned[p.Role+" "+kind] = true
	}
	for kind := range kindWords {
		if !owned[citizen+" "+kind] {
			t.Errorf("no citizen has a token of the kind %s", kind)
		}
	}
	if !owned[citizen+" "] {
		t.Error("no citizen has the stick alone")
	}
}
