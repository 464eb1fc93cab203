package grounding

import (
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/internal/random"
)

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// changer changes what a sentence says.
type changer struct {
	r         *random.Source
	passage   string
	near, far []string       // names of the document, and of others
	counts    map[string]int // of words in sentences
}

// balanced says, at random, whether what is common may become what is rare, so often
// that as many become the common one as stop to be it: else a statement's words alone
// would tell that it was changed.
func (c *changer) balanced(from, to string) bool {
	common, rare := c.counts[from]+1, c.counts[to]+1
	return rare >= common || c.r.Below(common) < rare
}

// What counts of sentences are called by that could have a "not".
const (
	withNot    = "not"
	withoutNot = "not not"
)

// count takes a sentence into the counts.
func count(counts map[string]int, s string) {
	for _, at := range wordPattern.FindAllStringIndex(s, -1) {
		if w := s[at[0]:at[1]]; opposites[w] != "" {
			counts[w]++
		}
	}
	if negated.MatchString(s) {
		counts[withNot]++
	} else if _, ok := placeForNot(s); ok {
		counts[withoutNot]++
	}
}

// change returns the sentence with a change of that kind, if there can be one.
func (c *changer) change(k Kind, s string) (string, bool) {
	switch k {
	case Number:
		return c.number(s)
	case Name:
		return c.name(s)
	case Exchange:
		return c.exchange(s)
	case Negation:
		return c.negation(s)
	case Opposite:
		return c.opposite(s)
	}
	return "", false
}

// replace puts a text in the place of a part of another.
func replace(s string, at []int, with string) string { return s[:at[0]] + with + s[at[1]:] }

var wordPattern = regexp.MustCompile(`[\p{L}\p{N}]+(?:['’.,-][\p{L}\p{N}]+)*`)

// contains tells whether a text has a word, or several, whole.
func contains(text, word string) bool {
	for from := 0; ; {
		at := strings.Index(text[from:], word)
		if at < 0 {
			return false
		}
		at += from
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[at+len(word):])
		if !letterOrDigit(before) && !letterOrDigit(after) {
			return true
		}
		from = at + len(word)
	}
}

