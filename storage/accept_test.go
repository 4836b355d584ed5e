//go:build cgo

package storage

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"
)

const number = "10010000011"

func TestAccept_KeepsApplicationTasksAndAuditThroughRestart(t *testing.T) {
	ctx := context.Background()
	s, path := openTest(t, Options{})
	a := acceptance(number, newRand())
	a.SealKey = []byte("key of the sealed file, 32 bytes")
	must(t, s.Accept(ctx, a))
	s = reopen(t, s, path)
	r, err := s.Application(ctx, number)
	must(t, err)
	if r.Status != Queued || string(r.Document) != string(a.Document) || string(r.SealKey) != string(a.SealKey) || len(r.Keys) != 2 {
		t.Fatalf("kept otherwise: %s, %d keys", r.Status, len(r.Keys))
	}
	for i := range a.Keys {
		if !reflect.DeepEqual(r.Keys[i].AcceptedKey, a.Keys[i]) || r.Keys[i].Certificate != nil {
			t.Errorf("key %d is kept otherwise", i+1)
		}
	}
	due, err := s.Due(ctx, time.Now(), 10)
	must(t, err)
	if len(due) != 1 || due[0].Kind != TaskFile {
		t.Fatalf("due: %+v", due)
	}
	var rows int
	must(t, s.reader.QueryRow("SELECT COUNT(*) FROM audit WHERE subject = 'application:"+number+"'").Scan(&rows))
	if rows != 1 {
		t.Fatalf("%d audit rows", rows)
	}
}

func TestAccept_TwiceWithTheSameBytesChangesNothing(t *testing.T) {
	ctx := context.Background()
	s, _ := openTest(t, Options{})
	a := acceptance(number, newRand())
	must(t, s.Accept(ctx, a))
	before := dump(t, s)
	must(t, s.Accept(ctx, a))
	if dump(t, s) != before {
		t.Fatal("the second time changed something")
	}
	for name, change := range map[string]func(*Acceptance){
		"document": func(a *Acceptance) { a.Document = append([]byte(" "), a.Document...) },
		"IIN":      func(a *Acceptance) { a.IIN = "850615300024" },
		"seal key": func(a *Acceptance) { a.SealKey = []byte("x") },
		"request":  func(a *Acceptance) { a.Keys[1].CSR = []byte("x") },
		"medium":   func(a *Acceptance) { a.Keys[0].Medium = "stick" },
		"fewer":    func(a *Acceptance) { a.Keys = a.Keys[:1] },
	} {
		other := acceptance(number, newRand())
		change(&other)
		if err := s.Accept(ctx, other); !errors.Is(err, ErrConflict) {
			t.Errorf("other %s: %v", name, err)
		}
	}
	if dump(t, s) != before {
		t.Fatal("a conflict changed something")
	}
}

func TestAccept_RefusesAKeyOfAnotherApplicationWhole(t *testing.T) {
	ctx := context.Background()
	s, _ := openTest(t, Options{})
	a := acceptance(number, newRand())
	must(t, s.Accept(ctx, a))
	before := dump(t, s)
	b := acceptance("10010000023", newRand())
	b.Keys[0].SPKISHA256 = "another"
	if err := s.Accept(ctx, b); !errors.Is(err, ErrConflict) {
		t.Fatalf("%v", err)
	}
	if dump(t, s) != before {
		t.Fatal("part of it was stored")
	}
}

func TestAccept_RefusesWhenTheQueueIsFull(t *testing.T) {
	ctx := context.Background()
	s, path := openTest(t, Options{MaxPending: 2})
	r := newRand()
	must(t, s.Accept(ctx, acceptance("10010000011", r)))
	second := acceptance("10010000023", r)
	must(t, s.Accept(ctx, second))
	if err := s.Accept(ctx, acceptance("10010000030", r)); !errors.Is(err, ErrQueueFull) {
		t.Fatalf("%v", err)
	}
	must(t, s.Accept(ctx, second)) // what is in is in
	must(t, s.Done(ctx, TaskID{Number: number, Kind: TaskFile}, Step{Status: Waiting}))
	must(t, s.Accept(ctx, acceptance("10010000030", r)))
	must(t, s.Keep(ctx, TaskID{"10010000023", TaskFile, 0}, nil, time.Now(), Step{Status: Rejected, Drop: true}))
	must(t, s.Accept(ctx, acceptance("10010000042", r)))
	if err := s.Accept(ctx, acceptance("10010000054", r)); !errors.Is(err, ErrQueueFull) {
		t.Fatalf("after a rejection made room for one: %v", err)
	}
	s = reopen(t, s, path)
	if n, err := s.Pending(ctx); err != nil || n != s.unfiled || n != 2 {
		t.Fatalf("%d pending, %d counted: %v", n, s.unfiled, err)
	}
}

