package printer

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// media chooses the paper for a size in millimetres: that size where the printer takes any size in a range, or has exactly this one; "" where it does not,
// for a printer refuses a job for paper that it cannot have.
func (q *Queue) media(ctx context.Context, width, height int) string {
	if width <= 0 || height <= 0 {
		return ""
	}
	printer, err := q.attributes(ctx, "media-supported")
	if err != nil {
		return ""
	}
	return choose(texts(printer, "media-supported"), width, height)
}

func choose(supported []string, width, height int) string {
	w, h := float64(width), float64(height)
	var least, most [2]float64
	for _, name := range supported {
		x, y, ok := size(name)
		switch {
		case !ok:
		case strings.HasPrefix(name, "custom_min_"):
			least = [2]float64{x, y}
		case strings.HasPrefix(name, "custom_max_"):
			most = [2]float64{x, y}
		case near(x, w) && near(y, h):
			return name
		}
	}
	if most[0] > 0 && least[0] <= w && w < most[0]+tolerance && least[1] <= h && h < most[1]+tolerance {
		return fmt.Sprintf("custom_%dx%dmm_%dx%dmm", width, height, width, height)
	}
	return ""
}

// tolerance is by how much names of paper are rounded, in millimetres.
const tolerance = 0.5

func near(a, b float64) bool { return a-b < tolerance && b-a < tolerance }

// size reads the size in millimetres out of a self-describing name, class_name_WIDTHxHEIGHTunit (PWG 5101.1 §5).
func size(name string) (width, height float64, ok bool) {
	dimensions := name[strings.LastIndexByte(name, '_')+1:]
	factor := 1.0
	if inches, found := strings.CutSuffix(dimensions, "in"); found {
		dimensions, factor = inches, 25.4
	} else if dimensions, found = strings.CutSuffix(dimensions, "mm"); !found {
		return 0, 0, false
	}
	x, y, found := strings.Cut(dimensions, "x")
	width, errX := strconv.ParseFloat(x, 64)
	height, errY := strconv.ParseFloat(y, 64)
	if !found || errX != nil || errY != nil {
		return 0, 0, false
	}
	return width * factor, height * factor, true
}
