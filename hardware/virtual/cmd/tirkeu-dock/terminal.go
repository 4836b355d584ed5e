package main

import (
	"bufio"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// terminal is a terminal that gives every key at once and is drawn on in place. It is given back as it was.
type terminal struct {
	in, out *os.File
	was     unix.Termios
	shown   []string // what stands there
	colours bool
}

// What is said to the terminal (ECMA-48; the alternate screen is xterm's, and every terminal's since).
const (
	enter    = "\x1b[?1049h\x1b[?25l" // alternate screen, no cursor
	leave    = "\x1b[?25h\x1b[?1049l"
	home     = "\x1b[H"
	clearEnd = "\x1b[K" // to the end of the line
	clearAll = "\x1b[J" // to the end of the screen
)

// openTerminal takes the terminal over, or fails where there is none.
func openTerminal(in, out *os.File) (*terminal, error) {
	if _, err := unix.IoctlGetTermios(int(out.Fd()), unix.TCGETS); err != nil {
		return nil, err
	}
	was, err := unix.IoctlGetTermios(int(in.Fd()), unix.TCGETS)
	if err != nil {
		return nil, err
	}
	if kind := os.Getenv("TERM"); kind == "" || kind == "dumb" {
		return nil, unix.ENOTTY
	}
	raw := *was
	raw.Lflag &^= unix.ICANON | unix.ECHO // signals stay: ^C ends the program as ever
	raw.Cc[unix.VMIN], raw.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(int(in.Fd()), unix.TCSETS, &raw); err != nil {
		return nil, err
	}
	_, colourless := os.LookupEnv("NO_COLOR")
	t := &terminal{in: in, out: out, was: *was, colours: !colourless}
	io.WriteString(out, enter)
	return t, nil
}

func (t *terminal) close() {
	io.WriteString(t.out, leave)
	unix.IoctlSetTermios(int(t.in.Fd()), unix.TCSETS, &t.was)
}

// size is columns and rows; 80 and 24 where the terminal does not say.
func (t *terminal) size() (width, height int) {
	size, err := unix.IoctlGetWinsize(int(t.out.Fd()), unix.TIOCGWINSZ)
	if err != nil || size.Col == 0 || size.Row == 0 {
		return 80, 24
	}
	return int(size.Col), int(size.Row)
}

// draw shows lines, and writes nothing where nothing changed.
func (t *terminal) draw(lines []string) error {
	same := len(lines) == len(t.shown)
	for i := 0; same && i < len(lines); i++ {
		same = lines[i] == t.shown[i]
	}
	if same {
		return nil
	}
	t.shown = lines
	_, err := io.WriteString(t.out, home+strings.Join(lines, clearEnd+"\r\n")+clearEnd+clearAll)
	return err
}

// keys gives every key until the input ends. What an arrow or function key sends is no key here.
func (t *terminal) keys() <-chan rune {
	keys := make(chan rune)
	go func() {
		defer close(keys)
		in := bufio.NewReader(t.in)
		for {
			r, _, err := in.ReadRune()
			if err != nil {
				return
			}
			if r == '\x1b' {
				skipSequence(in)
				continue
			}
			keys <- r
		}
	}()
	return keys
}

// skipSequence passes over what follows an escape: a control sequence (ECMA-48 §5.4) or one letter of a function key, which come in one piece.
// An escape by itself is followed by nothing yet.
func skipSequence(in *bufio.Reader) {
	if in.Buffered() == 0 {
		return
	}
	switch kind, _ := in.ReadByte(); kind {
	case 'O':
		if in.Buffered() > 0 {
			in.Discard(1)
		}
	case '[':
		for in.Buffered() > 0 {
			if b, _ := in.ReadByte(); b >= 0x40 { // the final byte
				return
			}
		}
	}
}
