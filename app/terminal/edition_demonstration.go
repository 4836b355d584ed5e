//go:build demonstration && !training

package terminal

const virtualBench = true // modules and USB may be those of a virtual bench
