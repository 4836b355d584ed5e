package app

import (
	"fmt"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/registry"
)

// strangers are numbers with right check digits.
func strangers(t *testing.T, n int) []string {
	t.Helper()
	var out []string
	for i := 0; len(out) < n; i++ {
		iin := fmt.Sprintf("9002154%05d", i)
		if registry.CheckIIN(iin) == nil && iin != aigerim {
			out = append(out, iin)
		}
	}
	return out
}

func (s *stand) lookups() int {
	s.line.mu.Lock()
	defer s.line.mu.Unlock()
	return s.line.lookups
}

func TestRegister_IsAskedAboutFewPeopleASession(t *testing.T) {
	s := newStand(t)
	s.shows("menu", "start", args{"lang": "ru"})
	s.shows("apply.iin", "apply", nil)
	many := strangers(t, askedFew+1)
	for _, iin := range many[:askedFew] {
		s.refuses(CodeIINUnknown, "apply.iin", args{"iin": iin})
	}
	s.refuses(CodeLookups, "apply.iin", args{"iin": many[askedFew]})
	s.refuses(CodeLookups, "apply.iin", args{"iin": aigerim})
	s.refuses(CodeIINUnknown, "apply.iin", args{"iin": many[0]}) // the same again tells nothing new
	if n := s.lookups(); n != askedFew+1 {
		t.Fatalf("the register was asked %d times", n)
	}
	for range 6 { // somebody is there all the time
		s.do("notice.dismiss", nil)
		s.pass(time.Minute)
	}
	s.shows("apply.name", "apply.iin", args{"iin": aigerim})
}

// Session after session: in the end no name is shown any more, but typed.
func TestRegister_IsAskedAboutFewPeopleAnHour(t *testing.T) {
	s := newStand(t)
	many := strangers(t, askedAll)
	for n, iin := range many {
		if n%askedFew == 0 {
			s.shows("menu", "start", args{"lang": "ru"})
			s.shows("apply.iin", "apply", nil)
		}
		s.refuses(CodeIINUnknown, "apply.iin", args{"iin": iin})
		if n%askedFew == askedFew-1 {
			s.do("exit", nil)
			s.do("exit.confirm", nil)
			s.untilEnded()
		}
	}
	s.shows("menu", "start", args{"lang": "ru"})
	s.shows("apply.iin", "apply", nil)
	p := s.shows("apply.name", "apply.iin", args{"iin": aigerim})
	var d ApplyNameScreen
	p.data(t, &d)
	if d.Known || d.Surname != "" {
		t.Fatalf("%+v", d)
	}
	if n := s.lookups(); n != askedAll {
		t.Fatalf("the register was asked %d times", n)
	}
	s.do("exit", nil)
	s.do("exit.confirm", nil)
	s.untilEnded()
	s.pass(askedWithin)
	s.shows("menu", "start", args{"lang": "ru"})
	s.shows("apply.iin", "apply", nil)
	p = s.shows("apply.name", "apply.iin", args{"iin": aigerim})
	p.data(t, &d)
	if !d.Known {
		t.Fatal("the limit does not end")
	}
}
