package main

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What the screen is painted with (ECMA-48 §8.3.117). A colour never says anything that a word beside it does not.
const (
	plain  = "\x1b[0m"
	bold   = "\x1b[1m"
	dim    = "\x1b[2m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	red    = "\x1b[31m"
	blue   = "\x1b[36m"
)

// tokenKeys are the keys of the tokens, in their order.
const tokenKeys = "1234567890abcd"

// helpLines is what ? shows.
var helpLines = []string{
	"1 … 0, a …   plug that token in, or pull it out",
	"s            plug the stick in, or pull it out",
	"l            cut the line to the centre, or restore it",
	"o            slow the line down, or restore it",
	"x            pull everything out",
	"q            leave; everything stays as it is",
	"",
	"PINs are those the tokens were made with: the kiosk may have changed them since. The administrator's is 87654321 on every one.",
	"More is done from a shell, see tirkeu-dock --help: faults of tokens, a silent or garbled line.",
}

// sentence is what the last key brought about.
type sentence struct {
	text      string
	complaint bool
}

// painter cuts and colours.
type painter struct {
	width   int
	colours bool
	lines   []string
}

// paint puts text in a colour, if there are any.
func (p *painter) paint(colour, text string) string {
	if !p.colours || text == "" {
		return text
	}
	return colour + text + plain
}

// add adds a line, cut to the width.
func (p *painter) add(parts ...string) {
	p.lines = append(p.lines, cut(strings.Join(parts, ""), p.width))
}

// page is the whole screen in at most height lines of width columns. A height of 0 has no end.
func page(v view, said sentence, helping bool, width, height int, colours bool) []string {
	p := &painter{width: width, colours: colours}
	p.add(p.paint(bold, "  Tirkeu"), " · the dock", p.paint(dim, "   tokens, stick, people and line of a kiosk without hardware"))
	p.add(p.paint(dim, "  "+strings.Repeat("─", max(0, min(width, 100)-4))))
	foot := p.foot(said)
	room := height - len(p.lines) - len(foot)
	body := p.body(v, helping, airy)
	for _, narrower := range []air{tight, dense} {
		if height > 0 && len(body) > room {
			body = p.body(v, helping, narrower)
		}
	}
	if height > 0 && len(body) > room {
		body = body[:max(0, room)]
	}
	lines := append(p.lines, body...)
	for height > 0 && len(lines) < height-len(foot) {
		lines = append(lines, "")
	}
	return append(lines, foot...)
}

// foot is the keys, and what was said last.
func (p *painter) foot(said sentence) []string {
	f := &painter{width: p.width, colours: p.colours}
	colour := green
	if said.complaint {
		colour = yellow
	}
	f.add("  ", f.paint(colour, clean(said.text)))
	key := func(k, does string) string { return f.paint(bold, k) + " " + f.paint(dim, does) + "   " }
	f.add("  ", key("1-0 a-d", "token"), key("s", "stick"), key("l", "line"), key("o", "slow"), key("x", "all out"), key("?", "help"), key("q", "quit"))
	return f.lines
}

// air is how much room the tables take.
type air int

const (
	airy  air = iota // lines between the tables
	tight            // none
	dense            // who has a token stands beside it alone
)

// body is the tables.
func (p *painter) body(v view, helping bool, room air) []string {
	b := &painter{width: p.width, colours: p.colours}
	gap := func() {
		if room == airy {
			b.add("")
		}
	}
	if helping {
		gap()
		for _, line := range helpLines {
			b.add("  ", line)
		}
		gap()
		b.add(b.paint(dim, "  any key goes back"))
		return b.lines
	}
	gap()
	b.add(b.paint(blue, "  TOKENS"))
	names, pins, iins := 0, 4, map[string]string{"": ""}
	for _, q := range v.people {
		iins[q.Token] = q.IIN
	}
	for _, t := range v.tokens {
		names, pins = max(names, width(t.Name)), max(pins, width(t.PIN))
	}
	for i, t := range v.tokens {
		if room == dense {
			t.Owner = strings.TrimSpace(iins[t.Name] + " " + t.Owner)
		}
		b.token(i, t, names, pins, room)
	}
	gap()
	b.add(b.paint(blue, "  PEOPLE"))
	long := 0
	for _, q := range v.people {
		long = max(long, width(q.Name()))
	}
	for _, q := range v.people {
		has := q.Token
		switch {
		case has != "" && room == dense:
			continue
		case has == "" && q.Role == stranger:
			has = "not in the register"
		case has == "":
			has = "the stick"
		}
		b.add("     ", q.IIN, "  ", pad(q.Name(), long), "  ", b.role(q.Role), "  ", b.paint(dim, has))
	}
	gap()
	b.add(b.paint(blue, "  STICK"), "   ", b.dot(v.stick), "  ", b.paint(dim, onStick(v.files)))
	b.add(b.paint(blue, "  LINE "), "   ", b.state(v.line))
	return b.lines
}

// onStick says what keys lie on the stick.
func onStick(files []string) string {
	if len(files) == 0 {
		return "no keys on it"
	}
	return strings.Join(files, "  ")
}

// token is one row: its key, in or out, name, kind, PIN, whose it is or what is the matter.
func (b *painter) token(i int, t tokenView, names, pins int, room air) {
	key := " "
	if i < len(tokenKeys) {
		key = tokenKeys[i : i+1]
	}
	name := pad(t.Name, names)
	if t.Plugged {
		name = b.paint(bold, name)
	}
	matter := ""
	switch t.State {
	case "blank":
		matter = b.paint(yellow, "not initialised")
	case "locked":
		matter = b.paint(red, "PIN locked")
	case "faulty":
		matter = b.paint(yellow, "faulty")
	}
	switch {
	case t.Owner != "" && room == dense: // the end of the line may be cut
		matter = strings.TrimSpace(matter + "  " + t.Owner)
	case t.Owner != "":
		matter = strings.TrimSpace(t.Owner + "  " + matter)
	}
	if t.Owner == "" && matter == "" {
		matter = b.paint(dim, "nobody's")
	}
	kind := pad(kindWords[t.Kind], 8) + "  "
	if room == dense {
		kind = "" // the name tells it, too
	}
	b.add("  ", b.paint(bold, key), "  ", b.dot(t.Plugged), "  ", name, "  ", kind, pad(orDash(t.PIN), pins), "  ", b.role(t.Role), "  ", matter)
}

// dot says in or out, by shape, word and colour.
func (b *painter) dot(in bool) string {
	if in {
		return b.paint(green, "● in ")
	}
	return b.paint(dim, "○ out")
}

func (b *painter) role(role string) string {
	text := pad(orDash(role), 10)
	switch role {
	case operator, technician:
		return b.paint(bold, text)
	case "":
		return b.paint(dim, text)
	}
	return text
}

func (b *painter) state(line lineState) string {
	switch line.kind {
	case lineOpen:
		return b.paint(green, "● open")
	case lineCut:
		return b.paint(red, "✕ cut")
	default:
		return b.paint(yellow, "◐ "+line.String())
	}
}

// width is how many columns a text takes: all letters here are one column wide, marks none.
func width(text string) int {
	n := 0
	for _, r := range text {
		if !unicode.Is(unicode.Mn, r) {
			n++
		}
	}
	return n
}

func pad(text string, n int) string { return text + strings.Repeat(" ", max(0, n-width(text))) }

// clean takes out of a sentence what would act on the terminal.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}

// cut shortens a painted line to n columns; what paints takes none.
func cut(line string, n int) string {
	if n <= 0 {
		return ""
	}
	var out strings.Builder
	columns, painted := 0, false
	for i := 0; i < len(line); {
		if line[i] == '\x1b' {
			end := strings.IndexByte(line[i:], 'm')
			if end < 0 {
				break
			}
			painted = line[i:i+end+1] != plain
			out.WriteString(line[i : i+end+1])
			i += end + 1
			continue
		}
		r, size := utf8.DecodeRuneInString(line[i:])
		if !unicode.Is(unicode.Mn, r) {
			columns++
		}
		if columns == n && width(strip(line[i+size:])) > 0 {
			out.WriteRune('…')
			break
		}
		out.WriteRune(r)
		i += size
	}
	if painted {
		out.WriteString(plain)
	}
	return strings.TrimRight(out.String(), " ")
}

// strip takes the paint off.
func strip(line string) string {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(line, "\x1b[")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		_, line, _ = strings.Cut(after, "m")
	}
}
