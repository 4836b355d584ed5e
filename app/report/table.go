package report

// column is one of a table: its head, its width in millimetres, and how its cells are laid ('L' or 'R').
type column struct {
	head  string
	width float64
	align byte
}

// table draws rows under a head that every page repeats. A row stays on one page unless it is taller than a page.
func (d *document) table(columns []column, rows [][]string) {
	heads := make([]string, len(columns))
	for i, c := range columns {
		heads[i] = c.head
	}
	d.font("B", 9)
	head := d.cells(columns, heads)
	d.font("", 9)
	smallest := d.tall(head) + d.tall([][]string{{""}})
	d.room(smallest)
	d.headRow(columns, head)
	for _, row := range rows {
		d.font("", 9)
		rest := d.cells(columns, row)
		for d.tall(rest) > 0 {
			fresh := false
			if d.y+d.tall(rest) > d.bottom() {
				d.page()
				d.headRow(columns, head)
				fresh = true
			}
			d.font("", 9)
			lines := int((d.bottom() - d.y - 2*padding) / d.line())
			if !fresh || lines < 1 {
				lines = highest(rest)
			}
			var now [][]string
			now, rest = split(rest, max(lines, 1))
			d.row(columns, now)
		}
	}
	d.font("", 9)
}

func (d *document) headRow(columns []column, head [][]string) {
	d.font("B", 9)
	d.pdf.SetFillColor(232, 232, 232)
	d.pdf.Rect(d.left, d.y, total(columns), d.tall(head), "F")
	d.row(columns, head)
}

// row draws cells that are cut into lines already, and the line below them.
func (d *document) row(columns []column, cells [][]string) {
	x := d.left
	for i, c := range columns {
		y := d.y + padding
		for _, line := range cells[i] {
			d.put(x+padding, y, c.width-2*padding, c.align, line)
			y += d.line()
		}
		x += c.width
	}
	d.y += d.tall(cells)
	d.pdf.SetLineWidth(hairline)
	d.pdf.Line(d.left, d.y, d.left+total(columns), d.y)
}

// cells cuts a row's texts into lines, in the present font.
func (d *document) cells(columns []column, row []string) [][]string {
	cut := make([][]string, len(columns))
	for i, c := range columns {
		cut[i] = d.wrap(row[i], c.width-2*padding)
	}
	return cut
}

// tall is how much of a page cells take; none at all when they are empty.
func (d *document) tall(cells [][]string) float64 {
	if highest(cells) == 0 {
		return 0
	}
	return float64(highest(cells))*d.line() + 2*padding
}

func highest(cells [][]string) int {
	most := 0
	for _, c := range cells {
		most = max(most, len(c))
	}
	return most
}

// split takes the first lines of each cell.
func split(cells [][]string, lines int) (first, rest [][]string) {
	for _, c := range cells {
		n := min(lines, len(c))
		first = append(first, c[:n])
		rest = append(rest, c[n:])
	}
	return first, rest
}

func total(columns []column) float64 {
	sum := 0.0
	for _, c := range columns {
		sum += c.width
	}
	return sum
}
