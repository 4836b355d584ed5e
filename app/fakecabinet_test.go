package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// fakeCabinet is the centre's side of the cabinet in memory. All fields are guarded by fakeLine.mu.
type fakeCabinet struct {
	sessions map[string]string // IIN by session
	over     bool              // every session has ended
	refuse   map[string]error  // by call
	profiles map[string]Profile
	certs    map[string][]OwnCertificate // by IIN
	items    map[string][]OwnApplication // by IIN
	systems  map[string][]System         // by IIN
	codes    map[string]string           // right code by id
	told     map[string]bool             // codes that were told right
	needed   bool                        // a one-time code is asked for
	wrong    int
	taken    map[string]Adoption // by number
	orders   []registry.RevocationOrder
	day      func(day string) DayReport
}

func newFakeCabinet() *fakeCabinet {
	return &fakeCabinet{
		sessions: map[string]string{}, refuse: map[string]error{}, profiles: map[string]Profile{}, certs: map[string][]OwnCertificate{},
		items: map[string][]OwnApplication{}, systems: map[string][]System{}, codes: map[string]string{}, told: map[string]bool{}, needed: true,
		taken: map[string]Adoption{},
	}
}

// within runs a call of a session under the lock.
func (l *fakeLine) within(call, session string, act func(iin string) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down != nil {
		return l.down
	}
	if err := l.cabinet.refuse[call]; err != nil {
		return err
	}
	iin, open := l.cabinet.sessions[session]
	if !open || l.cabinet.over {
		return ErrCabinetOver
	}
	return act(iin)
}

func (l *fakeLine) SignIn(_ context.Context, challenge, cms []byte) (Citizen, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down != nil {
		return Citizen{}, l.down
	}
	if err := l.cabinet.refuse["SignIn"]; err != nil {
		return Citizen{}, err
	}
	signer, _, err := pki.VerifyDetached(challenge, cms, pki.NewPool(fakeCA().cert), l.now())
	if err != nil {
		return Citizen{}, ErrBadSignature
	}
	if !roles(signer).SignIn {
		return Citizen{}, ErrNotSignInKey
	}
	iin, _ := pki.SubjectIIN(signer)
	session := fmt.Sprintf("citizen-%d", len(l.cabinet.sessions)+1)
	l.cabinet.sessions[session] = iin
	return Citizen{Session: session, IIN: iin, Name: l.people[iin], Serial: serialHex(signer), Checked: true, Expires: l.now().Add(time.Hour)}, nil
}

func (l *fakeLine) SignOut(_ context.Context, session string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.cabinet.sessions, session)
	return l.down
}

func (l *fakeLine) Profile(_ context.Context, session string) (p Profile, err error) {
	err = l.within("Profile", session, func(iin string) error {
		p = l.cabinet.profiles[iin]
		p.IIN, p.Name, p.Registered, p.Resident = iin, l.people[iin], true, true
		return nil
	})
	return p, err
}

func (l *fakeLine) SetProfile(_ context.Context, session, email string, notices bool) (p Profile, err error) {
	err = l.within("SetProfile", session, func(iin string) error {
		p = l.cabinet.profiles[iin]
		p.IIN, p.Name, p.Registered, p.Resident, p.Email, p.Notices = iin, l.people[iin], true, true, email, notices
		l.cabinet.profiles[iin] = p
		return nil
	})
	return p, err
}

func (l *fakeLine) OwnApplications(_ context.Context, session string, status registry.Status, kind registry.Kind) (out []OwnItem, err error) {
	err = l.within("OwnApplications", session, func(iin string) error {
		for _, a := range l.cabinet.items[iin] {
			if (status == "" || a.Status == status) && (kind == "" || a.Kind == kind) {
				out = append(out, a.OwnItem)
			}
		}
		return nil
	})
	return out, err
}

func (l *fakeLine) OwnApplication(_ context.Context, session, number string) (out OwnApplication, err error) {
	err = l.within("OwnApplication", session, func(iin string) error {
		for _, a := range l.cabinet.items[iin] {
			if a.Number == number {
				out = a
				return nil
			}
		}
		return ErrUnknown
	})
	return out, err
}

func (l *fakeLine) OwnCertificates(_ context.Context, session, standing string) (out []OwnCertificate, err error) {
	err = l.within("OwnCertificates", session, func(iin string) error {
		for _, c := range l.cabinet.certs[iin] {
			if standing == "" || c.Standing == standing {
				out = append(out, c)
			}
		}
		return nil
	})
	return out, err
}

