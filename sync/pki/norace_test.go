//go:build !race

package pki_test

const underRace = false
