package window

import (
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"
)

const drawn = `[{"state":{"lang":"kk","centre":{},"online":false,"devices":[]},"html":"<p>⟦centre⟧</p>"}]`

func TestDrawing_OnlyOfTheStateThatWasDrawn(t *testing.T) {
	looks := readLooks(fstest.MapFS{"looks.json": {Data: []byte(drawn)}}, slog.New(slog.DiscardHandler))
	for _, c := range []struct{ name, first, want string }{
		{"the same", `{"state":{"seq":7,"display":{"widthPx":1920},"lang":"kk","centre":{"name":"A & <b>"},"online":false,"devices":[]}}`, "<p>A &amp; &lt;b&gt;</p>"},
		{"another line", `{"state":{"seq":7,"lang":"kk","centre":{"name":"A"},"online":true,"devices":[]}}`, ""},
		{"something more to show", `{"state":{"seq":7,"lang":"kk","centre":{"name":"A"},"online":false,"devices":[],"notice":{}}}`, ""},
		{"no state", `{}`, ""},
		{"no JSON", `<`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := drawing([]byte(c.first), looks)
			if got != c.want {
				t.Errorf("%q, not %q", got, c.want)
			}
			if page := string(firstElements([]byte(c.first), looks)); strings.Contains(page, `id="look"`) != (c.want != "") {
				t.Error(page)
			}
		})
	}
}

// A page without drawings is a page that draws itself.
func TestReadLooks_NoneAndBrokenOnes(t *testing.T) {
	for _, files := range []fstest.MapFS{{}, {"looks.json": {Data: []byte("<")}}} {
		if looks := readLooks(files, slog.New(slog.DiscardHandler)); looks != nil {
			t.Errorf("%v", looks)
		}
	}
}
