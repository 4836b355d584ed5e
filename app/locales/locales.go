// Package locales holds the words of the terminal in three languages, one TOML file each, and turns a key into a
// sentence. It promises that every key and every plural form stands in all three (a test fails otherwise). It holds no
// personal data: what is filled in comes from the caller and goes nowhere else.
package locales

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
)

//go:embed kk.toml ru.toml en.toml
var files embed.FS

// Languages are the languages there are words for.
var Languages = []string{"kk", "ru", "en"}

// Words are all messages of all languages. It does not change after Load.
type Words struct {
	localizers map[string]*i18n.Localizer
	messages   map[string]map[string]*i18n.Message
	page       map[string][]byte
	attract    map[string][]byte
}

// onAttract begin the keys that the attract screen, the bar above it and what may be told there use.
var onAttract = []string{"page.attract.", "page.header.", "page.notice."}

// Load reads the embedded files.
func Load() (*Words, error) {
	w := &Words{localizers: map[string]*i18n.Localizer{}, messages: map[string]map[string]*i18n.Message{}, page: map[string][]byte{}, attract: map[string][]byte{}}
	decode := map[string]i18n.UnmarshalFunc{"toml": toml.Unmarshal}
	for _, lang := range Languages {
		text, err := files.ReadFile(lang + ".toml")
		if err != nil {
			return nil, fmt.Errorf("read words: %w", err)
		}
		file, err := i18n.ParseMessageFileBytes(text, lang+".toml", decode)
		if err != nil {
			return nil, fmt.Errorf("read words of %s: %w", lang, err)
		}
		// A bundle a language: a missing word must not be said in another one.
		bundle := i18n.NewBundle(file.Tag)
		err = bundle.AddMessages(file.Tag, file.Messages...)
		if err != nil {
			return nil, fmt.Errorf("read words of %s: %w", lang, err)
		}
		w.localizers[lang] = i18n.NewLocalizer(bundle, lang)
		w.messages[lang] = map[string]*i18n.Message{}
		page, attract := map[string]map[string]string{}, map[string]map[string]string{}
		for _, m := range file.Messages {
			w.messages[lang][m.ID] = m
			if strings.HasPrefix(m.ID, "page.") {
				page[m.ID] = forms(m)
			}
			if slices.ContainsFunc(onAttract, func(begin string) bool { return strings.HasPrefix(m.ID, begin) }) {
				attract[m.ID] = page[m.ID]
			}
		}
		w.page[lang], err = json.Marshal(page)
		if err == nil {
			w.attract[lang], err = json.Marshal(attract)
		}
		if err != nil {
			return nil, fmt.Errorf("words of the page in %s: %w", lang, err)
		}
	}
	return w, nil
}

// Page is every message whose key starts with "page." as JSON: {key: {other, one?, few?, many?}}. An unknown language
// gets the first one.
func (w *Words) Page(lang string) []byte { return of(w.page, lang) }

// Attract is that part of [Words.Page] which the attract screen needs.
func (w *Words) Attract(lang string) []byte { return of(w.attract, lang) }

func of(words map[string][]byte, lang string) []byte {
	p, ok := words[lang]
	if !ok {
		return words[Languages[0]]
	}
	return p
}

// Has tells whether a key has words in a language.
func (w *Words) Has(lang, key string) bool {
	_, ok := w.messages[lang][key]
	return ok
}

// Text is the message of a key with params filled in; params["Count"], when it is there, chooses the plural form. A
// missing key comes back as itself.
func (w *Words) Text(lang, key string, params map[string]any) string {
	l, ok := w.localizers[lang]
	if !ok {
		return key
	}
	c := &i18n.LocalizeConfig{MessageID: key, TemplateData: params}
	if n, ok := params["Count"]; ok && plural(w.messages[lang][key]) {
		c.PluralCount = n
	}
	text, err := l.Localize(c)
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
func (w *Words) Keys(lang string) []string { return slices.Sorted(maps.Keys(w.messages[lang])) }
