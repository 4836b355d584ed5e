//go:build !training && !demonstration

package terminal

const virtualBench = false // modules and USB are those of the machine
