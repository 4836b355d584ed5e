package main

import (
	"errors"
	"fmt"
	"strings"
)

// Person is one of the people a newcomer can play. All of them are invented: «үлгі» is a sample and «сынақ» a test. Their IINs carry a century digit
// that says they were born in the nineteenth century, so that none can belong to anybody alive, while the check digit is right.
type Person struct {
	IIN        string `json:"iin"`
	Surname    string `json:"surname"`
	Given      string `json:"given"`
	Patronymic string `json:"patronymic"`
	Role       string `json:"role"`  // citizen, operator, technician; stranger: valid IIN, unknown to the register
	Token      string `json:"token"` // name of his token, empty if he has none
	PIN        string `json:"pin"`   // of that token
}

// Registered is a person as the centre's register takes him.
type Registered struct {
	IIN        string `json:"iin"`
	Surname    string `json:"surname"`
	Given      string `json:"given"`
	Patronymic string `json:"patronymic"`
}

// Roles of people.
const (
	citizen    = "citizen"
	operator   = "operator"
	technician = "technician"
	stranger   = "stranger"
)

// cast is who plays. Of each IIN the first eleven digits stand here: date, century and sex, number of the day.
func cast() ([]Person, error) {
	people := []Person{
		{"85031220001", "ҮЛГІЕВА", "АЙГЕРІМ", "СЫНАҚҚЫЗЫ", citizen, "aigerim-kaztoken", "12345678"},
		{"91072310002", "ҮЛГІҒАЛИЕВ", "ӘДІЛ", "СЫНАҚҰЛЫ", citizen, "adil-etoken", "Adil2026"},
		{"79110420050", "ҮЛГІБАЕВА", "ӨРКЕН", "СЫНАҚҚЫЗЫ", citizen, "", ""},
		{"87040220008", "ҮЛГІЖАНОВА", "МӨЛДІР", "СЫНАҚҚЫЗЫ", citizen, "moldir-jacarta", "77553311"},
		{"84121110009", "ҮЛГІТАЕВ", "НҰРБЕК", "СЫНАҚҰЛЫ", citizen, "nurbek-akey", "1234567890"},
		{"95061720010", "ҮЛГІСОВА", "ҰЛЖАН", "СЫНАҚҚЫЗЫ", citizen, "ulzhan-idcard", "135790"},
		{"88061510004", "СЫНАҚБАЕВ", "ҒАНИ", "ҮЛГІҰЛЫ", operator, "gani-kaztoken", "24681357"},
		{"82093020005", "СЫНАҚОВА", "ҺӘДИЯ", "ҮЛГІҚЫЗЫ", operator, "hadiya-jacarta", "9753186420"},
		{"90021810006", "СЫНАҚЖАНОВ", "ҚУАТ", "ҮЛГІҰЛЫ", technician, "quat-akey", "1234567890"},
		{"76012020007", "БЕЙТАНЫСОВА", "ІҢКӘР", "ҮЛГІҚЫЗЫ", stranger, "", ""},
	}
	for i := range people {
		k, err := checkDigit(people[i].IIN)
		if err != nil {
			return nil, fmt.Errorf("invent %s: %w", people[i].Given, err)
		}
		people[i].IIN += k
	}
	return people, nil
}

// checkDigit is the twelfth digit of an IIN, computed from the first eleven.
// It is the sum of d_i·i modulo 11; where that gives 10, weights 3…11, 1, 2 are taken; where that gives 10 too the number is never issued.
func checkDigit(first string) (string, error) {
	if len(first) != 11 || strings.Trim(first, "0123456789") != "" {
		return "", errors.New("an IIN begins with eleven digits")
	}
	for _, start := range []int{1, 3} {
		sum := 0
		for i, d := range first {
			weight := (start+i-1)%11 + 1
			sum += int(d-'0') * weight
		}
		if k := sum % 11; k < 10 {
			return fmt.Sprint(k), nil
		}
	}
	return "", fmt.Errorf("no IIN begins with %s", first)
}

// Name is the person's whole name, as documents print it.
func (p Person) Name() string {
	return strings.TrimSpace(strings.Join([]string{p.Surname, p.Given, p.Patronymic}, " "))
}
