package app

import (
	"path"
	"strings"
	"unicode"

	"github.com/tirkeu/kiosk/hardware/stick"
)

// Lengths of names on the screen, in letters.
const (
	shownName = 64
	shownID   = 6 // of a key identifier, from its end
)

// card is one file of the list as shown to a person.
func (s *filesList) card(k *Kiosk, n int) FileCard {
	found := s.files[n]
	folder, name := path.Split(found.Name)
	c := FileCard{File: n, Title: k.fileTitle(name), Name: shortened(name), Folder: shortened(strings.Trim(folder, "/"))}
	if f := fileProblem(found.Problem); f != nil {
		words := f.words(k)
		c.Why, c.Advice = words.Title, words.Hint
	} else {
		c.Usable = true
	}
	return c
}

// filePrefixes are how the authority's programs begin the names of key files, longest first. The words say "by its name",
// for anybody can call a file anything.
var filePrefixes = []struct{ prefix, key string }{
	{"AUTH_RSA256_", "file.auth-rsa"}, {"RSA256_", "file.rsa"}, {"GOST512_", "file.gost"}, {"GOSTKNCA_", "file.gost"},
}

// fileTitle makes a file's name readable: what the authority would call so, and the end of the key's identifier. A name of
// another kind is shown as it is.
func (k *Kiosk) fileTitle(name string) string {
	stem := strings.TrimSuffix(name, path.Ext(name))
	for _, p := range filePrefixes {
		rest, is := cutPrefixFold(stem, p.prefix)
		if !is || rest == "" {
			continue
		}
		return k.text("file.named", "Kind", k.text(p.key), "End", ending(rest))
	}
	return shortened(name)
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// ending is the end of what follows a prefix.
func ending(s string) string {
	letters := []rune(printable(s))
	if len(letters) > shownID {
		letters = letters[len(letters)-shownID:]
	}
	return string(letters)
}

// shortened takes the middle out of a very long name, so that its end is still seen.
func shortened(name string) string {
	letters := []rune(printable(name))
	if len(letters) <= shownName {
		return string(letters)
	}
	return string(letters[:shownName/2]) + "…" + string(letters[len(letters)-shownName/2+1:])
}

// printable keeps letters that cannot be seen, or that turn the direction of writing, off the screen.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return '·'
		}
		return r
	}, strings.ToValidUTF8(name, "·"))
}

// fileProblem says why a file of the list cannot be opened; nil when nothing is known against it.
func fileProblem(p stick.Problem) *fault {
	switch p {
	case stick.ProblemNone:
		return nil
	case stick.ProblemLink:
		return &fault{code: CodeFileLink}
	case stick.ProblemSpecial:
		return &fault{code: CodeFileSpecial}
	case stick.ProblemTooLarge:
		return &fault{code: CodeFileTooLarge}
	case stick.ProblemNotKeyFile:
		return &fault{code: CodeNotKeyFile}
	}
	return &fault{code: CodeFileUnreadable}
}
