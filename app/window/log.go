package window

import (
	"log/slog"
	"strings"
)

// quiet is Wails' logger. Wails v2.16 logs a call that could not be dispatched, or that panicked, together with its
// arguments (internal/frontend/dispatcher/dispatcher.go); those may hold a PIN. So only the kind of event is kept.
type quiet struct{ log *slog.Logger }

func (q quiet) Print(string)   {}
func (q quiet) Trace(string)   {}
func (q quiet) Debug(string)   {}
func (q quiet) Info(string)    {}
func (q quiet) Warning(string) { q.log.Warn("window library warns") }
func (q quiet) Error(m string) { q.log.Error("window library reports an error", "about", about(m)) }
func (q quiet) Fatal(m string) { q.log.Error("window library gave up", "about", about(m)) }

// about keeps the words before the first sign that could begin somebody's data.
func about(m string) string {
	if i := strings.IndexAny(m, "{[(\"'`:0123456789"); i >= 0 {
		m = m[:i]
	}
	return strings.TrimSpace(m)
}
