package constrain

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"
)

var patterns = []string{
	``, `a`, `abc`, `a|b`, `(ab)*c?`, `[a-c]+`, `a{2,4}b`, `(?i)aBc`, `^a$`, `^$`, `a^b`, `(^a|b)c*`, `a$|b`, `.*`, `(?s).*a.`, `[^a]b`, `a*?b`,
	`(a|b)*abb`, `\d+(\.\d+)?`, `[é日]+`, `\w\W\s?`, `(a?){3}b`, `((a|b)(c|$))+`, `x*(^|y)a`, `a\.b`, `\x{e9}`, `"a\\`, `[[:alpha:]]`, `(?i)ſk`, `\pL`, `^^a$$`,
	`(a*)*b`, `(a|)b`, `[^\x00-\x{10FFFF}]`, `[^\x00-\x{10FFFF}]|a`,
}

// TestRegex compares patterns with Go's regexp on random texts, and validates
// random walks with it.
func TestRegex(t *testing.T) {
	v := testVocabulary()
	rng := rand.New(rand.NewPCG(5, 6))
	letters := []rune("aabbcxyB1.\n \"\\é日ſK")
	for _, p := range patterns {
		whole := regexp.MustCompile(`\A(?:` + p + `)\z`)
		part := regexp.MustCompile(p)
		g, err := v.Regex(t.Context(), p)
		if errors.Is(err, errNothing) {
			if p != `a^b` && p != `[^\x00-\x{10FFFF}]` {
				t.Errorf("%q: %v", p, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(p, err)
		}
		inner := innerGrammar(t, v, p)
		for range 2000 {
			var b strings.Builder
			for range rng.IntN(7) {
				b.WriteRune(letters[rng.IntN(len(letters))])
			}
			text := b.String()
			if got, want := accepts(g, text), whole.MatchString(text); got != want {
				t.Fatalf("%q on %q: %v, want %v", p, text, got, want)
			}
			if got, want := accepts(inner, quoted(text)), part.MatchString(text); got != want {
				t.Fatalf("%q in %q: %v, want %v", p, text, got, want)
			}
		}
		for range 20 {
			step := 0
			text := ramble(t, g, rng, 10, func(m *Mask, allowed []int32) {
				if step++; step%4 == 0 {
					compareMask(t, m, allowed)
				}
			})
			if !whole.MatchString(text) {
				t.Fatalf("%q does not match %q", p, text)
			}
		}
	}
}

// innerGrammar is the grammar of JSON strings in which p matches.
func innerGrammar(t *testing.T, v *Vocabulary, p string) *Grammar {
	return must(v.Schema(t.Context(), fmt.Appendf(nil, `{"type":"string","pattern":%s}`, quoted(p))))(t)
}

func TestRegexRefused(t *testing.T) {
	v := byteVocabulary()
	for p, want := range map[string]string{
		`a(`: "missing closing", `\bword`: `\b`, `(?m)^a`: "(?m)", `(?=a)`: "invalid or unsupported Perl syntax",
		`(a|b)*a(a|b){20}`: "states", `[^\x00-\x{10FFFF}]`: "nothing satisfies",
	} {
		_, err := v.Regex(t.Context(), p)
		if !errors.Is(err, ErrRegex) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an ErrRegex with %q", p, err, want)
		}
	}
}

func FuzzRegex(f *testing.F) {
	for _, p := range patterns {
		f.Add(p, "abc")
	}
	f.Add(`\Q`, "")
	f.Add(`(a|b)*a(a|b){9}`, "ababababab")
	f.Add(`((a{0,9}){0,9}){0,9}`, "a")
	v := testVocabulary()
	f.Fuzz(func(t *testing.T, p, text string) {
		defer soon(t, time.Now())
		g, err := v.Regex(t.Context(), p)
		if err != nil {
			if !errors.Is(err, ErrRegex) {
				t.Fatal(err)
			}
			return
		}
		re, err := regexp.Compile(`\A(?:` + p + `)\z`)
		if err != nil { // p ends within \Q
			return
		}
		if strings.ToValidUTF8(text, "") == text && accepts(g, text) != re.MatchString(text) {
			t.Fatalf("%q on %q: %v", p, text, accepts(g, text))
		}
		stroll(t, g)
	})
}

// stroll takes a few tokens and compares a mask.
func stroll(t *testing.T, g *Grammar) {
	m := g.NewMask()
	for step := range 5 {
		allowed := allowedIDs(m, len(g.vocabulary.tokens))
		if len(allowed) == 0 {
			t.Fatal("no token is allowed")
		}
		if step%4 == 1 {
			compareMask(t, m, allowed)
		}
		m.Accept(allowed[(step*7)%len(allowed)])
		if m.ended {
			return
		}
	}
}
