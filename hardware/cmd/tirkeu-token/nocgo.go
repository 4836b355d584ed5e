//go:build !cgo

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "tirkeu-token: load module: this build has no cgo and can load none")
	os.Exit(1)
}
