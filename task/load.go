package task

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/recipe"
)

// LoadOptions say what is loaded.
type LoadOptions struct {
	// DataDir is the directory below which data files are.
	DataDir string
	// Generators are the makers of rows that tasks may name.
	Generators map[string]Generator
	// Limit takes so many items, chosen by a hash of their IDs: the same in every
	// run, and those of a smaller limit are among those of a greater one. 0 takes
	// all.
	Limit int
	// Shots is how many examples stand before each question; -1 takes as many as
	// the task says. 0 leaves out fixed ones too. Methods that have no examples
	// do not look at it, nor do tasks with a fixed text at a number above 0.
	Shots int
	// Seed changes which items Limit takes and which examples are drawn.
	Seed uint64
}

// Load reads the task's data and makes its items, in the order of the data. Errors
// name the task's file, the key, and the row by its file and line; those about
// data that are not there wrap ErrNoData.
func (t *Task) Load(o LoadOptions) ([]Item, error) {
	items, err := t.load(&o)
	if err == nil {
		return items, nil
	}
	located := t.locate(err)
	if errors.Is(err, ErrNoData) && !errors.Is(located, ErrNoData) {
		return nil, &missingData{located}
	}
	return nil, located
}

func (t *Task) load(o *LoadOptions) ([]Item, error) {
	if o.Limit < 0 || o.Shots < -1 || o.Shots > maxShots {
		return nil, fmt.Errorf("a limit of %d items and %d examples are impossible", o.Limit, o.Shots)
	}
	if err := t.Check(); err != nil {
		return nil, err
	}
	templates, err := t.compile()
	if err != nil {
		return nil, err
	}
	own := &pool{rows: rows{task: t, options: o, templates: templates, key: "data", data: &t.Data}}
	if err := own.read(); err != nil {
		return nil, err
	}
	s, err := newShots(own)
	if err != nil {
		return nil, err
	}
	chosen := own.sample(o.Limit, o.Seed)
	items := make([]Item, 0, len(chosen))
	for _, i := range chosen {
		item, err := own.item(i)
		if err != nil {
			return nil, err
		}
		whole := *item
		if err := s.fill(&whole, i); err != nil {
			return nil, err
		}
		items = append(items, whole)
	}
	return items, nil
}

// pool is rows with the items that are made of them when they are wanted.
type pool struct {
	rows
	items []*Item
}

// sample is the numbers of limit rows, in order.
func (p *pool) sample(limit int, seed uint64) []int {
	all := make([]int, len(p.list))
	for i := range all {
		all[i] = i
	}
	if limit == 0 || limit >= len(all) {
		return all
	}
	keys := make([]uint64, len(all))
	for i := range all {
		keys[i] = seeded(seed, "limit", p.list[i].id)
	}
	slices.SortStableFunc(all, func(a, b int) int {
		if keys[a] != keys[b] {
			if keys[a] < keys[b] {
				return -1
			}
			return 1
		}
		return strings.Compare(p.list[a].id, p.list[b].id)
	})
	all = all[:limit]
	slices.Sort(all)
	return all
}

// item makes the item of a row, without examples.
func (p *pool) item(i int) (*Item, error) {
	if p.items == nil {
		p.items = make([]*Item, len(p.list))
	}
	if p.items[i] == nil {
		at := &p.list[i]
		b := builder{pool: p, placed: at, dot: at.row}
		item, err := b.build()
		if err != nil {
			return nil, err
		}
		item.Number = i
		p.items[i] = item
	}
	return p.items[i], nil
}

// builder makes one item of a row.
type builder struct {
	*pool
	placed *placed
	dot    Row // the row, with what templates find besides
}

// fail says which row a key went wrong for.
func (b *builder) fail(key string, err error) error {
	return recipe.Bad(key, "%s: %v", b.placed.where, err)
}

// render fills the template of a key; without one it is "".
func (b *builder) render(key string) (string, error) {
	template := b.templates[key]
	if template == nil {
		return "", nil
	}
	text, err := template.Execute(b.dot)
	if err != nil {
		return "", b.fail(key, err)
	}
	return text, nil
}

func (b *builder) build() (*Item, error) {
	t := b.task
	item := &Item{
		Task: t.Name, ID: b.placed.id, Section: b.placed.section, Cluster: b.placed.cluster, System: t.System,
		Separator: t.FewShot.Separator, Before: t.Choice.Before, Gold: -1, Row: b.placed.row,
	}
	for _, step := range []func(*Item) error{b.choices, b.answers, b.prompt, b.turns, b.images, b.gradable} {
		if err := step(item); err != nil {
			return nil, err
		}
	}
	return item, nil
}

// prompt renders what is asked.
func (b *builder) prompt(item *Item) error {
	text, err := b.render("prompt")
	if err != nil {
		return err
	}
	if !b.task.keepsSpace() {
		text = trimEnd(text)
	} else if text != trimEnd(text) {
		item.Before = ""
	}
	if strings.TrimSpace(text) == "" && b.task.Prompt != "" {
		return b.fail("prompt", errors.New("the prompt is empty"))
	}
	item.Prompt = text
	return nil
}

// keepsSpace reports whether white space at the end of a prompt is part of it.
func (t *Task) keepsSpace() bool {
	return t.Method == MethodText || t.Grader != nil && t.Grader.Code != nil
}

func (b *builder) turns(item *Item) error {
	for i := range b.task.Turns {
		text, err := b.render(indexed("turns", i))
		if err != nil {
			return err
		}
		if text = trimEnd(text); text == "" {
			return b.fail(indexed("turns", i), errors.New("the turn is empty"))
		}
		item.Turns = append(item.Turns, text)
	}
	return nil
}

func trimEnd(text string) string { return strings.TrimRight(text, " \t\r\n") }
