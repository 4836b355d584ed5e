package report

// DayReport is staff's report of a day at a centre. Of citizens it has numbers of applications only.
type DayReport struct {
	Sheet
	Day, Centre, Made Line
	Totals            []Line // filed, decided, issued, installed, revoked
	OperatorsTitle    string
	OperatorHead      OperatorRow
	Operators         []OperatorRow
	RowsTitle         string
	Head              DayRow
	Rows              []DayRow
	None              string // stands there where nothing was filed or decided
}

// OperatorRow is what an operator decided; in the table's head it holds the columns' names.
type OperatorRow struct{ Operator, Confirmed, Rejected string }

// DayRow is an application that was filed or decided on the day; in the table's head it holds the columns' names.
type DayRow struct {
	Number, Kind, Storage, Status string
	Device                        string // the terminal's number
	FiledAt, DecidedAt            string
	Operator                      string // who decided; "" where nobody of staff did
	Reason                        string
}

func (o OperatorRow) texts() []string { return []string{o.Operator, o.Confirmed, o.Rejected} }

func (r DayRow) texts() []string {
	return []string{r.Number, r.Kind, r.Storage, r.Status, r.Device, r.FiledAt, r.DecidedAt, r.Operator, r.Reason}
}

// PDF draws the report on sheets of A4.
func (r DayReport) PDF() ([]byte, error) {
	d := newDocument(r.Sheet)
	d.facts(r.Day, r.Centre, r.Made)
	d.y += 2 * padding
	d.facts(r.Totals...)
	if len(r.Operators) > 0 {
		d.heading(r.OperatorsTitle)
		h := r.OperatorHead
		rows := make([][]string, 0, len(r.Operators))
		for _, o := range r.Operators {
			rows = append(rows, o.texts())
		}
		d.table([]column{{h.Operator, 100, 'L'}, {h.Confirmed, 40, 'R'}, {h.Rejected, 40, 'R'}}, rows)
	}
	d.heading(r.RowsTitle)
	if len(r.Rows) == 0 {
		d.note(r.None)
		return d.finish()
	}
	h := r.Head
	rows := make([][]string, 0, len(r.Rows))
	for _, row := range r.Rows {
		rows = append(rows, row.texts())
	}
	d.table([]column{
		{h.Number, 27, 'L'}, {h.Kind, 35, 'L'}, {h.Storage, 32, 'L'}, {h.Status, 33, 'L'}, {h.Device, 20, 'L'},
		{h.FiledAt, 24, 'L'}, {h.DecidedAt, 24, 'L'}, {h.Operator, 40, 'L'}, {h.Reason, 38, 'L'},
	}, rows)
	return d.finish()
}
