package app

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tirkeu/kiosk/app/locales"
	"github.com/tirkeu/kiosk/sync/registry"
)

// families are the keys that are put together while the program runs, all of them.
func families() []string {
	var keys []string
	for _, c := range codes {
		for _, part := range []string{"title", "text", "hint"} {
			keys = append(keys, "error."+string(c)+"."+part)
		}
	}
	for _, s := range registry.Statuses {
		keys = append(keys, "status."+string(s))
	}
	for _, name := range parts {
		for _, part := range []string{"title", "well", "attention", "absent", "advice"} {
			keys = append(keys, "selftest."+name+"."+part)
		}
	}
	for _, d := range displays {
		keys = append(keys, d.key)
	}
	add := func(prefix string, names ...string) {
		for _, n := range names {
			keys = append(keys, prefix+n)
		}
	}
	add("medium.", "kaztoken", "etoken", "jacarta", "akey", "idcard", "unknown", "stick")
	add("template.", "rsa-auth", "rsa-sign", "gost2015", "gost-old", "information-system", "operator", "authority", "unknown")
	add("sign.what.", signed...)
	add("own.state.", ownStates...)
	add("own.how.", hows...)
	add("own.reason.", "unsaid", "compromise", "changed", "replaced", "ended", "held")
	add("own.sieve.", append([]string{"all"}, sieves...)...)
	add("origin.", "kiosk", "web", "request")
	add("printer.", printerStates...)
	for _, w := range stickWords {
		add("stick.", string(w))
	}
	add("receipt.title.", "staff", "signed", "revocation")
	add("receipt.why.", append([]string{"absent"}, hindrances...)...)
	for _, s := range revokeStates {
		add("revoke."+s+".", "title", "text", "hint")
	}
	for _, l := range []string{
		"number", "kind", "where", "expires", "why-rejected", "why", "revoked", "issued", "how", "key-id", "made", "centre", "resident", "source", "status",
		"storage", "email", "created", "use", "valid",
	} {
		add("label.", l)
	}
	for _, code := range refusalReasons {
		add("reason."+code+".", "text", "hint")
	}
	for _, kind := range registry.Kinds {
		add("work.kind.", string(kind))
	}
	add("work.standing.", standings...)
	add("file.", "rsa", "auth-rsa", "gost", "key-rsa", "key-gost", "key-other")
	add("file.state.", fileStates...)
	add("file.note.", fileStates[1:]...)
	add("file.use.", "both", "sign-in", "sign", "unsaid")
	add("progress.keys.", "generate", "check", "write")
	add("progress.install.", "write", "read", "compare")
	add("key.", "valid", "expired", "revoked", "unknown", "no-certificate", "waiting")
	add("link.", linkProblems...)
	add("decided.confirm.", "title", "text")
	add("decided.reject.", "title", "text")
	add("date.month.", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12")
	return keys
}

// written are the keys that stand whole in the source: the first argument of Kiosk.text.
func written(t *testing.T) []string {
	t.Helper()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			fun, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || fun.Sel.Name != "text" {
				return true
			}
			if lit, ok := call.Args[0].(*ast.BasicLit); ok {
				key, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				keys = append(keys, key)
			}
			return true
		})
	}
	if len(keys) < 10 {
		t.Fatalf("only %d keys found in the source", len(keys))
	}
	return keys
}

func TestWords_EveryKeyUsedHereExists(t *testing.T) {
	words, err := locales.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range append(families(), written(t)...) {
		for _, lang := range locales.Languages {
			if !words.Has(lang, key) {
				t.Errorf("%s has no words in %s", key, lang)
			}
		}
	}
}

// TestWords_NoKeyIsLeftOver finds words nobody says any more, outside those of the page.
func TestWords_NoKeyIsLeftOver(t *testing.T) {
	used := map[string]bool{"language.self": true}
	for _, key := range append(families(), written(t)...) {
		used[key] = true
	}
	words, err := locales.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range words.Keys("en") {
		if !used[key] && !strings.HasPrefix(key, "page.") {
			t.Errorf("%s is said nowhere", key)
		}
	}
}

// TestCodes_EachIsRaisedSomewhere finds numbers that cannot occur.
func TestCodes_EachIsRaisedSomewhere(t *testing.T) {
	source := ""
	var files []string
	for _, room := range []string{"*.go", "terminal/*.go"} { // terminal raises what stands in the way before there is a kiosk
		found, err := filepath.Glob(room)
		if err != nil || found == nil {
			t.Fatalf("%s: %v", room, err)
		}
		files = append(files, found...)
	}
	names := map[Code]string{}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if f != "errors.go" {
			source += string(text)
			continue
		}
		body := string(text)
		for _, line := range strings.Split(body, "\n") {
			name, value, ok := strings.Cut(strings.TrimSpace(line), "Code = ")
			if ok && strings.HasPrefix(name, "Code") {
				names[Code(strings.Trim(value, `"`))] = strings.TrimSpace(name)
			}
		}
		_, body, _ = strings.Cut(body, "var sentences")
		source += body
	}
	if len(names) != len(codes) {
		t.Errorf("%d numbers are declared, %d listed", len(names), len(codes))
	}
	for _, c := range codes {
		if !strings.Contains(source, names[c]) {
			t.Errorf("%s (%s) is raised nowhere", c, names[c])
		}
	}
}
