//go:build cgo

package storage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// revocation is an acceptance that names two certificates.
func revocation(number string) Acceptance {
	r := newRand()
	return Acceptance{Number: number, IIN: testIIN, Kind: "revocation", Document: fmt.Appendf(nil, `{"number":%q,"iin":%q}`, number, testIIN),
		Signature:   fmt.Appendf(nil, "CMS of %s %s", testName, testIIN),
		Revocations: []AcceptedRevocation{{1, hex.EncodeToString(randomBytes(r, 16))}, {2, hex.EncodeToString(randomBytes(r, 16))}}}
}

func TestRevocation_GoesAheadOfAllElseAndEndsWithTheLastCertificate(t *testing.T) {
	ctx := context.Background()
	s, path := openTest(t, Options{})
	r := newRand()
	for i := range 3 {
		must(t, s.Accept(ctx, acceptance(fmt.Sprintf("100100000%d", i), r)))
	}
	const urgent = "10010000099"
	must(t, s.Accept(ctx, revocation(urgent)))
	must(t, s.Accept(ctx, revocation(urgent))) // the same again
	later := time.Now().Add(time.Hour)
	s = reopen(t, s, path)
	due, err := s.Due(ctx, later, 1)
	must(t, err)
	if len(due) != 1 || due[0].TaskID != (TaskID{urgent, TaskFile, 0}) || !due[0].Urgent {
		t.Fatalf("first in turn: %+v", due)
	}
	record, err := s.Application(ctx, urgent)
	must(t, err)
	if want := revocation(urgent); record.Kind != "revocation" || !bytes.Equal(record.Signature, want.Signature) || fmt.Sprint(record.Revocations) != fmt.Sprint(want.Revocations) {
		t.Fatalf("kept: %+v", record)
	}
	must(t, s.Done(ctx, TaskID{urgent, TaskFile, 0}, Step{Status: Confirmed}))
	one, two := TaskID{urgent, TaskRevoke, 1}, TaskID{urgent, TaskRevoke, 2}
	must(t, s.Note(ctx, one, []byte("rr about to leave")))
	s = reopen(t, s, path)
	due, err = s.Due(ctx, later, 2)
	must(t, err)
	if len(due) != 2 || due[0].TaskID != one || string(due[0].State) != "rr about to leave" || due[1].TaskID != two {
		t.Fatalf("once filed: %+v", due)
	}
	must(t, s.Done(ctx, one, Step{Revoked: 1}))
	if record, err = s.Application(ctx, urgent); err != nil || record.Status != Confirmed {
		t.Fatalf("with one of two revoked it is %s, %v", record.Status, err)
	}
	must(t, s.Done(ctx, two, Step{Revoked: 2}))
	if record, err = s.Application(ctx, urgent); err != nil || record.Status != Revoked || !record.Status.Final() {
		t.Fatalf("with both revoked it is %s, %v", record.Status, err)
	}
	if gone, err := s.Forget(ctx, later); err != nil || gone != 1 {
		t.Errorf("%d forgotten, %v", gone, err)
	}
}

func TestRevocation_FindsRoomWhenTheQueueIsFull(t *testing.T) {
	ctx := context.Background()
	s, _ := openTest(t, Options{MaxPending: 1})
	r := newRand()
	must(t, s.Accept(ctx, acceptance(number, r)))
	if err := s.Accept(ctx, acceptance("10010000020", r)); !errors.Is(err, ErrQueueFull) {
		t.Fatalf("a second application: %v", err)
	}
	must(t, s.Accept(ctx, revocation("10010000030")))
}

