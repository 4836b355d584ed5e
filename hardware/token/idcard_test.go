package token_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/hardware/virtual"
)

func TestToken_SaysWhichKeysItsModuleClaimsToMake(t *testing.T) {
	gost, none := spec("gost", token.Kaztoken), spec("none", token.Kaztoken)
	gost.GOST, none.NoRSA = true, true
	s := start(t, nil, spec("plain", token.Kaztoken), gost, none)
	for _, c := range []struct {
		name      string
		rsa, gost bool
	}{{"plain", true, false}, {"gost", true, true}, {"none", false, false}} {
		got := s.plug(c.name)
		if got.RSA != c.rsa || got.GOST != c.gost {
			t.Errorf("%s: RSA %v, GOST %v", c.name, got.RSA, got.GOST)
		}
	}
	if n := s.bench.Calls("gost")["C_GetMechanismList"]; n != 2 { // for the length, and for the list
		t.Errorf("the list was asked for %d times in one insertion", n)
	}
	none2, err := s.rack.Login(s.ctx, s.rack.Tokens()[2].Insertion, token.NewPIN("123456"))
	s.must(err)
	if _, err = none2.GenerateRSA(s.ctx, []byte("k"), "k", 2048); !errors.Is(err, token.ErrNoMechanism) {
		t.Errorf("an RSA key where none can be: %v", err)
	}
	// What is read once an insertion is read anew at the next.
	s.must(s.bench.Alter("plain", virtual.Trait{GOST: true}))
	s.must(s.bench.Replug("plain"))
	if got := s.wait(token.Inserted).Token; !got.GOST || !got.RSA {
		t.Errorf("after a replug: %+v", got)
	}
	s.must(s.bench.Fault("plain", virtual.Fault{FailCall: "C_GetMechanismList:0x54"}))
	s.must(s.bench.Replug("plain"))
	if got := s.wait(token.Inserted).Token; got.GOST || !got.RSA {
		t.Errorf("without a list: %+v", got)
	}
}

func TestIDCard_HasPlaceForTwoPairsAndThreeTries(t *testing.T) {
	s := start(t, nil, virtual.Spec{Name: "id", Kind: token.IDCard, PIN: "135790", Initialized: true})
	card := s.plug("id")
	if card.Kind != token.IDCard || card.PINMin != 4 || card.PINMax != 16 || card.FactoryPIN != "" {
		t.Errorf("seen as %+v", card)
	}
	session := s.login(card, "135790")
	s.generate(session, "auth")
	s.generate(session, "sign")
	if _, err := session.GenerateRSA(s.ctx, []byte("third"), "third", 2048); !errors.Is(err, token.ErrFull) {
		t.Errorf("a third pair: %v", err)
	}
	s.must(session.WriteCertificate(s.ctx, []byte("auth"), "auth", s.certify(session, "auth"))) // a certificate takes no place of a pair
	s.must(session.Delete(s.ctx, []byte("sign")))
	s.generate(session, "third")
	for i := range 3 {
		want := token.ErrPINIncorrect
		if i == 2 {
			want = token.ErrPINLocked
		}
		if _, err := s.rack.Login(s.ctx, card.Insertion, token.NewPIN("000000")); !errors.Is(err, want) {
			t.Errorf("wrong PIN %d: %v", i+1, err)
		}
	}
	s.must(s.bench.Alter("id", virtual.Trait{Pairs: 3}))
	s.must(s.unblock(card.Insertion, soPIN, "246802"))
	s.generate(s.login(card, "246802"), "fourth")
}

func TestIDCard_ThatErasesMakesRoomByTakingEverything(t *testing.T) {
	s := start(t, nil, virtual.Spec{Name: "id", Kind: token.IDCard, PIN: "135790", Initialized: true, Trait: virtual.Trait{Erases: true}})
	session := s.login(s.plug("id"), "135790")
	s.generate(session, "old auth")
	s.must(session.WriteCertificate(s.ctx, []byte("old auth"), "", s.certify(session, "old auth")))
	s.generate(session, "old sign")
	s.generate(session, "new auth") // no place: everything goes
	s.generate(session, "new sign") // a place
	keys, err := session.Keys(s.ctx)
	s.must(err)
	written, err := session.Certificates(s.ctx)
	s.must(err)
	var ids []string
	for _, k := range keys {
		ids = append(ids, string(k.ID))
	}
	if slices.Sort(ids); !slices.Equal(ids, []string{"new auth", "new sign"}) || len(written) != 0 {
		t.Errorf("keys %q, %d certificates", ids, len(written))
	}
}

func TestPublicKeys_AreReadWithoutALogin(t *testing.T) {
	s := start(t, nil, spec("a", token.Kaztoken))
	a := s.plug("a")
	session := s.login(a, "123456")
	key := s.generate(session, "k")
	other := s.generate(session, "other")
	s.must(session.Logout(s.ctx))
	logins := s.bench.Calls("a")["C_Login"]
	s.must(s.bench.Replug("a"))
	a = s.wait(token.Inserted).Token
	seen, err := s.rack.PublicKeys(s.ctx, a.Insertion)
	s.must(err)
	for _, k := range []token.Key{key, other} {
		if !slices.ContainsFunc(seen, func(spki []byte) bool { return bytes.Equal(spki, k.SPKI) }) {
			t.Errorf("%q is not among the %d public keys", k.ID, len(seen))
		}
	}
	if n := s.bench.Calls("a")["C_Login"]; len(seen) != 2 || n != logins {
		t.Errorf("%d public keys by %d logins", len(seen), n-logins)
	}
	s.must(s.bench.Pull("a"))
	s.wait(token.Removed)
	if _, err = s.rack.PublicKeys(s.ctx, a.Insertion); !errors.Is(err, token.ErrRemoved) {
		t.Errorf("of a token that was pulled: %v", err)
	}
}
