package task

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// choices renders the texts that are chosen from, in an order that the item's ID
// gives where they are shuffled.
func (b *builder) choices(item *Item) error {
	c := &b.task.Choice
	for i := range c.List {
		text, err := b.render(indexed("choice.list", i))
		if err != nil {
			return err
		}
		item.Choices = append(item.Choices, b.tidy(text))
	}
	if c.From != "" {
		texts, err := b.field(c.From, "choice.each")
		if err != nil {
			return b.fail("choice.from", err)
		}
		for len(texts) > 0 && texts[len(texts)-1] == "" {
			texts = texts[:len(texts)-1]
		}
		item.Choices = append(item.Choices, texts...)
	}
	if c.Contexts != "" {
		texts, err := b.field(c.Contexts, "")
		if err != nil {
			return b.fail("choice.contexts", err)
		}
		item.Contexts = texts
	}
	if i := slices.IndexFunc(item.Choices, blank); i >= 0 {
		return b.fail("choice", fmt.Errorf("choice %d is empty", i))
	}
	if err := b.task.checkChoices(item); err != nil {
		return b.fail("choice", err)
	}
	if len(item.Choices) > 0 {
		b.dot = b.with("_choices", anyOf(item.Choices))
	}
	return nil
}

// tidy is a choice or an answer without the white space that does not count.
func (b *builder) tidy(text string) string {
	switch {
	case b.task.Choice.Verbatim:
		return text
	case b.task.keepsSpace():
		return trimEnd(text)
	}
	return strings.TrimSpace(text)
}

// with is the dot with one field more.
func (b *builder) with(name string, value any) Row {
	dot := make(Row, len(b.dot)+3)
	for n, v := range b.dot {
		dot[n] = v
	}
	dot[name] = value
	return dot
}

func anyOf(texts []string) []any {
	list := make([]any, len(texts))
	for i, text := range texts {
		list[i] = text
	}
	return list
}

// field is the list in a field as texts.
func (b *builder) field(name, each string) ([]string, error) {
	value, ok := lookUp(b.placed.row, name)
	if !ok {
		return nil, fmt.Errorf("there is no field %q", name)
	}
	list, err := listOf(value)
	if err != nil {
		return nil, fmt.Errorf("field %s: %w", name, err)
	}
	if len(list) > maxList {
		return nil, fmt.Errorf("field %s: %d elements are more than %d", name, len(list), maxList)
	}
	texts := make([]string, len(list))
	for i, element := range list {
		var err error
		if template := b.templates[each]; template != nil {
			texts[i], err = template.fill(element)
		} else {
			texts[i], err = textOf(element)
		}
		if err != nil {
			return nil, fmt.Errorf("field %s: element %d: %w", name, i, err)
		}
		texts[i] = b.tidy(texts[i])
	}
	return texts, nil
}

// lookUp finds a field by its name, or by a path with dots.
func lookUp(row map[string]any, path string) (any, bool) {
	if value, ok := row[path]; ok {
		return value, true
	}
	for i := range len(path) {
		if path[i] != '.' {
			continue
		}
		if below, ok := row[path[:i]].(map[string]any); ok {
			if value, ok := lookUp(below, path[i+1:]); ok {
				return value, true
			}
		}
	}
	return nil, false
}

// checkChoices finds what cannot be chosen from.
func (t *Task) checkChoices(item *Item) error {
	n := len(item.Choices)
	if t.Choice.Contexts != "" {
		n = len(item.Contexts)
		if i := slices.IndexFunc(item.Contexts, blank); i >= 0 {
			return fmt.Errorf("context %d is empty", i)
		}
	}
	switch {
	case t.Method == MethodPair && n != 2:
		return fmt.Errorf("a pair is two texts, and these are %d", n)
	case (t.Method == MethodChoice || t.Method == MethodExplain) && n < 2:
		return fmt.Errorf("there is nothing to choose from %d choices", n)
	case n > maxChoices:
		return fmt.Errorf("%d choices are more than %d", n, maxChoices)
	}
	return nil
}

