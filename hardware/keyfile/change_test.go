package keyfile

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tirkeu/kiosk/hardware/stick"
)

const newPassword = "Zxcvbn34#"

// memoryMedium keeps one file in memory and fails where it is told to.
type memoryMedium struct {
	data                []byte
	failRead, failWrite error
	spoil               func(back []byte) []byte // what comes back of what was written
	meanwhile           func(*memoryMedium)      // before the new file takes its place
	reads               int
}

var errMedium = errors.New("the medium fails")

func (m *memoryMedium) Read(_ string, limit int64) ([]byte, error) {
	m.reads++
	if m.failRead != nil && m.reads > 1 {
		return nil, m.failRead
	}
	if int64(len(m.data)) > limit {
		return nil, ErrTooLarge
	}
	return bytes.Clone(m.data), nil
}

func (m *memoryMedium) ReplaceChecked(_ string, data []byte, check func([]byte) error) error {
	if m.failWrite != nil {
		return m.failWrite
	}
	back := bytes.Clone(data)
	if m.spoil != nil {
		back = m.spoil(back)
	}
	if m.meanwhile != nil {
		m.meanwhile(m)
	}
	if err := check(back); err != nil {
		return err
	}
	m.data = bytes.Clone(data)
	return nil
}

// fullFile holds whatever can be carried over: several keys of several kinds, one of them without certificate, chains, certificates without key,
// a list of revoked certificates, names, attributes that mean nothing to anybody.
func fullFile(t *testing.T) recipe {
	t.Helper()
	r := ncaRecipe(t, chain())
	r.iterations = 2
	for _, entry := range []Entry{gostPerson(), signPerson()} {
		more := ncaRecipe(t, entry)
		r.keys = append(r.keys, more.keys...)
		r.certs = append(r.certs, more.certs...)
	}
	lonely := ncaRecipe(t, authPerson())
	ec, err := x509.MarshalPKCS8PrivateKey(ecPerson().Key)
	if err != nil {
		t.Fatal(err)
	}
	r.keys = append(r.keys, lonely.keys[0], recipeKey{ec, []byte("Time 1700000000000"), "сервер 😀"}, recipeKey{pkcs8: ec})
	other, _ := certify("БАСҚА CA", nil, nil)
	r.certs = append(r.certs, recipeCert{chain().Chain[1].Raw, nil, "root"}, recipeCert{chain().Chain[0].Raw, []byte{7}, ""}, recipeCert{other.Raw, nil, ""}, recipeCert{other.Raw, nil, "again"})
	r.extra = bagOf(oidCRLBag, []byte{0x30, 3, 2, 1, 9})
	return r
}

func TestChangePassword_CarriesEverythingOver(t *testing.T) {
	for name, change := range map[string]func(*recipe){
		"authority's":        func(*recipe) {},
		"in pieces":          func(r *recipe) { r.pieces, r.outside = 100, true },
		"without MAC":        func(r *recipe) { r.noMAC = true },
		"certificates open":  func(r *recipe) { r.plainCerts = true },
		"keys open":          func(r *recipe) { r.plainKeys = true },
		"certificates alone": func(r *recipe) { r.keys = nil },
	} {
		for kind, options := range map[string]Options{"3des": few, "aes": {Cipher: AES, Iterations: 2}} {
			t.Run(name+", "+kind, func(t *testing.T) {
				r := fullFile(t)
				change(&r)
				m := &memoryMedium{data: r.bake(t)}
				was, err := decode(m.data, NewPassword(testPassword), &meter{})
				if err != nil {
					t.Fatal(err)
				}
				if err := ChangePassword(t.Context(), m, "key.p12", NewPassword(testPassword), NewPassword(newPassword), options); err != nil {
					t.Fatal(err)
				}
				is, err := decode(m.data, NewPassword(newPassword), &meter{})
				if err != nil {
					t.Fatal(err)
				}
				if !is.holds(was) || !was.holds(is) {
					t.Error("something was lost or added")
				}
				got, want := is.contents(), was.contents()
				if len(got.Keys) != len(r.keys) || len(got.Keys) != len(want.Keys) || len(got.Loose) != len(want.Loose) || got.Unread != want.Unread || got.FriendlyName != want.FriendlyName {
					t.Errorf("%+v\nwas %+v", got, want)
				}
				for i, k := range got.Keys {
					if k.FriendlyName != r.keys[i].name || !bytes.Equal(k.LocalKeyID, r.keys[i].id) || len(k.Chain) != len(want.Keys[i].Chain) || (k.Certificate == nil) != (want.Keys[i].Certificate == nil) {
						t.Errorf("key %d: %+v", i, k)
					}
				}
				if is.mac == nil || name == "keys open" && got.Protection.Keys == "" {
					t.Errorf("not sealed: %+v", got.Protection)
				}
				if _, err := Open(bytes.NewReader(m.data), NewPassword(testPassword)); !errors.Is(err, ErrPassword) {
					t.Errorf("with the old password: %v", err)
				}
			})
		}
	}
}

