package report

import (
	_ "embed"
	"encoding/binary"
	"strings"
	"sync"
	"unicode"
)

// Golos Text (SIL Open Font License, font/OFL.txt), the typeface of the screens too. A PDF carries only the letters it uses.
//
// They are strings because the PDF library writes into the font it is given: each document gets a copy.
var (
	//go:embed font/GolosText-Regular.ttf
	regular string
	//go:embed font/GolosText-Bold.ttf
	bold string
)

// glyphs are the characters the typeface has; both weights have the same.
var glyphs = sync.OnceValue(func() map[rune]bool { return characters([]byte(regular)) })

// characters reads a TrueType font's map of characters: the subtable of format 4 for Windows Unicode (OpenType 1.9, cmap). The font is our own, so a wrong
// one is caught by the tests and nothing is checked here.
func characters(font []byte) map[rune]bool {
	u16 := binary.BigEndian.Uint16
	u32 := binary.BigEndian.Uint32
	var cmap []byte
	for i := range int(u16(font[4:])) {
		if record := font[12+16*i:]; string(record[:4]) == "cmap" {
			cmap = font[u32(record[8:]):]
		}
	}
	found := map[rune]bool{}
	for i := range int(u16(cmap[2:])) {
		record := cmap[4+8*i:]
		table := cmap[u32(record[4:]):]
		if u16(record) != 3 || u16(record[2:]) != 1 || u16(table) != 4 {
			continue
		}
		width := int(u16(table[6:])) // two bytes a segment
		ends, starts, deltas, offsets := table[14:], table[16+width:], table[16+2*width:], table[16+3*width:]
		for s := 0; s < width; s += 2 {
			for c := int(u16(starts[s:])); c <= int(u16(ends[s:])) && c != 0xffff; c++ {
				glyph, offset := uint16(c), int(u16(offsets[s:]))
				if offset != 0 {
					glyph = u16(offsets[s+offset+2*(c-int(u16(starts[s:]))):])
				}
				if offset == 0 || glyph != 0 {
					glyph += u16(deltas[s:])
				}
				if glyph != 0 {
					found[rune(c)] = true
				}
			}
		}
	}
	return found
}

// printable is text with what cannot be drawn taken out or shown as a question mark. Line feeds stay.
func printable(text string) string {
	have := glyphs()
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case unicode.Is(unicode.Cf, r): // joiners, direction marks, soft hyphens
			return -1
		case unicode.IsControl(r):
			return ' '
		case have[r]:
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return '?'
	}, text)
}