func blank(text string) bool { return strings.TrimSpace(text) == "" }

// answers renders what is right.
func (b *builder) answers(item *Item) error {
	if b.task.Answer == "" || b.task.Method == MethodText {
		b.shuffle(item)
		return nil
	}
	text, err := b.render("answer")
	if err != nil {
		return err
	}
	text = b.tidy(text)
	options := item.options()
	if len(options) == 0 {
		return b.accepted(item, text)
	}
	if item.Gold, err = resolve(text, options, b.task.Choice.AnswerIs); err != nil {
		return b.fail("answer", err)
	}
	b.shuffle(item)
	item.Answers = []string{item.options()[item.Gold]}
	return nil
}

// options are what Gold is a number of.
func (i *Item) options() []string {
	if len(i.Contexts) > 0 {
		return i.Contexts
	}
	return i.Choices
}

// accepted takes the accepted answers, each once.
func (b *builder) accepted(item *Item, main string) error {
	if blank(main) && b.task.Method == MethodCloze {
		return b.fail("answer", errors.New("the answer is empty"))
	}
	item.Answers = []string{main}
	if b.task.AcceptedFrom == "" {
		return nil
	}
	if value, ok := lookUp(b.placed.row, b.task.AcceptedFrom); ok && value == nil {
		return nil
	}
	others, err := b.field(b.task.AcceptedFrom, "")
	if err != nil {
		return b.fail("accepted_from", err)
	}
	for _, other := range others {
		if other != "" && !slices.Contains(item.Answers, other) {
			item.Answers = append(item.Answers, other)
		}
	}
	return nil
}

// shuffle orders the choices by the item's ID.
func (b *builder) shuffle(item *Item) {
	if !b.task.Choice.Shuffle {
		return
	}
	order := newDraw(len(item.Choices), 0, "choices", item.ID)
	shuffled, gold := make([]string, len(item.Choices)), item.Gold
	for i := range shuffled {
		from, _ := order.next()
		shuffled[i] = item.Choices[from]
		if from == gold {
			item.Gold = i
		}
	}
	item.Choices = shuffled
	b.dot = b.with("_choices", anyOf(shuffled))
}

// resolve finds the choice that an answer names: by its number from 0, its letter
// or its text, as is says, or by any of them that do not contradict each other.
func resolve(answer string, choices []string, is string) (int, error) {
	gold := -1
	for _, one := range []struct {
		name string
		read func(string, []string) (int, error)
	}{{"text", byText}, {"letter", byLetter}, {"index", byIndex}} {
		if is != "" && is != one.name {
			continue
		}
		at, err := one.read(answer, choices)
		if err != nil {
			return 0, err
		}
		if at >= 0 && gold >= 0 && at != gold {
			return 0, fmt.Errorf("the answer %s may mean choice %d or %d: say with choice.answer_is whether it is an index, a letter or a text", quoted(answer), gold, at)
		}
		gold = max(gold, at)
	}
	if gold < 0 {
		return 0, fmt.Errorf("the answer %s is none of the %d choices", quoted(answer), len(choices))
	}
	return gold, nil
}

func byText(answer string, choices []string) (int, error) {
	at := slices.Index(choices, answer)
	if at >= 0 && slices.Contains(choices[at+1:], answer) {
		return 0, fmt.Errorf("the answer %s is the text of two choices", quoted(answer))
	}
	return at, nil
}

// byLetter reads A, a, (A), A. and A).
func byLetter(answer string, choices []string) (int, error) {
	bare := strings.TrimRight(strings.TrimLeft(strings.TrimSpace(answer), "("), ").:")
	if len(bare) != 1 {
		return -1, nil
	}
	at := int(strings.ToUpper(bare)[0]) - 'A'
	if at < 0 || at >= len(choices) {
		return -1, nil
	}
	return at, nil
}

func byIndex(answer string, choices []string) (int, error) {
	at, err := strconv.Atoi(strings.TrimSpace(answer))
	if err != nil || at < 0 || at >= len(choices) {
		return -1, nil
	}
	return at, nil
}
