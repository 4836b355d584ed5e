package virtual

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed shim/*.c shim/*.h
var sources embed.FS

// ShimName is the file name of the virtual vendor module.
const ShimName = "tirkeu-shim.so"

// BuildShim compiles the virtual vendor module to out. It needs a C compiler and the headers of libp11-kit-dev.
func BuildShim(out string) error {
	dir, err := os.MkdirTemp("", "tirkeu-shim-")
	if err != nil {
		return fmt.Errorf("build virtual module: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	entries, err := sources.ReadDir("shim")
	if err != nil {
		return fmt.Errorf("build virtual module: %w", err)
	}
	made := filepath.Join(dir, ShimName)
	args := []string{"-std=gnu11", "-O2", "-g", "-Wall", "-Wextra", "-shared", "-fPIC", "-fvisibility=hidden", "-I/usr/include/p11-kit-1", "-o", made}
	for _, e := range entries {
		text, err := sources.ReadFile("shim/" + e.Name())
		if err != nil {
			return fmt.Errorf("build virtual module: %w", err)
		}
		err = os.WriteFile(filepath.Join(dir, e.Name()), text, 0o600)
		if err != nil {
			return fmt.Errorf("build virtual module: %w", err)
		}
		if strings.HasSuffix(e.Name(), ".c") {
			args = append(args, filepath.Join(dir, e.Name()))
		}
	}
	compiler := os.Getenv("CC")
	if compiler == "" {
		compiler = "gcc"
	}
	output, err := exec.Command(compiler, append(args, "-ldl", "-lpthread")...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("build virtual module (needs gcc and libp11-kit-dev): %w\n%s", err, output)
	}
	octets, err := os.ReadFile(made)
	if err != nil {
		return fmt.Errorf("build virtual module: %w", err)
	}
	err = os.MkdirAll(filepath.Dir(out), 0o755)
	if err != nil {
		return fmt.Errorf("build virtual module: %w", err)
	}
	// By way of a new file: a process may have the old one mapped.
	err = os.WriteFile(out+".new", octets, 0o755)
	if err == nil {
		err = os.Rename(out+".new", out)
	}
	if err != nil {
		return fmt.Errorf("build virtual module: %w", err)
	}
	return nil
}

// findShim looks for a built module: where TIRKEU_SHIM says, in the folder "virtual" beside the program, beside the program itself.
func findShim() (string, error) {
	candidates := []string{os.Getenv("TIRKEU_SHIM")}
	if program, err := os.Executable(); err == nil {
		dir := filepath.Dir(program)
		candidates = append(candidates, filepath.Join(dir, "virtual", ShimName), filepath.Join(dir, ShimName))
	}
	for _, path := range candidates {
		if path == "" {
			continue
		}
		if _, err := os.Stat(path); err == nil {
			return filepath.Abs(path)
		}
	}
	return "", errors.New("no virtual module is built")
}
