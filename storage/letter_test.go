//go:build cgo

package storage

import (
	"bytes"
	"context"
	"errors"
	"os"
	"testing"
	"time"
)

func TestLetter_GoesOnceTheApplicationIsFiledAndHoldsNothingUp(t *testing.T) {
	ctx := context.Background()
	s, path := openTest(t, Options{})
	letter := []byte(`{"to":"aigerim@example.kz"}`)
	if err := s.Post(ctx, number, letter); !errors.Is(err, ErrNotFound) {
		t.Fatalf("about nothing: %v", err)
	}
	must(t, s.Accept(ctx, acceptance(number, newRand())))
	must(t, s.Post(ctx, number, letter))
	s = reopen(t, s, path)
	later := time.Now().Add(time.Hour)
	if got := tasks(t, s, later); got != number+"/file/0 " {
		t.Fatalf("before it is filed: %s", got)
	}
	must(t, s.Done(ctx, TaskID{number, TaskFile, 0}, Step{Status: Waiting}))
	if got := tasks(t, s, later); got != number+"/certify/1 "+number+"/certify/2 "+number+"/letter/101 " {
		t.Fatalf("once filed: %s", got)
	}
	back, err := s.Letter(ctx, number, 101)
	if err != nil || !bytes.Equal(back, letter) {
		t.Fatalf("%q, %v", back, err)
	}
	for i := range 2 {
		must(t, s.Done(ctx, TaskID{number, TaskCertify, i + 1}, Step{Status: Issued, Ordinal: i + 1, Certificate: []byte("cert")}))
	}
	must(t, s.MarkInstalled(ctx, number))
	if got := tasks(t, s, later); got != number+"/letter/101 "+number+"/report/0 " {
		t.Fatalf("a letter that nobody takes: %s", got)
	}
	must(t, s.Done(ctx, TaskID{number, TaskLetter, 101}, Step{}))
	if _, err := s.Letter(ctx, number, 101); !errors.Is(err, ErrNotFound) {
		t.Errorf("a letter that was sent is still there: %v", err)
	}
}

func TestLetter_IsSealedAndBurntWithARejectedApplication(t *testing.T) {
	ctx := context.Background()
	s, path := openTest(t, Options{})
	must(t, s.Accept(ctx, acceptance(number, newRand())))
	must(t, s.Post(ctx, number, []byte("aigerim@example.kz")))
	must(t, s.Done(ctx, TaskID{number, TaskFile, 0}, Step{Status: Rejected, Drop: true}))
	if got := tasks(t, s, time.Now().Add(time.Hour)); got != "" {
		t.Errorf("still to be done: %s", got)
	}
	if _, err := s.Letter(ctx, number, 101); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
	for _, name := range []string{path, path + "-wal"} {
		data, err := os.ReadFile(name)
		if err == nil && bytes.Contains(data, []byte("aigerim@example.kz")) {
			t.Errorf("the address lies in %s in clear", name)
		}
	}
}

func TestLetter_ThreeAnApplicationAndNoMore(t *testing.T) {
	ctx := context.Background()
	s, _ := openTest(t, Options{})
	must(t, s.Accept(ctx, acceptance(number, newRand())))
	for i := range 4 {
		err := s.Post(ctx, number, []byte("x"))
		if (i == 3) != errors.Is(err, ErrTooMany) || i < 3 && err != nil {
			t.Errorf("letter %d: %v", i+1, err)
		}
	}
}
