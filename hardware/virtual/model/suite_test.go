//go:build cgo

package model_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/miekg/pkcs11"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/hardware/virtual"
	"github.com/tirkeu/kiosk/hardware/virtual/model"
	"github.com/tirkeu/kiosk/hardware/virtual/virtualtest"
)

// module is what is said to a token about plugs and PINs.
type module interface {
	GetSlotList(present bool) ([]uint, error)
	GetTokenInfo(slot uint) (pkcs11.TokenInfo, error)
	OpenSession(slot, flags uint) (pkcs11.SessionHandle, error)
	CloseSession(pkcs11.SessionHandle) error
	GetSessionInfo(pkcs11.SessionHandle) (pkcs11.SessionInfo, error)
	Login(h pkcs11.SessionHandle, user uint, pin string) error
	Logout(pkcs11.SessionHandle) error
	SetPIN(h pkcs11.SessionHandle, old, fresh string) error
	InitPIN(h pkcs11.SessionHandle, pin string) error
}

// rig is a module with one token after the other before it.
type rig struct {
	*testing.T
	module
	plug, pull, replug func(name string)
	left               func(name string) int
}

const (
	pin, wrong     = "123456", "654321"
	admin          = "87654321"
	tries, soTries = 3, 2
	shortest       = 6
	longest        = 32
)

// names of the tokens, one for each part of the suite.
var names = []string{"a", "b", "c", "d", "e", "f", "g"}

