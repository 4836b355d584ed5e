package token

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/BurntSushi/toml"
)

// Profile is what an examination on site found out about a module (package doctor), and how its worker is run because of it. A value that is 0
// leaves what [Config] says.
type Profile struct {
	Library    string    `toml:"library"`     // what the module said of itself
	Token      string    `toml:"token"`       // maker and model that were examined
	ExaminedAt time.Time `toml:"examined_at"` // UTC

	PollEvery     time.Duration `toml:"poll_every"`
	CallTimeout   time.Duration `toml:"call_timeout"`
	KeygenTimeout time.Duration `toml:"keygen_timeout"`
	RSAMin        int           `toml:"rsa_min"` // bits; shorter keys are refused before the token is touched
	RSAMax        int           `toml:"rsa_max"` // bits

	// With "yes" a thread of the worker waits for the module's events, and the slots are looked at seldom; not any more once a worker that does so
	// hangs, or is lost soon after its start, for some modules let nobody else in while one waits.
	SlotEvents string `toml:"slot_events"` // "yes", "no", "not supported", "not tried"

	// For people who read it.
	Replug string `toml:"replug"` // "noticed", "not noticed", "not tried"
	Erases string `toml:"erases"` // whether making a key erased what was there: "yes", "no", "not tried"
}

const slotEventsYes = "yes"

// LoadProfile reads a profile; a word in it that means nothing is an error.
func LoadProfile(path string) (Profile, error) {
	var p Profile
	meta, err := toml.DecodeFile(path, &p)
	if err != nil {
		return Profile{}, fmt.Errorf("read profile of a token module: %w", err)
	}
	if extra := meta.Undecoded(); len(extra) > 0 {
		return Profile{}, fmt.Errorf("read profile of a token module: %s: unknown key %s", path, extra[0])
	}
	return p, p.check()
}

// check refuses what would stop the worker from working.
func (p Profile) check() error {
	const least, most = 10 * time.Millisecond, time.Hour
	for name, d := range map[string]time.Duration{"poll_every": p.PollEvery, "call_timeout": p.CallTimeout, "keygen_timeout": p.KeygenTimeout} {
		if d != 0 && (d < least || d > most) {
			return fmt.Errorf("profile of a token module: %s is %v, must lie between %v and %v", name, d, least, most)
		}
	}
	if p.RSAMin < 0 || p.RSAMax < 0 || p.RSAMax != 0 && p.RSAMin > p.RSAMax {
		return fmt.Errorf("profile of a token module: RSA keys of %d to %d bits", p.RSAMin, p.RSAMax)
	}
	return nil
}

// Save writes the profile whole, in place of an older one, and makes its folder.
func (p Profile) Save(path string) error {
	var text bytes.Buffer
	text.WriteString("# Written by `tirkeu doctor tokens`. The kiosk's configuration names it: [[module]] profile = \"FILE\".\n")
	err := toml.NewEncoder(&text).Encode(p)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err == nil {
		err = os.WriteFile(path+".new", text.Bytes(), 0o644)
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("write profile of a token module: %w", err)
	}
	return nil
}

// under gives the configuration with the module's profile laid over it.
func (p Profile) under(c Config) Config {
	for _, v := range []struct {
		to   *time.Duration
		from time.Duration
	}{{&c.PollEvery, p.PollEvery}, {&c.CallTimeout, p.CallTimeout}, {&c.KeygenTimeout, p.KeygenTimeout}} {
		if v.from > 0 {
			*v.to = v.from
		}
	}
	return c
}

// makes says whether an RSA key of that length lies within the profile's limits.
func (p Profile) makes(bits int) bool { return bits >= p.RSAMin && (p.RSAMax == 0 || bits <= p.RSAMax) }
