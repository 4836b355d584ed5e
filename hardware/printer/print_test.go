package printer

import (
	"context"
	"testing"
	"time"
)

// long is the limit of every wait in these tests.
func long(t *testing.T) context.Context {
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(stop)
	return ctx
}

func TestPrint_PrintsOnceAndLeavesNothingInCUPS(t *testing.T) {
	s := newStand(t)
	name, ok, err := Present()
	if name != "Receipt" || !ok || err != nil {
		t.Fatalf("%q, %t, %v", name, ok, err)
	}
	s.order(t, "done")
	job, err := Open(name).Print(long(t), Document{Title: "receipt", PDF: page(), Width: 80, Height: 140})
	if err != nil {
		t.Fatal(err)
	}
	end, err := job.Follow(long(t), nil)
	if end != Printed || err != nil {
		t.Errorf("%q, %v", end, err)
	}
	if n := s.printed(t); n != 1 {
		t.Errorf("printed %d times", n)
	}
	if left := s.spooled(t); len(left) != 0 {
		t.Errorf("CUPS still has %v", left)
	}
}

func TestFollow_TellsWhatThePrinterWaitsFor(t *testing.T) {
	s := newStand(t)
	job, err := Open("Receipt").Print(long(t), Document{Title: "receipt", PDF: page()})
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan State, 100)
	ended := make(chan End, 1)
	go func() {
		end, err := job.Follow(long(t), func(st State) { told <- st })
		if err != nil {
			t.Error(err)
		}
		ended <- end
	}()
	hear := func(wanted State) {
		t.Helper()
		for {
			select {
			case st := <-told:
				if st == wanted {
					return
				}
			case end := <-ended:
				t.Fatalf("%q before %q was told", end, wanted)
			case <-long(t).Done():
				t.Fatalf("%q was never told", wanted)
			}
		}
	}
	hear(Busy)
	for reason, state := range map[string]State{"media-empty-error": OutOfPaper, "media-jam-error": Jam} {
		s.order(t, "STATE: +"+reason)
		hear(state)
		s.order(t, "STATE: -"+reason)
		hear(Busy)
	}
	s.order(t, "done")
	if end := <-ended; end != Printed {
		t.Errorf("%q", end)
	}
	if n := s.printed(t); n != 1 {
		t.Errorf("printed %d times", n)
	}
}

// withoutPaper gives a job that waits for paper at the printer, and that nobody wants to wait for any more.
func withoutPaper(t *testing.T, s *stand) *Job {
	t.Helper()
	job, err := Open("Receipt").Print(long(t), Document{Title: "receipt", PDF: page()})
	if err != nil {
		t.Fatal(err)
	}
	s.order(t, "STATE: +media-empty-error")
	waited, stop := context.WithCancel(long(t))
	end, err := job.Follow(waited, func(st State) {
		if st == OutOfPaper {
			stop()
		}
	})
	if end != "" || CodeOf(err) != TooLong {
		t.Errorf("%q, %v", end, err)
	}
	return job
}

func TestCancel_EndsWhenCUPSsWayToThePrinterHas(t *testing.T) {
	s := newStand(t)
	job := withoutPaper(t, s)
	goOn := s.halted(t)
	type result struct {
		end End
		err error
	}
	ended := make(chan result, 1)
	go func() {
		end, err := job.Cancel(long(t))
		ended <- result{end, err}
	}()
	until(t, "the job called cancelled", func() bool { return len(jobs(t, "completed")) == 1 })
	select {
	case r := <-ended:
		t.Fatalf("%q, %v, while the printer has the job", r.end, r.err)
	case <-time.After(5 * lookEvery):
	}
	goOn()
	if r := <-ended; r.end != Cancelled || r.err != nil {
		t.Errorf("%q, %v", r.end, r.err)
	}
	if documents, listed := s.spooled(t), jobs(t, "all"); len(documents)+len(listed) != 0 {
		t.Errorf("CUPS still has %v, %v", documents, listed)
	}
}

func TestCancel_TellsThatThePrinterKeepsTheJob(t *testing.T) {
	s := newStand(t)
	job := withoutPaper(t, s)
	s.halted(t)
	takenBackWithin = time.Second
	defer func() { takenBackWithin = 15 * time.Second }()
	if end, err := job.Cancel(long(t)); end != "" || CodeOf(err) != Unknown {
		t.Errorf("%q, %v", end, err)
	}
	if left := s.spooled(t); len(left) != 0 {
		t.Errorf("CUPS still has %v", left)
	}
}

