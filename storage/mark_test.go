//go:build cgo

package storage

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestOpen_RefusesAnotherProgramsFileAndLeavesItAsItIs(t *testing.T) {
	const mark = 0x54524e47
	for name, marks := range map[string]struct{ made, asked int32 }{"marked, by a program without a mark": {mark, 0}, "unmarked, by a program with a mark": {0, mark}} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "kiosk.db")
			s, err := Open(path, Options{SealKey: testKey(), Application: marks.made})
			if err != nil {
				t.Fatal(err)
			}
			// While it is in use the mark may stand in the log alone.
			if _, err := Open(path, Options{SealKey: testKey(), Application: marks.asked}); !errors.Is(err, ErrForeign) {
				t.Errorf("beside its own program: %v", err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Open(path, Options{SealKey: testKey(), Application: marks.asked}); !errors.Is(err, ErrForeign) {
				t.Errorf("alone: %v", err)
			}
			after, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(before, after) {
				t.Errorf("the file was changed (%v)", err)
			}
			if s, err = Open(path, Options{SealKey: testKey(), Application: marks.made}); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestOpen_TakesAFileThatWasNeverBegun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kiosk.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil { // power was cut between making the file and its first commit
		t.Fatal(err)
	}
	s, err := Open(path, Options{SealKey: testKey(), Application: 7})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, Options{SealKey: testKey()}); !errors.Is(err, ErrForeign) {
		t.Errorf("the mark was not set: %v", err)
	}
}
