package grade

import (
	"context"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"github.com/polymath-lm/polymath/task"
)

// f1 is the overlap of words.
type f1 struct {
	extract   *extractor
	drop      bool
	separator string
}

func newF1(o *task.F1) (task.Grader, error) {
	x, err := newExtractor(&o.Extract)
	return &f1{x, o.Drop, o.Separator}, err
}

// Grade implements task.Grader.
func (g *f1) Grade(_ context.Context, item *task.Item, answer string) (task.Verdict, error) {
	if len(item.Answers) == 0 {
		return task.Verdict{}, errNoGold
	}
	e := g.extract.of(answer)
	if e.ended != nil && e.ended.Abstained {
		return *e.ended, nil
	}
	best := task.Verdict{}
	if e.ended != nil && e.text != "" { // the pattern is not there, and so no answer
		e.text, best.Why = "", e.ended.Why
	}
	for _, gold := range item.Answers {
		v := task.Verdict{}
		if len(squadWords(gold)) == 0 { // all marks or articles: any such answer would be right
			v = verdict(normalize(e.text, bare) == normalize(gold, bare))
		} else if g.drop {
			v.Score, v.Right = dropF1(g.spans(e.text), g.spans(gold))
		} else {
			v.Score, v.Right = squadF1(e.text, gold)
		}
		best.Score, best.Right = max(best.Score, v.Score), best.Right || v.Right
	}
	best.Extracted = e.text
	return best, nil
}

func (g *f1) spans(text string) []string {
	if g.separator == "" {
		return []string{text}
	}
	return strings.SplitN(text, g.separator, maxSpans)
}

// squadF1 returns the F1 of words, as bags, and whether the texts are equal once
// normalized, as SQuAD's script (evaluate-v2.0.py) defines them.
func squadF1(answer, gold string) (score float64, exact bool) {
	a, g := squadWords(answer), squadWords(gold)
	exact = strings.Join(a, " ") == strings.Join(g, " ")
	if len(a) == 0 || len(g) == 0 {
		if exact {
			score = 1
		}
		return score, exact
	}
	counts := map[string]int{}
	for _, word := range g {
		counts[word]++
	}
	common := 0
	for _, word := range a {
		if counts[word] > 0 {
			counts[word]--
			common++
		}
	}
	return harmonic(common, len(a), len(g)), exact
}

// harmonic is the F1 of what two collections have in common.
func harmonic(common, a, g int) float64 {
	if common == 0 {
		return 0
	}
	precision, recall := float64(common)/float64(a), float64(common)/float64(g)
	return float64(2*precision*recall) / (precision + recall)
}

func squadWords(text string) []string {
	text = dropASCIIPunctuation(lowerPython(text))
	return fieldsPython(dropArticles(text))
}

// lowerPython is str.lower, which knows the final sigma.
func lowerPython(text string) string { return cases.Lower(language.Und).String(text) }

// dropASCIIPunctuation leaves out the characters of Python's string.punctuation.
func dropASCIIPunctuation(text string) string {
	return strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsPunct(r) || unicode.IsSymbol(r)) {
			return -1
		}
		return r
	}, text)
}

// fieldsPython is str.split, to which the separators of ASCII are white space.
func fieldsPython(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f })
}
