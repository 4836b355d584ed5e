package app

import (
	"testing"

	"github.com/tirkeu/kiosk/sync/registry"
)

// toStatus goes from the attract screen to the word about an application.
func (s *stand) toStatus(number string) picture {
	s.t.Helper()
	s.shows("menu", "start", args{"lang": "ru"})
	s.shows("status.number", "status", nil)
	return s.shows("status.word", "status.find", args{"number": number})
}

func TestStatus_NumbersAreToldApart(t *testing.T) {
	s := newStand(t)
	s.shows("menu", "start", args{"lang": "ru"})
	s.shows("status.number", "status", nil)
	s.refuses(CodeNumberLength, "status.find", args{"number": "1001 0000"})
	s.refuses(CodeNumberLength, "status.find", args{"number": "1001 00000A 5"})
	good := registry.NewNumber("1001", 77)
	bad := good[:10] + string('0'+(good[10]-'0'+1)%10)
	s.refuses(CodeNumberCheck, "status.find", args{"number": bad})
	s.refuses(CodeNumberUnknown, "status.find", args{"number": registry.FormatNumber(good)})
	s.line.cut(ErrLineDown)
	s.refuses(CodeLineDown, "status.find", args{"number": good})
}

func TestStatus_WordsOfEachKind(t *testing.T) {
	s := newStand(t)
	f := s.token("kaztoken", "KZ-1")
	s.plug(f)
	number := s.apply(f)
	s.do("finish", nil)
	s.untilEnded()
	for _, status := range []registry.Status{
		registry.StatusWaiting, registry.StatusConfirmed, registry.StatusRejected, registry.StatusExpired, registry.StatusInstalled,
	} {
		s.store.mu.Lock()
		s.store.records[number].Status = status
		s.store.mu.Unlock()
		p := s.toStatus(registry.FormatNumber(number))
		var w StatusWordScreen
		p.data(t, &w)
		if w.Status != string(status) || w.Title == "" || w.Text == "" || w.Next == "" || w.CanInstall {
			t.Errorf("%s: %+v", status, w)
		}
		s.refuses(CodeNotYet, "status.install", nil)
		s.do("finish", nil)
		s.untilEnded()
	}
}

// The sealed keys of an application that was rejected go off the stick with the citizen's word, and no other file does.
func TestStatus_SealedKeysOfARejectedApplicationAreOffered(t *testing.T) {
	for _, where := range []string{"here", "at another terminal"} {
		t.Run(where, func(t *testing.T) {
			s := newStand(t)
			number, other := registry.NewNumber("1002", 7), registry.NewNumber("1002", 8)
			if where == "here" {
				s.store.records[number] = &Record{Number: number, Status: registry.StatusRejected}
			} else {
				s.line.others = map[string]registry.Status{number: registry.StatusExpired}
			}
			s.stick.files[sealedName(number)], s.stick.files[sealedName(other)] = []byte("sealed"), []byte("sealed")
			left := func(p picture) (bool, bool) { var d StatusWordScreen; p.data(t, &d); return d.Left, d.Removed }
			if there, _ := left(s.toStatus(number)); there {
				t.Fatal("offered without a stick")
			}
			s.stick.plug(true)
			s.until("the offer", func(p picture) bool { there, _ := left(p); return there })
			s.stick.plug(false)
			s.until("no offer", func(p picture) bool { there, _ := left(p); return !there })
			s.do("status.remove", nil)
			if len(s.stick.files) != 2 {
				t.Fatal("removed from a stick that is not in")
			}
			s.stick.plug(true)
			s.until("the offer", func(p picture) bool { there, _ := left(p); return there })
			if there, removed := left(s.shows("status.word", "status.remove", nil)); there || !removed {
				t.Fatal("not said to be gone")
			}
			if len(s.stick.files) != 1 || s.stick.files[sealedName(other)] == nil {
				t.Fatalf("%d files", len(s.stick.files))
			}
		})
	}
}

// An application that still waits needs what is on the stick.
func TestStatus_SealedKeysOfAWaitingApplicationStay(t *testing.T) {
	s := newStand(t)
	number := registry.NewNumber("1002", 7)
	s.line.others = map[string]registry.Status{number: registry.StatusWaiting}
	s.stick.files[sealedName(number)] = []byte("sealed")
	s.stick.plug(true)
	s.until("stick", func(picture) bool { s.k.mu.Lock(); defer s.k.mu.Unlock(); return s.k.stick })
	var d StatusWordScreen
	s.toStatus(number).data(t, &d)
	s.do("status.remove", nil)
	if d.Left || len(s.stick.files) != 1 {
		t.Fatalf("%+v, %d files", d, len(s.stick.files))
	}
}

func TestStatus_ForgottenNumberIsFoundByTheToken(t *testing.T) {
	s := newStand(t)
	f, other := s.token("kaztoken", "KZ-1"), s.token("etoken", "ET-1")
	s.plug(f)
	number := s.applied(f)
	n := s.plug(other)
	s.shows("menu", "start", args{"lang": "ru"})
	s.shows("status.number", "status", nil)
	s.refuses(CodeNoApplication, "status.by-token", args{"insertion": n})
	p := s.shows("status.word", "status.by-token", args{"insertion": f.told().Insertion})
	var w StatusWordScreen
	p.data(t, &w)
	if got, _ := numberOf(w.Number); got != number || !w.CanInstall {
		t.Fatalf("%+v", w)
	}
}
