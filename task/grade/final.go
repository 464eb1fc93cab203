package grade

import (
	"regexp"
	"strings"

	"github.com/polymath-lm/polymath/task/grade/formula"
)

// says are the words with which an answer is announced.
var says = regexp.MustCompile(`(?i)\b(?:final answer|answer)\b[^\n$]{0,20}?(?:\bis\b|:|=)|答案[是为:]+`)

// sentenceEnd is a full stop before another sentence. That of "Rs. 750" is none.
var sentenceEnd = regexp.MustCompile(`\.\s+\p{Lu}`)

// finalFormula finds the formula that a text ends with as its answer: what is in
// the last box; what follows the words that the task names or "the answer is"; the
// last formula in dollar signs; a short text as it is; the last number.
func finalFormula(e extracted) string {
	if boxed, ok := formula.Boxed(e.text); ok {
		return boxed
	}
	if e.found {
		return sentence(e.text)
	}
	if at := says.FindAllStringIndex(e.text, -1); at != nil {
		if text := sentence(e.text[at[len(at)-1][1]:]); text != "" {
			return text
		}
	}
	if inner := lastInDollars(e.text); inner != "" {
		return inner
	}
	if !strings.Contains(e.text, "\n") && len(e.text) <= 100 {
		return sentence(e.text)
	}
	if all := quantities(e.text); len(all) > 0 {
		return all[len(all)-1].text
	}
	return ""
}

// sentence returns what a text begins with up to the end of its line or sentence.
// What a formula in dollar signs is followed by belongs to no formula.
func sentence(text string) string {
	text = strings.Trim(text, " \t\n*:")
	if line, _, ok := strings.Cut(text, "\n"); ok && strings.TrimSpace(line) != "" && !strings.HasPrefix(text, `\[`) && !strings.HasPrefix(text, "$$") {
		text = line
	}
	for _, pair := range [][2]string{{"$$", "$$"}, {"$", "$"}, {`\(`, `\)`}, {`\[`, `\]`}} {
		if rest, ok := strings.CutPrefix(text, pair[0]); ok {
			if inner, after, ok := strings.Cut(rest, pair[1]); ok && !strings.ContainsAny(after, "$") {
				return strings.TrimSpace(inner)
			}
		}
	}
	if end := sentenceEnd.FindStringIndex(text); end != nil {
		text = text[:end[0]]
	}
	return strings.Trim(strings.TrimRight(text, ".。*"), " \t")
}

// lastInDollars returns the last formula of a text, with those before it that
// nothing but commas, "and" and "or" part from it: $1$, $2$ or $3$.
func lastInDollars(text string) string {
	text = strings.NewReplacer(`\$`, "\x00", "$$", "$", `\[`, "$", `\]`, "$", `\(`, "$", `\)`, "$").Replace(text)
	parts := strings.Split(text, "$")
	if len(parts) < 3 {
		return ""
	}
	last := len(parts) - 2
	if len(parts)%2 == 0 { // one sign stands alone, as in $5
		last--
	}
	if last < 1 {
		return ""
	}
	first := last
	for first >= 3 && separates.MatchString(parts[first-1]) {
		first -= 2
	}
	found := strings.Join(parts[first:last+1], "")
	return strings.TrimSpace(strings.ReplaceAll(found, "\x00", `\$`))
}

var separates = regexp.MustCompile(`^\s*(?:[,;]|[,;]?\s*(?:and|or))\s*$`)
