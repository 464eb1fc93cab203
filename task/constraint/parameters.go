package constraint

import (
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

// spareWords are for constraints that want words; no text of the package has them.
var spareWords = strings.Fields(`harbor candle mirror violin basket ladder pillow anchor ribbon marble copper velvet lantern
	feather hammer blanket carpet cupboard saddle whistle pepper ginger pumpkin walnut cherry meadow island
	castle tunnel ticket puzzle pencil button needle thread bottle kettle shovel bucket compass diamond emerald
	sparrow falcon badger rabbit tortoise squirrel dolphin penguin uncle cousin neighbor captain doctor painter`)

// Sentences by which a word, or an opening and a close, come into an answer.
var (
	mentions = []string{
		"A %s comes to mind too.", "Some compare it with a %s.", "Think of a %s as well.", "It has little to do with a %s.",
		"Nobody would take it for a %s.", "A picture of it often shows a %s.", "Perhaps a %s is near.", "One story has a %s in it.",
		"A child once drew a %s beside it.", "There is a song with a %s in it.",
	}
	blanks = []string{
		"Ask [name] for more.", "A visit to [place] is worth it.", "On [date] there is a talk.", "See also [title].", "Call [number] with questions.",
		"It is said that [person] knew all of it.",
	}
	openers = []string{
		"Surely this is worth a few words.", "Today this is easy to explain.", "Everyone has heard of it.", "Here is what there is to say.",
		"Yes it is a good question.", "Imagine that you see it for the first time.", "Let us begin.",
	}
	closers = []string{
		"This is how it is.", "There is always more to learn.", "So much for now.", "Now you know the most important things.",
		"All of this is worth knowing.", "That is all for today.", "It remains a wonder.",
	}
	starts       = []string{"Here is my answer:", "Let me explain:", "My answer is this:", "In short:", "This is what I know:"}
	ends         = []string{"Is there anything else?", "That is my answer.", "I hope this is clear.", "This is the end.", "Any questions?"}
	postscripts  = []string{"P.S.", "P.P.S.", "Note:"}
	asides       = []string{"There is more to read about it elsewhere.", "All of this is quickly forgotten.", "Thank you for the question."}
	sectionNames = []string{"Section", "Part", "Chapter", "Day"}
	keyNames     = []string{"summary", "details", "reason", "example", "advice", "result", "first", "second"}
	signs        = []string{",", ",", ",", "-", ":", "'", "(", "!"}
	rareLetters  = []string{"b", "c", "d", "f", "g", "h", "k", "l", "m", "p", "u", "v", "w", "y"}
)

// drawer draws what constraints say.
type drawer struct {
	r       *random.Source
	base    *Base
	request string
	words   []string // that are not used yet
}

func (d *drawer) take(n int) []string {
	taken := d.words[:n:n]
	d.words = d.words[n:]
	return taken
}

// draw sets what is chosen before there is an answer; what is counted is measured later.
func (d *drawer) draw(c *Constraint) bool {
	r := d.r
	switch c.Kind {
	case Include:
		c.Words = d.take(r.Between(1, 3))
	case Order:
		c.Words = d.take(r.Between(2, 4))
	case Avoid:
		c.Words = d.avoided()
		return len(c.Words) > 0
	case JSON:
		c.Words = random.Sample(r, keyNames, r.Between(2, 3))
	case Frequency:
		c.Text, c.Relation, c.Number = d.take(1)[0], random.Pick(r, []Relation{AtLeast, Exactly}), r.Between(2, 4)
	case Letter:
		c.Text = random.Pick(r, rareLetters)
	case Capitals, Placeholders, Highlights:
		c.Relation, c.Number = random.Pick(r, []Relation{AtLeast, Exactly}), r.Between(1, 4)
	case FirstWord, ParagraphWord:
		c.Text = wordsOf(random.Pick(r, openers))[0]
		if c.Kind == ParagraphWord {
			c.Number = r.Between(2, 3)
		}
	case LastWord:
		w := wordsOf(random.Pick(r, closers))
		c.Text = w[len(w)-1]
	case Start:
		c.Text = random.Pick(r, starts)
	case End:
		c.Text = random.Pick(r, ends)
	case Postscript:
		c.Text = random.Pick(r, postscripts)
	case Without:
		c.Text = random.Pick(r, signs)
		if d.base.Language == "japanese" {
			c.Text = "、"
		}
	case Bullets, Numbered:
		c.Number = r.Between(2, 6)
	case Sections:
		c.Text, c.Number = random.Pick(r, sectionNames), r.Between(2, 4)
	case Language:
		c.Text = d.base.Language
	case Repeat:
		c.Text = d.request
	}
	return true
}

// avoided are words that some of the base's sentences have and enough of them have not.
func (d *drawer) avoided() []string {
	var list []string
	for range 30 {
		w := fold(random.Pick(d.r, wordsOf(random.Pick(d.r, d.base.Sentences))))
		if len(w) < 4 || !isWordLike(w) {
			continue
		}
		with := append(list[:len(list):len(list)], w)
		c := Constraint{Kind: Avoid, Words: with}
		if free := countFree(&c, d.base.Sentences); free >= LeastSentences-1 && times(strings.Join(list, " "), w) == 0 {
			if list = with; len(list) == 2 {
				break
			}
		}
	}
	return list
}

func countFree(c *Constraint, sentences []string) int {
	n := 0
	for _, s := range sentences {
		if ok, _ := c.Check(s); ok {
			n++
		}
	}
	return n
}

// measure sets a quantity so that the answer meets it, mostly with little room.
func (d *drawer) measure(c *Constraint, answer string) bool {
	n := c.count(answer)
	if n == 0 {
		return false
	}
	room := 0
	if c.Kind == Words || c.Kind == Letter {
		room = d.r.Below(n/8 + 1)
	}
	c.Relation = random.Pick(d.r, []Relation{AtLeast, AtMost, Exactly, Between})
	switch {
	case c.Relation == AtLeast && n == 1:
		c.Relation = Exactly // at least one is nothing to ask for
	case c.Kind == Words && c.Relation == Exactly && n > 60, c.Kind == Letter && c.Relation == Exactly && n > 6:
		c.Relation = Between // who counts so far
	case c.Relation == Between && c.Kind != Words && c.Kind != Letter && n < 2:
		c.Relation = Exactly
	}
	switch c.Relation {
	case AtLeast:
		c.Number = max(1, n-room)
	case AtMost:
		c.Number = n + room
	case Exactly:
		c.Number = n
	case Between:
		c.Number = max(1, n-1-room)
		c.To = max(n, c.Number+1) + room
	}
	return true
}
