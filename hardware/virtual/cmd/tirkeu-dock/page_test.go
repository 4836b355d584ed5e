package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func sample(t *testing.T) view {
	t.Helper()
	people, err := cast()
	if err != nil {
		t.Fatal(err)
	}
	v := view{people: people, stick: true, line: lineState{kind: lineCut}}
	for i, spec := range append(owned(people), spares...) {
		t := tokenView{Name: spec.Name, Kind: string(spec.Kind), PIN: spec.PIN, Plugged: i == 0, State: "ready"}
		for _, p := range people {
			if p.Token == spec.Name {
				t.Owner, t.Role = p.Surname+" "+p.Given, p.Role
			}
		}
		v.tokens = append(v.tokens, t)
	}
	return v
}

func TestPage_FitsEveryTerminal(t *testing.T) {
	v := sample(t)
	for _, colours := range []bool{false, true} {
		for columns := 1; columns <= 140; columns++ {
			for rows := 1; rows <= 40; rows++ {
				lines := page(v, sentence{"the stick is in", false}, columns%7 == 0, columns, rows, colours)
				if len(lines) > max(rows, 4) { // head and foot are always whole
					t.Fatalf("%d lines in %d rows", len(lines), rows)
				}
				for _, line := range lines {
					if width(strip(line)) > columns {
						t.Fatalf("%d columns in %d: %q", width(strip(line)), columns, line)
					}
					if strings.Count(line, "\x1b[") > 0 && !strings.HasSuffix(line, plain) && strings.LastIndex(line, plain) < strings.LastIndex(line, "\x1b[") {
						t.Fatalf("the paint runs over the line's end: %q", line)
					}
				}
			}
		}
	}
}

func TestPage_ShowsEverythingOn80By24(t *testing.T) {
	all := strings.Join(page(sample(t), sentence{"the stick is in", false}, false, 80, 24, false), "\n")
	for _, want := range []string{"TOKENS", "PEOPLE", "● in   aigerim-kaztoken", "○ out  locked-jacarta", "12345678", "Adil2026", "850312200016",
		"БЕЙТАНЫСОВА ІҢКӘР", "a  ○", "ulzhan-idcard", "135790", "950617200104 ҮЛГІСОВА", "ҮЛГІБАЕВА ӨРКЕН", "not in the register", "STICK   ● in   no keys on it", "LINE    ✕ cut", "q quit", "the stick is in"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is missing:\n%s", want, all)
		}
	}
}

func TestPage_LetsNothingThroughThatActsOnTheTerminal(t *testing.T) {
	for _, line := range page(sample(t), sentence{"x\x1b[2J\r\n\x07y", true}, false, 80, 24, false) {
		if strings.ContainsAny(line, "\x1b\r\n\x07") {
			t.Errorf("%q", line)
		}
	}
}

func TestCut_CountsLettersNotBytes(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{
		{"Ұлжан", 5, "Ұлжан"}, {"Ұлжан", 4, "Ұлж…"}, {"Ұлжан", 1, "…"}, {"Ұлжан", 0, ""},
		{bold + "Ұлжан" + plain, 5, bold + "Ұлжан" + plain}, {bold + "Ұлжан" + plain, 3, bold + "Ұл…" + plain}, {"ab   ", 5, "ab"},
	} {
		if got := cut(c.in, c.n); got != c.want {
			t.Errorf("%q to %d: %q, want %q", c.in, c.n, got, c.want)
		}
	}
}

// pty is a terminal whose other end the test holds.
func pty(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminal can be made here: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	return master, slave
}

func TestTerminal_GivesEveryKeyAtOnceAndIsGivenBackAsItWas(t *testing.T) {
	t.Setenv("TERM", "xterm")
	master, slave := pty(t)
	before, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(slave.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 30, Col: 100}); err != nil {
		t.Fatal(err)
	}
	term, err := openTerminal(slave, slave)
	if err != nil {
		t.Fatal(err)
	}
	if w, h := term.size(); w != 100 || h != 30 {
		t.Errorf("%d by %d", w, h)
	}
	keys := term.keys()
	if _, err := master.WriteString("\x1b[A\x1b[1;5C\x1bOPs"); err != nil { // arrows and F1 are no keys; none waits for a line's end
		t.Fatal(err)
	}
	if key := <-keys; key != 's' {
		t.Errorf("the key is %q", key)
	}
	if err := term.draw([]string{"one", "two"}); err != nil {
		t.Fatal(err)
	}
	seen := make([]byte, 0, 1000)
	for !strings.Contains(strings.ReplaceAll(string(seen), "\r\r\n", "\r\n"), "one"+clearEnd+"\r\ntwo"+clearEnd) { // the terminal adds a return of its own
		piece := make([]byte, 1000)
		n, err := master.Read(piece)
		if err != nil {
			t.Fatalf("%q, then %v", seen, err)
		}
		seen = append(seen, piece[:n]...)
	}
	if !strings.HasPrefix(string(seen), enter) {
		t.Errorf("drawn: %q", seen)
	}
	term.close()
	after, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	if *after != *before {
		t.Errorf("left as %+v, was %+v", after, before)
	}
}