// The suite: what the virtual vendor module over SoftHSM and the model of it have in common.
var suite = map[string]func(*rig, uint, string){
	"a": func(r *rig, slot uint, name string) { // wrong PINs are counted, flagged, forgotten by the right one, and lock
		h := r.open(slot, true)
		want := func(entered string, answer, flags uint, left int) {
			r.Helper()
			r.says(r.Login(h, pkcs11.CKU_USER, entered), answer)
			if got := r.flags(slot); got != flags || r.left(name) != left {
				r.Errorf("after %q: flags %x, %d left", entered, got, r.left(name))
			}
		}
		low, final, locked := uint(pkcs11.CKF_USER_PIN_COUNT_LOW), uint(pkcs11.CKF_USER_PIN_FINAL_TRY), uint(pkcs11.CKF_USER_PIN_LOCKED)
		want(wrong, pkcs11.CKR_PIN_INCORRECT, low, 2)
		want("1", pkcs11.CKR_PIN_INCORRECT, low|final, 1) // a length that cannot be right costs a try all the same
		want(pin, pkcs11.CKR_OK, 0, 3)
		want(pin, pkcs11.CKR_USER_ALREADY_LOGGED_IN, 0, 3) // the token did not look
		r.says(r.Logout(h), pkcs11.CKR_OK)
		want(wrong, pkcs11.CKR_PIN_INCORRECT, low, 2)
		want(wrong, pkcs11.CKR_PIN_INCORRECT, low|final, 1)
		r.replug(name) // it remembers
		h = r.open(slot, true)
		want(wrong, pkcs11.CKR_PIN_LOCKED, locked, 0)
		want(pin, pkcs11.CKR_PIN_LOCKED, locked, 0)
	},
	"b": func(r *rig, slot uint, name string) { // a session dies with its plug, with the login
		for _, write := range []bool{false, true} {
			h := r.open(slot, write)
			r.says(r.Login(h, pkcs11.CKU_USER, pin), pkcs11.CKR_OK)
			r.replug(name)
			_, err := r.GetSessionInfo(h)
			r.says(err, pkcs11.CKR_SESSION_HANDLE_INVALID)
			r.says(r.Login(h, pkcs11.CKU_USER, pin), pkcs11.CKR_SESSION_HANDLE_INVALID)
			fresh := r.open(slot, write)
			if info, err := r.GetSessionInfo(fresh); err != nil || info.State == pkcs11.CKS_RW_USER_FUNCTIONS || info.State == pkcs11.CKS_RO_USER_FUNCTIONS {
				r.Errorf("logged in after a replug: state %d, %v", info.State, err)
			}
			r.says(r.CloseSession(fresh), pkcs11.CKR_OK)
		}
		h := r.open(slot, false)
		r.pull(name)
		_, err := r.GetSessionInfo(h)
		r.says(err, pkcs11.CKR_DEVICE_REMOVED)
		_, err = r.GetTokenInfo(slot)
		r.says(err, pkcs11.CKR_TOKEN_NOT_PRESENT)
		_, err = r.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION)
		r.says(err, pkcs11.CKR_TOKEN_NOT_PRESENT)
		if list, err := r.GetSlotList(true); err != nil || len(list) != 0 {
			r.Errorf("slots with a token: %v, %v", list, err)
		}
		_, err = r.GetTokenInfo(99)
		r.says(err, pkcs11.CKR_SLOT_ID_INVALID)
	},
	"c": func(r *rig, slot uint, name string) { // the officer: one PIN of his own, and he lifts the lock
		h := r.open(slot, true)
		for range tries {
			_ = r.Login(h, pkcs11.CKU_USER, wrong)
		}
		watching := r.open(slot, false)
		r.says(r.Login(h, pkcs11.CKU_SO, admin), pkcs11.CKR_SESSION_READ_ONLY_EXISTS)
		r.says(r.CloseSession(watching), pkcs11.CKR_OK)
		r.says(r.InitPIN(h, pin), pkcs11.CKR_USER_NOT_LOGGED_IN)
		r.says(r.Login(h, pkcs11.CKU_SO, wrong), pkcs11.CKR_PIN_INCORRECT)
		if got := r.flags(slot); got != pkcs11.CKF_USER_PIN_LOCKED|pkcs11.CKF_SO_PIN_COUNT_LOW|pkcs11.CKF_SO_PIN_FINAL_TRY {
			r.Errorf("flags %x", got)
		}
		r.says(r.Login(h, pkcs11.CKU_SO, admin), pkcs11.CKR_OK)
		r.says(r.InitPIN(h, "12345"), pkcs11.CKR_PIN_LEN_RANGE)
		r.says(r.InitPIN(h, "777777"), pkcs11.CKR_OK)
		r.says(r.Logout(h), pkcs11.CKR_OK)
		if r.flags(slot) != 0 || r.left(name) != tries {
			r.Errorf("flags %x, %d left after the lock was lifted", r.flags(slot), r.left(name))
		}
		r.says(r.Login(h, pkcs11.CKU_USER, "777777"), pkcs11.CKR_OK)
		r.says(r.Logout(h), pkcs11.CKR_OK)
		r.says(r.Login(h, pkcs11.CKU_SO, wrong), pkcs11.CKR_PIN_INCORRECT)
		r.says(r.Login(h, pkcs11.CKU_SO, wrong), pkcs11.CKR_PIN_LOCKED)
		r.says(r.Login(h, pkcs11.CKU_SO, admin), pkcs11.CKR_PIN_LOCKED)
	},
	"d": func(r *rig, slot uint, name string) { // a changed PIN, and what it costs to be wrong about the old one
		h := r.open(slot, true)
		r.says(r.Login(h, pkcs11.CKU_USER, pin), pkcs11.CKR_OK)
		r.says(r.SetPIN(h, pin, "1"), pkcs11.CKR_PIN_LEN_RANGE)
		r.says(r.SetPIN(h, pin, strings.Repeat("1", longest+1)), pkcs11.CKR_PIN_LEN_RANGE)
		if r.left(name) != tries {
			r.Errorf("%d left", r.left(name))
		}
		r.says(r.SetPIN(h, wrong, "777777"), pkcs11.CKR_PIN_INCORRECT)
		if r.left(name) != tries-1 {
			r.Errorf("%d left after a wrong old PIN", r.left(name))
		}
		r.says(r.SetPIN(h, pin, "777777"), pkcs11.CKR_OK)
		r.says(r.Logout(h), pkcs11.CKR_OK)
		r.says(r.Login(h, pkcs11.CKU_USER, pin), pkcs11.CKR_PIN_INCORRECT)
		r.says(r.Login(h, pkcs11.CKU_USER, "777777"), pkcs11.CKR_OK)
		reading := r.open(slot, false)
		r.says(r.SetPIN(reading, "777777", pin), pkcs11.CKR_SESSION_READ_ONLY)
	},
	"e": func(r *rig, slot uint, _ string) { // all sessions on a token share its login, and the last one takes it along
		one, two := r.open(slot, true), r.open(slot, false)
		r.says(r.Login(two, pkcs11.CKU_USER, pin), pkcs11.CKR_OK)
		if info, err := r.GetSessionInfo(one); err != nil || info.State != pkcs11.CKS_RW_USER_FUNCTIONS || info.SlotID != slot {
			r.Errorf("%+v, %v", info, err)
		}
		r.says(r.Login(one, pkcs11.CKU_SO, admin), pkcs11.CKR_SESSION_READ_ONLY_EXISTS)
		r.says(r.CloseSession(two), pkcs11.CKR_OK)
		r.says(r.Login(one, pkcs11.CKU_SO, admin), pkcs11.CKR_USER_ANOTHER_ALREADY_LOGGED_IN)
		r.says(r.CloseSession(one), pkcs11.CKR_OK)
		_, err := r.GetSessionInfo(one)
		r.says(err, pkcs11.CKR_SESSION_HANDLE_INVALID)
		r.says(r.CloseSession(one), pkcs11.CKR_SESSION_HANDLE_INVALID)
		if info, err := r.GetSessionInfo(r.open(slot, true)); err != nil || info.State != pkcs11.CKS_RW_PUBLIC_SESSION {
			r.Errorf("after the last session was closed: %+v, %v", info, err)
		}
	},
	"f": func(r *rig, slot uint, _ string) { // nobody logged in is nobody to log out
		h := r.open(slot, true)
		r.says(r.Logout(h), pkcs11.CKR_OK)
		r.says(r.Logout(h+1000), pkcs11.CKR_SESSION_HANDLE_INVALID)
	},
	"g": func(r *rig, slot uint, name string) { // what the token says of itself
		info, err := r.GetTokenInfo(slot)
		if err != nil || info.SerialNumber != name || info.MinPinLen != shortest || info.MaxPinLen != longest ||
			info.Flags&pkcs11.CKF_TOKEN_INITIALIZED == 0 || info.Flags&pkcs11.CKF_USER_PIN_INITIALIZED == 0 {
			r.Errorf("%+v, %v", info, err)
		}
	},
}

