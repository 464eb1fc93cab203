package long

import (
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

// Repeat is a kind of training alone: a list of words and numbers, said over and over. A
// small model learns to copy from it, which finding begins with, and from questions alone
// it did not (docs/LOG.md).
const Repeat Kind = "repeat"

// repeatShort is how many things a list has at least, and repeatPart how many tokens of
// the text there are for each at most, so that a list comes twice.
const (
	repeatShort = 8
	repeatPart  = 16
)

// repeatTraining makes a text that is a list again and again, a line each time.
func (o *Options) repeatTraining(seed uint64) (string, error) {
	r := random.At(seed, ofNeedles)
	list := make([]string, r.Between(repeatShort, max(repeatShort, o.Tokens/repeatPart)))
	for i := range list {
		if list[i] = syllables(r); r.Coin() {
			list[i] = Train.number(r, map[string]bool{}) // a long list has some of them twice
		}
	}
	for {
		line := strings.Join(list, " ")
		times := o.Tokens / (o.count(line) + 1)
		if times >= 2 {
			return strings.Repeat(line+"\n", times-1) + line, nil
		}
		if len(list) == 1 {
			return "", ErrShort
		}
		list = list[:len(list)/2]
	}
}

// syllables is a word that means nothing.
func syllables(r *random.Source) string {
	const consonants, vowels = "bdfgklmnprstvz", "aeiou"
	var b strings.Builder
	for range r.Between(2, 3) {
		b.WriteByte(consonants[r.Below(len(consonants))])
		b.WriteByte(vowels[r.Below(len(vowels))])
	}
	return b.String()
}
