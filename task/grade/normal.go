package grade

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/polymath-lm/polymath/task"
)

// normalize leaves of a text what counts in comparisons.
func normalize(text string, n task.Normal) string {
	text = norm.NFC.String(text)
	if n.Case {
		text = norm.NFC.String(cases.Fold().String(text))
	}
	if n.Punctuation {
		text = strings.Map(func(r rune) rune {
			if unicode.IsPunct(r) || r < unicode.MaxASCII && unicode.IsSymbol(r) {
				return -1
			}
			return r
		}, text)
	}
	if n.Articles {
		text = dropArticles(text)
	}
	if n.Space || n.Articles {
		text = strings.Join(strings.Fields(text), " ")
	}
	return strings.TrimSpace(text)
}

// articles stand alone: between white space, the ends, or what is no part of a
// word.
var articles = regexp.MustCompile(`(?i)^(?:a|an|the)$`)

// dropArticles puts a space in the place of each article.
func dropArticles(text string) string {
	return mapWords(text, func(word string) string {
		if articles.MatchString(word) {
			return " "
		}
		return word
	})
}

// mapWords replaces the words of a text: runs of letters, numbers and underscores,
// which is what \w is in Python.
func mapWords(text string, with func(string) string) string {
	var b strings.Builder
	start := -1
	for i, r := range text {
		switch {
		case isWord(r):
			if start < 0 {
				start = i
			}
		default:
			if start >= 0 {
				b.WriteString(with(text[start:i]))
				start = -1
			}
			b.WriteRune(r)
		}
	}
	if start >= 0 {
		b.WriteString(with(text[start:]))
	}
	return b.String()
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }

// holdsWords reports whether text holds part as whole words.
func holdsWords(text, part string) bool {
	if part == "" {
		return false
	}
	for from := 0; from <= len(text); {
		i := strings.Index(text[from:], part)
		if i < 0 {
			return false
		}
		at := from + i
		if bounded(text, at, at+len(part)) {
			return true
		}
		from = at + skip(text[at:])
	}
	return false
}

// skip returns the bytes of the word, or of the character, that begins a text:
// whole words begin behind it.
func skip(text string) int {
	for i, r := range text {
		if !isWord(r) {
			if i > 0 {
				return i
			}
			return max(utf8.RuneLen(r), 1)
		}
	}
	return max(len(text), 1)
}

// bounded reports whether no word goes on over the ends of text[from:to].
func bounded(text string, from, to int) bool {
	return !(joined(text, from) || joined(text, to))
}

// joined reports whether a word goes on over place i.
func joined(text string, i int) bool {
	if i <= 0 || i >= len(text) {
		return false
	}
	before, after := lastRune(text[:i]), firstRune(text[i:])
	return isWord(before) && (isWord(after) || unicode.IsMark(after))
}
