package pcsc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// OpenSC's programs and files on Debian.
const (
	// Module is OpenSC's PKCS#11 module.
	Module     = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so"
	profileDir = "/usr/share/opensc"
	profile    = "isoApplet.profile"
)

// Holder is whom a card is made out to. PIN and PUK are fictional and known to everybody who reads the bench.
type Holder struct {
	Label        string // CK_TOKEN_INFO's label begins with it
	Manufacturer string // CK_TOKEN_INFO's manufacturerID; OpenSC's own word when empty
	Serial       string // hexadecimal digits, an even number of them; OpenSC chooses when empty
	PIN          string // 4 to 16 octets
	PUK          string // 16 octets
}

// lookEvery is how often is looked whether a reader has its card yet; a program of OpenSC has no way to wait for it.
const lookEvery = 50 * time.Millisecond

// Personalize writes OpenSC's PKCS#15 structure, PUK and PIN on the blank card in a reader, with pkcs15-init (Debian package opensc). reader is a part
// of its name. It waits until the card is there.
func (d *Daemon) Personalize(ctx context.Context, reader string, h Holder) error {
	fail := func(err error) error { return fmt.Errorf("personalise the card in %s: %w", reader, err) }
	if len(h.PIN) < 4 || len(h.PIN) > 16 || len(h.PUK) != 16 {
		return fail(errors.New("a PIN has 4 to 16 octets, a PUK 16"))
	}
	full, err := d.Await(ctx, reader, Loaded)
	if err != nil {
		return fail(err)
	}
	dir, err := os.MkdirTemp(d.dir, "profile-")
	if err != nil {
		return fail(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	conf, err := profiles(dir, h.Manufacturer)
	if err != nil {
		return fail(err)
	}
	args := []string{"--create-pkcs15", "--profile", "pkcs15+onepin", "--reader", full, "--label", h.Label, "--pin", "env:HOLDER_PIN", "--puk", "env:HOLDER_PUK"}
	if h.Serial != "" {
		args = append(args, "--serial", h.Serial)
	}
	out, err := d.run(ctx, []string{"OPENSC_CONF=" + conf, "HOLDER_PIN=" + h.PIN, "HOLDER_PUK=" + h.PUK}, "pkcs15-init", args...)
	if err != nil {
		return fail(fmt.Errorf("%w\n%s", err, out))
	}
	return nil
}

// profiles makes a configuration of OpenSC in dir whose cards name this maker.
func profiles(dir, manufacturer string) (conf string, err error) {
	if strings.ContainsAny(manufacturer, "\"\n\\") {
		return "", errors.New("a manufacturer without quotes and line ends")
	}
	err = copyProfiles(dir, func(text string) string {
		if manufacturer == "" {
			return text
		}
		return strings.Replace(text, `= "unknown";`, `= "`+manufacturer+`";`, 1)
	})
	if err != nil {
		return "", err
	}
	conf = filepath.Join(dir, "opensc.conf")
	return conf, os.WriteFile(conf, []byte("app default { profile_dir = "+dir+"; }\n"), 0o600)
}

// copyProfiles copies OpenSC's profiles of this card into dir, its own changed.
func copyProfiles(dir string, change func(string) string) error {
	for _, name := range []string{profile, "pkcs15.profile"} {
		octets, err := os.ReadFile(filepath.Join(profileDir, name))
		if err != nil {
			return fmt.Errorf("%w (Debian package opensc)", err)
		}
		text := string(octets)
		if name == profile {
			text = change(text)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// directory is a line of the profile that sizes one of the directories that grow with the keys.
var directory = regexp.MustCompile(`((?:cdf|prkdf|pukdf)-size\s*=) 512;`)

// roomy sizes the directories for nine key pairs of the kiosk's: some 110 octets each, and twice as much once OpenSC has written the certificate's
// subject beside it. As OpenSC sizes them, two to four fit, and C_GenerateKeyPair calls a full one CKR_GENERAL_ERROR. The module makes them on a card
// with its first key.
func roomy(text string) string { return directory.ReplaceAllString(text, "$1 2048;") }

// State is how a reader is.
type State int

// The states of a reader.
const (
	Gone   State = iota // no such reader
	Empty               // no card in it
	Loaded              // with a card
)

// Await waits until a reader whose name holds a word is in a state, and gives its whole name.
func (d *Daemon) Await(ctx context.Context, reader string, want State) (string, error) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		out, err := d.run(ctx, nil, "opensc-tool", "--list-readers")
		if errors.Is(err, exec.ErrNotFound) {
			return "", fmt.Errorf("%w (Debian package opensc)", err)
		}
		if name, state := stateOf(out, reader); err == nil && state == want {
			return name, nil
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("wait for reader %s: %w\n%s", reader, ctx.Err(), out)
		case <-tick.C:
		}
	}
}

// readerLine is one of opensc-tool's list: number, card, features, name.
var readerLine = regexp.MustCompile(`^\d+\s+(Yes|No)\s+(?:PIN pad\s+)?(.+)$`)

// stateOf finds a reader in that list.
func stateOf(list, reader string) (name string, state State) {
	for line := range strings.Lines(list) {
		found := readerLine.FindStringSubmatch(strings.TrimSpace(line))
		switch {
		case found == nil || !strings.Contains(found[2], reader):
		case found[1] == "Yes":
			return found[2], Loaded
		default:
			name, state = found[2], Empty
		}
	}
	return name, state
}

// run lets a program speak to the daemon.
func (d *Daemon) run(ctx context.Context, env []string, program string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, program, args...)
	command.Env = append(append(os.Environ(), d.Env()...), env...)
	out, err := command.CombinedOutput()
	return string(out), err
}
