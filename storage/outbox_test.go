//go:build cgo

package storage

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

func tasks(t *testing.T, s *Store, at time.Time) string {
	t.Helper()
	due, err := s.Due(context.Background(), at, 100)
	must(t, err)
	text := ""
	for _, d := range due {
		text += fmt.Sprintf("%s/%s/%d ", d.Number, d.Kind, d.Ordinal)
	}
	return text
}

func TestOutbox_GoesInOrderAndStoresWhatCameOfIt(t *testing.T) {
	ctx := context.Background()
	s, path := openTest(t, Options{})
	must(t, s.Accept(ctx, acceptance(number, newRand())))
	later := time.Now().Add(time.Hour)
	file, one, two := TaskID{number, TaskFile, 0}, TaskID{number, TaskCertify, 1}, TaskID{number, TaskCertify, 2}
	if got := tasks(t, s, later); got != number+"/file/0 " {
		t.Fatalf("at first: %s", got)
	}
	must(t, s.Done(ctx, file, Step{Status: Waiting}))
	if got := tasks(t, s, later); got != number+"/certify/1 "+number+"/certify/2 " {
		t.Fatalf("once filed: %s", got)
	}
	must(t, s.Note(ctx, one, []byte("bytes about to leave")))
	must(t, s.Keep(ctx, two, []byte("waits"), later, Step{}))
	s = reopen(t, s, path)
	due, err := s.Due(ctx, time.Now(), 10)
	must(t, err)
	if len(due) != 1 || due[0].TaskID != one || string(due[0].State) != "bytes about to leave" {
		t.Fatalf("after a restart: %+v", due)
	}
	must(t, s.Done(ctx, one, Step{Status: Confirmed, Ordinal: 1, Certificate: []byte("cert 1"), Chain: [][]byte{[]byte("issuer")}}))
	must(t, s.Done(ctx, two, Step{Status: Issued, Ordinal: 2, Certificate: []byte("cert 2")}))
	r, err := s.Application(ctx, number)
	must(t, err)
	if !r.Complete() || r.Status != Issued || string(r.Keys[0].Certificate) != "cert 1" || string(r.Keys[0].Chain[0]) != "issuer" || string(r.Keys[1].Certificate) != "cert 2" {
		t.Fatalf("issued: %+v", r.Status)
	}
	if _, some, err := s.NextDue(ctx); err != nil || some {
		t.Fatalf("something is left: %v", err)
	}
	must(t, s.MarkInstalled(ctx, number))
	must(t, s.MarkInstalled(ctx, number))
	if got := tasks(t, s, later); got != number+"/report/0 " {
		t.Fatalf("once installed: %s", got)
	}
}

func TestOutbox_ATaskIsDoneOnce(t *testing.T) {
	ctx := context.Background()
	s, _ := openTest(t, Options{})
	must(t, s.Accept(ctx, acceptance(number, newRand())))
	file := TaskID{number, TaskFile, 0}
	must(t, s.Done(ctx, file, Step{Status: Waiting}))
	before := dump(t, s)
	for name, err := range map[string]error{
		"done":  s.Done(ctx, file, Step{Status: Confirmed}),
		"keep":  s.Keep(ctx, file, nil, time.Now(), Step{Status: Confirmed}),
		"retry": s.Retry(ctx, file, time.Now(), "garbage"),
		"note":  s.Note(ctx, TaskID{number, TaskCertify, 9}, []byte("x")),
		"other": s.Done(ctx, TaskID{"none", TaskFile, 0}, Step{}),
	} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if dump(t, s) != before {
		t.Error("something changed")
	}
}

func TestOutbox_PutsOffAndCountsFailures(t *testing.T) {
	ctx := context.Background()
	s, _ := openTest(t, Options{})
	must(t, s.Accept(ctx, acceptance(number, newRand())))
	file := TaskID{number, TaskFile, 0}
	at := time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	for range 3 {
		must(t, s.Retry(ctx, file, at, "garbage"))
	}
	if got := tasks(t, s, at.Add(-time.Millisecond)); got != "" {
		t.Errorf("due too early: %s", got)
	}
	due, err := s.Due(ctx, at, 10)
	must(t, err)
	if len(due) != 1 || due[0].Attempts != 3 || due[0].Problem != "garbage" {
		t.Fatalf("%+v", due)
	}
	if next, some, err := s.NextDue(ctx); err != nil || !some || !next.Equal(at) {
		t.Errorf("next: %v %v %v", next, some, err)
	}
	var rows int
	must(t, s.reader.QueryRow("SELECT COUNT(*) FROM audit WHERE event = 'task-problem'").Scan(&rows))
	if rows != 1 {
		t.Errorf("%d audit rows for one kind of failure", rows)
	}
	must(t, s.Hasten(ctx, number))
	if got := tasks(t, s, time.Now()); got == "" {
		t.Error("hastened in vain")
	}
	must(t, s.Keep(ctx, file, nil, at, Step{}))
	if due, _ = s.Due(ctx, at, 10); due[0].Attempts != 0 || due[0].Problem != "" {
		t.Errorf("a task that went well keeps its failures: %+v", due[0])
	}
}

