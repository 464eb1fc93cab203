package task

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/recipe"
)

// shots puts before items what stands there.
type shots struct {
	own, from *pool // the same where the examples are the task's own rows
	number    int
	sections  map[string][]int // the rows of from by section, or all under ""
	made      map[int]Shot
	texts     map[string]string // of files
}

func newShots(own *pool) (*shots, error) {
	f := &own.task.FewShot
	s := &shots{own: own, from: own, number: f.Number, made: map[int]Shot{}, texts: map[string]string{}}
	if own.options.Shots >= 0 && own.task.takesShots() {
		s.number = own.options.Shots
	}
	if s.number == 0 {
		return s, nil
	}
	if f.Data != nil {
		s.from = &pool{rows: rows{task: own.task, options: own.options, templates: own.templates, key: "few_shot.data", data: f.Data}}
		if err := s.from.read(); err != nil {
			return nil, err
		}
	}
	s.sections = map[string][]int{}
	for i := range s.from.list {
		at := s.section(&s.from.list[i])
		s.sections[at] = append(s.sections[at], i)
	}
	return s, nil
}

// takesShots reports whether a number of examples makes sense.
func (t *Task) takesShots() bool {
	return slices.Contains(methodKeys["few_shot"], t.Method) && len(t.Images) == 0 && t.FewShot.Text == "" && t.FewShot.File == ""
}

// section is the part of the task whose examples a row gets, or is for.
func (s *shots) section(p *placed) string {
	if s.from.data.Section == "" {
		return ""
	}
	return p.section
}

// fill puts before an item, of the own row i, what stands there.
func (s *shots) fill(item *Item, i int) error {
	b := builder{pool: s.own, placed: &s.own.list[i], dot: s.own.list[i].row}
	lead, err := b.render("few_shot.intro")
	if err != nil {
		return err
	}
	item.Lead = trimEnd(lead)
	if s.own.options.Shots != 0 {
		fixed, err := s.fixed(&b)
		if err != nil {
			return err
		}
		if item.Lead != "" && fixed != "" {
			item.Lead += item.Separator
		}
		item.Lead += fixed
	}
	if s.number > 0 {
		if item.Shots, err = s.draw(item, i); err != nil {
			return err
		}
	}
	size := len(item.Lead)
	for _, shot := range item.Shots {
		size += len(shot.Prompt) + len(shot.Answer)
	}
	if size > 4*maxText {
		return b.fail("few_shot", fmt.Errorf("the examples have %d bytes, %d are allowed", size, 4*maxText))
	}
	return nil
}

// fixed is the fixed text with examples, if there is one.
func (s *shots) fixed(b *builder) (string, error) {
	f := &s.own.task.FewShot
	if f.File == "" {
		return cutAfter(f, f.Text, func(err error) error { return recipe.Bad("few_shot.after", "%v", err) })
	}
	name, err := b.render("few_shot.file")
	if err != nil {
		return "", err
	}
	if text, ok := s.texts[name]; ok {
		return text, nil
	}
	path, file, err := s.own.task.open(s.own.options.DataDir, name)
	if err != nil {
		return "", b.fail("few_shot.file", fmt.Errorf("%s: %w", name, err))
	}
	defer file.Close()
	text, err := readText(file)
	if err != nil {
		return "", b.fail("few_shot.file", fmt.Errorf("%s: %w", path, err))
	}
	text, err = cutAfter(f, text, func(err error) error { return b.fail("few_shot.after", fmt.Errorf("%s: %w", path, err)) })
	if err == nil {
		s.texts[name] = text
	}
	return text, err
}

func cutAfter(f *FewShot, text string, fail func(error) error) (string, error) {
	if f.After != "" {
		_, rest, ok := strings.Cut(text, f.After)
		if !ok {
			return "", fail(fmt.Errorf("the text does not hold %s", quoted(f.After)))
		}
		text = rest
	}
	return trimEnd(text), nil
}

