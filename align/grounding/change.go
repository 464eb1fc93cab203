package grounding

import (
	"encoding/hex"
	"regexp"
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
	near, far *finds
	counts    map[string]int // of words in sentences
}

// finds are the names and the numbers of sentences, as often as they are there: what is
// drawn from them is as frequent as what it takes the place of.
type finds struct {
	names   []named
	numbers []string
}

// named is a name with the word before it, which tells places from people and things
// more often than not.
type named struct{ before, name string }

func nameAt(s string, at []int) named {
	n := named{name: s[at[0]:at[1]]}
	if fields := strings.Fields(s[:at[0]]); len(fields) > 0 {
		n.before = fields[len(fields)-1]
	}
	return n
}

func (f *finds) add(s string) {
	for _, at := range namesIn(s) {
		f.names = append(f.names, nameAt(s, at))
	}
	for _, w := range wordPattern.FindAllString(s, -1) {
		if isNumber(w) {
			f.numbers = append(f.numbers, w)
		}
	}
}

func isNumber(w string) bool { return digits.MatchString(w) || numberWord(w) > 0 }

// balanced says, at random, whether what is common may become what is rare, so often
// that as many become the common one as stop to be it: else a statement's words alone
// would tell that it was changed.
func (c *changer) balanced(from, to string) bool {
	common, rare := c.counts[from]+1, c.counts[to]+1
	return rare >= common || c.r.Below(common) < rare
}

// count takes a sentence into the counts.
func count(counts map[string]int, s string) {
	for _, at := range wordPattern.FindAllStringIndex(s, -1) {
		if w := s[at[0]:at[1]]; opposites[w] != "" {
			counts[w]++
		}
	}
	if at := negated.FindStringSubmatchIndex(s); at != nil {
		counts[withNot+auxiliaryOf(s, at)]++
	} else if at, ok := placeForNot(s); ok {
		counts[s[at[0]:at[1]]]++
	}
}

// withNot stands before an auxiliary in the counts of those that have a "not".
const withNot = "not "

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

// number changes one number to another of the same look.
func (c *changer) number(s string) (string, bool) {
	var found [][]int
	for _, at := range wordPattern.FindAllStringIndex(s, -1) {
		if isNumber(s[at[0]:at[1]]) {
			found = append(found, at)
		}
	}
	if len(found) == 0 {
		return "", false
	}
	at := random.Pick(c.r, found)
	old := s[at[0]:at[1]]
	for _, pool := range [][]string{c.near.numbers, c.far.numbers} {
		for range min(60, 20*len(pool)) {
			n := random.Pick(c.r, pool)
			if n != old && look(n) == look(old) && !contains(c.passage, n) {
				return replace(s, at, n), true
			}
		}
	}
	return "", false
}

// look is a number with all digits alike; numbers that are words look alike.
func look(n string) string {
	if numberWord(n) > 0 {
		return "word"
	}
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '0'
		}
		return r
	}, n)
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

// name puts another name for one, of as many words: one that stands behind the same word
// in the document or in others, or else any.
func (c *changer) name(s string) (string, bool) {
	found := namesIn(s)
	if len(found) == 0 {
		return "", false
	}
	at := random.Pick(c.r, found)
	old := nameAt(s, at)
	for _, alike := range []bool{true, false} {
		for _, pool := range [][]named{c.near.names, c.far.names} {
			for range min(60, 20*len(pool)) {
				n := random.Pick(c.r, pool)
				if (!alike || n.before == old.before) && old.becomes(n.name) && !contains(s, n.name) {
					return replace(s, at, n.name), true
				}
			}
		}
	}
	return "", false
}

// becomes reports whether another name can take the place of one.
func (n named) becomes(other string) bool {
	return strings.Count(n.name, " ") == strings.Count(other, " ") && !contains(n.name, other) && !contains(other, n.name) &&
		allCapitals(n.name) == allCapitals(other)
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
	negated   = regexp.MustCompile(`\b(?:(is|are|was|were|has|have|had|can|could|will|would|should|must|may|might) not|(can)not|(is|are|was|were|has|have|had|could|would|should)n['’]t|(ca)n['’]t|(wo)n['’]t) `)
	auxiliary = regexp.MustCompile(`\b(?:is|are|was|were|can|could|will|would|should|must|may|might|(?:has|have|had)(?: been| \p{L}+ed\b))`)
)

// auxiliaryOf is what stands before the "not" that negated has found.
func auxiliaryOf(s string, at []int) string {
	for g := 2; g < len(at); g += 2 {
		if at[g] < 0 {
			continue
		}
		switch word := s[at[g]:at[g+1]]; word {
		case "ca":
			return "can"
		case "wo":
			return "will"
		default:
			return word
		}
	}
	return ""
}

// negation takes a "not" away or adds one. Sentences that have one lose it.
func (c *changer) negation(s string) (string, bool) {
	if at := negated.FindStringSubmatchIndex(s); at != nil {
		word := auxiliaryOf(s, at)
		if !c.balanced(withNot+word, word) {
			return "", false
		}
		return s[:at[0]] + word + " " + s[at[1]:], true
	}
	at, ok := placeForNot(s)
	if !ok {
		return "", false
	}
	word := s[at[0]:at[1]]
	if !c.balanced(word, withNot+word) {
		return "", false
	}
	if word == "can" {
		return replace(s, at, "cannot"), true
	}
	return replace(s, at, word+" not"), true
}

// placeForNot is the auxiliary behind which a "not" can be put.
func placeForNot(s string) (at []int, ok bool) {
	at = auxiliary.FindStringIndex(s)
	if at == nil || at[0] == 0 || contains(s, "not") || contains(s, "cannot") || strings.Contains(s, "n't ") || strings.Contains(s, "n’t ") {
		return nil, false
	}
	first, _, _ := strings.Cut(s[at[0]:at[1]], " ")
	at[1] = at[0] + len(first)
	return at, strings.HasPrefix(s[at[1]:], " ")
}
