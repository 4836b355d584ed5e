package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// lookEvery is how often the screen looks whether something changed that another dock, a script or the kiosk did.
const lookEvery = 300 * time.Millisecond

// slowBy is the delay of a line slowed by one key.
const slowBy = 800 * time.Millisecond

// errQuit ends the shell.
var errQuit = errors.New("quit")

// view is everything the shell shows.
type view struct {
	tokens []tokenView
	people []Person
	stick  bool
	files  []string // key files on the stick, whether it is in or out
	line   lineState
}

// look reads the house anew.
func (h house) look() (view, error) {
	tokens, err := h.tokensNow()
	if err != nil {
		return view{}, err
	}
	people, err := h.cast()
	if err != nil {
		return view{}, err
	}
	line, err := h.lineIs()
	return view{tokens, people, h.stickPlugged(), h.stickFiles(), line}, err
}

// shell shows the house: on a terminal as one screen that is drawn anew in place, elsewhere as lines.
func (d *dock) shell(args []string) error {
	if err := none("shell", args, nil); err != nil {
		return err
	}
	if !d.stands() {
		return fmt.Errorf("show %s: %w", d.dir, errNoHouse)
	}
	if in, ok := d.in.(*os.File); ok {
		if out, ok := d.out.(*os.File); ok {
			if t, err := openTerminal(in, out); err == nil {
				return d.screen(t)
			}
		}
	}
	return d.lines()
}

// key does what one key says and returns the sentence to show.
func (d *dock) key(v view, key rune) (sentence, error) {
	var said strings.Builder
	quiet := &dock{house: d.house, ctx: d.ctx, out: &said}
	err := quiet.press(v, key)
	if errors.Is(err, errQuit) {
		return sentence{}, err
	}
	if err != nil {
		return sentence{err.Error(), true}, nil
	}
	lines := strings.Split(strings.TrimSpace(said.String()), "\n")
	return sentence{text: lines[len(lines)-1]}, nil
}

// press is key without the catching of its sentence.
func (d *dock) press(v view, key rune) error {
	switch {
	case strings.ContainsRune(tokenKeys, key) && strings.IndexRune(tokenKeys, key) < len(v.tokens):
		t := v.tokens[strings.IndexRune(tokenKeys, key)]
		return d.moveToken(t.Name, !t.Plugged)
	case key == 's':
		return d.stick([]string{inOut(!v.stick)})
	case key == 'l':
		if v.line.kind == lineOpen {
			return d.lineCommand([]string{lineCut})
		}
		return d.lineCommand([]string{"restore"})
	case key == 'o':
		if v.line.kind == lineSlow {
			return d.lineCommand([]string{"restore"})
		}
		return d.lineCommand([]string{lineSlow, slowBy.String()})
	case key == 'x':
		for _, t := range v.tokens {
			if t.Plugged {
				if err := d.moveToken(t.Name, false); err != nil {
					return err
				}
			}
		}
		return d.stick([]string{"out"})
	case key == 'q', key == 4: // ^D
		return errQuit
	default:
		return usage("no such key; ? shows them")
	}
}

// screen runs on a terminal until q, the end of input, or a signal.
func (d *dock) screen(t *terminal) error {
	defer t.close()
	resized := make(chan os.Signal, 1)
	signal.Notify(resized, syscall.SIGWINCH)
	defer signal.Stop(resized)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	keys := t.keys()
	var said sentence
	var helping bool
	for {
		v, err := d.look()
		if err != nil {
			said = sentence{err.Error(), true}
		}
		width, height := t.size()
		if err := t.draw(page(v, said, helping, width, height, t.colours)); err != nil {
			return fmt.Errorf("draw: %w", err)
		}
		select {
		case <-d.ctx.Done():
			return nil
		case <-resized:
		case <-tick.C:
		case key, open := <-keys:
			if !open {
				return nil
			}
			if key == '?' || helping {
				helping, said = !helping, sentence{}
				continue
			}
			if said, err = d.key(v, key); err != nil {
				return nil // q
			}
		}
	}
}

// lines is the shell where there is no terminal: a command a line, one-key or whole, and a sentence back.
func (d *dock) lines() error {
	show := func() error {
		v, err := d.look()
		if err == nil {
			for _, line := range page(v, sentence{}, false, 120, 0, false) {
				fmt.Fprintln(d.out, line)
			}
		}
		return err
	}
	if err := show(); err != nil {
		return err
	}
	read := make(chan string)
	go func() {
		defer close(read)
		in := bufio.NewScanner(io.LimitReader(d.in, 1<<20))
		for in.Scan() {
			select {
			case read <- strings.TrimSpace(in.Text()):
			case <-d.ctx.Done():
				return
			}
		}
	}()
	for {
		var line string
		var open bool
		select {
		case <-d.ctx.Done():
			return nil
		case line, open = <-read:
		}
		if !open {
			return nil
		}
		words := strings.Fields(line)
		v, err := d.look()
		if err != nil {
			return err
		}
		switch {
		case len(words) == 0:
			err = show()
		case line == "?" || line == "help":
			for _, l := range helpLines {
				fmt.Fprintln(d.out, l)
			}
		case line == "quit" || line == "exit":
			return nil
		case len([]rune(line)) == 1:
			err = d.press(v, []rune(line)[0])
		case words[0] == "shell" || words[0] == "line" && len(words) > 1 && words[1] == "serve":
			err = usage("not from here")
		default:
			err = d.do(words)
		}
		if errors.Is(err, errQuit) {
			return nil
		}
		if err != nil {
			fmt.Fprintln(d.out, err)
		}
	}
}
