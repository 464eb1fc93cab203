package filter

import "bytes"

// parts is how many parts a text has at most.
func parts(text []byte, newlines int) int {
	return bytes.Count(text, []byte("\n\n")[:newlines]) + 1
}

// part returns where the part that begins at start ends, and where the next one
// begins: behind all newlines, or past the end of the text after the last part.
func part(text []byte, start, newlines int) (end, next int) {
	n := bytes.Index(text[start:], []byte("\n\n")[:newlines])
	if n < 0 {
		return len(text), len(text) + 1
	}
	end = start + n
	for next = end; next < len(text) && text[next] == '\n'; next++ {
	}
	return end, next
}
