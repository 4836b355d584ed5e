package app

import (
	"testing"

	"github.com/tirkeu/kiosk/sync/registry"
)

// toSets goes from the attract screen to the choice of keys for a stick.
func (s *stand) toSets() picture {
	s.t.Helper()
	s.stick.plug(true)
	s.until("stick", func(picture) bool { s.k.mu.Lock(); defer s.k.mu.Unlock(); return s.k.stick })
	s.toStorage()
	s.shows("apply.stick-warning", "apply.storage", args{"kind": "stick"})
	return s.shows("apply.set", "apply.stick-accept", nil)
}

func TestSet_StickOffersWhatTheCentreOffers(t *testing.T) {
	s := newStand(t)
	p := s.toSets()
	var d ApplySetScreen
	p.data(t, &d)
	rule, _ := builtIn.Storage(registry.StorageStick)
	if len(d.Sets) != len(rule.Sets) || d.Chosen != "" {
		t.Fatalf("%+v", d)
	}
	for i, set := range rule.Sets {
		if d.Sets[i].Code != set.Code || d.Sets[i].Name != set.Name.RU || d.Sets[i].Text != set.Text.RU {
			t.Errorf("set %d is %+v", i, d.Sets[i])
		}
	}
	s.refuses(CodeSet, "apply.set", args{"code": "gost2004"})
	s.shows("apply.agreement", "apply.set", args{"code": "rsa"})
	p = s.shows("apply.set", "back", nil)
	p.data(t, &d)
	if d.Chosen != "rsa" {
		t.Fatalf("the choice was not kept: %+v", d)
	}
	s.shows("apply.storage", "back", nil)
}

func TestSet_TokenWithOneSetIsNotAsked(t *testing.T) {
	s := newStand(t)
	f := s.token("kaztoken", "KZ-1")
	s.toPIN(s.plug(f))
	s.shows("apply.agreement", "back", nil)
	s.shows("apply.storage", "back", nil)
}

// TestSet_WhatTheCentreNoLongerOffersIsAskedAgain: the centre's data may be replaced while a citizen reads the agreement.
func TestSet_WhatTheCentreNoLongerOffersIsAskedAgain(t *testing.T) {
	now := registry.Default()
	s := newStand(t, func(c *Config) { c.Joined.Directory = func() *registry.Directory { return now } })
	s.toSets()
	s.shows("apply.agreement", "apply.set", args{"code": "rsa+gost"})
	without := *registry.Default()
	without.Storages = append([]registry.StorageRule{}, without.Storages...)
	for i, rule := range without.Storages {
		if rule.Kind == registry.StorageStick {
			without.Storages[i].Sets = rule.Sets[:2]
		}
	}
	s.k.mu.Lock()
	now = &without
	s.k.mu.Unlock()
	p := s.do("apply.agree", nil)
	if p.Screen.Name != "apply.set" || p.code() != CodeSet {
		t.Fatalf("%s", p)
	}
}

func TestSummary_NamesTheKeys(t *testing.T) {
	s := newStand(t)
	s.toSets()
	s.shows("apply.agreement", "apply.set", args{"code": "rsa"})
	s.do("apply.agree", nil)
	p := s.untilScreen("apply.summary")
	var d ApplySummaryScreen
	p.data(t, &d)
	rule, _ := builtIn.Storage(registry.StorageStick)
	set, _ := rule.Set("rsa")
	for _, row := range d.Rows {
		if row.Value == set.Name.RU {
			return
		}
	}
	t.Fatalf("%+v", d.Rows)
}
