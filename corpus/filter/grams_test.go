package filter

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/corpus/words"
)

// slowTop and slowRepeated say what the fast ones must find, with strings.
func slowTop(list []string, n int) int {
	counts, first := map[string]int{}, []string(nil)
	for i := 0; i+n <= len(list); i++ {
		g := strings.Join(list[i:i+n], " ")
		if counts[g]++; counts[g] == 1 {
			first = append(first, g)
		}
	}
	top, most := "", 0
	for _, g := range first {
		if counts[g] > most {
			top, most = g, counts[g]
		}
	}
	return utf8.RuneCountInString(top) * most
}

func slowRepeated(list []string, n int) int {
	seen, total := map[string]bool{}, 0
	for i := 0; i+n <= len(list); {
		g := strings.Join(list[i:i+n], " ")
		if seen[g] {
			total += utf8.RuneCountInString(strings.Join(list[i:i+n], ""))
			i += n
			continue
		}
		seen[g] = true
		i++
	}
	return total
}

func TestGrams(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var g grams
	var set seen
	o := RepetitionOptions{}
	for range 400 {
		vocabulary := 1 + r.IntN(40)
		var b strings.Builder
		for range r.IntN(300) {
			b.WriteString(strings.Repeat(string(rune('a'+r.IntN(3))), 1+r.IntN(vocabulary)) + []string{" ", " ", "\n", ". ", "é "}[r.IntN(5)])
		}
		text := []byte(b.String())
		var l words.List
		l.Split(text)
		var list []string
		for i := range l.Words {
			list = append(list, string(l.Words[i].Text(text)))
		}
		g.of(text, l.Words)
		for k, most := range g.mostTop(o.top()) {
			n := k + 2
			got, want := g.topLength(n), slowTop(list, n)
			if got != want || got > most {
				t.Fatalf("%q: top %d-gram has %d characters, at most %d; want %d", text, n, got, most, want)
			}
		}
		for k, most := range g.mostRepeated() {
			n := k + 5
			got, want := g.repeatedLength(n, &set), slowRepeated(list, n)
			if got != want || got > most {
				t.Fatalf("%q: repeated %d-grams have %d characters, at most %d; want %d", text, n, got, most, want)
			}
		}
	}
}
