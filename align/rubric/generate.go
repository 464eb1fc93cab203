package rubric

import (
	"fmt"
	"strings"
)

// Edit says what made a harmless prompt of a harmful one.
type Edit string

// The edits. EditTopic asks for something else in the same words; the others ask
// something else of the same thing.
const (
	EditTopic Edit = "other thing"
	EditStop  Edit = "defense"
	EditWhy   Edit = "reasons"
	EditStory Edit = "fiction"
)

// MaxEdit is the number of words at most that an edit puts in, leaves out or changes.
const MaxEdit = 6

// Pair is a harmful prompt with a harmless one that is a few words away, and what
// should be said to both.
type Pair struct {
	// Split, Category, Topic and Form say what it is made of, Topic without the names
	// put in; a Topic of train is never one of test, nor is a Form.
	Split    Split
	Category string
	Topic    string
	Form     string
	Edit     Edit

	Harmful string
	Safe    string
	// Refusal is an answer to Harmful in the desired style, Evasive one in another,
	// Helpful one that goes along, in which markers stand in the place of content.
	Refusal string
	Evasive string
	Helpful string
	// Answer is a short true answer to Safe. Over is a refusal of it in the desired
	// style, which is wrong there.
	Answer string
	Over   string
}

// maxPairs bounds what is made at once.
const maxPairs = 1_000_000

// Pairs makes n pairs whose harmless prompts are all different. The same split and
// seed give the same ones, and the first of a longer list are those of a shorter one.
// There are more pairs of the harmful prompts than harmful prompts: those may come
// again. It fails where n is more than can be made.
func Pairs(split Split, n int, seed uint64) ([]Pair, error) {
	return drawn(split, n, seed, func(p *Pair) string { return p.Safe })
}

// HarmfulPairs is Pairs, but with the harmful prompts all different.
func HarmfulPairs(split Split, n int, seed uint64) ([]Pair, error) {
	return drawn(split, n, seed, func(p *Pair) string { return p.Harmful })
}

// drawn makes pairs until n have different keys.
func drawn(split Split, n int, seed uint64, key func(*Pair) string) ([]Pair, error) {
	if n < 1 || n > maxPairs {
		return nil, fmt.Errorf("%d pairs of prompts: from 1 to %d can be made", n, maxPairs)
	}
	m, r := ready(), newRandom(seed, split)
	list, seen := make([]Pair, 0, min(n, 1<<16)), map[string]bool{}
	for misses := 0; len(list) < n; misses++ {
		if misses > patience+20*len(list) {
			return nil, fmt.Errorf("only %d different prompts for %s were found, not %d", len(list), split, n)
		}
		p := m.pair(r, split)
		if k := key(&p); !seen[k] {
			seen[k] = true
			list = append(list, p)
		}
	}
	return list, nil
}

// patience is how many prompts in vain are made before it is given up, at least.
const patience = 20_000

// pair makes a pair: any category, any topic of it, any form and edit.
func (m *material) pair(r *random, split Split) Pair {
	c := &m.Categories[r.below(len(m.Categories))]
	t := pick(r, c.topics(split))
	f := m.form(r, split)
	who, name := m.person(r, split), m.name(r, split)
	own := func(text string) string { return fill(fill(text, "person", who), "name", name) }
	do := own(t.Harm)
	p := Pair{Split: split, Category: c.Name, Topic: t.Harm, Form: f.Harm, Harmful: fill(f.Harm, "do", do)}
	switch r.below(5) {
	case 0:
		p.Edit, p.Safe, p.Answer = EditStop, fill(f.Stop, "do", do), c.Stop
	case 1:
		p.Edit, p.Safe, p.Answer = EditWhy, fill(f.Why, "do", do), c.Why
	case 2:
		p.Edit, p.Safe, p.Answer = EditStory, fill(f.Story, "do", do), c.Story
	default:
		n := pick(r, t.Safe)
		p.Edit, p.Safe, p.Answer = EditTopic, fill(f.Harm, "do", own(n.Say)), own(n.Answer)
	}
	dress := m.dressing(r, split)
	p.Harmful, p.Safe = dress(p.Harmful), dress(p.Safe)
	p.Refusal, p.Over = own(m.refusal(r, split, c)), own(m.refusal(r, split, c))
	p.Evasive = m.evasive(r, split)
	p.Helpful = m.helpful(r, split, c, do)
	return p
}

func (m *material) person(r *random, split Split) string {
	p := m.People.of(split)
	return pick(r, p.First) + " " + pick(r, p.Last)
}

func (m *material) name(r *random, split Split) string {
	s := m.Names.of(split)
	return pick(r, s.Start) + pick(r, s.End)
}

// refusal is one in the desired style.
func (m *material) refusal(r *random, split Split, c *category) string {
	o := m.Refusals.of(split)
	return pick(r, o.Open) + " " + fill(pick(r, o.Offer), "offer", pick(r, c.Offer))
}

// evasive is a refusal in another style, of one to three different sentences.
func (m *material) evasive(r *random, split Split) string {
	list := *m.Evasive.of(split)
	at, texts := r.below(len(list)), []string(nil)
	for range r.between(1, 3) {
		texts = append(texts, list[at])
		at = (at + r.between(1, len(list)/3)) % len(list)
	}
	return strings.Join(texts, " ")
}

// The markers of disallowed content: nothing stands there.
const (
	stepMarker = "(forbidden step %d would stand here)"
	factMarker = "(forbidden fact %d would stand here)"
)

// helpful goes along with a harmful prompt.
func (m *material) helpful(r *random, split Split, c *category, do string) string {
	o := m.Helpful.of(split)
	if c.Fact {
		return fill(fill(pick(r, o.Fact), "do", do), "fact", fmt.Sprintf(factMarker, 1))
	}
	var b strings.Builder
	b.WriteString(fill(pick(r, o.Open), "do", do))
	for i := range r.between(2, 4) {
		fmt.Fprintf(&b, "\nStep %d: "+stepMarker, i+1, i+1)
	}
	return b.String()
}

// Advice is a question that needs care, with a short true answer.
type Advice struct {
	Topic, Form, Ask, Answer string
	// Refusal is a refusal in the desired style, which is wrong here.
	Refusal string
}

// Questions returns n questions for advice of a split, in an order that hangs on the
// seed. It fails where there are not so many.
func Questions(split Split, n int, seed uint64) ([]Advice, error) {
	list := questions(split, seed)
	if n < 1 || n > len(list) {
		return nil, fmt.Errorf("%d questions for advice: there are %d for %s", n, len(list), split)
	}
	return list[:n], nil
}

// questions are all that there are.
func questions(split Split, seed uint64) []Advice {
	m, r := ready(), newRandom(seed, split)
	var list []Advice
	for _, q := range m.questions(split) {
		for _, form := range *m.Sensitive.Forms.of(split) {
			list = append(list, Advice{Topic: q.Ask, Form: form, Ask: fill(form, "ask", q.Ask), Answer: q.Answer})
		}
	}
	for i := len(list) - 1; i > 0; i-- {
		j := r.below(i + 1)
		list[i], list[j] = list[j], list[i]
	}
	for i := range list {
		c := &m.Categories[r.below(len(m.Categories))]
		list[i].Refusal = fill(m.refusal(r, split, c), "name", m.name(r, split))
	}
	return list
}
