//go:build !(linux && cgo && production && training)

package window

const (
	programName = "tirkeu" // what the window's library calls its own folders by
	title       = "Tirkeu"
)

// prepareBand has nothing to prepare: only the training program has a band over its screens.
func prepareBand(Options) {}
