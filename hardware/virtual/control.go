package virtual

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// control writes what shim/control.c reads.
func control(v vendor, r *record) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "manufacturer=%s\nlibrary=%s\nreader=%s\n", v.manufacturer, v.library, v.reader)
	faultLines(&out, r.Faults[v.kind])
	for _, e := range r.Tokens {
		if e.Kind != v.kind || e.Slot < 0 {
			continue
		}
		fmt.Fprintf(&out, "slot=%d\ntoken=%s\ninsertion=%d\nmanufacturer=%s\nmodel=%s\nserial=%s\nlabel=%s\npin_min=%d\npin_max=%d\ntries=%d\nso_tries=%d\n",
			e.Slot, e.Name, e.Plug, v.manufacturer, v.model, plain(e.Serial), plain(e.Label), e.PINMin, e.PINMax, e.PINTries, e.SOTries)
		traitLines(&out, e.Trait)
		faultLines(&out, e.Fault)
	}
	return out.Bytes()
}

func traitLines(out *bytes.Buffer, t Trait) {
	if t.Pairs > 0 {
		fmt.Fprintf(out, "pairs=%d\n", t.Pairs)
	}
	for _, line := range []struct {
		key string
		on  bool
	}{{"erases", t.Erases}, {"gost", t.GOST}, {"no_rsa", t.NoRSA}} {
		if line.on {
			fmt.Fprintf(out, "%s=1\n", line.key)
		}
	}
}

func faultLines(out *bytes.Buffer, f Fault) {
	text := func(key, value string) {
		if value != "" {
			fmt.Fprintf(out, "%s=%s\n", key, plain(value))
		}
	}
	number := func(key string, value int64) {
		if value != 0 {
			fmt.Fprintf(out, "%s=%d\n", key, value)
		}
	}
	text("fail", f.FailCall)
	text("lose", f.LoseAnswer)
	text("crash", f.CrashOn)
	text("hang", f.HangOn)
	text("print", f.PrintOn)
	text("deed", f.Deed)
	text("pull", f.PullOn)
	text("pull_late", f.PullAfter)
	number("slow_ms", f.Slow.Milliseconds())
	number("keygen_ms", f.KeygenDelay.Milliseconds())
	if f.Full {
		number("full", 1)
	}
}

// plain keeps a value on its line.
func plain(s string) string { return strings.NewReplacer("\n", " ", "\r", " ").Replace(s) }

// bad reads how many wrong PINs in a row a token remembers.
func (b *Bench) bad(name string) (n int) {
	text, err := os.ReadFile(b.path("cards", name+".card"))
	if err == nil {
		_, _ = fmt.Sscanf(string(text), "bad=%d", &n)
	}
	return n
}

// setBad sets that number; the label the token has been given stays.
func (b *Bench) setBad(name string, n int) error {
	file, err := os.OpenFile(b.path("cards", name+".card"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("set tries of virtual token %s: %w", name, err)
	}
	defer func() { _ = file.Close() }()
	if err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("set tries of virtual token %s: %w", name, err)
	}
	old := make([]byte, 256)
	size, _ := file.ReadAt(old, 0)
	_, rest, _ := strings.Cut(string(old[:size]), "\n")
	text := fmt.Sprintf("bad=%d\n%s", max(0, n), rest)
	if err = file.Truncate(0); err == nil {
		_, err = file.WriteAt([]byte(text), 0)
	}
	if err != nil {
		return fmt.Errorf("set tries of virtual token %s: %w", name, err)
	}
	return nil
}

// recordSize is that of shim/card.c: 32 octets of name, 8 of number in the machine's order.
const recordSize = 40

// Calls says how often each PKCS#11 function was called on a token, by all processes since the bench was made.
func (b *Bench) Calls(name string) map[string]uint64 { return b.calls(name) }

// ModuleCalls says the same of a module's functions that concern no token.
func (b *Bench) ModuleCalls(module string) map[string]uint64 { return b.calls("module-" + module) }

func (b *Bench) calls(name string) map[string]uint64 {
	counts := map[string]uint64{}
	octets, err := os.ReadFile(b.path("cards", name+".calls"))
	if err != nil {
		return counts
	}
	for ; len(octets) >= recordSize && octets[0] != 0; octets = octets[recordSize:] {
		function, _, _ := bytes.Cut(octets[:32], []byte{0})
		counts[string(function)] = binary.NativeEndian.Uint64(octets[32:])
	}
	return counts
}