func TestOutbox_DropsTheTasksOfARejectedApplication(t *testing.T) {
	ctx := context.Background()
	s, _ := openTest(t, Options{})
	r := newRand()
	must(t, s.Accept(ctx, acceptance(number, r)))
	must(t, s.Accept(ctx, acceptance("10010000023", r)))
	must(t, s.Done(ctx, TaskID{number, TaskFile, 0}, Step{Status: Rejected, Drop: true}))
	if got := tasks(t, s, time.Now().Add(time.Hour)); got != "10010000023/file/0 " {
		t.Fatalf("left: %s", got)
	}
	if n, err := s.Pending(ctx); err != nil || n != 1 {
		t.Fatalf("pending: %d %v", n, err)
	}
}

func TestStatus_NeverGoesBackAndNeverSkipsTheCertificates(t *testing.T) {
	ctx := context.Background()
	all := []Status{Queued, Waiting, Confirmed, Issued, Installed, Rejected, Expired}
	allowed := map[Status]string{
		Queued: "waiting confirmed issued rejected expired ", Waiting: "confirmed issued rejected expired ", Confirmed: "issued rejected expired ",
		Issued: "installed ", Installed: "", Rejected: "", Expired: "",
	}
	for _, from := range all {
		got := ""
		for _, to := range all {
			if from.May(to) {
				got += string(to) + " "
			}
		}
		if got != allowed[from] {
			t.Errorf("from %s: %s", from, got)
		}
	}
	s, _ := openTest(t, Options{})
	must(t, s.Accept(ctx, acceptance(number, newRand())))
	must(t, s.SetStatus(ctx, number, Confirmed))
	before := dump(t, s)
	must(t, s.SetStatus(ctx, number, Waiting)) // an answer that came late
	must(t, s.SetStatus(ctx, number, Confirmed))
	if dump(t, s) != before {
		t.Error("a late answer changed something")
	}
	if err := s.SetStatus(ctx, number, Installed); !errors.Is(err, ErrTransition) {
		t.Errorf("installed without certificates: %v", err)
	}
	if err := s.MarkInstalled(ctx, number); !errors.Is(err, ErrTransition) {
		t.Errorf("installed without certificates: %v", err)
	}
	must(t, s.SetStatus(ctx, number, Rejected))
	if err := s.SetStatus(ctx, number, Issued); !errors.Is(err, ErrTransition) {
		t.Errorf("issued after a rejection: %v", err)
	}
	if err := s.SetStatus(ctx, "none", Waiting); !errors.Is(err, ErrNotFound) {
		t.Errorf("of none: %v", err)
	}
}

func TestForget_TakesOnlyWhatIsFinalAndOld(t *testing.T) {
	ctx := context.Background()
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	s, _ := openTest(t, Options{Now: func() time.Time { return now }})
	r := newRand()
	for _, n := range []string{"10010000011", "10010000023", "10010000030"} {
		must(t, s.Accept(ctx, acceptance(n, r)))
	}
	must(t, s.Done(ctx, TaskID{"10010000011", TaskFile, 0}, Step{Status: Rejected, Drop: true}))
	must(t, s.SetStatus(ctx, "10010000023", Rejected)) // its tasks are not done
	old := now.AddDate(0, 1, 0)
	if n, err := s.Forget(ctx, now); err != nil || n != 0 {
		t.Fatalf("too early: %d %v", n, err)
	}
	if n, err := s.Forget(ctx, old); err != nil || n != 1 {
		t.Fatalf("%d %v", n, err)
	}
	if _, err := s.Application(ctx, "10010000011"); !errors.Is(err, ErrNotFound) {
		t.Errorf("it is still there: %v", err)
	}
	for _, n := range []string{"10010000023", "10010000030"} {
		if _, err := s.Application(ctx, n); err != nil {
			t.Errorf("%s: %v", n, err)
		}
	}
	must(t, s.Check(ctx))
}