func letterOrDigit(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

func capital(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsUpper(r)
}

var digits = regexp.MustCompile(`^\d{1,3}(?:,\d{3})+$|^\d+(?:\.\d+)?$`)

// number changes one number: digits to others of the same look, a word to another.
func (c *changer) number(s string) (string, bool) {
	var found [][]int
	for _, at := range wordPattern.FindAllStringIndex(s, -1) {
		w := s[at[0]:at[1]]
		if digits.MatchString(w) || numberWord(w) > 0 {
			found = append(found, at)
		}
	}
	if len(found) == 0 {
		return "", false
	}
	at := random.Pick(c.r, found)
	old := s[at[0]:at[1]]
	for range 20 {
		if with := c.otherNumber(old); with != old && !contains(c.passage, with) {
			return replace(s, at, with), true
		}
	}
	return "", false
}

func (c *changer) otherNumber(old string) string {
	if n := numberWord(old); n > 0 {
		return numberWords[max(2, min(len(numberWords)-1, n+c.r.Between(-3, 3)))]
	}
	b := []byte(old)
	first := len(b) // the first digit that changes: years stay in their century
	for first > 0 && len(b)-first < 2 {
		first--
	}
	for i := first; i < len(b); i++ {
		if b[i] >= '0' && b[i] <= '9' {
			b[i] = byte('0' + c.r.Below(10))
		}
	}
	if b[0] == '0' && len(b) > 1 && b[1] != '.' {
		b[0] = byte('1' + c.r.Below(9))
	}
	return string(b)
}

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

// nameless are words with a capital letter that name nobody.
var nameless = map[string]bool{"I": true, "I'm": true, "I've": true, "I'd": true, "I'll": true, "OK": true, "No": true, "Yes": true, "The": true, "A": true, "An": true}

// namesIn are the places of names: words with a capital letter that do not begin the
// sentence, up to three together.
func namesIn(s string) (all [][]int) {
	const most = 3
	run := 0
	for i, at := range wordPattern.FindAllStringIndex(s, -1) {
		w := s[at[0]:at[1]]
		if i == 0 || !capital(w) || nameless[w] || utf8.RuneCountInString(w) < 3 || strings.ContainsAny(w, "0123456789'’") {
			run = 0
			continue
		}
		if run > 0 && run < most && s[all[len(all)-1][1]:at[0]] == " " {
			all[len(all)-1][1] = at[1]
			run++
			continue
		}
		all, run = append(all, []int{at[0], at[1]}), 1
	}
	return all
}

// name puts another name for one: of the passage or the document, or else of another
// document, of as many words.
func (c *changer) name(s string) (string, bool) {
	found := namesIn(s)
	if len(found) == 0 {
		return "", false
	}
	at := random.Pick(c.r, found)
	old := s[at[0]:at[1]]
	for _, pool := range [][]string{c.near, c.far} {
		for range min(40, 4*len(pool)) {
			n := random.Pick(c.r, pool)
			if n != old && strings.Count(n, " ") == strings.Count(old, " ") && !contains(s, n) && !contains(n, old) && !contains(old, n) && allCapitals(n) == allCapitals(old) {
				return replace(s, at, n), true
			}
		}
	}
	return "", false
}

func allCapitals(s string) bool { return strings.ToUpper(s) == s }

// listed is what stands between names that could change places and mean the same.
var listed = regexp.MustCompile(`^(?:,| and| or| nor| with|,? as well as|/|-|\s)*\s*$`)

// exchange lets two names change places.
func (c *changer) exchange(s string) (string, bool) {
	var fit [][2][]int
	found := namesIn(s)
	for i := 1; i < len(found); i++ {
		a, b := found[i-1], found[i]
		if s[a[0]:a[1]] != s[b[0]:b[1]] && !listed.MatchString(s[a[1]:b[0]]) {
			fit = append(fit, [2][]int{a, b})
		}
	}
	if len(fit) == 0 {
		return "", false
	}
	p := random.Pick(c.r, fit)
	a, b := p[0], p[1]
	return s[:a[0]] + s[b[0]:b[1]] + s[a[1]:b[0]] + s[a[0]:a[1]] + s[b[1]:], true
}

var (
	negated   = regexp.MustCompile(`\b(?:(is|are|was|were|has|have|had|can|could|will|would|should|must|may|might|does|do|did) not|(can)not|(is|are|was|were|has|have|had|could|would|should|does|do|did)n['’]t)\b `)
	auxiliary = regexp.MustCompile(`\b(?:is|are|was|were|can|could|will|would|should|must|may|might|(?:has|have|had)(?: been| \p{L}+ed\b))`)
)

// negation takes a "not" away or adds one. Sentences that have one lose it.
func (c *changer) negation(s string) (string, bool) {
	if at := negated.FindStringSubmatchIndex(s); at != nil {
		for _, g := range []int{2, 4, 6} {
			if at[g] >= 0 && c.balanced(withNot, withoutNot) {
				return s[:at[0]] + s[at[g]:at[g+1]] + " " + s[at[1]:], true
			}
		}
		return "", false
	}
	end, ok := placeForNot(s)
	if !ok || !c.balanced(withoutNot, withNot) {
		return "", false
	}
	return s[:end] + " not" + s[end:], true
}

// placeForNot is where a "not" can be put.
func placeForNot(s string) (end int, ok bool) {
	at := auxiliary.FindStringIndex(s)
	if at == nil || at[0] == 0 || contains(s, "not") || strings.Contains(s, "n't ") || strings.Contains(s, "n’t ") {
		return 0, false
	}
	first, _, _ := strings.Cut(s[at[0]:at[1]], " ")
	end = at[0] + len(first)
	return end, strings.HasPrefix(s[end:], " ")
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

// byNumber is a number of digits as a word, or "" where it has none.
func byNumber(w string) string {
	if n, err := strconv.Atoi(w); err == nil && n >= 2 && n < len(numberWords) && strconv.Itoa(n) == w {
		return numberWords[n]
	}
	return ""
}
