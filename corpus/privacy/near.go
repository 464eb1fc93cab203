package privacy

import "bytes"

// near says whether one of words, in lower case, begins a word in the size bytes
// before start, in the same paragraph.
func (w *worker) near(start, size int, words ...string) bool {
	var lower [48]byte
	from := max(0, w.last, start-min(size, len(lower)))
	if blank := bytes.LastIndex(w.text[from:start], []byte("\n\n")); blank >= 0 {
		from += blank + 2
	}
	window := lower[:copy(lower[:], w.text[from:start])]
	for i, b := range window {
		if b >= 'A' && b <= 'Z' {
			window[i] = b + 'a' - 'A'
		}
	}
	for _, word := range words {
		for i := 0; ; i++ {
			found := bytes.Index(window[i:], []byte(word))
			if found < 0 {
				break
			}
			i += found
			if from+i == 0 || class[w.text[from+i-1]]&letter == 0 || class[word[0]]&letter == 0 {
				return true
			}
		}
	}
	return false
}
