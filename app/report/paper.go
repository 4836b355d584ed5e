package report

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// Sheet is what every report has.
type Sheet struct {
	Language string // "kk", "ru" or "en": for programs that read a PDF aloud
	Title    string
	Notice   string    // stands in a frame on every page, as "sandbox" does; "" where there is none
	Page     string    // the word before a page's number
	MadeAt   time.Time // the time a file gives for its making
}

// Line is a label and its value. A line without a value is left out.
type Line struct{ Label, Value string }

const (
	margin    = 12.0 // millimetres, as all lengths here
	footer    = 8.0  // kept free above the bottom margin
	typeface  = "Golos"
	perPoint  = 25.4 / 72 // millimetres in a point
	leading   = 1.3       // height of a line, in heights of the letters
	ascent    = 0.95      // where letters stand in a line, in heights of the letters
	padding   = 1.2
	hairline  = 0.15
	frameLine = 0.4
)

// paper is a document being drawn from top to bottom.
type paper struct {
	pdf           *fpdf.Fpdf
	width, height float64
	left          float64 // margins at the sides
	y             float64 // where the next thing goes
	size          float64 // of the letters, in points
}

// newPaper begins a document of pages of that size, without a page yet.
func newPaper(sheet Sheet, width, height, left float64) *paper {
	pdf := fpdf.NewCustom(&fpdf.InitType{OrientationStr: "P", UnitStr: "mm", Size: fpdf.SizeType{Wd: width, Ht: height}})
	pdf.SetCatalogSort(true) // the order of fonts and resources is otherwise a matter of chance
	pdf.SetCreationDate(sheet.MadeAt.UTC())
	pdf.SetModificationDate(sheet.MadeAt.UTC())
	pdf.SetTitle(printable(sheet.Title), true)
	pdf.SetLang(sheet.Language)
	pdf.SetProducer("Tirkeu", false)
	pdf.SetAutoPageBreak(false, 0)
	pdf.AddUTF8FontFromBytes(typeface, "", []byte(regular))
	pdf.AddUTF8FontFromBytes(typeface, "B", []byte(bold))
	p := &paper{pdf: pdf, width: width, height: height, left: left}
	p.font("", 10)
	return p
}

// font chooses the weight ("" or "B") and the size in points.
func (p *paper) font(weight string, size float64) {
	p.pdf.SetFont(typeface, weight, size)
	p.size = size
}

// line is the height of a line of text.
func (p *paper) line() float64 { return p.size * perPoint * leading }

// inner is the width between the margins.
func (p *paper) inner() float64 { return p.width - 2*p.left }

// put draws one line of text whose box begins at x, y; align is 'L', 'C' or 'R' in a box of that width.
func (p *paper) put(x, y, width float64, align byte, text string) {
	if text == "" {
		return
	}
	switch free := width - p.pdf.GetStringWidth(text); align {
	case 'C':
		x += free / 2
	case 'R':
		x += free
	}
	p.pdf.Text(x, y+ascent*p.size*perPoint, text)
}

// write draws text in lines as wide as the page and goes on below it.
func (p *paper) write(align byte, text string) {
	for _, line := range p.wrap(text, p.inner()) {
		p.put(p.left, p.y, p.inner(), align, line)
		p.y += p.line()
	}
}

// framed draws text in a frame as wide as the page.
func (p *paper) framed(text string) {
	lines := p.wrap(text, p.inner()-4*padding)
	height := float64(len(lines))*p.line() + 2*padding
	p.pdf.SetLineWidth(frameLine)
	p.pdf.Rect(p.left, p.y, p.inner(), height, "D")
	y := p.y + padding
	for _, line := range lines {
		p.put(p.left, y, p.inner(), 'C', line)
		y += p.line()
	}
	p.y += height
}

// wrap cuts text into lines no wider than width, at spaces; a word that is wider is cut where it must be. Spaces that may not break (U+00A0) do not.
func (p *paper) wrap(text string, width float64) []string {
	var lines []string
	fits := func(s string) bool { return p.pdf.GetStringWidth(s) <= width }
	for paragraph := range strings.SplitSeq(printable(text), "\n") {
		line := ""
		for word := range strings.SplitSeq(paragraph, " ") {
			if word == "" {
				continue
			}
			if line != "" && fits(line+" "+word) {
				line += " " + word
				continue
			}
			if line != "" {
				lines = append(lines, line)
			}
			for !fits(word) {
				cut := p.cut(word, width)
				if cut == len(word) {
					break
				}
				lines = append(lines, word[:cut])
				word = word[cut:]
			}
			line = word
		}
		lines = append(lines, line)
	}
	return lines
}

// cut gives how many bytes of a word fit, at least one character's.
func (p *paper) cut(word string, width float64) int {
	fitting := 0
	for i, r := range word {
		end := i + len(string(r))
		if i > 0 && p.pdf.GetStringWidth(word[:end]) > width {
			break
		}
		fitting = end
	}
	return fitting
}

// bytes ends the document.
func (p *paper) bytes() ([]byte, error) {
	var out bytes.Buffer
	if err := p.pdf.Output(&out); err != nil {
		return nil, fmt.Errorf("write a PDF: %w", err)
	}
	return out.Bytes(), nil
}
