package grounding

import (
	"strconv"
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

// numberWords are numbers by their words, from two on.
var numberWords = []string{2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine", 10: "ten", 11: "eleven", 12: "twelve"}

// numberWord is the number of a word, or 0.
func numberWord(w string) int {
	for n := 2; n < len(numberWords); n++ {
		if numberWords[n] == w {
			return n
		}
	}
	return 0
}

// byNumber is a number of digits as a word, or "" where it has none.
func byNumber(w string) string {
	if n, err := strconv.Atoi(w); err == nil && n >= 2 && n < len(numberWords) && strconv.Itoa(n) == w {
		return numberWords[n]
	}
	return ""
}

// opposite puts the opposite of a word.
func (c *changer) opposite(s string) (string, bool) {
	var found [][]int
	for _, at := range wordPattern.FindAllStringIndex(s, -1) {
		if w := s[at[0]:at[1]]; opposites[w] != "" && c.balanced(w, opposites[w]) {
			found = append(found, at)
		}
	}
	if len(found) == 0 {
		return "", false
	}
	at := random.Pick(c.r, found)
	return replace(s, at, opposites[s[at[0]:at[1]]]), true
}

var opposites = pairsOf(`
	before after; more less; always never; first last; large small; larger smaller; largest smallest; big little; old young; older younger;
	above below; inside outside; open closed; high low; higher lower; highest lowest; early late; earlier later; long short; longer shorter;
	left right; man woman; men women; father mother; son daughter; sons daughters; brother sister; brothers sisters; husband wife; king queen;
	day night; summer winter; black white; hot cold; warm cool; begin end; begins ends; began ended; east west; eastern western; north south;
	northern southern; true false; increase decrease; increases decreases; increased decreased; strong weak; rich poor; good bad; better worse;
	best worst; easy difficult; same different; up down; empty full; happy sad; love hate; loved hated; male female; many few; maximum minimum;
	often seldom; public private; remembered forgot; success failure; top bottom; won lost; enemy friend; enemies friends; morning evening;
	heavy light; deep shallow; fast slow; faster slower; enabled disabled; allowed forbidden; required optional; safe dangerous; simple complex;
	positive negative; input output; internal external; everything nothing; everybody nobody; read written; ancient modern; dark bright;
	thick thin; wide narrow; loud quiet; wet dry`)

// pairsOf reads a table of two words each, which it maps to each other.
func pairsOf(table string) map[string]string {
	m := map[string]string{}
	for line := range strings.SplitSeq(table, ";") {
		w := strings.Fields(line)
		m[w[0]], m[w[1]] = w[1], w[0]
	}
	return m
}
