package app

import "slices"

// listCertificates lists all certificates of the person who signed in. Under the lock.
func (k *Kiosk) listCertificates(sieve string) {
	k.loadOwn(func(o own) { k.at = &certificatesList{own: o, sieve: sieve} })
}

// certificatesList is what keys the person has; sieve is one of sieves, or empty for all.
type certificatesList struct {
	own
	sieve string
}

// sieves are the kinds of certificates that can be looked at alone. What could not be checked counts as valid, and says that it
// was not checked. The words are under "own.sieve".
var sieves = []string{"valid", "revoked", "expired", "not-yet"}

func (*certificatesList) name() string      { return "certificates.list" }
func (*certificatesList) resting()          {}
func (*certificatesList) back(*Kiosk) state { return &cabinetHome{} }

// sieveOf is the sieve that a certificate stays in.
func (o ownKey) sieveOf() string {
	switch o.state {
	case "unchecked", "asked":
		return "valid"
	}
	return o.state
}

func (s *certificatesList) view(k *Kiosk) any {
	v := CertificatesListScreen{Keys: []OwnKeyCard{}, Sieves: []Choice{{Code: "", Name: k.text("own.sieve.all", "Count", len(s.keys))}}, Sieve: s.sieve, Total: len(s.keys), Whole: s.whole}
	count := map[string]int{}
	for n, key := range s.keys {
		count[key.sieveOf()]++
		if s.sieve == "" || key.sieveOf() == s.sieve {
			v.Keys = append(v.Keys, k.ownCard(s.own, n, false))
		}
	}
	for _, sieve := range sieves {
		if sieve == "not-yet" && count[sieve] == 0 { // hardly anybody has one
			continue
		}
		v.Sieves = append(v.Sieves, Choice{Code: sieve, Name: k.text("own.sieve."+sieve, "Count", count[sieve])})
	}
	return v
}

func (s *certificatesList) act(k *Kiosk, action string, args []byte) *fault {
	switch action {
	case "keys.read":
		k.readMedium(s, func(k *Kiosk) { k.listCertificates(s.sieve) })
	case "certificates.sift":
		var a CodeArgs
		err := decode(args, &a)
		if err != nil {
			return &fault{code: CodeInternal, err: err}
		}
		if a.Code == "" || slices.Contains(sieves, a.Code) {
			s.sieve = a.Code
		}
	case "certificates.report":
		k.takeReport(s)
	}
	return nil
}
