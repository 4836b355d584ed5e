//go:build cgo

package storage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// filled is a closed database of some size.
func filled(t *testing.T) string {
	t.Helper()
	s, path := openTest(t, Options{})
	r := newRand()
	for i := range 30 {
		must(t, s.Accept(context.Background(), acceptance(fmt.Sprintf("1001%07d", i), r)))
	}
	must(t, s.Close())
	return path
}

func fingerprint(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	must(t, err)
	return fmt.Sprintf("%x", sha256.Sum256(content))
}

func TestOpen_RefusesADamagedFileAndLeavesItAsItWas(t *testing.T) {
	good, err := os.ReadFile(filled(t))
	must(t, err)
	noise := bytes.Repeat([]byte("damage! "), 512)
	for name, spoil := range map[string]func([]byte) []byte{
		"first page overwritten":  func(b []byte) []byte { copy(b, noise); return b },
		"inner pages overwritten": func(b []byte) []byte { copy(b[3*4096:], bytes.Repeat(noise, 4)); return b },
		"every page's head": func(b []byte) []byte {
			for i := 4096; i < len(b); i += 4096 {
				copy(b[i:], noise[:16])
			}
			return b
		},
		"cut in the middle":    func(b []byte) []byte { return b[:len(b)/8192*4096] },
		"cut to a torn page":   func(b []byte) []byte { return b[:5000] },
		"another kind of file": func([]byte) []byte { return bytes.Repeat([]byte("not a database\n"), 1000) },
		"one byte":             func([]byte) []byte { return []byte("x") },
	} {
		path := filepath.Join(t.TempDir(), "kiosk.db")
		must(t, os.WriteFile(path, spoil(bytes.Clone(good)), 0o600))
		before := fingerprint(t, path)
		_, err := Open(path, Options{SealKey: testKey()})
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
		if fingerprint(t, path) != before {
			t.Errorf("%s: the file was changed", name)
		}
	}
}

// After a crash the newest commits are in the log only. If the file is damaged then, neither may be touched.
func TestOpen_LeavesTheLogOfADamagedFileAsItWas(t *testing.T) {
	s, path := openTest(t, Options{})
	must(t, s.Accept(context.Background(), acceptance(number, newRand())))
	s.checkpoints.fold()
	must(t, s.Put(context.Background(), "newest", []byte("only in the log")))
	crashed := filepath.Join(t.TempDir(), "kiosk.db")
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(path + suffix)
		must(t, err)
		if suffix == "" {
			for i := 2 * 4096; i < len(content); i += 4096 {
				copy(content[i:], "damage! damage! ")
			}
		}
		must(t, os.WriteFile(crashed+suffix, content, 0o600))
	}
	file, log := fingerprint(t, crashed), fingerprint(t, crashed+"-wal")
	if _, err := Open(crashed, Options{SealKey: testKey()}); !errors.Is(err, ErrDamaged) {
		t.Fatalf("%v", err)
	}
	if fingerprint(t, crashed) != file || fingerprint(t, crashed+"-wal") != log {
		t.Fatal("file or log was changed")
	}
}

// A log cut anywhere is what a cut of power leaves: the store opens with some whole prefix of what was committed.
func TestOpen_TakesALogCutAnywhere(t *testing.T) {
	ctx := context.Background()
	s, path := openTest(t, Options{})
	s.checkpoints.fold()
	r := newRand()
	for i := range 4 {
		must(t, s.Accept(ctx, acceptance(fmt.Sprintf("1001%07d", i), r)))
	}
	file, err := os.ReadFile(path)
	must(t, err)
	log, err := os.ReadFile(path + "-wal")
	must(t, err)
	counts := map[int]int{}
	for cut := 0; cut <= len(log); cut += 1777 {
		crashed := filepath.Join(t.TempDir(), "kiosk.db")
		must(t, os.WriteFile(crashed, file, 0o600))
		must(t, os.WriteFile(crashed+"-wal", log[:cut], 0o600))
		s, err := Open(crashed, Options{SealKey: testKey()})
		if err != nil {
			t.Fatalf("cut at %d of %d: %v", cut, len(log), err)
		}
		if err := s.Check(ctx); err != nil {
			t.Fatalf("cut at %d of %d: %v", cut, len(log), err)
		}
		found, err := s.find(ctx, "ORDER BY number")
		must(t, err)
		for i, r := range found {
			if r.Number != fmt.Sprintf("1001%07d", i) || len(r.Keys) != 2 {
				t.Fatalf("cut at %d: %s stands at place %d with %d keys", cut, r.Number, i, len(r.Keys))
			}
		}
		counts[len(found)]++
		must(t, s.Close())
	}
	if len(counts) < 4 {
		t.Fatalf("the cuts did not meet the transactions: %v", counts)
	}
}

