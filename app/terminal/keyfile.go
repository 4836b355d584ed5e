//go:build cgo

package terminal

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tirkeu/kiosk/hardware/keyfile"
)

// keyfileShow prints what a key file holds. The password comes from standard input; it and the private keys are never printed.
func keyfileShow(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	f := flag.NewFlagSet(Program+" keyfile show", flag.ContinueOnError)
	f.SetOutput(errs)
	asJSON := f.Bool("json", false, "print JSON, for programs")
	f.Usage = func() {
		fmt.Fprintln(errs, "usage: "+Program+" keyfile show [--json] PATH\n\nSays what the key file (PKCS#12) at PATH holds. Its password is read from standard input, one line.")
		f.PrintDefaults()
	}
	var paths []string
	for rest := args; ; { // options may stand before the path and after it
		err := f.Parse(rest)
		switch {
		case errors.Is(err, flag.ErrHelp):
			return Done
		case err != nil:
			return Usage
		}
		if f.NArg() == 0 {
			break
		}
		paths, rest = append(paths, f.Arg(0)), f.Args()[1:]
	}
	if len(paths) != 1 {
		fmt.Fprintln(errs, Program+" keyfile show: needs one PATH (see --help)")
		return Usage
	}
	doing := fmt.Sprintf("reading the key file %q", paths[0])
	data, err := readKeyFile(paths[0])
	if err != nil {
		return fail(errs, doing, err)
	}
	text, err := readPassword(ctx, in, errs)
	if err != nil {
		return fail(errs, "reading the password from standard input", err)
	}
	switch keyfile.TypedOddly(text) {
	case keyfile.OddCyrillic:
		fmt.Fprintln(errs, "note: the password has Cyrillic letters; was the keyboard at another language?")
	case keyfile.OddOutside:
		fmt.Fprintln(errs, "note: the password has characters that passwords of the authority's key files do not have")
	}
	file, err := keyfile.Open(bytes.NewReader(data), keyfile.NewPassword(text))
	if err != nil {
		return fail(errs, doing, advised(err))
	}
	shown := show(paths[0], len(data), file, time.Now())
	if *asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(shown)
	} else {
		err = shown.print(out)
	}
	if err != nil {
		return fail(errs, "printing what the key file holds", err)
	}
	return Done
}

// readKeyFile reads a plain file of at most [keyfile.MaxSize] bytes. Links are not followed, nothing else is opened: it may lie on anybody's stick.
func readKeyFile(path string) ([]byte, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.New("there is no such file")
	case err != nil:
		return nil, errors.Unwrap(err)
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, errors.New("it is a link: name the file itself")
	case info.IsDir():
		return nil, errors.New("it is a folder: name one file in it")
	case !info.Mode().IsRegular():
		return nil, errors.New("it is a device or a pipe, not a file")
	}
	in, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, fmt.Errorf("it cannot be opened: %w", errors.Unwrap(err))
	}
	defer in.Close()
	if now, err := in.Stat(); err != nil || !os.SameFile(info, now) {
		return nil, errors.New("it was replaced meanwhile")
	}
	data, err := io.ReadAll(io.LimitReader(in, keyfile.MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("its medium does not give it out: %w", err)
	}
	if len(data) > keyfile.MaxSize {
		return nil, fmt.Errorf("it has %d bytes, a key file has %d at most", info.Size(), keyfile.MaxSize)
	}
	return data, nil
}

// readPassword reads one line. A terminal is asked, and does not show what is typed.
func readPassword(ctx context.Context, in io.Reader, errs io.Writer) (string, error) {
	if file, ok := in.(*os.File); ok {
		if before, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS); err == nil {
			silent := *before
			silent.Lflag &^= unix.ECHO
			_ = unix.IoctlSetTermios(int(file.Fd()), unix.TCSETS, &silent) // before it asks, for fast hands
			fmt.Fprint(errs, "Password of the key file: ")
			defer fmt.Fprintln(errs)
			defer func() { _ = unix.IoctlSetTermios(int(file.Fd()), unix.TCSETS, before) }()
		}
	}
	type answer struct {
		line string
		err  error
	}
	read := make(chan answer, 1)
	go func() { // a read cannot be stopped; the program ends soon after anyway
		line, err := bufio.NewReader(io.LimitReader(in, 4096)).ReadString('\n')
		if errors.Is(err, io.EOF) {
			err = nil
		}
		read <- answer{strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), err}
	}()
	select {
	case a := <-read:
		return a.line, a.err
	case <-ctx.Done():
		return "", errors.New("stopped")
	}
}

// advised adds what to do.
func advised(err error) error {
	advice := "it cannot be read by this program: have it saved anew by the program that made it"
	switch {
	case errors.Is(err, keyfile.ErrPassword):
		advice = "try again with care for capital letters and the keyboard's language"
	case errors.Is(err, keyfile.ErrDamaged):
		advice = "try another copy of the file; without one, apply for new keys"
	}
	return fmt.Errorf("%w\n%s", err, advice)
}
