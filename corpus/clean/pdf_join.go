package clean

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// learn notes the words of the document, and its pairs of words with a hyphen
// between them, but for those that the end of a line divides.
func (w *pdfWorker) learn(text []byte) {
	clear(w.words)
	for _, l := range w.lines {
		if l.gone {
			continue
		}
		line := text[l.at:l.end]
		for i := 0; i < len(line); {
			start := i
			for i < len(line) && isLetter(line[i]) {
				i++
			}
			if i == start {
				i++
				continue
			}
			divided := i < len(line) && line[i] == '-' && i == len(line)-1
			if !divided {
				w.words[hashWord(line[start:i])] = true
			}
			if start > 1 && line[start-1] == '-' && isLetter(line[start-2]) {
				first := start - 1
				for first > 0 && isLetter(line[first-1]) {
					first--
				}
				w.words[hashWord(line[first:i])] = true
			}
		}
	}
}

// hashWord hashes parts of a word, one after the other, in any case of ASCII.
func hashWord(parts ...[]byte) uint64 {
	h := uint64(14695981039346656037)
	for _, p := range parts {
		for _, c := range p {
			if 'A' <= c && c <= 'Z' {
				c |= 0x20
			}
			h = (h ^ uint64(c)) * 1099511628211
		}
	}
	return h
}

// join writes the lines that stay.
func (w *pdfWorker) join(text []byte) {
	before := -1 // the line that was written last
	blank := false
	for i := range w.lines {
		l := &w.lines[i]
		switch {
		case l.gone:
			continue
		case l.end == l.at:
			blank = true
			continue
		}
		if before >= 0 {
			w.between(text, before, i, blank && w.lines[before].page == l.page)
		}
		w.out = append(w.out, text[l.at:l.end]...)
		before, blank = i, false
	}
	if before >= 0 {
		w.out = append(w.out, '\n')
	}
}

// between writes what stands between two lines.
func (w *pdfWorker) between(text []byte, i, k int, blank bool) {
	a, b := &w.lines[i], &w.lines[k]
	line, next := text[a.at:a.end], text[b.at:b.end]
	switch {
	case blank:
		w.out = append(w.out, "\n\n"...)
	case w.o.Hyphens && w.dividesWord(line, next):
		w.cutHyphen(line, next, a.end)
	case w.o.Paragraphs && w.continues(line, next, a.page != b.page):
		w.d.Cut(pdfName, reasonLine, a.end, 1)
		w.out = append(w.out, ' ')
	default:
		w.out = append(w.out, '\n')
	}
}

// dividesWord tells whether a line ends inside a word.
func (w *pdfWorker) dividesWord(line, next []byte) bool {
	n := hyphen(line)
	if n == 0 || n == len(line) {
		return false
	}
	last, _ := utf8.DecodeLastRune(line[:len(line)-n])
	first, _ := utf8.DecodeRune(next)
	return unicode.IsLetter(last) && unicode.IsLetter(first)
}

// hyphen returns the length of the hyphen at the end, or 0.
func hyphen(line []byte) int {
	for _, h := range []string{"-", "\u00AD", "\u2010"} {
		if bytes.HasSuffix(line, []byte(h)) {
			return len(h)
		}
	}
	return 0
}

// cutHyphen takes the hyphen off the end of out where it only divides: the
// document has the word without it elsewhere, or it has neither the word with
// it nor its first part as a word.
func (w *pdfWorker) cutHyphen(line, next []byte, end int) {
	n := hyphen(line)
	stem := line[:len(line)-n]
	from := len(stem)
	for from > 0 && isLetter(stem[from-1]) {
		from--
	}
	first := stem[from:]
	to := 0
	for to < len(next) && isLetter(next[to]) {
		to++
	}
	second := next[:to]
	start, _ := utf8.DecodeRune(next)
	soft := line[len(line)-n] != '-'
	keep := w.words[hashWord(first, []byte("-"), second)] || w.words[hashWord(first)] && w.words[hashWord(second)]
	if soft || w.words[hashWord(first, second)] || unicode.IsLower(start) && !keep {
		w.out = w.out[:len(w.out)-n]
		w.d.Cut(pdfName, reasonHyphen, end-n, n+1)
		return
	}
	w.d.Cut(pdfName, reasonLine, end, 1)
}

// continues tells whether next goes on with the sentence of line.
func (w *pdfWorker) continues(line, next []byte, newPage bool) bool {
	first, _ := utf8.DecodeRune(next)
	last, _ := utf8.DecodeLastRune(line)
	switch {
	case isItem(next) || isTabular(line) || isTabular(next):
		return false
	case unicode.IsLower(first) && last != ':':
		return len(line)*2 > w.width
	case newPage:
		return false
	case bytes.IndexByte([]byte(".:!?"), line[len(line)-1]) >= 0:
		return len(line)*20 > w.width*19 // the last line of a paragraph is full by chance
	}
	return len(line)*4 > w.width*3
}

// isItem tells whether a line begins an item of a list: with a mark, or with a
// number or a letter and a dot or bracket.
func isItem(line []byte) bool {
	r, n := utf8.DecodeRune(line)
	switch r {
	case '•', '◦', '▪', '‣', '·', '–', '—', '*', '●', '○', '■', '-':
		return len(line) > n && line[n] == ' '
	}
	i := 0
	for i < len(line) && i < 4 && (line[i] >= '0' && line[i] <= '9' || i == 0 && isLetter(line[i]) && line[i] < 0x80) {
		i++
	}
	return i > 0 && i+1 < len(line) && (line[i] == '.' || line[i] == ')') && line[i+1] == ' '
}

// isTabular tells whether a line is of a table: numbers for the most part, or
// parts set far apart.
func isTabular(line []byte) bool {
	digits := 0
	for _, c := range line {
		if '0' <= c && c <= '9' {
			digits++
		}
	}
	return digits*5 > len(line)*2 || bytes.Contains(line, []byte("   ")) || bytes.IndexByte(line, '\t') >= 0
}