func readText(f *os.File) (string, error) {
	text, err := io.ReadAll(io.LimitReader(f, maxText+1))
	if err != nil {
		return "", err
	}
	if len(text) > maxText {
		return "", fmt.Errorf("it has more than %d bytes", maxText)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n"), nil
}

// draw takes the examples of an item.
func (s *shots) draw(item *Item, own int) ([]Shot, error) {
	f := &s.own.task.FewShot
	section := s.section(&s.own.list[own])
	rows := s.sections[section]
	next := inOrder(len(rows))
	if !f.Same {
		next = newDraw(len(rows), f.Seed+s.own.options.Seed, "shots", item.ID).next
	}
	asked := []string{question(item)}
	var list []Shot
	for len(list) < s.number {
		at, ok := next()
		if !ok {
			return list, s.tooFew(own, len(rows), len(list))
		}
		i := rows[at]
		if s.kin(own, i) {
			continue
		}
		example, err := s.from.item(i)
		if err != nil {
			return nil, err
		}
		q := question(example)
		if slices.Contains(asked, q) {
			continue
		}
		shot, err := s.shot(i, example)
		if err != nil {
			return nil, err
		}
		if !f.Same { // the first rows are those of published prompts, even if they come twice
			asked = append(asked, q)
		}
		list = append(list, shot)
	}
	return list, nil
}

// tooFew is an error where the data have fewer rows than examples are wanted. That
// an item has fewer because some rows are its own question is none.
func (s *shots) tooFew(own, rows, found int) error {
	need := s.number
	if s.from == s.own {
		need++ // the question
	}
	if rows >= need && found > 0 {
		return nil
	}
	of := ""
	if section := s.section(&s.own.list[own]); section != "" {
		of = fmt.Sprintf(" of section %q (few_shot.data without a section draws from all)", section)
	}
	return recipe.Bad("few_shot.number", "%s: %d examples are wanted, and %d of the %d rows%s can be one",
		s.own.list[own].where, s.number, found, rows, of)
}

// kin reports whether row i of the examples is the question itself, or of its
// cluster.
func (s *shots) kin(own, i int) bool {
	if s.from == s.own {
		return own == i || s.own.list[own].cluster == s.own.list[i].cluster
	}
	clusters := s.own.data.Cluster != "" && s.from.data.Cluster != ""
	return clusters && s.own.list[own].cluster == s.from.list[i].cluster
}

// question is what an item asks, for telling whether two ask the same.
func question(item *Item) string {
	return strings.Join(strings.Fields(item.Prompt+"\x00"+strings.Join(item.Contexts, "\x00")), " ")
}

// shot makes the example of row i.
func (s *shots) shot(i int, item *Item) (Shot, error) {
	if shot, ok := s.made[i]; ok {
		return shot, nil
	}
	t := s.from.task
	shot := Shot{Prompt: item.Prompt}
	b := builder{pool: s.from, placed: &s.from.list[i], dot: s.from.list[i].row}
	if len(item.Answers) == 0 {
		return Shot{}, b.fail("answer", errors.New("an example needs an answer"))
	}
	shot.Answer = item.Answers[0]
	switch {
	case len(item.Contexts) > 0:
		shot.Prompt, shot.Answer = item.Contexts[item.Gold], item.Choices[0]
	case t.Method == MethodExplain:
		shot.Answer = string(rune('A' + item.Gold))
	}
	if t.FewShot.Answer != "" {
		b.dot = b.with("_answer", item.Answers[0])
		if item.Gold >= 0 {
			b.dot["_gold"], b.dot["_letter"], b.dot["_choices"] = item.Gold, string(rune('A'+item.Gold)), anyOf(item.Choices)
		}
		text, err := b.render("few_shot.answer")
		if err != nil {
			return Shot{}, err
		}
		shot.Answer = b.tidy(text)
	}
	s.made[i] = shot
	return shot, nil
}
