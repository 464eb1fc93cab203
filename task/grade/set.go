package grade

import (
	"context"
	"regexp"
	"strings"

	"github.com/polymath-lm/polymath/task"
)

// maxElements bounds a set, of which the rest is not looked at.
const maxElements = 10_000

// set compares sets of texts.
type set struct {
	extract   *extractor
	normal    task.Normal
	separator string
	each      *regexp.Regexp
}

func newSet(o *task.Set) (task.Grader, error) {
	x, err := newExtractor(&o.Extract)
	if err != nil {
		return nil, err
	}
	g := &set{extract: x, normal: o.Normal, separator: o.Separator}
	if o.Each != "" {
		g.each, err = regexp.Compile(o.Each)
	}
	return g, err
}

// Grade implements task.Grader.
func (g *set) Grade(_ context.Context, item *task.Item, answer string) (task.Verdict, error) {
	if len(item.Answers) == 0 {
		return task.Verdict{}, errNoGold
	}
	e := g.extract.of(answer)
	if e.ended != nil {
		return *e.ended, nil
	}
	given := g.split(e.text)
	best := task.Verdict{}
	for _, gold := range item.Answers {
		if v := overlap(given, g.split(gold)); v.Score > best.Score {
			best = v
		}
	}
	best.Extracted = e.text
	return best, nil
}

// split cuts an answer, given or accepted, into elements. Brackets around the whole do not
// count, nor a full stop behind it.
func (g *set) split(text string) map[string]bool {
	if g.each != nil {
		return g.elements(g.each.FindAllString(text, maxElements))
	}
	text = strings.TrimSuffix(text, ".")
	for _, pair := range []string{"[]", "{}", "()"} {
		if len(text) > 1 && text[0] == pair[0] && text[len(text)-1] == pair[1] {
			text = text[1 : len(text)-1]
			break
		}
	}
	return g.elements(strings.SplitN(text, g.separator, maxElements))
}

func (g *set) elements(texts []string) map[string]bool {
	elements := map[string]bool{}
	for _, text := range texts {
		if text = normalize(text, g.normal); text != "" {
			elements[text] = true
		}
	}
	return elements
}

// overlap is the F1 of two sets.
func overlap(given, gold map[string]bool) task.Verdict {
	common := 0
	for element := range given {
		if gold[element] {
			common++
		}
	}
	if common == 0 {
		return task.Verdict{}
	}
	return task.Verdict{
		Score: 2 * float64(common) / float64(len(given)+len(gold)),
		Right: common == len(given) && common == len(gold),
	}
}
