package report

import "fmt"

// a4Long and a4Short are the sides of a sheet of A4 (ISO 216).
const a4Long, a4Short = 297.0, 210.0

// document is a report of A4 sheets laid lengthwise, for its tables have many columns.
type document struct {
	*paper
	sheet Sheet
}

// newDocument begins a report with its first page and title.
func newDocument(sheet Sheet) *document {
	d := &document{paper: newPaper(sheet, a4Long, a4Short, margin), sheet: sheet}
	d.page()
	d.font("B", 16)
	d.write('L', sheet.Title)
	d.y += padding
	return d
}

// page begins a page; the second and later ones say what they belong to.
func (d *document) page() {
	d.pdf.AddPage()
	d.y = margin
	if d.sheet.Notice != "" {
		d.font("B", 10)
		d.framed(d.sheet.Notice)
		d.y += 2 * padding
	}
	if d.pdf.PageNo() > 1 {
		d.font("B", 10)
		d.write('L', d.sheet.Title)
		d.y += padding
	}
}

// bottom is where the text of a page ends.
func (d *document) bottom() float64 { return d.height - margin - footer }

// room begins a page where less than height is left on this one.
func (d *document) room(height float64) {
	if d.y+height > d.bottom() {
		d.page()
	}
}

// heading stands above what follows it, never alone at the foot of a page.
func (d *document) heading(text string) {
	if text == "" {
		return
	}
	d.room(30)
	d.y += 2 * padding
	d.font("B", 12)
	d.write('L', text)
	d.y += padding
}

// facts draws labels with their values beside them.
func (d *document) facts(lines ...Line) {
	const labels = 62.0
	for _, l := range lines {
		if l.Value == "" {
			continue
		}
		d.font("", 10)
		names := d.wrap(l.Label, labels-2*padding)
		d.font("B", 10)
		values := d.wrap(l.Value, d.inner()-labels)
		d.room(float64(max(len(names), len(values))) * d.line())
		for i := range max(len(names), len(values)) {
			if i < len(names) {
				d.font("", 10)
				d.put(d.left, d.y, labels, 'L', names[i])
			}
			if i < len(values) {
				d.font("B", 10)
				d.put(d.left+labels, d.y, d.inner()-labels, 'L', values[i])
			}
			d.y += d.line()
		}
	}
}

// note draws a sentence.
func (d *document) note(text string) {
	if text == "" {
		return
	}
	d.room(15)
	d.font("", 10)
	d.y += padding
	d.write('L', text)
}

// finish numbers the pages, for only now is known how many there are.
func (d *document) finish() ([]byte, error) {
	pages := d.pdf.PageCount()
	for n := 1; n <= pages; n++ {
		d.pdf.SetPage(n)
		d.font("", 8)
		y := d.height - margin - d.line()
		d.put(d.left, y, d.inner(), 'R', printable(fmt.Sprintf("%s %d / %d", d.sheet.Page, n, pages)))
	}
	return d.bytes()
}
