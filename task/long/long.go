// Package long makes long texts with questions on what stands somewhere in them, and the
// exact answers: a pass key, keys and values, several needles, numbers before names, variables that follow from
// one another, how often something is said, needles that are nearly alike, and what one
// document of many says. Everything is a function of a seed.
//
// A text is prose of this package or of a given source, in which statements stand at
// depths from 0, the beginning, to 1. Wordings, names and values decide whether training
// may see a question: those of the test are others, see Split.
package long

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

// Kind is what is asked about a text.
type Kind string

// The kinds.
const (
	Passkey     Kind = "passkey"     // the one number that is called the pass key
	KeyValue    Kind = "key_value"   // a value of one of very many keys, in lines like JSON's
	MultiNeedle Kind = "multineedle" // four of many numbers with names, all at once
	Reversed    Kind = "reversed"    // a number that stands before its name, and not behind it as all others do
	Variables   Kind = "variables"   // a variable that has its value from others; other chains stand between
	Counting    Kind = "count"       // how often something is said
	Distractors Kind = "distractors" // a number among others with nearly the same name
	Documents   Kind = "documents"   // what the third of several documents says
	Books       Kind = "books"       // how a sentence goes on, and who says something; of a given text alone
)

// Kinds are all kinds that ask something, and TrainingKinds those that training reads.
var (
	Kinds         = []Kind{Passkey, KeyValue, MultiNeedle, Reversed, Variables, Counting, Distractors, Documents, Books}
	TrainingKinds = append(slices.Clone(Kinds), Repeat)
)

// MostTokens bounds the length of a text, and leastTokens what a text can be made of.
const (
	MostTokens  = 1 << 21
	leastTokens = 128
)

// mostQuestions bounds the questions on a text. Those of MultiNeedle take four names each,
// and of Passkey there is one; of keys there are enough for more.
const (
	mostQuestions = 64
	mostMulti     = 16
	mostPairs     = 256
)

// most is how many questions of a kind a text has at most.
func (k Kind) most() int {
	switch k {
	case Passkey:
		return 1
	case MultiNeedle:
		return mostMulti
	case KeyValue:
		return mostPairs
	}
	return mostQuestions
}

// Options say which text is made and what is asked about it.
type Options struct {
	Kind  Kind
	Split Split
	// Tokens is how long the text with a question and, in Room more tokens, the answer
	// may be. It is shorter by a sentence or so, by at most a fiftieth.
	Tokens int
	Room   int
	// Depths are where in the text, from 0 up to 1, what a question asks for stands, of
	// several statements the first, of several numbers the one named first: one depth
	// for each question. Passkey has one, MultiNeedle up to 16, KeyValue up to 256,
	// others up to 64.
	Depths []float64
	// Count is the number of tokens of a text; nil takes a quarter of its bytes. It is
	// called by one goroutine at a time.
	Count func(text string) int
	// Text is what the statements are put into, from some place of it on and over again
	// if it is too short; "" takes prose of this package. KeyValue has neither.
	Text string
}

// Question is a question on a text.
type Question struct {
	Text string
	// Answers are the things that are asked for, in order: one, but for MultiNeedle.
	Answers []string
	// Depth is where in the text the statement stands; see Options.Depths.
	Depth float64

	// said is the answer in a text to train on: what was asked is said again before the
	// number, so that what stands before both is alike, and finding is copying.
	said   string
	needle int     // number of that statement
	after  float64 // wanted depth of the last statement that is needed
}

// Answer is all that is asked for, with commas between.
func (q *Question) Answer() string { return strings.Join(q.Answers, ", ") }

// Document is a text with questions on it. It does not change after Make, and goroutines
// may share it.
type Document struct {
	Kind      Kind
	Text      string
	Questions []Question
	// Tokens is the length of the longest prompt: the text with a question.
	Tokens int
}

// Prompt is the text with a question, ending where a model shall go on with a space and
// the answer.
func (d *Document) Prompt(question int) string {
	return d.Text + tail(&d.Questions[question])
}

func tail(q *Question) string { return "\n\nQuestion: " + q.Text + "\nAnswer:" }

// Item is one question with the text.
type Item struct {
	Kind    Kind
	Prompt  string
	Answers []string
	Depth   float64
	Tokens  int // of the prompt
}

// New makes a text with one question, on what stands at the first of Depths, by default
// in the middle.
func New(seed uint64, o Options) (*Item, error) {
	o.Depths = append(slices.Clone(o.Depths), 0.5)[:1]
	d, err := Make(seed, o)
	if err != nil {
		return nil, err
	}
	q := &d.Questions[0]
	return &Item{Kind: o.Kind, Prompt: d.Prompt(0), Answers: q.Answers, Depth: q.Depth, Tokens: d.Tokens}, nil
}

// ErrShort is wrapped by errors about texts that are too short for what they shall hold.
var ErrShort = errors.New("the text is too short")

// Check reports what cannot be.
func (o *Options) Check() error {
	switch {
	case !slices.Contains(Kinds, o.Kind):
		return fmt.Errorf("no kind of long text is called %q: %s", o.Kind, kindList(Kinds))
	case o.Kind == Books && strings.TrimSpace(o.Text) == "":
		return errors.New("questions on books need the text of one")
	case o.Tokens > MostTokens:
		return fmt.Errorf("%d tokens: a text has at most %d", o.Tokens, MostTokens)
	case o.Tokens-o.Room < leastTokens || o.Room < 0:
		return fmt.Errorf("%w: of %d tokens, %d are for the answer, and %d at least must be left", ErrShort, o.Tokens, o.Room, leastTokens)
	case len(o.Depths) == 0 || len(o.Depths) > o.Kind.most():
		return fmt.Errorf("%d questions of kind %s: a text has from 1 to %d", len(o.Depths), o.Kind, o.Kind.most())
	}
	for _, d := range o.Depths {
		if !(d >= 0 && d < 1) {
			return fmt.Errorf("a depth of %v: it is from 0 up to 1", d)
		}
	}
	return o.Split.check()
}

func kindList(kinds []Kind) string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}

// bytesPerToken is what a token is taken for without Count.
const bytesPerToken = 4

func (o *Options) count(text string) int {
	if o.Count != nil {
		return o.Count(text)
	}
	return (len(text) + bytesPerToken - 1) / bytesPerToken
}

// Streams of numbers of a seed.
const (
	ofText = iota + 1
	ofShape
	ofNeedles
)

// Make makes a text with questions. The same seed and options give the same one. The
// prose of texts that differ in Depths alone is the same, so that a model reads it once.
func Make(seed uint64, o Options) (*Document, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if o.Kind == Books {
		return o.book(seed)
	}
	stream := uint64(ofNeedles)
	if o.Kind == Passkey {
		stream += uint64(o.Depths[0] * 1000) // each has another key
	}
	c := o.maker(random.At(seed, stream), (o.Tokens-o.Room)/2)
	if err := c.make(o.Kind, o.Depths); err != nil {
		return nil, err
	}
	longest := 0
	for i := range c.questions {
		longest = max(longest, o.count(tail(&c.questions[i])))
	}
	budget := o.Tokens - o.Room - longest
	text, depths, err := o.lay(o.filler(seed, &c.content), c.needles, budget)
	if err != nil {
		return nil, err
	}
	d := &Document{Kind: o.Kind, Text: text, Questions: c.questions}
	for i := range d.Questions {
		q := &d.Questions[i]
		q.Depth = depths[q.needle]
		d.Tokens = max(d.Tokens, o.count(d.Prompt(i)))
	}
	return d, nil
}
