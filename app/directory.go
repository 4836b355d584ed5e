package app

import (
	"strings"

	"github.com/tirkeu/kiosk/sync/registry"
)

// directory is the centre's data as last received, or what the program was built with.
func (k *Kiosk) directory() *registry.Directory {
	if k.joined != nil && k.joined.Directory != nil {
		if d := k.joined.Directory(); d != nil {
			return d
		}
	}
	return builtIn
}

var builtIn = registry.Default()

func (k *Kiosk) regions() []Choice {
	out := []Choice{}
	for _, r := range k.directory().Regions {
		out = append(out, Choice{Code: r.Code, Name: r.Name.In(string(k.lang))})
	}
	return out
}

func (k *Kiosk) localities(region string) []Choice {
	out := []Choice{}
	r, _ := k.directory().Region(region)
	for _, l := range r.Localities {
		out = append(out, Choice{Code: l.Code, Name: l.Name.In(string(k.lang))})
	}
	return out
}

// allowedKinds are the kinds of storage on which the centre issues what the draft asks for, in its order.
func (k *Kiosk) allowedKinds() []string {
	out := []string{}
	for _, s := range k.directory().Storages {
		if len(k.offers(string(s.Kind))) > 0 {
			out = append(out, string(s.Kind))
		}
	}
	return out
}

// sets are what a citizen may choose on the storage of his draft, in the centre's order.
func (k *Kiosk) sets(kind string) []registry.KeySet {
	return makeable(k.offers(kind), k.ses.draft.gost)
}

// templates are the keys of a chosen set, in the order they are made; none when the centre does not offer that set.
func (k *Kiosk) templates(kind, set string) []string {
	var out []string
	chosen, _ := registry.StorageRule{Sets: k.sets(kind)}.Set(set)
	for _, t := range chosen.Templates {
		out = append(out, string(t))
	}
	return out
}

// setName is what keys of these templates are called: as the centre calls their set, or one by one.
func (k *Kiosk) setName(kind string, templates []registry.Template) string {
	s, _ := k.directory().Storage(registry.StorageKind(kind))
	if set, there := s.SetOf(templates); there {
		return set.Name.In(string(k.lang))
	}
	var names []string
	for _, t := range templates {
		names = append(names, k.text("template."+known(string(t))))
	}
	return strings.Join(names, ", ")
}

// agreementText is the user agreement as shown, and what is kept of it.
type agreementText struct {
	title, text string
	consent     registry.Consent
}

func (k *Kiosk) agreement() agreementText {
	a := k.directory().Agreement
	lang := string(k.lang)
	return agreementText{title: a.Title.In(lang), text: a.Text.In(lang), consent: a.Consent(lang)}
}

func (k *Kiosk) documents() []Choice {
	out := []Choice{}
	for _, d := range k.directory().IdentityDocuments {
		out = append(out, Choice{Code: d.Code, Name: d.Name.In(string(k.lang))})
	}
	return out
}

func (k *Kiosk) reasons() []Reason {
	out := []Reason{}
	for _, r := range k.directory().RejectReasons {
		out = append(out, Reason{Code: r.Code, Text: r.Text.In(string(k.lang)), Note: r.Note})
	}
	return out
}

// statusWords are the centre's words for a status.
func (k *Kiosk) statusWords(s registry.Status) (title, text, next string) {
	lang := string(k.lang)
	w, _ := k.directory().Status(s)
	return w.Title.In(lang), w.Text.In(lang), w.Next.In(lang)
}

func (k *Kiosk) applicationDays() int {
	if d := k.directory().ApplicationDays; d > 0 {
		return d
	}
	return builtIn.ApplicationDays
}
