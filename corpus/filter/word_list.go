package filter

import (
	"math"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// WordListOptions are those of step word_list, which drops documents with too
// many words of lists such as profanity.
type WordListOptions struct {
	// Lists are files with one phrase a line. Case does not matter; a phrase is
	// found where its words stand one after the other, and not inside an address or
	// a name with underscores.
	Lists []string `yaml:"lists" json:"lists"`
	// A document is dropped if more than MaxCount of its words are in phrases, and
	// these are more than the share MaxRatio of all its words. Both are 0 at first:
	// one word is enough.
	MaxCount int     `yaml:"max_count" json:"max_count"`
	MaxRatio float64 `yaml:"max_ratio" json:"max_ratio"`
}

// SetDefaults leaves all at 0.
func (o *WordListOptions) SetDefaults() { *o = WordListOptions{} }

// Check returns a *recipe.ValueError for the first impossible value.
func (o *WordListOptions) Check() error {
	if len(o.Lists) == 0 {
		return recipe.Bad("lists", "is missing; it names files with one phrase a line")
	}
	if err := checkCounts(number{"max_count", float64(o.MaxCount)}); err != nil {
		return err
	}
	return checkRatios(number{"max_ratio", o.MaxRatio})
}

// Files returns the files that the step reads.
func (o *WordListOptions) Files() []string { return o.Lists }

const wordListName = "word_list"

// WordList is the step word_list. Goroutines may share it.
type WordList struct {
	o    WordListOptions
	list *phrases
}

// NewWordList makes the step and reads its lists.
func NewWordList(o WordListOptions) (*WordList, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	list, err := readPhrases("lists", o.Lists)
	if err != nil {
		return nil, err
	}
	return &WordList{o: o, list: list}, nil
}

// Worker returns the step for one goroutine.
func (w *WordList) Worker() document.Step { return w }

// Name is word_list.
func (w *WordList) Name() string { return wordListName }

// Apply drops the document if too many of its words are in the lists.
func (w *WordList) Apply(d *document.Document) {
	list := d.Words().Words
	n, first := w.list.count(d.Text(), list, math.MaxInt)
	switch share := ratio(n, len(list)); {
	case n <= w.o.MaxCount || share <= w.o.MaxRatio:
		return
	case w.o.MaxRatio > 0:
		drop(d, wordListName, "max_ratio", share, w.o.MaxRatio)
	default:
		drop(d, wordListName, "max_count", float64(n), float64(w.o.MaxCount))
	}
	d.Drop.Note = first
}
