package long

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

// Writing says which documents are made to train on: texts with many questions and their
// answers, of the split Train.
type Writing struct {
	// Kinds are those of TrainingKinds that come in turn; none is all but Repeat, and Books
	// only if there are Texts.
	Kinds []Kind
	Seed  uint64
	// Shortest and Longest are the lengths of the documents in tokens, of which there are
	// as many from n to 2n as from 2n to 4n. With the end of a text that follows it, a
	// document is no longer than that.
	Shortest, Longest int
	// Questions is how many a document has at most, of keys and values up to 256 and of
	// each other kind up to 64; 0 is one for 128 tokens, up to 64.
	Questions int
	// Count is that of Options; Document calls it from its own goroutine.
	Count func(text string) int
	// Texts are what statements are put into, several one after another where one is too
	// short, but for the share Prose, which has prose of this package; without any, all
	// has.
	Texts []string
	Prose float64
}

// leastTraining bounds the lengths of documents to train on.
const leastTraining = 256

// Check reports what cannot be.
func (w *Writing) Check() error {
	for i, k := range w.Kinds {
		if !slices.Contains(TrainingKinds, k) {
			return fmt.Errorf("no kind of long text is called %q: %s", k, kindList(TrainingKinds))
		}
		if slices.Contains(w.Kinds[:i], k) {
			return fmt.Errorf("the kind %s is named twice", k)
		}
	}
	switch {
	case len(w.Texts) == 0 && slices.Contains(w.Kinds, Books):
		return errors.New("questions on books need texts")
	case w.Shortest < leastTraining || w.Longest < w.Shortest || w.Longest > MostTokens:
		return fmt.Errorf("documents of %d to %d tokens: they have from %d to %d", w.Shortest, w.Longest, leastTraining, MostTokens)
	case w.Questions < 0 || w.Questions > mostPairs:
		return fmt.Errorf("%d questions: a document has from 1 to %d", w.Questions, mostPairs)
	case !(w.Prose >= 0 && w.Prose <= 1):
		return fmt.Errorf("a share of %v of prose: it is from 0 to 1", w.Prose)
	}
	for i, text := range w.Texts {
		if strings.TrimSpace(text) == "" {
			return fmt.Errorf("text %d is empty", i)
		}
	}
	return nil
}

// Document makes document number i. It is a function of the options and of i alone, and
// goroutines may make several, if Count may be called by them.
func (w *Writing) Document(i int) (string, error) {
	if err := w.Check(); err != nil {
		return "", err
	}
	seed := random.At(w.Seed, uint64(i)).Uint64()
	r := random.At(seed, ofShape)
	o := Options{Split: Train, Tokens: w.length(r) - 2, Count: w.Count}
	kinds := w.kinds(r, i)
	if len(w.Texts) > 0 && (kinds[0] == Books || unit(r) >= w.Prose) {
		o.Text = Enough(r.Uint64(), w.Texts, o.Tokens)
	}
	questions := w.Questions
	if questions == 0 {
		questions = min(max(o.Tokens/128, 1), mostQuestions)
	}
	for {
		text, err := o.training(seed, kinds, questions)
		switch {
		case err == nil || !errors.Is(err, ErrShort):
			return text, err
		case questions > 1:
			questions /= 2
		case len(kinds) > 1:
			kinds = kinds[:len(kinds)/2]
		default:
			return "", fmt.Errorf("a document of %d tokens of kind %s: %w; make the shortest longer, or leave the kind out", o.Tokens, kinds[0], err)
		}
	}
}

// length is one of those between Shortest and Longest, each octave as likely.
func (w *Writing) length(r *random.Source) int {
	octaves := 0
	for w.Longest>>octaves > w.Shortest {
		octaves++
	}
	if octaves == 0 {
		return w.Longest
	}
	high := w.Longest >> r.Below(octaves)
	return r.Between(max(high/2, w.Shortest), high)
}

// alone are kinds that share a text with no other.
var alone = []Kind{KeyValue, Documents, Books, Repeat}

// kinds are those of a document: one, or half of the time all that can share a text, as
// far as it has room.
func (w *Writing) kinds(r *random.Source, i int) []Kind {
	all := w.Kinds
	if len(all) == 0 {
		all = Kinds
		if len(w.Texts) == 0 {
			all = all[:len(all)-1] // without Books
		}
	}
	kind := all[i%len(all)]
	if slices.Contains(alone, kind) || r.Coin() {
		return []Kind{kind}
	}
	list := slices.DeleteFunc(slices.Clone(all), func(k Kind) bool { return slices.Contains(alone, k) })
	random.Shuffle(r, list)
	return list
}

// training makes a text with about so many questions: half of them stand in it, behind
// what they ask for, the others at its end.
func (o *Options) training(seed uint64, kinds []Kind, questions int) (string, error) {
	switch kinds[0] {
	case Books:
		return o.bookTraining(seed, questions)
	case Repeat:
		return o.repeatTraining(seed)
	}
	r := random.At(seed, ofNeedles)
	m := o.maker(r, o.Tokens/2/len(kinds))
	for i, k := range kinds {
		n := min(max(1, (questions*(i+1))/len(kinds)-(questions*i)/len(kinds)), k.most())
		depths := make([]float64, n)
		for i := range depths {
			depths[i] = unit(r)
		}
		if err := m.make(k, depths); err != nil {
			return "", err
		}
	}
	random.Shuffle(r, m.questions)
	needles, end := m.needles, ""
	for i := range m.questions {
		q := &m.questions[i]
		text := strings.TrimPrefix(tail(q), paragraph) + " " + q.said
		if r.Coin() {
			needles = append(needles, needle{at: m.later(q.after), text: text, alone: true})
			continue
		}
		end += paragraph + text
	}
	text, _, err := o.lay(o.filler(seed, &m.content), needles, o.Tokens-o.count(end))
	return text + end, err
}