func (l *fakeLine) OwnSystems(_ context.Context, session string) (out []System, err error) {
	err = l.within("OwnSystems", session, func(iin string) error { out = slices.Clone(l.cabinet.systems[iin]); return nil })
	return out, err
}

// AskCode: the right code is always 123456.
func (l *fakeLine) AskCode(_ context.Context, session string, _ registry.Kind, method string) (out OneTimeCode, err error) {
	err = l.within("AskCode", session, func(string) error {
		if !l.cabinet.needed {
			return nil
		}
		if method == "" {
			method = registry.MethodSMS
		}
		id := fmt.Sprintf("%032x", len(l.cabinet.codes)+1)
		l.cabinet.codes[id] = "123456"
		out = OneTimeCode{Needed: true, ID: id, Method: method, SentTo: "…4567", Resends: 2, ResendAt: l.now().Add(30 * time.Second), ExpiresAt: l.now().Add(3 * time.Minute)}
		return nil
	})
	return out, err
}

func (l *fakeLine) ResendCode(_ context.Context, session, id string) (out OneTimeCode, err error) {
	err = l.within("ResendCode", session, func(string) error {
		out = OneTimeCode{Needed: true, ID: id, Method: registry.MethodSMS, SentTo: "…4567", Resends: 1, ResendAt: l.now().Add(30 * time.Second), ExpiresAt: l.now().Add(3 * time.Minute)}
		return nil
	})
	return out, err
}

func (l *fakeLine) VerifyCode(_ context.Context, session, id, code string) (until time.Time, err error) {
	err = l.within("VerifyCode", session, func(string) error {
		if l.cabinet.codes[id] != code {
			l.cabinet.wrong++
			if l.cabinet.wrong >= 3 {
				return &Refusal{Err: ErrCodeLocked, Left: 0, Wait: 15 * time.Minute}
			}
			return &Refusal{Err: ErrCodeWrong, Left: 3 - l.cabinet.wrong}
		}
		l.cabinet.told[id] = true
		until = l.now().Add(10 * time.Minute)
		return nil
	})
	return until, err
}

func (l *fakeLine) TakeUp(_ context.Context, number string, proof Proof) (Adoption, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down != nil {
		return Adoption{}, l.down
	}
	a, known := l.cabinet.taken[number]
	if !known {
		return Adoption{}, ErrUnknown
	}
	iin := l.cabinet.sessions[proof.Session]
	application, err := registry.ParseApplication(a.Document)
	if err != nil {
		return Adoption{}, err
	}
	proved := iin != "" && iin == application.IIN || slices.ContainsFunc(application.Keys, func(k registry.Key) bool { return slices.Contains(proof.Keys, k.SPKISHA256) })
	if !proved {
		return Adoption{}, ErrOtherPerson
	}
	return a, nil
}

func (l *fakeLine) KeyStatus(_ context.Context, spki string) (string, registry.Status, error) {
	if err := l.up(); err != nil {
		return "", "", err
	}
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	for _, r := range l.store.records {
		for _, k := range r.Keys {
			if k.SPKISHA256 == spki {
				return r.Number, r.Status, nil
			}
		}
	}
	return "", "", ErrUnknown
}

func (l *fakeLine) SearchPeople(_ context.Context, _, query string) (out []Person, err error) {
	if err := l.up(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for iin, name := range l.people {
		if iin == query || name.Surname == query {
			out = append(out, Person{IIN: iin, Name: name})
		}
	}
	return out, nil
}

func (l *fakeLine) OpenPerson(_ context.Context, _, iin string) (PersonFile, error) {
	if err := l.up(); err != nil {
		return PersonFile{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	name, known := l.people[iin]
	if !known {
		return PersonFile{}, ErrUnknown
	}
	return PersonFile{Profile: Profile{IIN: iin, Name: name, Registered: true}, Certificates: l.cabinet.certs[iin]}, nil
}

func (l *fakeLine) OrderRevocation(_ context.Context, order, cms []byte) ([]string, error) {
	if err := l.up(); err != nil {
		return nil, err
	}
	_, _, err := pki.VerifyDetached(order, cms, pki.NewPool(fakeCA().cert), l.now())
	if err != nil {
		return nil, err
	}
	o, err := registry.ParseRevocationOrder(order)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cabinet.orders = append(l.cabinet.orders, o)
	var serials []string
	for _, c := range o.Certificates {
		serials = append(serials, c.Serial)
	}
	return serials, nil
}

func (l *fakeLine) DayReport(_ context.Context, _, day string) (DayReport, error) {
	if l.cabinet.day != nil {
		return l.cabinet.day(day), l.up()
	}
	return DayReport{Day: day}, l.up()
}
