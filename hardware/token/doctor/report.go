package doctor

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/tirkeu/kiosk/hardware/token"
)

// State of a finding.
type State string

// The states.
const (
	Well      State = "well"
	Attention State = "ATTENTION"
	NotTried  State = "not tried"
)

const notTried = string(NotTried)

// Finding is what one step found.
type Finding struct {
	State State
	Name  string
	Text  string
}

// Report is what an examination found.
type Report struct {
	At       time.Time // UTC
	Token    token.Token
	Module   token.ModuleState
	Findings []Finding
	Profile  token.Profile
}

func (r *Report) add(state State, name, text string) {
	r.Findings = append(r.Findings, Finding{state, name, plain(text)})
}

// Sound says whether nothing needs looking after.
func (r *Report) Sound() bool {
	for _, f := range r.Findings {
		if f.State == Attention {
			return false
		}
	}
	return true
}

// WriteTo writes the report as text for a person.
func (r *Report) WriteTo(w io.Writer) (int64, error) {
	var text strings.Builder
	fmt.Fprintf(&text, "Examination of %s (%s), serial number %s\n", plain(r.Token.Name), plain(r.Profile.Token), plain(r.Token.Serial))
	fmt.Fprintf(&text, "Module %s: %s (%s)\n%s\n\n", plain(r.Module.Name), plain(r.Module.Path), plain(r.Module.Library), r.At.Format("2006-01-02 15:04 MST"))
	counts := map[State]int{}
	for _, f := range r.Findings {
		counts[f.State]++
		fmt.Fprintf(&text, "%-10s %-26s %s\n", f.State, f.Name, f.Text)
	}
	fmt.Fprintf(&text, "\n%d well, %d to look after, %d not tried\n", counts[Well], counts[Attention], counts[NotTried])
	n, err := io.WriteString(w, text.String())
	return int64(n), err
}

// plain keeps what a token or module said of itself from acting on a terminal.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}
