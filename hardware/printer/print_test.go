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
	for reason, state := range map[string]State{"media-empty-error": OutOfPaper, "media-jam-error": Jam, "cover-open-error": CoverOpen} {
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
