package locales

import (
	"encoding/json"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/nicksnyder/go-i18n/v2/i18n"
)

// pluralForms are the forms CLDR knows for each language (integers).
var pluralForms = map[string][]string{
	"kk": {"one", "other"},
	"ru": {"few", "many", "one", "other"},
	"en": {"one", "other"},
}

func load(t *testing.T) *Words {
	t.Helper()
	w, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestWords_EveryKeyStandsInAllLanguages(t *testing.T) {
	w := load(t)
	for _, a := range Languages {
		for _, b := range Languages {
			for key := range w.all(a).byKey {
				if !w.Has(b, key) {
					t.Errorf("%s is in %s but not in %s", key, a, b)
				}
			}
		}
	}
}

func TestWords_PluralFormsAreWhole(t *testing.T) {
	w := load(t)
	counted := map[string]bool{}
	for _, lang := range Languages {
		for key, m := range w.all(lang).byKey {
			if len(forms(m)) > 1 {
				counted[key] = true
			}
		}
	}
	for key := range counted {
		for _, lang := range Languages {
			m := w.all(lang).byKey[key]
			if m == nil {
				continue // said by the test above
			}
			have := slices.Sorted(maps.Keys(forms(m)))
			if !slices.Equal(have, pluralForms[lang]) {
				t.Errorf("%s in %s has the forms %v, not %v", key, lang, have, pluralForms[lang])
			}
		}
	}
}

var param = regexp.MustCompile(`\{\{\s*\.(\w+)\s*\}\}`)

func params(m *i18n.Message) []string {
	found := map[string]bool{}
	for _, text := range forms(m) {
		for _, p := range param.FindAllStringSubmatch(text, -1) {
			found[p[1]] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func TestWords_SameParametersInAllLanguages(t *testing.T) {
	w := load(t)
	for key, m := range w.all("en").byKey {
		for _, lang := range Languages {
			other := w.all(lang).byKey[key]
			if other != nil && !slices.Equal(params(m), params(other)) {
				t.Errorf("%s: %v in en, %v in %s", key, params(m), params(other), lang)
			}
		}
	}
}

func TestWords_EnglishHasNoCyrillic(t *testing.T) {
	w := load(t)
	for key, m := range w.all("en").byKey {
		for _, text := range forms(m) {
			if strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }) && !allowedCyrillic[key] {
				t.Errorf("%s: %q", key, text)
			}
		}
	}
}

// allowedCyrillic are English messages that name something by its own name.
var allowedCyrillic = map[string]bool{
	"page.lang.kk": true, "page.lang.ru": true, "page.language.kk": true, "page.language.ru": true,
}

// same are messages that are rightly equal in Kazakh and Russian: names, signs, loan words.
var same = map[string]bool{
	"date.moment": true, "medium.kaztoken": true, "medium.etoken": true, "medium.jacarta": true, "medium.akey": true,
	"label.medium-serial": true, "file.named": true, "medium.stick": true, "selftest.stick.title": true, "selftest.usb.title": true, "selftest.window.title": true,
	"page.medium.kind-kaztoken": true, "page.medium.kind-etoken": true, "page.medium.kind-jacarta": true, "page.medium.kind-akey": true,
	"page.staff.person.until": true, "work.report.device": true, "work.report.operator": true,
	"page.medium.token": true, "page.medium.stick": true, "page.pin.label": true, "page.step.pin": true, "page.setup.display": true,
}

func TestWords_KazakhIsNotRussian(t *testing.T) {
	w := load(t)
	for key, m := range w.all("kk").byKey {
		ru := w.all("ru").byKey[key]
		if ru == nil || !strings.ContainsFunc(m.Other, unicode.IsLetter) {
			continue
		}
		if m.Other == ru.Other && !same[key] && !strings.HasPrefix(key, "page.lang") && !strings.HasPrefix(key, "page.keyboard") {
			t.Errorf("%s is the same in Kazakh and Russian: %q", key, m.Other)
		}
	}
	for key := range same {
		if !w.Has("kk", key) {
			t.Errorf("%s is no longer there", key)
		}
	}
}

// ownLetters are the letters of Kazakh that Russian does not have.
const ownLetters = "әғқңөұүһіӘҒҚҢӨҰҮҺІ"

func TestWords_RussianHasNoKazakhLetters(t *testing.T) {
	w := load(t)
	for key, m := range w.all("ru").byKey {
		for _, text := range forms(m) {
			if strings.ContainsAny(text, ownLetters) && !allowedCyrillic[key] {
				t.Errorf("%s: %q", key, text)
			}
		}
	}
}

func TestWords_NoMarksOfUnfinishedWork(t *testing.T) {
	w := load(t)
	for _, lang := range Languages {
		for key, m := range w.all(lang).byKey {
			for _, text := range forms(m) {
				if strings.TrimSpace(text) != text || text == "" || strings.Contains(text, "  ") {
					t.Errorf("%s in %s: %q", key, lang, text)
				}
			}
		}
	}
}

func TestText_ChoosesThePluralForm(t *testing.T) {
	w := load(t)
	for count, want := range map[int]string{1: "1 знака", 4: "4 знаков", 21: "21 знака", 6: "6 знаков"} {
		got := w.Text("ru", "error.E-1205.text", map[string]any{"Count": count})
		if !strings.Contains(got, want) {
			t.Errorf("%d: %q", count, got)
		}
	}
	if got := w.Text("en", "no.such.key", nil); got != "no.such.key" {
		t.Errorf("%q", got)
	}
	if got := w.Text("kk", "error.E-1101.title", map[string]any{"Count": 1}); strings.HasPrefix(got, "error.") {
		t.Errorf("a message without plural forms is not said: %q", got)
	}
}

func TestPage_IsOnlyThePagesWords(t *testing.T) {
	w := load(t)
	for _, lang := range append([]string{"de"}, Languages...) {
		var page map[string]map[string]string
		err := json.Unmarshal(w.Page(lang), &page)
		if err != nil {
			t.Fatal(err)
		}
		for key, m := range page {
			if !strings.HasPrefix(key, "page.") || m["other"] == "" {
				t.Errorf("%s: %v", key, m)
			}
		}
	}
}

func TestAttract_IsPartOfThePage(t *testing.T) {
	w := load(t)
	for _, lang := range Languages {
		var attract, page map[string]map[string]string
		err := errors.Join(json.Unmarshal(w.Attract(lang), &attract), json.Unmarshal(w.Page(lang), &page))
		if err != nil || attract["page.attract.title"] == nil {
			t.Fatalf("%s: %v, %v", lang, err, attract)
		}
		for key, m := range attract {
			if !maps.Equal(m, page[key]) {
				t.Errorf("%s in %s: %v, and in the page %v", key, lang, m, page[key])
			}
		}
	}
}
