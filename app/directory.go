package app

import "github.com/tirkeu/kiosk/sync/registry"

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

// allowed tells whether the centre issues keys for a kind of storage today.
func (k *Kiosk) allowed(kind string) bool {
	s, known := k.directory().Storage(registry.StorageKind(kind))
	return known && len(s.Sets) > 0
}

// allowedKinds are the kinds of storage the centre issues keys for, in its order.
func (k *Kiosk) allowedKinds() []string {
	out := []string{}
	for _, s := range k.directory().Storages {
		if len(s.Sets) > 0 {
			out = append(out, string(s.Kind))
		}
	}
	return out
}

// templates are the keys to be made for a kind of storage, in the centre's order: those of its first set.
func (k *Kiosk) templates(kind string) []string {
	var out []string
	s, _ := k.directory().Storage(registry.StorageKind(kind))
	if len(s.Sets) == 0 {
		return nil
	}
	for _, t := range s.Sets[0].Templates {
		out = append(out, string(t))
	}
	return out
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
