//go:build cgo

package storage

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"
)

func TestJournal_KeepsAnIntentUntilItsOutcomeThroughRestart(t *testing.T) {
	ctx := context.Background()
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	s, path := openTest(t, Options{Now: func() time.Time { return now }})
	want := Intent{Kind: IntentGenerate, Medium: testSerial, Number: number, KeyID: []byte{1, 2}, BegunAt: now}
	var err error
	want.ID, err = s.Begin(ctx, want)
	must(t, err)
	other, err := s.Begin(ctx, Intent{Kind: IntentInstall, Medium: "stick"})
	must(t, err)
	s = reopen(t, s, path)
	open, err := s.OpenIntents(ctx)
	must(t, err)
	if len(open) != 2 || !reflect.DeepEqual(open[0], want) || open[1].ID != other {
		t.Fatalf("%+v", open)
	}
	if open, _ := s.OpenIntentsOf(ctx, testSerial); len(open) != 1 || open[0].ID != want.ID {
		t.Fatalf("of one medium: %+v", open)
	}
	must(t, s.Finish(ctx, want.ID, OutcomeDone))
	must(t, s.Finish(ctx, want.ID, OutcomeDone))
	if err := s.Finish(ctx, want.ID, OutcomeUndone); !errors.Is(err, ErrConflict) {
		t.Errorf("another outcome: %v", err)
	}
	if err := s.Finish(ctx, 99, OutcomeDone); !errors.Is(err, ErrNotFound) {
		t.Errorf("of none: %v", err)
	}
	if open, _ := s.OpenIntents(ctx); len(open) != 1 {
		t.Fatalf("left: %+v", open)
	}
}

func TestReconcile_FinishesWhatTheDeviceTellsAndLeavesWhatIsAway(t *testing.T) {
	ctx := context.Background()
	s, _ := openTest(t, Options{})
	for _, i := range []Intent{{Kind: IntentGenerate, Medium: "A"}, {Kind: IntentInstall, Medium: "B"}, {Kind: IntentInstall, Medium: "C"}, {Kind: IntentGenerate, Medium: "A"}} {
		_, err := s.Begin(ctx, i)
		must(t, err)
	}
	broken := errors.New("the token answers nonsense")
	look := func(_ context.Context, i Intent) (Outcome, error) {
		switch i.Medium {
		case "A":
			return OutcomeDone, nil
		case "B":
			return "", ErrMediumAbsent
		}
		return "", broken
	}
	open, err := s.Reconcile(ctx, "", look)
	if open != 2 || !errors.Is(err, broken) {
		t.Fatalf("%d open, %v", open, err)
	}
	open, err = s.Reconcile(ctx, "B", func(context.Context, Intent) (Outcome, error) { return OutcomeUndone, nil })
	if open != 0 || err != nil {
		t.Fatalf("%d open, %v", open, err)
	}
	left, err := s.OpenIntents(ctx)
	must(t, err)
	if len(left) != 1 || left[0].Medium != "C" {
		t.Fatalf("%+v", left)
	}
	report, err := s.VerifyAudit(ctx)
	must(t, err)
	if !report.Whole() {
		t.Fatalf("%+v", report)
	}
}

func TestSettings_AreKeptReplacedAndRemoved(t *testing.T) {
	ctx := context.Background()
	s, path := openTest(t, Options{})
	if _, err := s.Get(ctx, "directory"); !errors.Is(err, ErrNotFound) {
		t.Fatalf("%v", err)
	}
	must(t, s.Put(ctx, "directory", []byte("1")))
	must(t, s.Put(ctx, "directory", []byte("2")))
	must(t, s.Put(ctx, "audit-head", []byte("a caller's name is not ours")))
	s = reopen(t, s, path)
	if v, err := s.Get(ctx, "directory"); err != nil || string(v) != "2" {
		t.Fatalf("%q %v", v, err)
	}
	must(t, s.Put(ctx, "directory", nil))
	if _, err := s.Get(ctx, "directory"); !errors.Is(err, ErrNotFound) {
		t.Fatalf("%v", err)
	}
	must(t, s.Check(ctx))
}

func TestStore_RefusesWorkForACallerWhoIsGone(t *testing.T) {
	s, _ := openTest(t, Options{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Put(ctx, "k", []byte("v")); !errors.Is(err, context.Canceled) {
		t.Fatalf("%v", err)
	}
}