func TestCancel_EndsAJobThatWaitsForPaper(t *testing.T) {
	s := newStand(t)
	job := withoutPaper(t, s)
	end, err := job.Cancel(long(t))
	if end != Cancelled || err != nil {
		t.Errorf("%q, %v", end, err)
	}
	if left := s.spooled(t); len(left) != 0 {
		t.Errorf("CUPS still has %v", left)
	}
	if left := jobs(t, "all"); len(left) != 0 {
		t.Errorf("CUPS still lists %v", left)
	}
}

func TestCancel_TellsThatTheJobWasPrintedBefore(t *testing.T) {
	s := newStand(t)
	s.order(t, "done")
	job, err := Open("Receipt").Print(long(t), Document{Title: "receipt", PDF: page()})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the end of the job", func() bool { return len(jobs(t, "completed")) == 1 })
	if end, err := job.Cancel(long(t)); end != Printed || err != nil {
		t.Errorf("%q, %v", end, err)
	}
}

func TestPrint_LetsCUPSDropAJobThatNobodyWaitsFor(t *testing.T) {
	s := newStand(t)
	s.run(t, "cupsdisable", "Receipt") // it takes jobs and prints none
	queue := Open("Receipt")
	if p, err := queue.Printer(long(t)); p.State != Stopped || !p.Takes || err != nil {
		t.Errorf("%+v, %v", p, err)
	}
	job, err := queue.Print(long(t), Document{Title: "receipt", PDF: page(), Within: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	s.run(t, "cupsenable", "Receipt") // the printer gets no order: it would print for ever
	end, err := job.Follow(long(t), nil)
	if end == Printed || end == "" || err != nil {
		t.Errorf("%q, %v", end, err)
	}
}

func TestFollow_TellsAPrinterThatDoesNotAnswer(t *testing.T) {
	s := newStand(t)
	s.must(t, s.printer.Process.Kill())
	job, err := Open("Receipt").Print(long(t), Document{Title: "receipt", PDF: page()})
	if err != nil {
		t.Fatal(err)
	}
	waited, stop := context.WithCancel(long(t))
	end, err := job.Follow(waited, func(st State) {
		if st == Offline {
			stop()
		}
	})
	if end != "" || CodeOf(err) != TooLong || waited.Err() != context.Canceled {
		t.Errorf("%q, %v", end, err)
	}
	if end, err := job.Cancel(long(t)); end != Cancelled || err != nil {
		t.Errorf("%q, %v", end, err)
	}
}

// CUPS 2.4's own way to the printer (backend/ipp.c) looks at the job from two threads: one tells that the printer gave it up, the other counts every end
// as printed, and the first to see the end is believed. The one that tells comes a tenth of a second before the other, which is not always enough.
func TestFollow_TellsAJobThatFails(t *testing.T) {
	s := newStand(t)
	for range 5 {
		s.order(t, "fail")
		job, err := Open("Receipt").Print(long(t), Document{Title: "receipt", PDF: page()})
		if err != nil {
			t.Fatal(err)
		}
		end, err := job.Follow(long(t), nil)
		if end == "" || err != nil {
			t.Fatalf("%q, %v", end, err)
		}
		if end != Printed {
			return
		}
	}
	t.Error("told as printed, five times")
}

func TestPrint_IsRefusedWithoutPrinterAndWithoutPDF(t *testing.T) {
	s := newStand(t)
	if job, err := Open("Other").Print(long(t), Document{Title: "receipt", PDF: page()}); job != nil || CodeOf(err) != Absent {
		t.Errorf("another queue: %v", err)
	}
	if job, err := Open("Receipt").Print(long(t), Document{Title: "receipt", PDF: []byte("hello")}); job != nil || CodeOf(err) != Refused {
		t.Errorf("no PDF: %v", err)
	}
	s.run(t, "cupsreject", "Receipt")
	if job, err := Open("Receipt").Print(long(t), Document{Title: "receipt", PDF: page()}); job != nil || CodeOf(err) != Refused {
		t.Errorf("a queue that takes nothing: %v", err)
	}
	if name, ok, err := Present(); ok || err != nil {
		t.Errorf("%q, %v", name, err)
	}
}
