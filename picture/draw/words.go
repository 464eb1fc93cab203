package draw

import (
	"strconv"
	"strings"
)

// plural returns the word for several.
func plural(word string) string {
	switch {
	case strings.HasSuffix(word, "s"), strings.HasSuffix(word, "x"):
		return word + "es"
	}
	return word + "s"
}

// article returns a phrase with "a" or "an".
func article(phrase string) string {
	if strings.ContainsRune("aeiou", rune(phrase[0])) {
		return "an " + phrase
	}
	return "a " + phrase
}

// sentence begins with a capital and ends with a full stop.
func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] + "." }

// list joins words: a, b and c.
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// counted says how many there are: 1 box, 2 boxes.
func counted(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return number(n) + " " + plural(word)
}

// areCounted says that there are so many.
func areCounted(n int, word string) string {
	if n == 1 {
		return "there is 1 " + word
	}
	return "there are " + counted(n, word)
}

func number(n int) string { return strconv.Itoa(n) }
