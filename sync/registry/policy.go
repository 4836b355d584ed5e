package registry

import (
	"fmt"
	"slices"
)

// The ways a one-time code reaches a citizen: by SMS to the number that the register of mobile citizens has, or shown beside
// his digital document.
const (
	MethodSMS      = "sms"
	MethodDocument = "digital-document"
)

// KindRule is what the centre asks of an application of a kind. It is the centre's data: the law changes it, no program.
type KindRule struct {
	Kind Kind  `json:"kind"`
	Name Words `json:"name"`
	Text Words `json:"text"`
	// Signed: the citizen signs it with a signing key of his that is valid. Staff: they look at it all the same.
	Signed bool `json:"signed"`
	Staff  bool `json:"staff"`
	// SecondFactor lists the ways a one-time code may come, the usual first; empty: none is asked for. ExemptNonResidents: not
	// from who is no resident, for his number stands in no register.
	SecondFactor       []string `json:"second_factor"`
	ExemptNonResidents bool     `json:"exempt_non_residents"`
	// Unchecked: it is taken also when nobody can say whether the signing key is revoked. Otherwise it is refused then.
	Unchecked bool `json:"unchecked"`
	// Once: what was asked for with one key is not asked for with it again while what came of it stands.
	Once bool `json:"once"`
	// Storages it is offered on; empty: all. Sets of keys it is offered with; empty: those of the storage.
	Storages []StorageKind `json:"storages,omitempty"`
	Sets     []KeySet      `json:"sets,omitempty"`
}

// SetsOn lists the sets of keys the kind is offered with on a storage; none where it is not offered there.
func (k KindRule) SetsOn(s StorageRule) []KeySet {
	switch {
	case k.Kind == KindRevocation || len(k.Storages) > 0 && !slices.Contains(k.Storages, s.Kind):
		return nil
	case len(k.Sets) > 0:
		return k.Sets
	}
	return s.Sets
}

// AsksSecondFactor says whether a one-time code is asked from this person.
func (k KindRule) AsksSecondFactor(nonResident bool) bool {
	return len(k.SecondFactor) > 0 && !(nonResident && k.ExemptNonResidents)
}

// RevocationReason is why a certificate is revoked. CRLReason is its number in RFC 5280 §5.3.1. Self: a citizen may give it
// himself; otherwise only staff may.
type RevocationReason struct {
	Code      string `json:"code"`
	Text      Words  `json:"text"`
	CRLReason int    `json:"crl_reason"`
	Self      bool   `json:"self"`
}

// KindRule finds the rule of a kind.
func (d *Directory) KindRule(kind Kind) (KindRule, bool) {
	return find(d.Kinds, func(k KindRule) bool { return k.Kind == kind })
}

// RevocationReason finds a reason for revocation by its code.
func (d *Directory) RevocationReason(code string) (RevocationReason, bool) {
	return find(d.RevocationReasons, func(r RevocationReason) bool { return r.Code == code })
}

// complete fills what a directory from before there were other kinds than new does not have with what this program was
// built with.
func (d *Directory) complete() {
	var own *Directory
	built := func() *Directory {
		if own == nil {
			own = Default()
		}
		return own
	}
	if len(d.Kinds) == 0 {
		d.Kinds = built().Kinds
	}
	if len(d.RevocationReasons) == 0 {
		d.RevocationReasons = built().RevocationReasons
	}
	if _, has := d.Status(StatusRevoked); !has {
		words, _ := built().Status(StatusRevoked)
		d.Statuses = append(d.Statuses, words)
	}
}

func (d *Directory) checkKinds() error {
	kinds := codes{}
	for _, k := range d.Kinds {
		if err := kinds.add("kind", string(k.Kind), k.Name, k.Text); err != nil {
			return err
		}
		for _, m := range k.SecondFactor {
			if m != MethodSMS && m != MethodDocument {
				return fmt.Errorf("kind %q: second factor by %q is not known", k.Kind, m)
			}
		}
		if k.Kind != KindNew && !k.Signed {
			return fmt.Errorf("kind %q: only the first keys are given without a signature", k.Kind)
		}
		for _, s := range k.Storages {
			if _, known := d.Storage(s); !known {
				return fmt.Errorf("kind %q: there is no storage %q", k.Kind, s)
			}
		}
		if err := checkSets(k.Sets); err != nil {
			return fmt.Errorf("kind %q: %w", k.Kind, err)
		}
	}
	reasons := codes{}
	for _, r := range d.RevocationReasons {
		if err := reasons.add("reason for revocation", r.Code, r.Text); err != nil {
			return err
		}
		if !slices.Contains([]int{0, 1, 3, 4, 5, 9}, r.CRLReason) { // a hold (6) could not be lifted here
			return fmt.Errorf("reason for revocation %q: %d is no end-entity reason of RFC 5280 §5.3.1", r.Code, r.CRLReason)
		}
	}
	return nil
}
