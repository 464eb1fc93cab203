package language

import (
	_ "embed"
	"sync"
	"unicode/utf8"
)

//go:embed model.bin
var embedded []byte

// Default returns the model that the program carries.
var Default = sync.OnceValue(func() *Model {
	m, err := Load(embedded)
	if err != nil {
		panic("language: " + err.Error()) // the tests have loaded it
	}
	return m
})

// Guess is the likeliest language of a text.
type Guess struct {
	// Language is an ISO 639 code, or "" if the text is likelier none of the
	// languages that the model knows: code, noise, another language.
	Language string
	// Score is the probability of the language, calibrated; where Language is "",
	// that of the likeliest one all the same.
	Score float32
}

// Identify returns the likeliest language of a text in UTF-8, read as a whole.
func Identify(text []byte) Guess { return Default().Identify(text) }

// Identify returns the likeliest language of a text in UTF-8, read as a whole.
func (m *Model) Identify(text []byte) Guess {
	var sums [lanes]int64
	n := m.read(&sums, text)
	return m.guess(&sums, n)
}

// IdentifySample is Identify on about size bytes of the text, or all of it if
// it is no longer: a third each from its start, its middle and its end.
func (m *Model) IdentifySample(text []byte, size int) Guess {
	if len(text) <= size {
		return m.Identify(text)
	}
	var sums [lanes]int64
	part, n := size/3, 0
	for _, at := range [3]int{0, (len(text) - part) / 2, len(text) - part} {
		n += m.read(&sums, whole(text, at, at+part))
	}
	return m.guess(&sums, n)
}

// guess makes a guess of the sums of n n-grams.
func (m *Model) guess(sums *[lanes]int64, n int) Guess {
	if n == 0 {
		return Guess{}
	}
	var logits [lanes]float32
	p := logits[:len(m.codes)]
	m.logits(p, sums, n)
	m.probabilities(p, n)
	best, known := 0, -1
	for i, code := range m.codes {
		if p[i] > p[best] {
			best = i
		}
		if code != "" && (known < 0 || p[i] > p[known]) {
			known = i
		}
	}
	return Guess{Language: m.codes[best], Score: p[known]}
}

// nearby is how far a cut is moved to fall on a space.
const nearby = 16

// whole returns text[from:to] without the halves of words at its ends if there
// is a space nearby, and without halves of characters.
func whole(text []byte, from, to int) []byte {
	if from > 0 {
		for i := from; i < min(from+nearby, to); i++ {
			if text[i] == ' ' || text[i] == '\n' {
				from = i
				break
			}
		}
		for from < to && !utf8.RuneStart(text[from]) {
			from++
		}
	}
	if to < len(text) {
		for i := to; i > max(to-nearby, from); i-- {
			if text[i] == ' ' || text[i] == '\n' {
				to = i
				break
			}
		}
		for to > from && !utf8.RuneStart(text[to]) {
			to--
		}
	}
	return text[from:to]
}