func TestFind_ByKeyAndMedium(t *testing.T) {
	ctx := context.Background()
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	s, _ := openTest(t, Options{Now: func() time.Time { now = now.Add(time.Second); return now }})
	r := newRand()
	first, second := acceptance("10010000011", r), acceptance("10010000023", r)
	third := acceptance("10010000030", r)
	for i := range third.Keys {
		third.Keys[i].Medium = "stick"
	}
	for _, a := range []Acceptance{first, second, third} {
		must(t, s.Accept(ctx, a))
	}
	numbers := func(found []Record, err error) string {
		must(t, err)
		text := ""
		for _, r := range found {
			text += r.Number + " "
		}
		return text
	}
	if got := numbers(s.ByMedium(ctx, testSerial)); got != "10010000023 10010000011 " {
		t.Errorf("by medium: %s", got)
	}
	if got := numbers(s.ByMedium(ctx, "stick")); got != "10010000030 " {
		t.Errorf("by stick: %s", got)
	}
	if got := numbers(s.ByMedium(ctx, "other")); got != "" {
		t.Errorf("by another medium: %s", got)
	}
	if found, err := s.ByKey(ctx, second.Keys[1].SPKISHA256); err != nil || found.Number != second.Number {
		t.Errorf("by key: %v %v", found.Number, err)
	}
	if _, err := s.ByKey(ctx, "none"); !errors.Is(err, ErrNotFound) {
		t.Errorf("by a strange key: %v", err)
	}
	if _, err := s.Application(ctx, "none"); !errors.Is(err, ErrNotFound) {
		t.Errorf("by a strange number: %v", err)
	}
}

func TestReserveNumber_GivesEachCounterOnce(t *testing.T) {
	ctx := context.Background()
	s, path := openTest(t, Options{})
	var mu sync.Mutex
	seen := map[uint64]bool{}
	var work sync.WaitGroup
	for range 4 {
		work.Go(func() {
			for range 10 {
				n, err := s.ReserveNumber(ctx, "1001")
				mu.Lock()
				if err != nil || seen[n] {
					t.Errorf("%d twice, or %v", n, err)
				}
				seen[n] = true
				mu.Unlock()
			}
		})
	}
	work.Wait()
	s = reopen(t, s, path)
	if n, err := s.ReserveNumber(ctx, "1001"); err != nil || n != 41 {
		t.Errorf("after a restart: %d %v", n, err)
	}
	if n, err := s.ReserveNumber(ctx, "1002"); err != nil || n != 1 {
		t.Errorf("of another prefix: %d %v", n, err)
	}
	if _, err := s.conn.ExecContext(ctx, "UPDATE counters SET last = 999999 WHERE prefix = '1001'"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := s.ReserveNumber(ctx, "1001"); !errors.Is(err, ErrNumbersSpent) {
			t.Errorf("after the last: %v", err)
		}
	}
}

// dump writes every row of every table down, to see whether anything changed.
func dump(t *testing.T, s *Store) string {
	t.Helper()
	text := ""
	for _, table := range []string{"applications", "application_keys", "outbox", "device_journal", "audit", "settings", "counters"} {
		rows, err := s.reader.Query("SELECT * FROM " + table)
		must(t, err)
		columns, err := rows.Columns()
		must(t, err)
		for rows.Next() {
			values := make([]any, len(columns))
			into := make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			must(t, rows.Scan(into...))
			text += table + fmt.Sprint(values...) + "\n"
		}
		must(t, rows.Err())
		rows.Close()
	}
	return text
}
