package task

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	drawing "github.com/polymath-lm/polymath/picture/draw"
	"github.com/polymath-lm/polymath/task/constraint"
)

// gradable finds what a grader could not use in a row, before a model has written
// anything.
func (b *builder) gradable(item *Item) error {
	if b.key != "data" || b.task.Grader == nil { // examples are not graded
		return nil
	}
	switch g := b.task.Grader; {
	case g.Regex != nil:
		return b.pattern()
	case g.Rubric != nil:
		return b.criteria(g.Rubric)
	case g.Numeric != nil:
		return b.numbers(item)
	case g.Scene != nil:
		return b.shown()
	case g.Safety != nil:
		return b.kind()
	case g.Instructions != nil:
		return b.constraints()
	case g.Grounded != nil:
		return b.grounded()
	}
	return nil
}

// grounded tries the templates of what an answer is held against.
func (b *builder) grounded() error {
	for _, key := range []string{"grader.grounded.source", "grader.grounded.subject", "grader.grounded.attribute"} {
		if b.templates[key] == nil {
			continue
		}
		if _, err := b.ofRow(key); err != nil {
			return err
		}
	}
	return nil
}

// pattern tries the pattern of the row.
func (b *builder) pattern() error {
	const key = "grader.regex.pattern"
	text, err := b.ofRow(key)
	if err != nil {
		return err
	}
	if _, err := regexp.Compile(text); err != nil {
		return b.fail(key, err)
	}
	return nil
}

// criteria tries the texts of a rubric.
func (b *builder) criteria(r *Rubric) error {
	for i := range r.Criteria {
		key := indexed("grader.rubric.criteria", i) + ".text"
		text, err := b.ofRow(key)
		if err != nil {
			return err
		}
		if blank(text) {
			return b.fail(key, errors.New("the criterion is empty"))
		}
	}
	return nil
}

// shown tries what the picture shows.
func (b *builder) shown() error {
	const key = "grader.scene.shown"
	text, err := b.ofRow(key)
	if err != nil {
		return err
	}
	var facts drawing.Facts
	if err := json.Unmarshal([]byte(text), &facts); err != nil {
		return b.fail(key, err)
	}
	if len(facts.Objects) == 0 {
		return b.fail(key, errors.New("the facts have no objects"))
	}
	return nil
}

// promptKinds are those that the grader safety knows.
var promptKinds = []string{"harmful", "lookalike", "sensitive"}

// kind tries what the prompt is.
func (b *builder) kind() error {
	const key = "grader.safety.kind"
	text, err := b.ofRow(key)
	if err != nil {
		return err
	}
	if !slices.Contains(promptKinds, text) {
		return b.fail(key, fmt.Errorf("a prompt is %s, not %s", strings.Join(promptKinds, ", "), quoted(text)))
	}
	return nil
}

// constraints tries what the answer must meet.
func (b *builder) constraints() error {
	const key = "grader.instructions.constraints"
	text, err := b.ofRow(key)
	if err != nil {
		return err
	}
	if _, err := constraint.Parse([]byte(text)); err != nil {
		return b.fail(key, err)
	}
	return nil
}

// digits are those that numbers of answers may have.
const digits = "0123456789０１２３４５６７８９"

func (b *builder) numbers(item *Item) error {
	for _, answer := range item.Answers {
		if !strings.ContainsAny(answer, digits) {
			return b.fail("answer", fmt.Errorf("the accepted answer %s has no number, which the grader numeric needs", quoted(answer)))
		}
	}
	return nil
}

// ofRow fills a template as graders do, with the row alone.
func (b *builder) ofRow(key string) (string, error) {
	text, err := b.templates[key].Execute(b.placed.row)
	if err != nil {
		return "", b.fail(key, err)
	}
	return text, nil
}