func TestAccept_WantsKeysOrCertificatesToRevoke(t *testing.T) {
	s, _ := openTest(t, Options{})
	neither, both := revocation(number), revocation(number)
	neither.Revocations = nil
	both.Keys = acceptance(number, newRand()).Keys
	for name, a := range map[string]Acceptance{"neither": neither, "both": both} {
		if err := s.Accept(context.Background(), a); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestAccept_ASignatureIsPartOfWhatWasAccepted(t *testing.T) {
	ctx := context.Background()
	s, path := openTest(t, Options{})
	a := acceptance(number, newRand())
	a.Kind, a.Signature = "reissue", fmt.Appendf(nil, "CMS of %s", testName)
	must(t, s.Accept(ctx, a))
	must(t, s.Accept(ctx, a))
	other := a
	other.Signature = []byte("another")
	if err := s.Accept(ctx, other); !errors.Is(err, ErrConflict) {
		t.Errorf("another signature: %v", err)
	}
	must(t, s.Close())
	for _, name := range []string{path, path + "-wal"} {
		data, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		must(t, err)
		for spelling, text := range spellings(testName) {
			if bytes.Contains(data, text) {
				t.Errorf("%s holds the signer's name in %s", filepath.Base(name), spelling)
			}
		}
	}
}

// What a program of schema 1 accepted is known again by the same bytes: the hash is that program's.
func TestAcceptance_OfOldIsWrittenAsItWas(t *testing.T) {
	a := acceptance(number, newRand())
	if got := fmt.Sprintf("%x", sha256.Sum256(a.bytes())); got != "80cc1a1a00b925fc8cdff36915678aa14212fe9d0f3510ce82c6356871dbc38e" {
		t.Errorf("it is written as %s", got)
	}
	plain := a.bytes()
	a.Kind = "new"
	if bytes.Equal(plain, a.bytes()) {
		t.Error("the kind is no part of it")
	}
}

func TestOutbox_KeepsTheReasonOfARefusalForGood(t *testing.T) {
	ctx := context.Background()
	s, path := openTest(t, Options{})
	must(t, s.Accept(ctx, acceptance(number, newRand())))
	must(t, s.Done(ctx, TaskID{number, TaskFile, 0}, Step{Status: Rejected, Drop: true, Reason: "already_reissued"}))
	s = reopen(t, s, path)
	r, err := s.Application(ctx, number)
	must(t, err)
	if r.Status != Rejected || r.Reason != "already_reissued" || tasks(t, s, time.Now().Add(time.Hour)) != "" {
		t.Errorf("%s because of %q", r.Status, r.Reason)
	}
	if n, err := s.Pending(ctx); err != nil || n != 0 {
		t.Errorf("%d are pending, %v", n, err)
	}
}

func TestAdopt_KeepsWhatAnotherKioskAcceptedToBeInstalledHere(t *testing.T) {
	ctx := context.Background()
	s, path := openTest(t, Options{})
	a := acceptance(number, newRand())
	in := Adoption{Number: number, Kind: "reissue", Document: a.Document, SealKey: []byte("seal")}
	for _, k := range a.Keys {
		k.CSR = nil
		in.Keys = append(in.Keys, RecordKey{AcceptedKey: k, Certificate: fmt.Appendf(nil, "cert %d", k.Ordinal), Chain: [][]byte{[]byte("issuer")}})
	}
	must(t, s.Adopt(ctx, in))
	must(t, s.Adopt(ctx, in))
	s = reopen(t, s, path)
	r, err := s.Application(ctx, number)
	must(t, err)
	if r.Status != Issued || !r.Complete() || string(r.SealKey) != "seal" || string(r.Keys[1].Certificate) != "cert 2" || tasks(t, s, time.Now().Add(time.Hour)) != "" {
		t.Fatalf("taken up: %+v", r.Status)
	}
	must(t, s.MarkInstalled(ctx, number))
	if got := tasks(t, s, time.Now().Add(time.Hour)); got != number+"/report/0 " {
		t.Errorf("once installed: %s", got)
	}
	in.Document = []byte("other bytes")
	if err := s.Adopt(ctx, in); !errors.Is(err, ErrConflict) {
		t.Errorf("other bytes: %v", err)
	}
	in.Number, in.Keys[0].Certificate = "10010000020", nil
	if err := s.Adopt(ctx, in); err == nil {
		t.Error("without a certificate it was taken up")
	}
}
