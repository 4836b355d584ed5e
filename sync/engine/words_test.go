//go:build cgo

package engine

import (
	"testing"

	"github.com/tirkeu/kiosk/storage"
	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// Storage imports nothing of ours and has its own words; they must stay those of the trade.
func TestStatuses_AreTheSameWordsEverywhere(t *testing.T) {
	kept := []storage.Status{storage.Queued, storage.Waiting, storage.Confirmed, storage.Rejected, storage.Expired, storage.Issued, storage.Installed, storage.Revoked}
	if len(kept) != len(registry.Statuses) {
		t.Fatalf("%d statuses in storage, %d in the trade", len(kept), len(registry.Statuses))
	}
	for i, s := range registry.Statuses {
		if string(kept[i]) != string(s) || kept[i].Final() != s.Final() {
			t.Errorf("%s is %s in storage", s, kept[i])
		}
		if s != registry.StatusQueued && !api.Status(s).Valid() {
			t.Errorf("%s is not in the contract", s)
		}
	}
}

// The directory promises a validity and templates; the profiles are what is checked at issue.
func TestDirectory_PromisesWhatTheProfilesIssue(t *testing.T) {
	profiles := pki.DefaultProfiles()
	for _, rule := range registry.Default().Storages {
		storage, err := profiles.Storage(string(rule.Kind))
		if err != nil {
			t.Errorf("%s: %v", rule.Kind, err)
			continue
		}
		if storage.ValidityYears != rule.ValidityYears || storage.Secure != rule.Secure {
			t.Errorf("%s: %d years, secure %v in the directory; %d, %v in the profiles", rule.Kind, rule.ValidityYears, rule.Secure, storage.ValidityYears, storage.Secure)
		}
		sets := rule.Sets
		for _, kind := range registry.Default().Kinds {
			sets = append(sets, kind.SetsOn(rule)...)
		}
		for _, set := range sets {
			for _, template := range set.Templates {
				if profile, err := profiles.Template(string(template)); err != nil || !profile.Citizen {
					t.Errorf("%s: %s is no citizen's template: %v", rule.Kind, template, err)
				}
			}
		}
	}
}