func TestChangePassword_RefusesWhatItCannotCarryOver(t *testing.T) {
	oid := asn1.ObjectIdentifier{1, 2, 398, 3, 10, 1, 1, 1, 1}
	for name, change := range map[string]func(*recipe){
		"a secret": func(r *recipe) {
			r.extra = bagOf(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 5}, []byte{5, 0})
		},
		"contents in contents": func(r *recipe) {
			r.extra = bagOf(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 6}, []byte{0x30, 0})
		},
		"something unknown":          func(r *recipe) { r.extra = bagOf(asn1.ObjectIdentifier{1, 2, 3}, []byte{5, 0}) },
		"a key that cannot be tried": func(r *recipe) { r.keys = append(r.keys, recipeKey{pkcs8: oldGOSTKey(oid)}) },
		"attributes beside a seal":   func(r *recipe) { r.unprotected = []byte{0xa1, 0} },
		"a key of its own password":  func(r *recipe) { r.keyPassword = "another" },
	} {
		r := ncaRecipe(t, gostPerson())
		r.iterations = 2
		change(&r)
		data := r.bake(t)
		m := &memoryMedium{data: data, failWrite: errors.New("written")}
		err := ChangePassword(t.Context(), m, "key.p12", NewPassword(testPassword), NewPassword(newPassword), few)
		if !errors.Is(err, ErrUnsupported) || !bytes.Equal(m.data, data) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever fails on the way, the old file is there to the octet, and the error says what it was.
func TestChangePassword_KeepsTheOldFileWhateverFails(t *testing.T) {
	r := ncaRecipe(t, gostPerson())
	r.iterations = 2
	whole := r.bake(t)
	other := ncaRecipe(t, signPerson())
	other.password = newPassword
	foreign := other.bake(t)
	stopped, stop := context.WithCancel(context.Background())
	stop()
	during, stopDuring := context.WithCancel(context.Background())
	for name, c := range map[string]struct {
		ctx      context.Context
		old, new string
		medium   memoryMedium
		options  Options
		want     error
	}{
		"wrong password":            {old: "qwerty12#", want: ErrPassword},
		"damaged file":              {medium: memoryMedium{data: whole[:len(whole)-1]}, want: ErrDamaged},
		"too large a file":          {medium: memoryMedium{data: make([]byte, MaxSize+1)}, want: ErrTooLarge},
		"write fails":               {medium: memoryMedium{failWrite: errMedium}, want: errMedium},
		"second read fails":         {medium: memoryMedium{failRead: errMedium}, want: errMedium},
		"nothing comes back":        {medium: memoryMedium{spoil: func([]byte) []byte { return nil }}, want: ErrUnproven},
		"half comes back":           {medium: memoryMedium{spoil: func(b []byte) []byte { return b[:len(b)/2] }}, want: ErrUnproven},
		"one bit comes back wrong":  {medium: memoryMedium{spoil: func(b []byte) []byte { b[len(b)/2] ^= 1; return b }}, want: ErrUnproven},
		"another file comes back":   {medium: memoryMedium{spoil: func([]byte) []byte { return foreign }}, want: ErrUnproven},
		"the old file comes back":   {medium: memoryMedium{spoil: func([]byte) []byte { return whole }}, want: ErrUnproven},
		"the old file was replaced": {medium: memoryMedium{meanwhile: func(m *memoryMedium) { m.data = foreign }}, want: ErrReplaced},
		"stopped before":            {ctx: stopped, want: context.Canceled},
		"stopped in the middle":     {ctx: during, medium: memoryMedium{meanwhile: func(*memoryMedium) { stopDuring() }}, want: context.Canceled},
		"no chance":                 {options: Options{Iterations: 2, Rand: bytes.NewReader(make([]byte, 50))}},
		"no new password":           {new: "-"},
		"too many iterations":       {options: Options{Iterations: MaxIterations}},
	} {
		t.Run(name, func(t *testing.T) {
			m := c.medium
			if m.data == nil {
				m.data = whole
			}
			before := bytes.Clone(m.data)
			if c.ctx == nil {
				c.ctx = t.Context()
			}
			if c.old == "" {
				c.old = testPassword
			}
			if c.new == "" {
				c.new = newPassword
			}
			if c.new == "-" {
				c.new = ""
			}
			if c.options == (Options{}) {
				c.options = few
			}
			err := ChangePassword(c.ctx, &m, "key.p12", NewPassword(c.old), NewPassword(c.new), c.options)
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if c.want != ErrPassword && errors.Is(err, ErrPassword) || c.want != ErrDamaged && errors.Is(err, ErrDamaged) {
				t.Errorf("what the new file lacks is told of the old one: %v", err)
			}
			if c.want == ErrReplaced {
				before = foreign
			}
			if !bytes.Equal(m.data, before) {
				t.Error("the old file is not what it was")
			}
		})
	}
}

// The real thing: a stick that is full, read-only, or pulled at each moment it can be pulled from here. The old file opens with the old password
// until the new one has taken its place; then that one opens with the new password.
func TestChangePassword_OnAStickThatFails(t *testing.T) {
	r := ncaRecipe(t, gostPerson())
	r.iterations = 2
	whole := r.bake(t)
	const name = "ЭЦП/GOST512_1.p12"
	plug := func(t *testing.T, folder string) *stick.Stick {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(folder, "ЭЦП"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), whole, 0o600); err != nil {
			t.Fatal(err)
		}
		return stick.Open(folder)
	}
	opens := func(t *testing.T, folder, password string) {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Read(bytes.NewReader(data), NewPassword(password)); err != nil {
			t.Errorf("with %s: %v", password, err)
		}
		if left, err := os.ReadDir(filepath.Join(folder, "ЭЦП")); err != nil || len(left) != 1 {
			t.Errorf("in the folder: %v, %v", left, err)
		}
	}
	mount := func(t *testing.T, options string) string {
		t.Helper()
		folder := t.TempDir()
		if err := unix.Mount("tmpfs", folder, "tmpfs", 0, options); err != nil {
			if os.Getenv("TIRKEU_TEST_ALL") == "1" && os.Getuid() == 0 {
				t.Fatal(err)
			}
			t.Skipf("a tmpfs cannot be mounted here: %v", err)
		}
		t.Cleanup(func() { unix.Unmount(folder, unix.MNT_DETACH) })
		return folder
	}
	change := func(t *testing.T, m Medium) error {
		return ChangePassword(t.Context(), m, name, NewPassword(testPassword), NewPassword(newPassword), few)
	}
	t.Run("well", func(t *testing.T) {
		folder := t.TempDir()
		if err := change(t, plug(t, folder)); err != nil {
			t.Fatal(err)
		}
		opens(t, folder, newPassword)
	})
	t.Run("read-only", func(t *testing.T) {
		folder := mount(t, "size=1m")
		s := plug(t, folder)
		if err := unix.Mount("", folder, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
			t.Fatal(err)
		}
		if err := change(t, s); !errors.Is(err, stick.ErrReadOnly) {
			t.Errorf("%v", err)
		}
		opens(t, folder, testPassword)
	})
	t.Run("full", func(t *testing.T) {
		folder := mount(t, "size=64k")
		s := plug(t, folder)
		filler, err := os.Create(filepath.Join(folder, "filler"))
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			_, err = filler.Write(make([]byte, 4096))
		}
		filler.Close()
		if err := change(t, s); !errors.Is(err, stick.ErrFull) {
			t.Errorf("%v", err)
		}
		opens(t, folder, testPassword)
	})
	for _, moment := range []string{"before reading", "before writing", "while it is tried", "when it was tried"} {
		t.Run("pulled "+moment, func(t *testing.T) {
			dir := t.TempDir()
			here, away := filepath.Join(dir, "in"), filepath.Join(dir, "out")
			p := &pulled{Stick: plug(t, here), moment: moment, pull: func() {
				if err := os.Rename(here, away); err != nil {
					t.Error(err)
				}
			}}
			err := change(t, p)
			if !errors.Is(err, stick.ErrAbsent) || errors.Is(err, stick.ErrUnsettled) {
				t.Errorf("%v", err)
			}
			opens(t, away, testPassword)
		})
	}
}

// pulled is a stick that goes away at a moment.
type pulled struct {
	*stick.Stick
	moment string
	pull   func()
}

func (p *pulled) at(moment string) {
	if p.moment == moment {
		p.pull()
		p.moment = ""
	}
}

func (p *pulled) Read(name string, limit int64) ([]byte, error) {
	p.at("before reading")
	return p.Stick.Read(name, limit)
}

func (p *pulled) ReplaceChecked(name string, data []byte, check func([]byte) error) error {
	p.at("before writing")
	return p.Stick.ReplaceChecked(name, data, func(back []byte) error {
		p.at("while it is tried")
		err := check(back)
		p.at("when it was tried")
		return err
	})
}
