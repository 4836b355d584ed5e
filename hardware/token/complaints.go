package token

import (
	"bytes"
	"log/slog"
	"regexp"
	"sync/atomic"
)

const (
	complaintLines  = 50  // one worker may write so many lines into the kiosk's log
	complaintLength = 300 // octets of a line that are kept
)

// complaints takes what a worker and its module write to standard error, and logs it line by line: bounded, scrubbed, and not at all once
// a PIN was sent, for nobody knows what a module prints.
type complaints struct {
	log     *slog.Logger
	private *atomic.Bool
	line    []byte
	lines   int
}

// Write never fails; only exec's copying goroutine calls it.
func (c *complaints) Write(text []byte) (int, error) {
	n := len(text)
	for len(text) > 0 {
		part, rest, whole := bytes.Cut(text, []byte("\n"))
		if room := complaintLength - len(c.line); room > 0 {
			c.line = append(c.line, part[:min(room, len(part))]...)
		}
		if !whole {
			break
		}
		c.flush()
		text = rest
	}
	return n, nil
}

func (c *complaints) flush() {
	c.lines++
	if c.lines <= complaintLines && !c.private.Load() {
		c.log.Debug("token module says", "text", scrub(string(c.line)))
	}
	clear(c.line)
	c.line = c.line[:0]
}

var secretLike = regexp.MustCompile(`[0-9A-Za-z]*[0-9][0-9A-Za-z]{3,}`)

// scrub masks everything in a complaint that might be a PIN or a serial number, and control characters.
func scrub(text string) string {
	out := []rune(secretLike.ReplaceAllString(text, "#"))
	for i, r := range out {
		if r < ' ' || r == 0x7f {
			out[i] = ' '
		}
	}
	return string(out)
}
