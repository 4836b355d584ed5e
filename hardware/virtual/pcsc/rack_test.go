package pcsc

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/hardware/virtual/bus"
	"github.com/tirkeu/kiosk/hardware/virtual/card"
	"github.com/tirkeu/kiosk/hardware/virtual/kit"
	"github.com/tirkeu/kiosk/hardware/virtual/virtualtest"
)

// racked is a kiosk's rack over OpenSC's module, and what has happened to it.
type racked struct {
	*token.Rack
	t      *testing.T
	events <-chan token.Event
}

func rackOn(t *testing.T, d *Daemon) racked {
	t.Helper()
	if _, err := os.Stat(Module); err != nil {
		virtualtest.Missing(t, "opensc-pkcs11")
	}
	r, err := token.Open(t.Context(), token.Config{
		Worker: virtualtest.Worker(t), Modules: []token.Module{{Name: "opensc", Path: Module, Env: d.Env()}}, PollEvery: 50 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	events, stop := r.Watch()
	t.Cleanup(stop)
	return racked{r, t, events}
}

// until waits until the tokens are as wanted; 20 seconds at most.
func (r racked) until(what string, wanted func([]token.Token) bool) []token.Token {
	r.t.Helper()
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	for {
		now := r.Tokens()
		if wanted(now) {
			return now
		}
		select {
		case <-r.events:
		case <-limit.C:
			r.t.Fatalf("waited for %s; there are %+v, %+v", what, now, r.Modules())
		}
	}
}

// one waits for exactly one token.
func (r racked) one() token.Token {
	r.t.Helper()
	return r.until("one token", func(list []token.Token) bool { return len(list) == 1 })[0]
}

func (r racked) none() {
	r.t.Helper()
	r.until("no token", func(list []token.Token) bool { return len(list) == 0 })
}

func (r racked) login(n token.Insertion) *token.Session {
	r.t.Helper()
	s, err := r.Login(r.t.Context(), n, token.NewPIN(holder.PIN))
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// certify puts a certificate beside a key and gives it.
func (r racked) certify(s *token.Session, key token.Key) []byte {
	r.t.Helper()
	public, err := x509.ParsePKIXPublicKey(key.SPKI)
	if err != nil {
		r.t.Fatal(err)
	}
	der := certificate(r.t, public.(*rsa.PublicKey))
	if err := s.WriteCertificate(r.t.Context(), key.ID, key.Label, der); err != nil {
		r.t.Fatal(err)
	}
	return der
}

// again plugs in what was pulled within that command of the card; the right PIN opens it the first time.
func (r racked) again(command int64, b *bus.Bus, device bus.Device, c *card.Card) *token.Session {
	r.t.Helper()
	r.none()
	if err := b.Plug(slotOne, device); err != nil {
		r.t.Fatal(err)
	}
	wrong := c.Counts().Wrong
	s := r.login(r.one().Insertion)
	if c.Counts().Wrong != wrong {
		r.t.Errorf("after command %d: a wrong PIN was said", command)
	}
	return s
}

// at gives a card of the file under an ATR in a model, plugged into a port.
func at(t *testing.T, b *bus.Bus, d *Daemon, port bus.Port, code, path string, atr []byte) *card.Card {
	t.Helper()
	c, err := card.Open(path, atr)
	if err != nil {
		t.Fatal(err)
	}
	inserted(t, b, d, port, code, "", c)
	return c
}

var (
	slotOne = bus.Port{Bus: 1, Port: 1}
	idCard  = kit.Cards[2]
)

// Everything that a citizen's application and installation ask of a card, as the kiosk's own worker asks it.
func TestRack_MakesKeysOnAnIdentityCardThatItVouchesFor(t *testing.T) {
	t.Parallel()
	b, d := started(t)
	at(t, b, d, slotOne, "acr39u", personalised(t, b, d), idCard.ATR)
	r := rackOn(t, d)
	card := r.one()
	if card.Kind != token.IDCard || !card.Initialized || card.PINMin != 4 || card.PINMax != 16 || card.Serial == "" {
		t.Fatalf("%+v", card)
	}
	s := r.login(card.Insertion)
	for _, id := range [][]byte{bytes.Repeat([]byte{0xa1}, 20), bytes.Repeat([]byte{0xb2}, 20)} {
		key, err := s.GenerateRSA(t.Context(), id, "rsa-auth 12345678901", 2048)
		if err != nil {
			t.Fatal(err)
		}
		if !key.Local || !key.NeverExtractable || key.Extractable || !key.Sensitive {
			t.Fatalf("%+v", key)
		}
		signer, err := s.Signer(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		digest := sha256.Sum256([]byte("x"))
		if _, err := signer.Sign(nil, digest[:], crypto.SHA256); err != nil {
			t.Fatal(err)
		}
		wrote := r.certify(s, key)
		list, err := s.Certificates(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, c := range list {
			if bytes.Equal(c.ID, id) && bytes.Equal(c.DER, wrote) {
				found++
			}
		}
		if found != 1 {
			t.Errorf("%d certificates under %x", found, id)
		}
	}
	keys, err := s.Keys(t.Context())
	if err != nil || len(keys) != 2 || !keys[0].HasCertificate || !keys[1].HasCertificate {
		t.Errorf("%+v %v", keys, err)
	}
	if err := s.Delete(t.Context(), keys[0].ID); err != nil {
		t.Error(err)
	}
	if keys, err = s.Keys(t.Context()); err != nil || len(keys) != 1 {
		t.Errorf("%+v %v", keys, err)
	}
}

// The chip says what a token is, whatever was written on it.
func TestRack_KnowsEveryModelByItsChip(t *testing.T) {
	t.Parallel()
	b, d := started(t)
	path := personalised(t, b, d) // SOMA made it out, by its own word
	r := rackOn(t, d)
	look := func(code, in string, atr []byte, want token.Kind) {
		at(t, b, d, slotOne, in, path, atr)
		if got := r.one(); got.Kind != want {
			t.Errorf("%s is %q: %+v", code, got.Kind, got)
		}
		if err := b.Pull(slotOne); err != nil {
			t.Fatal(err)
		}
		r.none()
	}
	for _, m := range kit.Models {
		if m.Kind != "" {
			look(m.Code, m.Code, m.ATR, m.Kind)
		}
	}
	for _, c := range kit.Cards {
		look(c.Code, "omnikey-3x21", c.ATR, token.IDCard)
	}
}

func TestRack_ThreeWrongPINsLockACardAtTheCostOfOneTryEach(t *testing.T) {
	t.Parallel()
	b, d := started(t)
	c := at(t, b, d, slotOne, "acr39u", personalised(t, b, d), idCard.ATR)
	r := rackOn(t, d)
	n := r.one().Insertion
	for left := 2; left >= 0; left-- {
		before := c.Counts().Verified
		_, err := r.Login(t.Context(), n, token.NewPIN("000000"))
		want := token.ErrPINIncorrect
		if left == 0 {
			want = token.ErrPINLocked
		}
		if !errors.Is(err, want) || c.TriesLeft() != left || c.Counts().Verified != before+1 {
			t.Errorf("%v; %d tries left, want %d, after %d PINs", err, c.TriesLeft(), left, c.Counts().Verified-before)
		}
		now, err := r.Token(n)
		if err != nil || now.PINFinal != (left == 1) || now.PINLocked != (left == 0) {
			t.Errorf("with %d tries: %+v %v", left, now, err)
		}
	}
	if _, err := r.Login(t.Context(), n, token.NewPIN(holder.PIN)); !errors.Is(err, token.ErrPINLocked) {
		t.Errorf("the right PIN on a locked card: %v", err)
	}
}

// A card is pulled within one command after another of the making of a key, spread over all of them, the making itself among them. The kiosk is told
// each time that the card is gone, whatever OpenSC calls it, and after the replug the right PIN works the first time.
func TestRack_ACardPulledWithinTheMakingOfAKeyIsGoneAndWorksAgain(t *testing.T) {
	t.Parallel()
	b, d := started(t)
	c, err := card.Open(personalised(t, b, d), idCard.ATR)
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan error, 1)
	hand := &pulling{Card: c, pull: func() { gone <- b.Pull(slotOne) }}
	reader := inserted(t, b, d, slotOne, "acr39u", "", hand)
	model, _ := kit.ByCode("acr39u")
	r := rackOn(t, d)
	id := bytes.Repeat([]byte{0xa1}, 20)
	generate := func(s *token.Session) error {
		_, err := s.GenerateRSA(t.Context(), id, "rsa-auth", 2048)
		return err
	}
	s := r.login(r.one().Insertion)
	before := c.Counts().Commands
	if err := generate(s); err != nil {
		t.Fatal(err)
	}
	commands := int64(c.Counts().Commands - before)
	if commands < 20 {
		t.Fatalf("a key takes %d commands", commands)
	}
	const places = 5
	for i := range int64(places) {
		if err := s.Delete(t.Context(), id); err != nil && !errors.Is(err, token.ErrNotFound) {
			t.Fatal(err)
		}
		n := 1 + i*(commands-10)/(places-1) // a second key takes some commands less
		hand.left.Store(n)
		err := generate(s)
		select {
		case err := <-gone:
			if err != nil {
				t.Fatal(err)
			}
		default:
			t.Fatalf("command %d of %d was never said: %v", n, commands, err)
		}
		if !errors.Is(err, token.ErrRemoved) {
			t.Errorf("pulled within command %d of %d: %v", n, commands, err)
		}
		s = r.again(n, b, model.Device("", reader), c)
	}
}

// A token is pulled within one command after another of the first look a worker takes at it, spread over all of them. OpenSC up to 0.25 then calls itself
// until its stack is full (its issue 3139): the worker gives it little, so that the slots are looked at again soon.
func TestRack_ATokenPulledWhileItIsReadIsSoonGoneAndWorksAgain(t *testing.T) {
	t.Parallel()
	b, d := started(t)
	model, _ := kit.ByCode("etoken-5100")
	c, err := card.Open(personalised(t, b, d), model.ATR)
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan error, 1)
	hand := &pulling{Card: c, pull: func() { gone <- b.Pull(slotOne) }}
	reader := inserted(t, b, d, slotOne, model.Code, "", hand)
	r := rackOn(t, d)
	s := r.login(r.one().Insertion)
	key, err := s.GenerateRSA(t.Context(), bytes.Repeat([]byte{0xa1}, 20), "rsa-auth", 2048)
	if err != nil {
		t.Fatal(err)
	}
	r.certify(s, key)
	before := c.Counts().Commands
	r.Recycle(t.Context())
	r.one()
	commands := int64(c.Counts().Commands - before)
	if commands < 20 {
		t.Fatalf("a first look takes %d commands", commands)
	}
	const places = 5
	for i := range int64(places) {
		n := 1 + i*(commands-5)/(places-1)
		hand.left.Store(n)
		starts, recycled := r.Modules()[0].Starts, make(chan struct{})
		go func() {
			defer close(recycled)
			r.Recycle(t.Context())
		}()
		select {
		case err := <-gone:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("command %d of %d was never said", n, commands)
		}
		stack := 0
		for looking := true; looking; {
			select {
			case <-recycled:
				looking = false
			case <-time.After(time.Millisecond):
				stack = max(stack, deepest())
			}
		}
		t.Logf("command %d of %d: %d workers, %d KiB of stack", n, commands, r.Modules()[0].Starts-starts, stack)
		if stack > 1<<10 {
			t.Errorf("pulled within command %d of %d, a worker had %d KiB of stack", n, commands, stack)
		}
		r.again(n, b, model.Device("", reader), c)
	}
}

// workerStatus picks the parent and the size of the first stack, in KiB, out of a worker's status (proc(5)).
var workerStatus = regexp.MustCompile(`(?s)^Name:\ttirkeu-token\n.*\nPPid:\t(\d+)\n.*\nVmStk:\s*(\d+) kB\n`)

// deepest gives the largest first stack, in KiB, that a worker of this test has now.
func deepest() (most int) {
	all, _ := filepath.Glob("/proc/[0-9]*/status")
	for _, path := range all {
		status, _ := os.ReadFile(path) // it may have ended meanwhile
		if m := workerStatus.FindSubmatch(status); m != nil && string(m[1]) == strconv.Itoa(os.Getpid()) {
			size, _ := strconv.Atoi(string(m[2]))
			most = max(most, size)
		}
	}
	return most
}

// A card that makes a key takes seconds, and is most often pulled then. Another key is made after it, as if nothing had been.
func TestRack_ACardPulledWhileItComputesAKeyMakesOneAfterTheReplug(t *testing.T) {
	t.Parallel()
	b, d := started(t)
	path := personalised(t, b, d)
	c := at(t, b, d, slotOne, "acr39u", path, idCard.ATR)
	c.Delay(time.Hour)
	r := rackOn(t, d)
	s := r.login(r.one().Insertion)
	made := make(chan error, 1)
	go func() {
		_, err := s.GenerateRSA(t.Context(), bytes.Repeat([]byte{1}, 20), "x", 2048)
		made <- err
	}()
	for tick := time.Tick(time.Millisecond); !c.Making(); {
		<-tick
	}
	if err := b.Pull(slotOne); err != nil {
		t.Fatal(err)
	}
	if err := <-made; !errors.Is(err, token.ErrRemoved) {
		t.Errorf("%v", err)
	}
	r.none()
	at(t, b, d, slotOne, "acr39u", path, idCard.ATR)
	s = r.login(r.one().Insertion)
	if _, err := s.GenerateRSA(t.Context(), bytes.Repeat([]byte{2}, 20), "y", 2048); err != nil {
		t.Error(err)
	}
	keys, err := s.Keys(t.Context())
	if err != nil || len(keys) != 1 {
		t.Errorf("%+v %v", keys, err)
	}
}

// Real cards take seconds for a key; the reader asks for more time meanwhile (CCID §6.2.6), and what it answers then is not lost.
func TestRack_ACardThatTakesItsTimeMakesItsKey(t *testing.T) {
	t.Parallel()
	b, d := started(t)
	c := at(t, b, d, slotOne, "acr39u", personalised(t, b, d), idCard.ATR)
	c.Delay(1500 * time.Millisecond) // longer than the reader's patience
	r := rackOn(t, d)
	s := r.login(r.one().Insertion)
	if _, err := s.GenerateRSA(t.Context(), bytes.Repeat([]byte{1}, 20), "x", 2048); err != nil {
		t.Error(err)
	}
}

// A crash of pcscd takes all tokens; the kiosk has them back when it runs again, and those that were plugged only then.
func TestRack_RecoversFromADaemonThatCrashed(t *testing.T) {
	t.Parallel()
	b, d := started(t)
	path, other := personalised(t, b, d), personalised(t, b, d)
	at(t, b, d, slotOne, "acr39u", path, idCard.ATR)
	r := rackOn(t, d)
	first := r.one().Insertion
	r.login(first)
	d.Kill()
	r.none()
	if err := d.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	back := r.one()
	if back.Insertion == first || back.Kind != token.IDCard {
		t.Errorf("%+v", back)
	}
	r.login(back.Insertion)
	at(t, b, d, bus.Port{Bus: 2, Port: 1}, "etoken-5100", other, kit.Models[4].ATR)
	two := r.until("two tokens", func(list []token.Token) bool { return len(list) == 2 })
	for _, one := range two {
		r.login(one.Insertion)
	}
}
