package app

import (
	"context"
	"net/url"
	"slices"
	"strings"
)

// display is a display the program knows.
type display struct {
	id, key       string
	width, height int
	diagonal      float64
}

func (d display) size() Display {
	return Display{WidthPx: d.width, HeightPx: d.height, DiagonalIn: d.diagonal}
}

var displays = []display{
	{"p21", "display.p21", 1080, 1920, 21.5},
	{"l21", "display.l21", 1920, 1080, 21.5},
	{"l10", "display.l10", 1280, 800, 10.1},
}

// displayID is the name of the configured display, or of the first one.
func (k *Kiosk) displayID() string {
	for _, d := range displays {
		if d.size() == k.cfg.Display {
			return d.id
		}
	}
	return displays[0].id
}

// setup is first start: the technician enrols the terminal at its centre.
type setup struct {
	centre, reference, display string
	busy                       bool
}

func (*setup) name() string { return "setup" }
func (s *setup) view(k *Kiosk) any {
	v := SetupScreen{Centre: s.centre, Reference: s.reference, Display: s.display, Languages: k.cfg.Languages, Displays: []DisplayChoice{}}
	for _, d := range displays {
		v.Displays = append(v.Displays, DisplayChoice{ID: d.id, Name: k.text(d.key), WidthPx: d.width, HeightPx: d.height, DiagonalIn: d.diagonal})
	}
	if s.busy {
		v.Busy = &Busy{Text: k.text("progress.enrol")}
	}
	return v
}

func (s *setup) act(k *Kiosk, action string, args []byte) *fault {
	if action != "setup.enrol" {
		return nil
	}
	var a EnrolArgs
	err := decode(args, &a)
	if err != nil {
		return &fault{code: CodeInternal, err: err}
	}
	e := Enrolment{Centre: strings.TrimSpace(a.Centre), Reference: strings.TrimSpace(a.Reference), Secret: strings.TrimSpace(a.Secret)}
	a.Secret = ""
	s.centre, s.reference = e.Centre, e.Reference
	if !addressLike(e.Centre) {
		return &fault{code: CodeCentreAddress}
	}
	if e.Reference == "" || e.Secret == "" {
		return &fault{code: CodeEnrolFields}
	}
	for _, d := range displays {
		if d.id == a.Display {
			e.Display, s.display = d.size(), d.id
		}
	}
	e.Languages = k.cfg.Languages
	if order := languageOrder(a.Languages); order != nil {
		e.Languages = order
	}
	if e.Display == (Display{}) || k.cfg.Enrol == nil {
		return &fault{code: CodeEnrolFields}
	}
	s.enrol(k, e)
	return nil
}

// languageOrder is the order when it names each language once; nil otherwise.
func languageOrder(order []Lang) []Lang {
	if len(order) != 3 {
		return nil
	}
	for _, l := range []Lang{Kazakh, Russian, English} {
		if !slices.Contains(order, l) {
			return nil
		}
	}
	return slices.Clone(order)
}

// addressLike: https with a host and nothing that could carry a secret.
func addressLike(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == ""
}

func (s *setup) enrol(k *Kiosk, e Enrolment) {
	s.busy = true
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		joined, err := k.cfg.Enrol(ctx, e)
		return func() {
			s.busy = false
			if err != nil {
				k.fail(faultOf(err))
				return
			}
			k.joined = joined
			k.link = joined.Engine.State()
			k.cfg.Display, k.cfg.Languages = e.Display, e.Languages
			k.log.Info("terminal enrolled", "device", joined.Device)
			t := &selftest{}
			k.at = t
			t.run(k)
		}
	})
}

// DisplayNamed gives the size of a display by the name that the first-start screen uses: p21, l21, l10.
func DisplayNamed(id string) (Display, bool) {
	for _, d := range displays {
		if d.id == id {
			return d.size(), true
		}
	}
	return Display{}, false
}