func TestOpen_SaysWhenItCannotWrite(t *testing.T) {
	if _, err := Open("/proc/kiosk.db", Options{SealKey: testKey()}); err == nil {
		t.Fatal("opened in /proc")
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none", "kiosk.db"), Options{SealKey: testKey()}); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("no folder: %v", err)
	}
}

func TestAccept_SaysFullAndStoresNothingHalf(t *testing.T) {
	ctx := context.Background()
	s, path := openTest(t, Options{MaxPages: 60})
	r := newRand()
	accepted := 0
	var full error
	for i := 0; full == nil && i < 1000; i++ {
		before := dump(t, s)
		if full = s.Accept(ctx, acceptance(fmt.Sprintf("1001%07d", i), r)); full == nil {
			accepted++
		} else if dump(t, s) != before {
			t.Error("part of the refused application was stored")
		}
	}
	if !errors.Is(full, ErrFull) || accepted < 3 {
		t.Fatalf("%d accepted, then %v", accepted, full)
	}
	must(t, s.Close())
	s, err := Open(path, Options{SealKey: testKey()}) // room was made
	must(t, err)
	defer s.Close()
	must(t, s.Check(ctx))
	must(t, s.Accept(ctx, acceptance(fmt.Sprintf("1001%07d", accepted), r)))
}

// The same on a real disk that is full: a small tmpfs, where it may be mounted.
func TestAccept_SaysFullOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=600k"); err != nil {
		if os.Getenv("TIRKEU_TEST_ALL") == "1" {
			t.Fatalf("mounting a small disk: %v", err)
		}
		t.Skipf("no small disk can be mounted here: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	ctx := context.Background()
	path := filepath.Join(dir, "kiosk.db")
	s, err := Open(path, Options{SealKey: testKey()})
	must(t, err)
	r := newRand()
	accepted := 0
	var full error
	for i := 0; full == nil && i < 1000; i++ {
		if full = s.Accept(ctx, acceptance(fmt.Sprintf("1001%07d", i), r)); full == nil {
			accepted++
		}
	}
	if !errors.Is(full, ErrFull) || accepted < 3 {
		t.Fatalf("%d accepted, then %v", accepted, full)
	}
	full = nil
	for i := 0; full == nil && i < 1000; i++ { // an intent is smaller: some still find room
		_, full = s.Begin(ctx, Intent{Kind: IntentGenerate, Medium: testSerial})
	}
	if !errors.Is(full, ErrFull) {
		t.Fatalf("intents on a full disk: %v", full)
	}
	if _, err := s.Application(ctx, "10010000000"); err != nil {
		t.Fatalf("reading on a full disk: %v", err)
	}
	must(t, unix.Mount("", dir, "", unix.MS_REMOUNT, "size=8m"))
	must(t, s.Accept(ctx, acceptance(fmt.Sprintf("1001%07d", accepted), r)))
	must(t, s.Close())
	s, err = Open(path, Options{SealKey: testKey()})
	must(t, err)
	defer s.Close()
	found, err := s.find(ctx, "ORDER BY number")
	must(t, err)
	if len(found) != accepted+1 {
		t.Fatalf("%d of %d are there", len(found), accepted+1)
	}
	must(t, s.Check(ctx))
}
