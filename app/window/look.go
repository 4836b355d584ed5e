package window

import (
	"encoding/json"
	"html"
	"io/fs"
	"log/slog"
	"reflect"
	"strings"
)

// look is a state of the attract screen as the page's build has drawn it (frontend/looks.js).
type look struct {
	State map[string]any // a snapshot without seq, display and the centre's name
	HTML  string
}

// centreHole is where a drawing has the centre's name.
const centreHole = "⟦centre⟧"

// readLooks reads what the page's build has drawn; without any the page draws itself.
func readLooks(assets fs.FS, log *slog.Logger) []look {
	var looks []look
	text, err := fs.ReadFile(assets, "looks.json")
	if err == nil {
		err = json.Unmarshal(text, &looks)
	}
	if err != nil {
		log.Warn("the first screen was not drawn beforehand", "error", err)
	}
	return looks
}

// drawing is the drawing of a first state; empty when there is none.
func drawing(first []byte, looks []look) string {
	var now struct{ State map[string]any }
	err := json.Unmarshal(first, &now)
	if err != nil {
		return ""
	}
	centre, _ := now.State["centre"].(map[string]any)
	name, _ := centre["name"].(string)
	delete(centre, "name")
	delete(now.State, "seq")
	delete(now.State, "display")
	for _, l := range looks {
		if reflect.DeepEqual(l.State, now.State) {
			return strings.ReplaceAll(l.HTML, centreHole, html.EscapeString(name))
		}
	}
	return ""
}
