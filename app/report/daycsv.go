package report

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"unicode"
)

// CSV writes the report as a table for spreadsheets: the facts and totals, the operators and the applications, with an empty line between them.
//
// It is laid for a spreadsheet set to Kazakh or Russian, whose separator of lists is the semicolon (Unicode CLDR, numbers/list of kk and ru): UTF-8 with a
// byte order mark, without which Cyrillic is taken for another encoding, and lines ended by CR LF (RFC 4180 §2).
func (r DayReport) CSV() ([]byte, error) {
	out := bytes.NewBufferString("\ufeff")
	w := csv.NewWriter(out)
	w.Comma, w.UseCRLF = ';', true
	w.Write(defused(r.Title)) // a writer keeps its first error for the end
	if r.Notice != "" {
		w.Write(defused(r.Notice))
	}
	for _, l := range append([]Line{r.Day, r.Centre, r.Made}, r.Totals...) {
		if l.Value != "" {
			w.Write(defused(l.Label, l.Value))
		}
	}
	if len(r.Operators) > 0 {
		w.Write(nil)
		w.Write(defused(r.OperatorsTitle))
		w.Write(defused(r.OperatorHead.texts()...))
		for _, o := range r.Operators {
			w.Write(defused(o.texts()...))
		}
	}
	w.Write(nil)
	w.Write(defused(r.RowsTitle))
	w.Write(defused(r.Head.texts()...))
	for _, row := range r.Rows {
		w.Write(defused(row.texts()...))
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return nil, fmt.Errorf("write a table: %w", err)
	}
	return out.Bytes(), nil
}

// defused are cells that no spreadsheet takes for a formula: one that begins like a formula begins with an apostrophe (OWASP, CSV Injection), also after
// spaces and in the wide forms of the signs. Control characters, line feeds among them, become spaces: a cell is one line.
func defused(cells ...string) []string {
	safe := make([]string, len(cells))
	for i, cell := range cells {
		cell = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return ' '
			}
			return r
		}, cell)
		cell = strings.TrimSpace(cell)
		if cell != "" && strings.ContainsAny(string([]rune(cell)[:1]), "=+-@＝＋－＠") {
			cell = "'" + cell
		}
		safe[i] = cell
	}
	return safe
}
