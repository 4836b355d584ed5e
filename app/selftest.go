package app

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// parts of the self-test, in the order in which they are shown.
var parts = []string{"window", "database", "centre", "clock", "tokens", "usb", "printer", "stick"}

// probeWithin is how long one part may take; clockApart is how far the clock may be from the centre's.
const (
	probeWithin = 15 * time.Second
	clockApart  = 2 * time.Minute
)

// selftest says of each part of the terminal that it is well, or what to do.
type selftest struct {
	running  bool
	findings map[string]Finding
}

func (*selftest) name() string { return "selftest" }
func (s *selftest) view(k *Kiosk) any {
	v := SelftestScreen{Running: s.running, Parts: []SelftestPart{}}
	for _, name := range parts {
		p := SelftestPart{Name: name, State: "running", Title: k.text("selftest." + name + ".title"), Text: k.text("selftest.running")}
		if f, done := s.findings[name]; done {
			key := "selftest." + name + "." + f.State
			p.State, p.Text = f.State, k.text(key, "Detail", f.Detail)
			if f.State != "well" {
				p.Advice = k.text("selftest." + name + ".advice")
			}
		}
		v.Parts = append(v.Parts, p)
	}
	return v
}

func (s *selftest) act(k *Kiosk, action string, _ []byte) *fault {
	switch action {
	case "selftest.again":
		s.run(k)
	case "selftest.finish":
		k.end("self-test finished")
	}
	return nil
}

// run tests all parts at once; each is shown as it comes in. Under the lock.
func (s *selftest) run(k *Kiosk) {
	s.running, s.findings = true, map[string]Finding{}
	probes := k.probes()
	k.start(job{}, func(ctx context.Context, ses *session) func() {
		done := make(chan struct{})
		for _, name := range parts {
			k.spawn(func() {
				f := k.probe(ctx, name, probes[name])
				k.during(ses, func() { s.findings[name] = f })
				done <- struct{}{}
			})
		}
		for range parts {
			<-done
		}
		return func() { s.running = false }
	})
}

// probe looks at one part; a probe that fails or takes too long asks for attention.
func (k *Kiosk) probe(ctx context.Context, name string, probe Probe) Finding {
	if probe == nil {
		return Finding{State: "absent"}
	}
	ctx, cancel := context.WithTimeout(ctx, probeWithin)
	defer cancel()
	found := make(chan Finding, 1)
	k.spawn(func() {
		f := Finding{State: "attention"} // what stays when the probe panics
		defer func() { found <- f }()
		defer k.recovered()
		f = probe(ctx)
	})
	select {
	case f := <-found:
		return f
	case <-ctx.Done():
		k.log.Warn("self-test: no answer", "probe", name)
		return Finding{State: "attention"}
	}
}

// probes are those of the configuration and, for the parts the kiosk can judge itself, its own.
func (k *Kiosk) probes() map[string]Probe {
	joined, stick := k.joined, k.cfg.Stick
	all := map[string]Probe{
		// Whoever reads the result has the window before him: the page called us.
		"window":   func(context.Context) Finding { return Finding{State: "well"} },
		"database": k.probeDatabase,
		"tokens":   k.probeTokens,
		"stick": func(context.Context) Finding {
			if stick.Present() {
				return Finding{State: "well"}
			}
			return Finding{State: "absent"}
		},
	}
	if joined != nil {
		all["centre"] = func(ctx context.Context) Finding { return k.probeCentre(ctx, joined) }
		all["clock"] = func(ctx context.Context) Finding { return k.probeClock(ctx, joined) }
	}
	for name, probe := range k.cfg.Probes {
		all[name] = probe
	}
	return all
}

func (k *Kiosk) probeDatabase(ctx context.Context) Finding {
	err := k.cfg.Store.Check(ctx)
	if err != nil {
		k.log.Warn("self-test: database", "cause", err)
		return Finding{State: "attention", Detail: string(faultOf(err).code)}
	}
	return Finding{State: "well"}
}

func (k *Kiosk) probeCentre(ctx context.Context, joined *Joined) Finding {
	_, err := joined.Line.Time(ctx)
	if err != nil {
		k.log.Warn("self-test: centre", "cause", err)
		return Finding{State: "attention", Detail: string(faultOf(err).code)}
	}
	return Finding{State: "well"}
}

// probeClock compares with the centre; without it only the build date can be compared, which was done at start.
func (k *Kiosk) probeClock(ctx context.Context, joined *Joined) Finding {
	there, err := joined.Line.Time(ctx)
	if err != nil {
		return Finding{State: "absent"}
	}
	apart := k.cfg.Now().Sub(there)
	if apart.Abs() > clockApart {
		return Finding{State: "attention", Detail: clockTime(apart.Abs())}
	}
	return Finding{State: "well"}
}

// clockTime writes a duration as hours, minutes and seconds, which needs no words.
func clockTime(d time.Duration) string {
	s := int64(d / time.Second)
	return fmt.Sprintf("%02d:%02d:%02d", s/3600, s/60%60, s%60)
}

// probeTokens asks whether each token module runs.
func (k *Kiosk) probeTokens(context.Context) Finding {
	modules := k.cfg.Rack.Modules()
	if len(modules) == 0 {
		return Finding{State: "absent"}
	}
	var bad []string
	var problems []error
	for _, m := range modules {
		if !m.Running {
			bad = append(bad, m.Name)
			problems = append(problems, errors.New(m.Name+": "+m.Error))
		}
	}
	if len(bad) > 0 {
		k.log.Warn("self-test: token modules", "cause", errors.Join(problems...))
		return Finding{State: "attention", Detail: strings.Join(bad, ", ")}
	}
	return Finding{State: "well", Detail: strconv.Itoa(len(modules))}
}
