//go:build race

package pki_test

// underRace says that the race detector slows everything down ten times, digests most.
const underRace = true
