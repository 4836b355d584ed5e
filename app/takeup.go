package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/tirkeu/kiosk/hardware/keyfile"
	"github.com/tirkeu/kiosk/hardware/stick"
	"github.com/tirkeu/kiosk/sync/registry"
)

// takeMedium asks for the medium on which the keys of an application lie that was filed elsewhere. The number alone gives its
// status; what lies on the medium proves that the application is the one of who has it.
type takeMedium struct{ number string }

func (*takeMedium) name() string           { return "install.take" }
func (*takeMedium) back(*Kiosk) state      { return &statusNumber{} }
func (*takeMedium) steps(*Kiosk) *Progress { return installSteps(Record{}, "medium") }
func (s *takeMedium) view(k *Kiosk) any {
	return InstallTakeScreen{
		Number: registry.FormatNumber(s.number), Tokens: k.cards(nil), Stick: k.stickCard(),
	}
}

func (s *takeMedium) act(k *Kiosk, action string, args []byte) *fault {
	if action != "install.take" {
		return nil
	}
	medium, f := k.chosenMedium(args)
	if f != nil {
		return f
	}
	if medium == stickRef {
		s.fromStick(k)
		return nil
	}
	k.at = &takePIN{entry: entry{token: medium}, number: s.number}
	return nil
}

// takePIN asks for the PIN of the token: the keys that prove whose the application is are looked at after it.
type takePIN struct {
	entry
	number string
}

func (*takePIN) name() string           { return "install.pin" }
func (s *takePIN) back(*Kiosk) state    { return &takeMedium{s.number} }
func (*takePIN) steps(*Kiosk) *Progress { return installSteps(Record{}, "pin") }
func (s *takePIN) plugged(k *Kiosk) {
	if !k.plugIn(s.token) {
		k.at = &takeMedium{s.number}
		k.absent()
	}
}

func (s *takePIN) act(k *Kiosk, action string, args []byte) *fault {
	if action != "install.pin" {
		return nil
	}
	return k.unlock(&s.entry, args, func(open *opened) { s.fromToken(k, open) })
}

// fromToken takes the application up with the keys of an open token, and installs. Under the lock.
func (s *takePIN) fromToken(k *Kiosk, open *opened) {
	joined, proven := k.joined, k.citizenSession()
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		record, err := k.takeUpToken(ctx, joined, open, s.number, proven)
		return func() {
			if err != nil {
				k.close()
				k.at = &takeMedium{s.number}
				k.fail(takeFault(err))
				return
			}
			k.install(record, &tokenInstall{k: k, login: open.login, record: record})
		}
	})
}

func (k *Kiosk) takeUpToken(ctx context.Context, joined *Joined, open *opened, number, session string) (Record, error) {
	reading, cancel := context.WithTimeout(ctx, tokenWithin)
	defer cancel()
	keys, err := open.login.Keys(reading)
	if err != nil {
		return Record{}, err
	}
	ids := map[string][]byte{}
	proof := Proof{Session: session}
	for _, key := range keys {
		if key.SPKI == nil {
			continue
		}
		hash := sha256.Sum256(key.SPKI)
		name := hex.EncodeToString(hash[:])
		ids[name] = key.ID
		proof.Keys = append(proof.Keys, name)
	}
	return k.adopt(ctx, joined, number, proof, func(a *Adoption) error {
		for i := range a.Keys {
			id, there := ids[a.Keys[i].SPKISHA256]
			if !there {
				return is(CodeTakeOther, errors.New("a key of the application is not on the token"))
			}
			a.Keys[i].Medium, a.Keys[i].KeyID = open.ref.serial, id
		}
		return nil
	})
}

// fromStick takes the application up with the sealed file of the stick, and goes on to the new password. Under the lock.
func (s *takeMedium) fromStick(k *Kiosk) {
	joined, proven := k.joined, k.citizenSession()
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		record, err := k.takeUpStick(ctx, joined, s.number, proven)
		return func() {
			if err != nil {
				k.fail(takeFault(err))
				return
			}
			k.at = &installPassword{record: record}
		}
	})
}

func (k *Kiosk) takeUpStick(ctx context.Context, joined *Joined, number, session string) (Record, error) {
	blob, err := k.cfg.Stick.Read(sealedName(number), maxSealed)
	if errors.Is(err, stick.ErrNotFound) {
		return Record{}, is(CodeTakeOther, err)
	}
	if err != nil {
		return Record{}, err
	}
	hashes, err := keyfile.SealedSPKIs(blob)
	if err != nil {
		return Record{}, err
	}
	if len(hashes) == 0 && session == "" {
		return Record{}, is(CodeTakeOldStick, errors.New("the sealed file names no public keys"))
	}
	proof := Proof{Session: session}
	for _, hash := range hashes {
		proof.Keys = append(proof.Keys, hex.EncodeToString(hash[:]))
	}
	return k.adopt(ctx, joined, number, proof, func(a *Adoption) error {
		for i := range a.Keys {
			if len(hashes) > 0 && !slices.Contains(proof.Keys, a.Keys[i].SPKISHA256) {
				return is(CodeTakeOther, errors.New("a key of the application is not on the stick"))
			}
			a.Keys[i].Medium = stickRef.serial
		}
		return nil
	})
}

// adopt asks the centre for what another terminal asked for and makes it ours; place says on which medium each key lies. Once
// it is ours, the installation is taken up by the number alone, as if the application had been filed here.
func (k *Kiosk) adopt(ctx context.Context, joined *Joined, number string, proof Proof, place func(*Adoption) error) (Record, error) {
	if len(proof.Keys) == 0 && proof.Session == "" {
		return Record{}, is(CodeTakeOther, errors.New("there is no key on the medium"))
	}
	taken, err := limited(ctx, func(ctx context.Context) (Adoption, error) { return joined.Line.TakeUp(ctx, number, proof) })
	if err != nil {
		return Record{}, err
	}
	err = place(&taken)
	if err != nil {
		return Record{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, journalWithin)
	defer cancel()
	k.step(StepTakeUp, 0)
	err = k.cfg.Store.Adopt(ctx, taken)
	if err != nil {
		return Record{}, err
	}
	return k.cfg.Store.Application(ctx, number)
}

// citizenSession is the session at the centre of who has signed in; empty where nobody has. Under the lock.
func (k *Kiosk) citizenSession() string {
	if k.ses == nil || k.ses.cabinet == nil {
		return ""
	}
	return k.ses.cabinet.session
}

// takeFault: a medium that does not prove anything has a sentence of its own.
func takeFault(err error) *fault {
	switch {
	case errors.Is(err, ErrOtherPerson):
		return &fault{code: CodeTakeUnproven, err: err}
	case errors.Is(err, ErrCentreConflict):
		return &fault{code: CodeNotYet, err: err}
	}
	return faultOf(err)
}
