package virtual_test

import (
	"errors"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/hardware/virtual"
	"github.com/tirkeu/kiosk/hardware/virtual/virtualtest"
)

func tool(t *testing.T, b *virtual.Bench, kind token.Kind, args ...string) (string, error) {
	t.Helper()
	path := virtualtest.Need(t, "pkcs11-tool")
	for _, m := range b.Modules() {
		if m.Name == string(kind) {
			command := exec.CommandContext(t.Context(), path, append([]string{"--module", m.Path}, args...)...)
			command.Env = append(command.Environ(), m.Env...)
			out, err := command.CombinedOutput()
			return string(out), err
		}
	}
	t.Fatalf("no module for %s", kind)
	return "", nil
}

func TestBench_EachModuleShowsItsOwnTokensUnderItsMakersName(t *testing.T) {
	b, _ := virtualtest.StartForTest(t,
		virtual.Spec{Name: "k", Kind: token.Kaztoken, Label: "Қазтокен", Serial: "KZ-1", PIN: "123456", Initialized: true},
		virtual.Spec{Name: "j", Kind: token.JaCarta, Serial: "JC-1", PIN: "123456", Initialized: true},
		virtual.Spec{Name: "j2", Kind: token.JaCarta, Serial: "JC-2"})
	for _, name := range []string{"k", "j", "j2", "j2"} {
		if err := b.Plug(name); err != nil {
			t.Fatal(err)
		}
	}
	for kind, want := range map[token.Kind][]string{
		token.Kaztoken: {"KAZTOKEN", "KZ-1", "Қазтокен"},
		token.JaCarta:  {"Aladdin R.D.", "JC-1", "uninitialized"},
	} {
		out, err := tool(t, b, kind, "-L")
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, word := range want {
			if !strings.Contains(out, word) {
				t.Errorf("%s: %q is not in\n%s", kind, word, out)
			}
		}
		if strings.Contains(out, "SoftHSM") {
			t.Errorf("%s shows what it is:\n%s", kind, out)
		}
	}
	if err := b.Pull("k"); err != nil {
		t.Fatal(err)
	}
	if out, _ := tool(t, b, token.Kaztoken, "-L"); strings.Contains(out, "KZ-1") {
		t.Errorf("pulled, and still there:\n%s", out)
	}
}

func TestBench_LockoutIsKeptByTheTokenNotByTheProcess(t *testing.T) {
	b, _ := virtualtest.StartForTest(t, virtual.Spec{Name: "k", Kind: token.Kaztoken, PIN: "123456", PINTries: 3, Initialized: true},
		virtual.Spec{Name: "locked", Kind: token.EToken, PIN: "123456", Initialized: true, Locked: true})
	for _, name := range []string{"k", "locked"} {
		if err := b.Plug(name); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []string{"CKR_PIN_INCORRECT", "CKR_PIN_INCORRECT", "CKR_PIN_LOCKED", "CKR_PIN_LOCKED"} {
		out, err := tool(t, b, token.Kaztoken, "--login", "--pin", "000000", "-O")
		if err == nil || !strings.Contains(out, want) {
			t.Errorf("try %d: %v\n%s", i, err, out)
		}
	}
	if out, err := tool(t, b, token.EToken, "--login", "--pin", "123456", "-O"); err == nil || !strings.Contains(out, "CKR_PIN_LOCKED") {
		t.Errorf("locked from the start: %v\n%s", err, out)
	}
	states := b.Tokens()
	if states[0].TriesLeft != 0 || states[1].TriesLeft != 0 || b.Calls("k")["C_Login"] != 4 {
		t.Errorf("states %+v after %d logins", states, b.Calls("k")["C_Login"])
	}
	// The counter can be set, and a token that is replugged remembers it.
	if err := b.Fault("k", virtual.Fault{PINTriesLeft: 1}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(b.Replug("k"), b.Fault("locked", virtual.Fault{PINTriesLeft: 2})); err != nil {
		t.Fatal(err)
	}
	if out, err := tool(t, b, token.Kaztoken, "-L"); err != nil || !strings.Contains(out, "final user PIN try") {
		t.Errorf("the last try: %v\n%s", err, out)
	}
	if out, err := tool(t, b, token.Kaztoken, "--login", "--pin", "123456", "-O"); err != nil {
		t.Errorf("the right PIN at the last try: %v\n%s", err, out)
	}
	if left := b.Tokens()[0].TriesLeft; left != 3 {
		t.Errorf("%d tries after the right PIN", left)
	}
}

func TestBench_IsSharedByAllWhoOpenIt(t *testing.T) {
	var specs []virtual.Spec
	for _, name := range []string{"a", "b", "c", "d"} {
		specs = append(specs, virtual.Spec{Name: name, Kind: token.AKey})
	}
	b, _ := virtualtest.StartForTest(t, specs...)
	var all sync.WaitGroup
	for _, s := range specs {
		all.Go(func() {
			other, err := virtual.Open(b.Dir())
			for range 10 {
				err = errors.Join(err, other.Plug(s.Name), other.Pull(s.Name))
			}
			if err = errors.Join(err, other.Plug(s.Name)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	taken := map[int]bool{}
	for _, s := range b.Tokens() {
		if !s.Plugged || taken[s.Slot] {
			t.Errorf("%s in slot %d", s.Name, s.Slot)
		}
		taken[s.Slot] = true
	}
	if err := b.Plug("nobody"); !errors.Is(err, virtual.ErrNoToken) {
		t.Errorf("a token that is not: %v", err)
	}
	if _, err := virtual.Create(b.Dir(), nil); err == nil {
		t.Error("made a bench over another one")
	}
	if _, err := virtual.Open(t.TempDir()); err == nil {
		t.Error("opened a bench that is not there")
	}
}

func TestCreate_RefusesTokensThatCannotBe(t *testing.T) {
	for name, s := range map[string]virtual.Spec{
		"name":   {Name: "../x", Kind: token.AKey},
		"kind":   {Name: "x", Kind: token.Unknown},
		"PIN":    {Name: "x", Kind: token.AKey, PIN: "1", Initialized: true},
		"serial": {Name: "x", Kind: token.AKey, Serial: "12345678901234567"},
	} {
		if _, err := virtual.CreateWith(t.TempDir(), []virtual.Spec{s}, "/none"); err == nil {
			t.Errorf("%s: made", name)
		}
	}
	if _, err := virtual.CreateWith(t.TempDir(), []virtual.Spec{{Name: "x", Kind: token.AKey}, {Name: "x", Kind: token.AKey}}, "/none"); err == nil {
		t.Error("two tokens of one name: made")
	}
}
