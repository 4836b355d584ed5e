package app

import (
	"context"
	"strings"
	"testing"

	"github.com/tirkeu/kiosk/hardware/stick"
)

// realStick is a fake stick that tells how it stands with it.
type realStick struct {
	*fakeStick
	states  chan stick.State
	asked   chan string // "release" and "resume"
	release chan error  // what Release comes to
}

func (s *realStick) States(context.Context) <-chan stick.State { return s.states }
func (s *realStick) Resume()                                   { s.asked <- "resume" }
func (s *realStick) Release(ctx context.Context) error {
	s.asked <- "release"
	select {
	case err := <-s.release:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func newRealStick(t *testing.T) (*stand, *realStick) {
	real := &realStick{fakeStick: newFakeStick(), states: make(chan stick.State), asked: make(chan string, 4), release: make(chan error, 1)}
	s := newStand(t, func(c *Config) { c.Stick = real })
	s.stick = real.fakeStick
	return s, real
}

func (s *stand) stickCard(ok func(StickCard) bool) StickCard {
	s.t.Helper()
	var v ApplyStorageScreen
	s.until("the stick's card", func(p picture) bool { p.data(s.t, &v); return ok(v.Stick) })
	return v.Stick
}

func TestStick_ItsStateIsToldWhereItIsAskedFor(t *testing.T) {
	s, real := newRealStick(t)
	s.toStorage()
	for _, c := range []struct {
		state stick.State
		want  string
	}{
		{stick.State{Standing: stick.StandingUnreadable, Format: "ntfs"}, "NTFS"},
		{stick.State{Standing: stick.StandingSeveral, Others: 2}, "две флешки"},
		{stick.State{Standing: stick.StandingDamaged}, "повреждена"},
		{stick.State{Standing: stick.StandingOutOfOrder}, "сотрудника"},
		{stick.State{Standing: stick.StandingReleasing}, "не вынимайте"},
	} {
		real.states <- c.state
		card := s.stickCard(func(c2 StickCard) bool { return strings.Contains(c2.Why, c.want) })
		if !card.Present || card.Usable {
			t.Errorf("%s: %+v", c.state.Standing, card)
		}
		s.refuses(CodeStickAbsent, "apply.storage", args{"kind": "stick"})
		s.do("notice.dismiss", nil)
	}
	real.states <- stick.State{Standing: stick.StandingNone}
	s.stickCard(func(c StickCard) bool { return !c.Present && c.Why == "" })
	s.stick.plug(true)
	real.states <- stick.State{Standing: stick.StandingReady, Format: "fat32"}
	s.stickCard(func(c StickCard) bool { return c.Usable && c.Why == "" })
	real.states <- stick.State{Standing: stick.StandingReady, Others: 1}
	s.stickCard(func(c StickCard) bool { return c.Usable && c.Why != "" })
}

func TestStick_NoKeysAreMadeForOneThatCannotBeWrittenTo(t *testing.T) {
	s, real := newRealStick(t)
	s.toStorage()
	s.stick.plug(true)
	real.states <- stick.State{Standing: stick.StandingReady, Protected: true}
	s.stickCard(func(c StickCard) bool {
		return c.Present && !c.Usable && strings.Contains(c.Why, "защита от записи")
	})
	s.refuses(CodeStickReadOnly, "apply.storage", args{"kind": "stick"})
}

func TestStick_MayBeTakenOutOnlyOnceItIsUnmounted(t *testing.T) {
	s, real := newRealStick(t)
	s.toStorage()
	s.stick.plug(true)
	real.states <- stick.State{Standing: stick.StandingReady}
	s.stickCard(func(c StickCard) bool { return c.Usable })
	s.shows("apply.stick-warning", "apply.storage", args{"kind": "stick"})
	s.shows("apply.set", "apply.stick-accept", nil)
	s.shows("apply.agreement", "apply.set", args{"code": "rsa"})
	s.do("apply.agree", nil)
	s.untilScreen("apply.summary")
	s.shows("apply.done", "apply.submit", args{"consent": true})
	if what := <-real.asked; what != "release" {
		t.Fatal(what)
	}
	stays := true
	out := func() bool {
		var v ApplyDoneScreen
		s.picture().data(t, &v)
		stays = v.Medium.Keep
		return v.TakeOut
	}
	if out() {
		t.Fatal("told to take out a stick that is mounted")
	}
	real.states <- stick.State{Standing: stick.StandingReleasing}
	s.until("the stick must stay in", func(picture) bool { return !out() && stays })
	real.release <- nil
	real.states <- stick.State{Standing: stick.StandingReleased}
	s.until("the stick may be taken out", func(picture) bool { return out() && !stays })
	s.shows("attract", "finish", nil)
	s.untilEnded()
	s.shows("menu", "start", args{"lang": "kk"})
	if what := <-real.asked; what != "resume" {
		t.Error(what)
	}
}

func TestStick_WithTheKeysOfASignedApplicationIsLetGoOfToo(t *testing.T) {
	s, real := newRealStick(t)
	f := s.citizenToken("KZ-1", aigerim)
	s.plug(f)
	s.insert()
	real.states <- stick.State{Standing: stick.StandingReady}
	s.enter(f)
	s.shows("gost.info", "gost", nil)
	s.toNewStorage("", "gost.confirm", nil)
	s.keysOnStick()
	s.shows("sign.medium", "apply.submit", args{"consent": true})
	s.signWith(f)
	if what := <-real.asked; what != "release" {
		t.Fatal(what)
	}
	real.release <- nil
	real.states <- stick.State{Standing: stick.StandingReleased}
	s.until("the stick may be taken out", func(p picture) bool { return doneOf(t, p).TakeOut })
	s.shows("cabinet.home", "back", nil)
	if what := <-real.asked; what != "resume" {
		t.Error(what)
	}
}
