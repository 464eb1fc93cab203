package constraint

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// inWord reports whether a word cannot end before or behind a rune.
func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// fold makes texts that differ in case alone the same.
func fold(s string) string { return strings.ToLower(s) }

// wordsOf are the words of a text, without what is no letter or digit around them.
func wordsOf(text string) []string {
	var list []string
	for _, field := range strings.Fields(text) {
		if w := strings.TrimFunc(field, func(r rune) bool { return !inWord(r) }); w != "" {
			list = append(list, w)
		}
	}
	return list
}

// isEnd reports whether a rune ends a sentence, and whether it does so whatever follows.
func isEnd(r rune) (ends, always bool) {
	switch r {
	case '.', '!', '?', '…':
		return true, false
	case '。', '！', '？', '؟', '।', '։':
		return true, true
	}
	return false, false
}

// closes reports whether a rune may stand between the end of a sentence and the space.
func closes(r rune) bool { return strings.ContainsRune(`"')]}*_”’»」』）`, r) }

// sentencesOf are the sentences of a text: those parts that have a letter or digit and
// end with their sign and white space, or with their line. Marks of lists are no part.
func sentencesOf(text string) []string {
	var list []string
	for line := range strings.SplitSeq(text, "\n") {
		line = withoutMark(strings.TrimSpace(line))
		from := 0
		for i := 0; i < len(line); {
			r, size := utf8.DecodeRuneInString(line[i:])
			i += size
			ends, always := isEnd(r)
			if !ends {
				continue
			}
			for i < len(line) {
				r, size := utf8.DecodeRuneInString(line[i:])
				if more, _ := isEnd(r); !more && !closes(r) {
					break
				}
				i += size
			}
			if next, _ := utf8.DecodeRuneInString(line[i:]); always || i == len(line) || unicode.IsSpace(next) {
				list = appendText(list, line[from:i])
				from = i
			}
		}
		list = appendText(list, line[from:])
	}
	return list
}

// appendText appends a part that has a letter or digit.
func appendText(list []string, part string) []string {
	if strings.ContainsFunc(part, inWord) {
		return append(list, strings.TrimSpace(part))
	}
	return list
}

// paragraphsOf are the paragraphs that have a letter or digit.
func paragraphsOf(text string) []string {
	var list, lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if strings.TrimSpace(line) == "" {
			list, lines = appendText(list, strings.Join(lines, "\n")), nil
			continue
		}
		lines = append(lines, line)
	}
	return appendText(list, strings.Join(lines, "\n"))
}

// withoutMark takes the mark of a list from a line.
func withoutMark(line string) string {
	if rest, is := bullet(line); is {
		return rest
	}
	if _, rest, is := number(line); is {
		return rest
	}
	return line
}

// bullet takes the mark from a line of a list.
func bullet(line string) (rest string, is bool) {
	line = strings.TrimSpace(line)
	for _, mark := range []string{"- ", "* ", "+ ", "• "} {
		if rest, is := strings.CutPrefix(line, mark); is && strings.ContainsFunc(rest, inWord) {
			return strings.TrimSpace(rest), true
		}
	}
	return line, false
}

// number takes the number from a line of a numbered list.
func number(line string) (n int, rest string, is bool) {
	line = strings.TrimSpace(line)
	n, rest = leadingNumber(line)
	if rest == line || len(rest) < 2 || rest[0] != '.' && rest[0] != ')' || rest[1] != ' ' || !strings.ContainsFunc(rest, inWord) {
		return 0, line, false
	}
	return n, strings.TrimSpace(rest[2:]), true
}

// leadingNumber reads digits, six at most.
func leadingNumber(s string) (n int, rest string) {
	i := 0
	for ; i < len(s) && i < 6 && s[i] >= '0' && s[i] <= '9'; i++ {
		n = n*10 + int(s[i]-'0')
	}
	return n, s[i:]
}

// find is where a word stands first in a folded text as a whole one, from a place on;
// -1 where it does not.
func find(text, word string, from int) int {
	for from <= len(text) {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return -1
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[i+len(word):])
		if (i == 0 || !inWord(before)) && (i+len(word) == len(text) || !inWord(after)) {
			return i
		}
		_, size := utf8.DecodeRuneInString(text[i:])
		from = i + size
	}
	return -1
}

// times is how often a word stands in a text.
func times(text, word string) int {
	text, word = fold(text), fold(word)
	n := 0
	for at := find(text, word, 0); at >= 0; at = find(text, word, at+len(word)) {
		n++
	}
	return n
}
