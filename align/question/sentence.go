package question

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// beginning is the first sentences of a paragraph that fit into so many characters;
// "" if the first does not.
func beginning(text string, most int) string {
	text = strings.Join(strings.Fields(text), " ")
	best := ""
	for end := range ends(text) {
		if length(text[:end]) > most {
			break
		}
		best = text[:end]
	}
	return best
}

// ends yields where the sentences of a text without line breaks end. A text that ends
// in no mark has no last sentence.
func ends(text string) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for i, r := range text {
			if r != '.' && r != '!' && r != '?' {
				continue
			}
			rest := strings.TrimLeft(text[i+1:], `"')`+"”’")
			end := len(text) - len(rest)
			if rest != "" {
				next, _ := utf8.DecodeRuneInString(strings.TrimPrefix(rest, " "))
				if rest[0] != ' ' || unicode.IsLower(next) || short(text[:i]) {
					continue
				}
			}
			if !yield(end) {
				return
			}
		}
	}
}

// short reports whether a text ends in a word that a full stop shortens.
func short(text string) bool {
	word := text[strings.LastIndexAny(text, " (")+1:]
	switch strings.ToLower(word) {
	case "e.g", "i.e", "etc", "vs", "cf", "mr", "mrs", "dr", "st", "no", "fig", "sec", "approx":
		return true
	}
	return len(word) == 1 && unicode.IsUpper(rune(word[0])) // an initial
}

// paragraphs are the first of a list that fit into so many characters with empty lines
// between.
func paragraphs(list []string, most int) string {
	text := ""
	for _, p := range list {
		next := strings.TrimLeft(text+"\n\n"+p, "\n")
		if length(next) > most {
			break
		}
		text = next
	}
	return text
}
