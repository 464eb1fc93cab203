package words

import "unicode/utf8"

// Sentences counts the sentences of consecutive words of a text, as spaCy's
// sentencizer does: one ends with a word that is one of the marks of Unicode's
// Sentence_Terminal, and the next begins with the first word after it that is
// not punctuation. Marks after more than a single space count as a sentence.
func Sentences(text []byte, list []Word) int {
	n := 0
	sentences(text, list, func(int) { n++ })
	return n
}

// SentenceStarts appends to starts, which may be nil, the number of the first word
// of each sentence that Sentences counts, and returns it.
func SentenceStarts(text []byte, list []Word, starts []int) []int {
	sentences(text, list, func(first int) { starts = append(starts, first) })
	return starts
}

// sentences calls begin with the number of the first word of each sentence.
func sentences(text []byte, list []Word, begin func(first int)) {
	if len(list) == 0 {
		return
	}
	begin(0)
	ended := false
	for i := range list {
		w := &list[i]
		if ended && i > 0 && gap(text[list[i-1].End:w.Start]) {
			begin(i)
			ended = false
		}
		if w.Class != Symbol {
			if ended {
				begin(i)
				ended = false
			}
			continue
		}
		ends, marks := endsWith(w.Text(text))
		switch {
		case ends:
			ended = true
		case ended && !marks:
			begin(i)
			ended = false
		}
	}
}

// gap reports whether what lies between two words is more than nothing or one
// space.
func gap(between []byte) bool {
	return len(between) > 1 || len(between) == 1 && between[0] != ' '
}

// endsWith reports whether a word of symbols ends a sentence, and whether it is
// punctuation alone.
func endsWith(word []byte) (ends, marks bool) {
	k, size := at(word, 0, len(word))
	if size == len(word) {
		return k&terminal != 0, k&punctuation != 0
	}
	for len(word) > 0 {
		if k, size = at(word, 0, len(word)); k&punctuation == 0 {
			return false, false
		}
		word = word[size:]
	}
	return false, true
}

// IsSpace reports whether words are never across the character: those for which
// Python's str.isspace is true.
func IsSpace(r rune) bool {
	if r < utf8.RuneSelf {
		return ascii[uint8(r)]&space != 0
	}
	return kindOf(r)&space != 0
}