func (r *rig) open(slot uint, write bool) pkcs11.SessionHandle {
	r.Helper()
	flags := uint(pkcs11.CKF_SERIAL_SESSION)
	if write {
		flags |= pkcs11.CKF_RW_SESSION
	}
	h, err := r.OpenSession(slot, flags)
	if err != nil {
		r.Fatal(err)
	}
	return h
}

func (r *rig) says(err error, want uint) {
	r.Helper()
	var got pkcs11.Error
	if err != nil && !errors.As(err, &got) || uint(got) != want {
		r.Errorf("%v, want %v", err, pkcs11.Error(want))
	}
}

// flags are those of the PINs.
func (r *rig) flags(slot uint) uint {
	info, err := r.GetTokenInfo(slot)
	if err != nil {
		r.Fatal(err)
	}
	return info.Flags & (pkcs11.CKF_USER_PIN_COUNT_LOW | pkcs11.CKF_USER_PIN_FINAL_TRY | pkcs11.CKF_USER_PIN_LOCKED |
		pkcs11.CKF_SO_PIN_COUNT_LOW | pkcs11.CKF_SO_PIN_FINAL_TRY | pkcs11.CKF_SO_PIN_LOCKED)
}

func (r *rig) run(t *testing.T) {
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			r.T = t
			r.plug(name)
			defer r.pull(name)
			list, err := r.GetSlotList(true)
			if err != nil || len(list) != 1 {
				t.Fatalf("slots %v, %v", list, err)
			}
			suite[name](r, list[0], name)
		})
	}
}

func TestModel_BehavesAsTheSuiteSays(t *testing.T) {
	var tokens []model.Token
	for _, name := range names {
		tokens = append(tokens, model.Token{Name: name, PIN: pin, SOPIN: admin, Tries: tries, SOTries: soTries, Min: shortest, Max: longest})
	}
	device := model.New(tokens...)
	r := &rig{module: model.Open(device), plug: device.Plug, pull: device.Pull, replug: device.Replug, left: device.Left}
	r.run(t)
}

func TestShim_BehavesAsTheSuiteSays(t *testing.T) {
	var specs []virtual.Spec
	for _, name := range names {
		specs = append(specs, virtual.Spec{Name: name, Serial: name, Kind: token.Kaztoken, PIN: pin, SOPIN: admin, PINTries: tries, SOTries: soTries,
			PINMin: shortest, PINMax: longest, Initialized: true})
	}
	bench, config := virtualtest.StartForTest(t, specs...)
	for _, e := range config.Modules[0].Env {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
	ctx := pkcs11.New(config.Modules[0].Path)
	if ctx == nil {
		t.Fatalf("%s does not load", config.Modules[0].Path)
	}
	defer ctx.Destroy()
	if err := ctx.Initialize(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ctx.Finalize() }()
	must := func(do func(string) error) func(string) {
		return func(name string) {
			t.Helper()
			if err := do(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	r := &rig{module: ctx, plug: must(bench.Plug), pull: must(bench.Pull), replug: must(bench.Replug), left: func(name string) int {
		for _, state := range bench.Tokens() {
			if state.Name == name {
				return state.TriesLeft
			}
		}
		return -1
	}}
	r.run(t)
}
