package grade

import (
	"context"
	"errors"
	"regexp"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/task"
)

var errNoGold = errors.New("the item has no accepted answer")

// exact compares texts.
type exact struct {
	extract  *extractor
	normal   task.Normal
	contains bool
}

func newExact(o *task.Exact) (task.Grader, error) {
	x, err := newExtractor(&o.Extract)
	return &exact{x, o.Normal, o.Contains}, err
}

// Grade implements task.Grader.
func (g *exact) Grade(_ context.Context, item *task.Item, answer string) (task.Verdict, error) {
	if len(item.Answers) == 0 {
		return task.Verdict{}, errNoGold
	}
	e := g.extract.of(answer)
	if e.ended != nil {
		return *e.ended, nil
	}
	v := task.Verdict{}
	for _, gold := range item.Answers {
		normal := g.normal
		if normalize(gold, normal) == "" { // all marks or articles: any such answer would be right
			normal = bare
		}
		text, gold := normalize(e.text, normal), normalize(gold, normal)
		if text == gold || g.contains && holdsWords(text, gold) {
			v = verdict(true)
			break
		}
	}
	v.Extracted = e.text
	return v, nil
}

// bare is for accepted answers of which nothing is left otherwise.
var bare = task.Normal{Case: true, Space: true}

// regex matches a pattern.
type regex struct {
	extract *extractor
	pattern *task.Template
}

func newRegex(o *task.Regex) (task.Grader, error) {
	x, err := newExtractor(&o.Extract)
	if err != nil {
		return nil, err
	}
	pattern, err := newTemplate("pattern", o.Pattern)
	return &regex{x, pattern}, err
}

// Grade implements task.Grader. A pattern that is none once the row is filled in
// is an error.
func (g *regex) Grade(_ context.Context, item *task.Item, answer string) (task.Verdict, error) {
	source, err := g.pattern.Execute(item.Row)
	if err != nil {
		return task.Verdict{}, err
	}
	pattern, err := regexp.Compile(source)
	if err != nil {
		return task.Verdict{}, err
	}
	e := g.extract.of(answer)
	if e.ended != nil {
		return *e.ended, nil
	}
	at := pattern.FindStringIndex(e.text)
	v := verdict(at != nil)
	if at != nil {
		v.Extracted = e.text[at[0]:at[1]]
	}
	return v, nil
}

func firstRune(s string) rune { r, _ := utf8.DecodeRuneInString(s); return r }
func lastRune(s string) rune  { r, _ := utf8.DecodeLastRuneInString(s); return r }
