// Package formula reads mathematical answers in LaTeX, or as people type them,
// and says whether two are equal in value.
//
// Numbers are compared exactly, as fractions of whole numbers. What is no such
// fraction (roots, pi, logarithms) or has variables is compared by its values to
// 400 bits, at several points: two formulas that agree there are the same formula
// but for a chance of less than 2^-200 (Schwartz 1980, Zippel 1979). What cannot
// be read as a formula is compared as text.
package formula

import (
	"math/big"
	"strings"
)

// Limits of what is read as a formula; what is beyond is compared as text.
const (
	maxBytes  = 4000
	maxTokens = 2000
	maxDepth  = 60
)

// Equal reports whether an answer has the value of the gold one. Besides writing
// and order of sums, these do not count:
//
//   - units and other words beside a value, dollar and percent signs, degrees
//     (50\%, 50 and 0.5 are equal, and so are 45^\circ, 45 and \pi/4)
//   - what is named: x = 3 and 3 are equal, and so are x > 3 and (3, \infty)
//   - the order of what is listed, and braces around it; a tuple has an order
//
// tolerance is the relative difference from the gold value that numbers may have.
// Variables stand for positive numbers, so that \sqrt{x^2} is x.
func Equal(gold, answer string, tolerance float64) bool {
	if plain(gold) == plain(answer) {
		return true
	}
	if len(gold) > maxBytes || len(answer) > maxBytes {
		return false
	}
	c := &comparer{work: maxWork}
	if tolerance > 0 {
		c.tolerance = new(big.Rat).SetFloat64(tolerance)
	}
	for _, grouped := range []bool{true, false} { // 1,234 is one number, or two
		g, err := parse(gold, grouped)
		if err != nil {
			continue
		}
		a, err := parse(answer, grouped)
		if err == nil && c.same(g, a) {
			return true
		}
	}
	return false
}

// Value returns the value of a formula that is a fraction of whole numbers, such
// as -3, 0.25, 1{,}000 or \frac{1}{3}, without its unit.
func Value(text string) (*big.Rat, bool) {
	if len(text) > maxBytes {
		return nil, false
	}
	n, err := parse(text, true)
	if err != nil {
		return nil, false
	}
	return n.bare().rational()
}

// plain is what of a text counts where it is compared as one: neither space nor
// what only changes how it looks. Braces and the case of letters do not count in
// words only: braces part the digits of \frac{1}{12}.
func plain(text string) string {
	text = strings.TrimRight(strings.TrimSpace(text), ".")
	text = plainMarks.Replace(text)
	if !strings.ContainsAny(text, `0123456789\^_`) {
		text = strings.ToLower(strings.NewReplacer("{", "", "}", "").Replace(text))
	}
	return strings.Join(strings.Fields(text), "")
}

var plainMarks = strings.NewReplacer(
	`\textbf`, "", `\textrm`, "", `\text`, "", `\mathrm`, "", `\mathbf`, "", `\mbox`, "",
	`\left(`, "(", `\right)`, ")", `\left[`, "[", `\right]`, "]", `\dfrac`, `\frac`, `\tfrac`, `\frac`,
	`\!`, "", `\,`, "", `\;`, "", `\ `, "", `\(`, "", `\)`, "", `\[`, "", `\]`, "", "$", "",
)

// Boxed returns what the last \boxed or \fbox of a text holds. Those whose brace
// does not close do not count.
func Boxed(text string) (string, bool) {
	var open []int // braces that are open
	from, to := -1, -1
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '{':
			open = append(open, i)
		case '}':
			if len(open) == 0 {
				continue
			}
			last := open[len(open)-1]
			open = open[:len(open)-1]
			if last >= from && endsInBox(text[:last]) {
				from, to = last+1, i
			}
		}
	}
	if at, end := bareBox(text); at > from {
		return strings.TrimSpace(text[at:end]), true
	}
	if from < 0 {
		return "", false
	}
	return strings.TrimSpace(text[from:to]), true
}

func endsInBox(text string) bool {
	text = strings.TrimRight(text, " \t\n")
	return strings.HasSuffix(text, `\boxed`) || strings.HasSuffix(text, `\fbox`)
}

// bareBox finds a last box without braces, as in \boxed 5.
func bareBox(text string) (from, to int) {
	at := strings.LastIndex(text, `\boxed `)
	if at < 0 {
		return -1, -1
	}
	from = at + len(`\boxed `)
	rest := text[from:]
	if strings.HasPrefix(strings.TrimLeft(rest, " \t\n"), "{") {
		return -1, -1
	}
	if end := strings.IndexAny(rest, "$\n"); end >= 0 {
		rest = rest[:end]
	}
	return from, from + len(rest)
}
