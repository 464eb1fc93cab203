package question

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/polymath-lm/polymath/align/rubric"
	"github.com/polymath-lm/polymath/internal/random"
)

// Item is a question with its right answer and a wrong one.
type Item struct {
	Way Way
	// Entry is what is asked about. Of what is not there it has the name and no text.
	// nil where the question is of a rubric. The receiver must not change it.
	Entry *Entry
	// Prompt is what is put to the assistant, Answer is what it should say, and Wrong
	// what it should not: what a neighbor's answer is, that something is not there
	// which is, or the other way round. Wrong is "" where there is no neighbor.
	Prompt, Answer, Wrong string
	// Safety is the kind of a prompt of a rubric, else "".
	Safety rubric.Kind
	// Group is what belongs together on one side of any further split.
	Group string
}

// Report says what was made.
type Report struct {
	// Made counts by way.
	Made map[Way]int
	// Ended are the ways of which the sources gave no more, in the order in which they
	// ended; none where all was made with the shares that were asked for.
	Ended []Way
}

// Total is the number of all.
func (r *Report) Total() (n int) {
	for _, made := range r.Made {
		n += made
	}
	return n
}

// Each calls yield for each item that the options ask for, in order, and ends at its
// first error. Of no two the prompts are the same. The same set and options give the
// same ones. It ends where the sources give no more to ask from memory or from a text, so
// that what does not exist never outweighs what does; another way that ends is left out
// from there on.
func Each(s *Set, o Options, yield func(*Item) error) (*Report, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if o.Shares == nil {
		o.Shares = DefaultShares()
	}
	c := s.choose(o)
	if len(c.entries) == 0 {
		return nil, fmt.Errorf("%w for %s: of %d entries none is on this side, of a question that is asked", ErrNothing, o.Split, len(s.entries))
	}
	if err := c.prepare(); err != nil {
		return nil, err
	}
	r := &Report{Made: map[Way]int{}}
	for n := 0; n < o.Number; {
		from := random.At(o.Seed, uint64(n)+1)
		way := c.draw(from)
		item, err := c.item(way, from)
		if errors.Is(err, errNoMore) {
			r.Ended = append(r.Ended, way)
			if c.options.Shares[way] = 0; way == Memory || way == Given || !c.left() {
				break
			}
			continue
		}
		if err != nil {
			return r, err
		}
		n++
		r.Made[way]++
		if err := yield(item); err != nil {
			return r, err
		}
	}
	return r, nil
}

// errNoMore says that a way is exhausted.
var errNoMore = errors.New("the sources give no more")

// prepare leaves ways out that nothing is there for.
func (c *selection) prepare() error {
	shares := map[Way]float64{}
	for _, way := range Ways {
		if way == Given && len(c.with) == 0 || way == Absent && len(c.with) < 2 {
			continue
		}
		shares[way] = c.options.Shares[way]
	}
	if c.options.Shares = shares; !c.left() {
		return fmt.Errorf("%w in the ways that have a share: no source has texts to answer from", ErrNothing)
	}
	return nil
}

// left reports whether a way has a share.
func (c *selection) left() bool {
	for _, share := range c.options.Shares {
		if share > 0 {
			return true
		}
	}
	return false
}

// draw draws a way by the shares.
func (c *selection) draw(from *random.Source) Way {
	sum := 0.0
	for _, way := range Ways {
		sum += c.options.Shares[way]
	}
	at := float64(from.Uint64()>>11) * 0x1p-53 * sum
	last := Way("")
	for _, way := range Ways {
		if share := c.options.Shares[way]; share > 0 {
			if last = way; at < share {
				return way
			}
			at -= share
		}
	}
	return last
}

// patience is how often something new is looked for.
const patience = 400

// item makes the next item of a way, whose prompt no other has.
func (c *selection) item(way Way, from *random.Source) (*Item, error) {
	for range patience {
		var item *Item
		switch way {
		case Memory, Given:
			item = c.known(way, from)
		case Missing:
			item = c.missing(from)
		case Absent:
			item = c.absent(from)
		default:
			var err error
			if item, err = c.refuse(); err != nil {
				return nil, err
			}
		}
		if item == nil {
			if way == Missing || way == Absent {
				continue // this draw had none, another may
			}
			return nil, errNoMore
		}
		key := sha256.Sum256([]byte(item.Prompt))
		if !c.seen[key] {
			c.seen[key] = true
			return item, nil
		}
	}
	return nil, errNoMore
}

// known asks the next entry in the next form; nil where each was asked in each.
func (c *selection) known(way Way, from *random.Source) *Item {
	list := c.order
	if way == Given {
		list = c.with
	}
	for {
		k := c.turns[way]
		c.turns[way]++
		round, i := k/len(list), list[k%len(list)]
		e := c.entries[i]
		text, done := c.ask(e, way, round, i)
		if done {
			if round >= mostForms {
				return nil
			}
			continue
		}
		return &Item{Way: way, Entry: e, Prompt: text, Answer: e.Text, Wrong: c.wrong(i, way, from), Group: e.base()}
	}
}

// mostForms bounds the ways to ask one thing, with those to show a text.
const mostForms = 1000

// ask is the question on an entry of one round: another form each time. done says that
// there is no other.
func (c *selection) ask(e *Entry, way Way, round, i int) (text string, done bool) {
	asks, wraps := c.asks(e), []string(nil)
	all := len(asks)
	if way == Given {
		own := ready().Given
		wraps = own.of(c.options.Split)
		all *= len(wraps)
	}
	if round >= all {
		return "", true
	}
	text = fill(asks[(round+i)%len(asks)], e)
	if way == Given {
		text = given(wraps[(round/len(asks)+round+i/len(asks))%len(wraps)], e.Passage, text)
	}
	return text, false
}

func (c *selection) asks(e *Entry) []string {
	own := ready().Ask[e.Ask]
	return own.of(c.options.Split)
}

// refuse is the next prompt of the rubric, whose longer lists begin with the shorter
// ones.
func (c *selection) refuse() (*Item, error) {
	k := c.turns[Refuse]
	if c.turns[Refuse]++; k >= len(c.prompts) {
		split := rubric.Train
		if c.options.Split == Test {
			split = rubric.Test
		}
		list, err := rubric.Mixed(split, len(c.prompts)+leastPrompts, c.options.Seed)
		if err != nil {
			return nil, errNoMore
		}
		c.prompts = list
	}
	p := &c.prompts[k]
	return &Item{Way: Refuse, Prompt: p.Prompt, Answer: p.Answer, Wrong: p.Wrong, Safety: p.Kind, Group: p.Topic}, nil
}

// leastPrompts is how many pairs of prompts of a rubric are made at once, at least.
const leastPrompts = 100
