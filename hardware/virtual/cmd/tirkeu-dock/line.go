package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

// lineState is what the line to the centre does to what is sent over it.
type lineState struct {
	kind  string
	delay time.Duration // of lineSlow: how long each piece is held back
}

// The kinds of line.
const (
	lineOpen    = "open"    // everything passes
	lineCut     = "cut"     // connections are broken off, new ones refused
	lineSlow    = "slow"    // everything passes, late
	lineSilent  = "silent"  // connections stand, nothing passes
	lineGarbled = "garbled" // what comes back is not what was sent
)

// followsWithin is how long the line may take to change; more is a hang.
const followsWithin = 5 * time.Second

// String is the state as it stands in the file.
func (s lineState) String() string {
	if s.kind == lineSlow {
		return fmt.Sprintf("%s %s", s.kind, s.delay)
	}
	return s.kind
}

// parseLine reads a state. A slow line names its delay, at most a minute.
func parseLine(text string) (lineState, error) {
	kind, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	switch kind {
	case lineSlow:
		delay, err := time.ParseDuration(strings.TrimSpace(rest))
		if err != nil || delay <= 0 || delay > time.Minute {
			return lineState{}, fmt.Errorf("a slow line needs a delay up to a minute, such as 300ms, not %q", rest)
		}
		return lineState{kind, delay}, nil
	case lineOpen, lineCut, lineSilent, lineGarbled:
		if rest == "" {
			return lineState{kind: kind}, nil
		}
	}
	return lineState{}, fmt.Errorf("a line is open, cut, slow, silent or garbled, not %q", text)
}

// lineIs reads the state. A house without the file has an open line; a file nobody can read has cut it, for then somebody meant something by it.
func (h house) lineIs() (lineState, error) {
	data, err := os.ReadFile(h.line())
	if errors.Is(err, os.ErrNotExist) {
		return lineState{kind: lineOpen}, nil
	}
	if err != nil {
		return lineState{kind: lineCut}, fmt.Errorf("look at the line: %w", err)
	}
	s, err := parseLine(string(data))
	if err != nil {
		return lineState{kind: lineCut}, fmt.Errorf("look at the line: %w", err)
	}
	return s, nil
}

// setLine writes the state and waits until the proxy that serves this house, if there is one, has made the line so.
func (h house) setLine(s lineState) error {
	if err := writeFile(h.line(), []byte(s.String()+"\n")); err != nil {
		return fmt.Errorf("change the line: %w", err)
	}
	c, err := net.Dial("unix", h.lineAsked())
	if err != nil {
		return nil // nobody serves it: who does later begins with this state
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(followsWithin))
	if _, err := io.ReadAll(c); err != nil {
		return fmt.Errorf("change the line: who serves it does not follow: %w", err)
	}
	return nil
}
