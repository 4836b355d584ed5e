package report

// KeysReport is the cabinet's report on a citizen's certificates: when and how each was issued, and what has become of it.
type KeysReport struct {
	Sheet
	Name, IIN, Made, Centre Line // whose, and when and where the report was made
	Head                    KeyRow
	Keys                    []KeyRow
	None                    string // stands there where there is no certificate
	Note                    string // below the table: what the report is good for
}

// KeyRow is a certificate; in the table's head it holds the columns' names.
type KeyRow struct {
	Use     string // what for
	Serial  string
	Valid   string // from – to
	State   string // valid, revoked and when, expired
	Issued  string // when
	How     string // how it was issued
	Storage string
	Number  string // of the application
}

// PDF draws the report on sheets of A4.
func (r KeysReport) PDF() ([]byte, error) {
	d := newDocument(r.Sheet)
	d.facts(r.Name, r.IIN, r.Made, r.Centre)
	d.y += 2 * padding
	if len(r.Keys) == 0 {
		d.note(r.None)
	} else {
		h := r.Head
		rows := make([][]string, 0, len(r.Keys))
		for _, k := range r.Keys {
			rows = append(rows, []string{k.Use, k.Serial, k.Valid, k.State, k.Issued, k.How, k.Storage, k.Number})
		}
		d.table([]column{
			{h.Use, 42, 'L'}, {h.Serial, 46, 'L'}, {h.Valid, 28, 'L'}, {h.State, 34, 'L'},
			{h.Issued, 27, 'L'}, {h.How, 37, 'L'}, {h.Storage, 32, 'L'}, {h.Number, 27, 'L'},
		}, rows)
	}
	d.note(r.Note)
	return d.finish()
}
