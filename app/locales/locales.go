// Package locales holds the words of the terminal in three languages, one TOML file each, and turns a key into a
// sentence. It promises that every key and every plural form stands in all three (a test fails otherwise). It holds no
// personal data: what is filled in comes from the caller and goes nowhere else.
package locales

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
)

//go:embed kk.toml ru.toml en.toml
var files embed.FS

// Languages are the languages there are words for.
var Languages = []string{"kk", "ru", "en"}

// Words are all messages of all languages. It does not change after Load.
type Words struct {
	attract map[string]messages
	whole   map[string]func() messages // reads them when they are first needed
}

// messages are a language's messages, or a part of them.
type messages struct {
	byKey     map[string]*i18n.Message
	localizer *i18n.Localizer
	page      []byte // those whose key starts with "page.", as JSON
}

// attractEnds is the line before which each file has what the attract screen, the bar above it and what may be told there need: some thirty lines of
// three thousand. To read all would take as long as the window takes to open.
const attractEnds = "\n# ---- above: what the attract screen shows, read at the start; below: what is read when it is first needed ----\n"

// Load reads the attract screen's words out of the embedded files; all others are read when one of them is first asked for.
func Load() (*Words, error) {
	w := &Words{attract: map[string]messages{}, whole: map[string]func() messages{}}
	for _, lang := range Languages {
		text, err := files.ReadFile(lang + ".toml")
		if err != nil {
			return nil, fmt.Errorf("read words: %w", err)
		}
		attract, _, found := bytes.Cut(text, []byte(attractEnds))
		if !found {
			return nil, fmt.Errorf("words of %s: no line ends those of the attract screen", lang)
		}
		w.attract[lang], err = read(lang, attract)
		if err != nil {
			return nil, err
		}
		w.whole[lang] = sync.OnceValue(func() messages {
			m, err := read(lang, text)
			if err != nil {
				panic(err) // what is embedded can be read, or the tests fail
			}
			return m
		})
	}
	return w, nil
}

// read reads a language's file, or the beginning of it.
func read(lang string, text []byte) (messages, error) {
	file, err := i18n.ParseMessageFileBytes(text, lang+".toml", map[string]i18n.UnmarshalFunc{"toml": toml.Unmarshal})
	if err != nil {
		return messages{}, fmt.Errorf("read words of %s: %w", lang, err)
	}
	// A bundle a language: a missing word must not be said in another one.
	bundle := i18n.NewBundle(file.Tag)
	err = bundle.AddMessages(file.Tag, file.Messages...)
	if err != nil {
		return messages{}, fmt.Errorf("read words of %s: %w", lang, err)
	}
	m := messages{byKey: map[string]*i18n.Message{}, localizer: i18n.NewLocalizer(bundle, lang)}
	page := map[string]map[string]string{}
	for _, message := range file.Messages {
		m.byKey[message.ID] = message
		if strings.HasPrefix(message.ID, "page.") {
			page[message.ID] = forms(message)
		}
	}
	m.page, err = json.Marshal(page)
	if err != nil {
		return messages{}, fmt.Errorf("words of the page in %s: %w", lang, err)
	}
	return m, nil
}

// all are a language's messages; none for an unknown language.
func (w *Words) all(lang string) messages {
	if whole, ok := w.whole[lang]; ok {
		return whole()
	}
	return messages{}
}

// Page is every message whose key starts with "page." as JSON: {key: {other, one?, few?, many?}}. An unknown language
// gets the first one.
func (w *Words) Page(lang string) []byte { return w.all(known(lang)).page }

// Attract is that part of [Words.Page] which the attract screen needs.
func (w *Words) Attract(lang string) []byte { return w.attract[known(lang)].page }

// known is a language there are words for.
func known(lang string) string {
	if slices.Contains(Languages, lang) {
		return lang
	}
	return Languages[0]
}

// Has tells whether a key has words in a language.
func (w *Words) Has(lang, key string) bool {
	_, ok := w.all(lang).byKey[key]
	return ok
}

// Text is the message of a key with params filled in; params["Count"], when it is there, chooses the plural form. A
// missing key comes back as itself.
func (w *Words) Text(lang, key string, params map[string]any) string {
	m := w.all(lang)
	if m.localizer == nil {
		return key
	}
	c := &i18n.LocalizeConfig{MessageID: key, TemplateData: params}
	if n, ok := params["Count"]; ok && plural(m.byKey[key]) {
		c.PluralCount = n
	}
	text, err := m.localizer.Localize(c)
	if err != nil {
		return key
	}
	return text
}

// plural tells whether a message has forms for different numbers.
func plural(m *i18n.Message) bool { return m != nil && len(forms(m)) > 1 }

// forms are the plural forms a message has.
func forms(m *i18n.Message) map[string]string {
	out := map[string]string{}
	for name, text := range map[string]string{"zero": m.Zero, "one": m.One, "two": m.Two, "few": m.Few, "many": m.Many, "other": m.Other} {
		if text != "" {
			out[name] = text
		}
	}
	return out
}

// Keys are all keys of a language.
func (w *Words) Keys(lang string) []string { return slices.Sorted(maps.Keys(w.all(lang).byKey)) }
