package report

import (
	"fmt"
	"strconv"
	"time"

	"rsc.io/qr"
)

// Receipt is what a citizen takes along after applying. It can be lost and found by anybody, so it says nothing of who applied.
type Receipt struct {
	Language    string // "kk", "ru" or "en"
	Title       string
	Notice      string // stands in a frame, as "sandbox" does; "" where there is none
	NumberLabel string
	Number      string // as people read it, in groups
	Code        string // what the QR code says: the number alone
	Made        Line   // date and time
	Centre      Line
	NextTitle   string
	Next        []string // what to do next, step by step
	Limit       string   // until when
	MadeAt      time.Time
}

const (
	rollWidth  = 80.0 // of a receipt printer's paper
	rollMargin = 4.0  // such printers print on 72 mm
	rollLeast  = 90.0 // a page wider than high would be turned by 90°
	codeSide   = 40.0
)

// PDF draws the receipt on a page 80 mm wide and as high as it needs.
func (r Receipt) PDF() ([]byte, error) {
	code, err := qr.Encode(r.Code, qr.M)
	if err != nil {
		return nil, fmt.Errorf("draw the code of a receipt: %w", err)
	}
	rule := r.draw(2000, code) // once on endless paper, to learn the height
	return r.draw(max(rule.y+rollMargin, rollLeast), code).bytes()
}

func (r Receipt) draw(height float64, code *qr.Code) *paper {
	p := newPaper(Sheet{Language: r.Language, Title: r.Title, MadeAt: r.MadeAt}, rollWidth, height, rollMargin)
	p.pdf.AddPage()
	p.y = rollMargin
	if r.Notice != "" {
		p.font("B", 9)
		p.framed(r.Notice)
		p.y += 2 * padding
	}
	p.font("B", 13)
	p.write('C', r.Title)
	p.y += padding
	p.font("", 9)
	p.write('C', r.NumberLabel)
	p.large(r.Number)
	p.y += padding
	p.code(code)
	p.y += 2 * padding
	for _, l := range []Line{r.Made, r.Centre} {
		if l.Value == "" {
			continue
		}
		p.font("", 9)
		p.write('L', l.Label)
		p.font("B", 9)
		p.write('L', l.Value)
		p.y += padding / 2
	}
	if len(r.Next) > 0 {
		p.y += padding
		p.font("B", 10)
		p.write('L', r.NextTitle)
		p.font("", 9)
		for i, step := range r.Next {
			p.write('L', strconv.Itoa(i+1)+".\u00a0"+step)
			p.y += padding / 2
		}
	}
	if r.Limit != "" {
		p.y += padding
		p.font("B", 10)
		p.framed(r.Limit)
	}
	return p
}

// large writes one line as large as the paper allows, 26 points at most.
func (p *paper) large(text string) {
	text = printable(text)
	p.font("B", 26)
	if wide := p.pdf.GetStringWidth(text); wide > p.inner() {
		p.font("B", max(8, 26*p.inner()/wide))
	}
	p.write('C', text)
}

// code draws a QR code in the middle of the line. The paper beside it is its quiet zone (ISO/IEC 18004 §6.3.8: four modules), which the gaps above and
// below give too.
func (p *paper) code(code *qr.Code) {
	module := codeSide / float64(code.Size)
	left, top := (p.width-codeSide)/2, p.y+4*module
	p.pdf.SetFillColor(0, 0, 0)
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			first := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if x > first { // one rectangle a run: neighbours would show a seam
				p.pdf.Rect(left+float64(first)*module, top+float64(y)*module, float64(x-first)*module, module, "F")
			}
		}
	}
	p.y = top + codeSide + 4*module
}
