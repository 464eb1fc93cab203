// Package draw makes pictures whose content is known exactly: scenes of shapes,
// charts, tables, clocks, maps, rendered text and diagrams, each with the facts
// of what is to be seen, questions with their answers, and descriptions of which
// every sentence is true.
//
// A picture is a pure function of the seed, the kind, the index and the options:
// any of them can be made alone, in any order and at the same time as others.
// All arithmetic is on integers, so that the bits are the same on every machine.
//
// Nothing ambiguous is asked. A relation is asked only where it is clear by a
// margin of pixels, what is counted is never covered, colors are far apart, and
// values lie where the axis can be read.
package draw

import (
	"fmt"
	"image"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/spelling"
)

// Kind says what a picture shows.
type Kind string

// The kinds.
const (
	Scene   Kind = "scene"   // shapes with color, size and place
	Boxes   Kind = "boxes"   // shapes in three boxes, as statements of NLVR are about
	Chart   Kind = "chart"   // bars, a line or a pie, with numbers
	Table   Kind = "table"   // words and numbers in rows and columns
	Clock   Kind = "clock"   // a clock with hands
	Map     Kind = "map"     // named places, regions and roads; north is up
	Text    Kind = "text"    // lines of text
	Diagram Kind = "diagram" // boxes and arrows
)

// Kinds returns all kinds.
func Kinds() []Kind { return []Kind{Scene, Boxes, Chart, Table, Clock, Map, Text, Diagram} }

// ParseKinds reads names of kinds with commas between them. A name that does not
// exist or stands there twice is an error that says what there is.
func ParseKinds(list string) ([]Kind, error) {
	var kinds []Kind
	for _, name := range strings.Split(list, ",") {
		k := Kind(strings.TrimSpace(name))
		if err := k.check(); err != nil {
			return nil, err
		}
		if slices.Contains(kinds, k) {
			return nil, fmt.Errorf("kind %s is named twice", k)
		}
		kinds = append(kinds, k)
	}
	return kinds, nil
}

func (k Kind) check() error {
	if _, ok := makers[k]; ok {
		return nil
	}
	all := Kinds()
	for _, known := range all {
		if spelling.Distance(string(k), string(known)) <= 2 {
			return fmt.Errorf("no kind %q; did you mean %s?", string(k), known)
		}
	}
	return fmt.Errorf("no kind %q; there are %s", string(k), joinKinds(all))
}

func joinKinds(kinds []Kind) string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}

// The sides that a picture may have, in pixels.
const (
	MinSize = 64
	MaxSize = 1024
)

// maxQuestions bounds Options.Questions.
const maxQuestions = 32

// Options say what is drawn. The zero value but for Kind is good.
type Options struct {
	Kind Kind
	// Size is the side of the picture in pixels, MinSize to MaxSize; 0 is 128.
	Size int
	// Questions is how many are asked of a picture at most; 0 is 6.
	Questions int
	// ChartType is the only type of chart: bar, line or pie. Empty: any of them.
	ChartType string
	// Texts are what kind Text renders: runs of white space become single
	// spaces, and what is longer than TextMax is cut at a space, as is what the
	// picture has no room for. Those without anything that the fonts can show are
	// left out. None: words of its own.
	// Make reads it only.
	Texts []string
	// TextMax is the most characters of a rendered text; 0 is 24.
	TextMax int
	// TextFont is the only font of rendered text: regular, bold, italic or mono. Empty:
	// any of them.
	TextFont string
	// TextEm is the size of rendered text in pixels, at least 8. 0: any that the
	// picture has room for.
	TextEm int
	// TextCorner puts rendered text into the upper left corner, without a margin.
	TextCorner bool
}

func (o *Options) setDefaults() {
	if o.Size == 0 {
		o.Size = 128
	}
	if o.Questions == 0 {
		o.Questions = 6
	}
	if o.TextMax == 0 {
		o.TextMax = 24
	}
}

// Check tells what is wrong with the options.
func (o Options) Check() error {
	o.setDefaults()
	if err := o.Kind.check(); err != nil {
		return err
	}
	switch {
	case o.Size < MinSize || o.Size > MaxSize:
		return fmt.Errorf("size %d: pictures have a side of %d to %d pixels", o.Size, MinSize, MaxSize)
	case o.Questions < 1 || o.Questions > maxQuestions:
		return fmt.Errorf("%d questions: from 1 to %d can be asked of a picture", o.Questions, maxQuestions)
	case o.ChartType != "" && !slices.Contains(chartTypes, o.ChartType):
		return fmt.Errorf("no type of chart %q; there are bar, line and pie", o.ChartType)
	case o.TextMax < minText || o.TextMax > maxText:
		return fmt.Errorf("texts of %d characters: from %d to %d can be rendered", o.TextMax, minText, maxText)
	case o.TextFont != "" && fonts()[style(o.TextFont)] == nil:
		return fmt.Errorf("no font %q for text; there are regular, bold, italic and mono", o.TextFont)
	case o.TextEm != 0 && (o.TextEm < minEm || o.TextEm > o.Size/4):
		return fmt.Errorf("text of size %d: from %d to %d pixels fit a picture of %d", o.TextEm, minEm, o.Size/4, o.Size)
	}
	return nil
}

// QuestionType says what is asked for.
type QuestionType string

// The types of questions.
const (
	YesNo       QuestionType = "yes_no"      // whether something is there or is so
	Count       QuestionType = "count"       // how many: a number in digits
	Attribute   QuestionType = "attribute"   // a color, shape, size or name
	Relation    QuestionType = "relation"    // how things stand to each other
	Comparison  QuestionType = "comparison"  // what is more, or larger
	Value       QuestionType = "value"       // a number or word read from an axis, a cell or a hand
	ReadOut     QuestionType = "read_out"    // text, letter by letter
	Description QuestionType = "description" // sentences; see Drawing.Descriptions
)

// Question is one with its answer, which follows from the facts.
type Question struct {
	Type   QuestionType
	Text   string
	Answer string
}

// Drawing is a picture with what is known of it. It belongs to the caller.
type Drawing struct {
	Kind  Kind
	Seed  uint64
	Index int
	// Image is opaque, with both sides Options.Size.
	Image *image.NRGBA
	Facts Facts
	// Questions are of several types; one of them asks for a description, and its
	// answer is one of Descriptions.
	Questions []Question
	// Descriptions are texts as lists of sentences, all of them true.
	Descriptions [][]string
	// Group is a hash of what is shown, whatever the order and the places: the
	// permutations of a scene have the same.
	Group string
	// HeldOut says that the picture is for measuring and not for training. It
	// follows from Group, so that all permutations of a scene are on one side,
	// whatever the seed.
	HeldOut bool
}

// Make draws picture index of the seed. It may be called by several goroutines.
func Make(seed uint64, index int, o Options) (*Drawing, error) {
	w, err := newWork(seed, index, o)
	if err != nil {
		return nil, err
	}
	w.canvas = newCanvas(w.Size)
	makers[o.Kind](w)
	d := &Drawing{
		Kind: o.Kind, Seed: seed, Index: index, Image: w.canvas.img, Facts: w.facts,
		Questions: w.choose(), Descriptions: w.descriptions,
	}
	d.Group, d.HeldOut = groupOf(&d.Facts)
	return d, nil
}

// HeldOut tells Drawing.HeldOut of the picture that Make would draw, without
// painting it, which takes most of the time.
func HeldOut(seed uint64, index int, o Options) (bool, error) {
	w, err := newWork(seed, index, o)
	if err != nil {
		return false, err
	}
	w.canvas = &canvas{}
	makers[o.Kind](w)
	_, heldOut := groupOf(&w.facts)
	return heldOut, nil
}

// newWork begins a picture, without a canvas.
func newWork(seed uint64, index int, o Options) (*work, error) {
	if err := o.Check(); err != nil {
		return nil, fmt.Errorf("draw: %w", err)
	}
	if index < 0 {
		return nil, fmt.Errorf("draw: picture %d: pictures are counted from 0", index)
	}
	o.setDefaults()
	w := &work{Options: o, random: newRandom(seed, o.Kind, index)}
	w.facts.Kind, w.facts.Size = o.Kind, o.Size
	return w, nil
}

// work is a picture being made.
type work struct {
	Options
	*random
	canvas       *canvas
	facts        Facts
	asked        []Question
	descriptions [][]string
}

// makers draw the kinds. They are set in init, because ParseKinds asks for them.
var makers map[Kind]func(*work)

func init() {
	makers = map[Kind]func(*work){
		Scene: makeScene, Boxes: makeBoxes, Chart: makeChart, Table: makeTable, Clock: makeClock, Map: makeMap, Text: makeText, Diagram: makeDiagram,
	}
}

// factsOnly tells whether nothing is to be painted, asked or told.
func (w *work) factsOnly() bool { return w.canvas.img == nil }

// ask adds a question, unless it has been asked.
func (w *work) ask(t QuestionType, answer, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	for i := range w.asked {
		if w.asked[i].Text == text {
			return
		}
	}
	w.asked = append(w.asked, Question{t, text, answer})
}

// askAny asks in one of several ways.
func (w *work) askAny(t QuestionType, answer string, formats []string, args ...any) {
	w.ask(t, answer, pick(w.random, formats), args...)
}

// describe adds a description.
func (w *work) describe(sentences ...string) { w.descriptions = append(w.descriptions, sentences) }

// requests ask for a description.
var requests = []string{"Describe the picture.", "What can you see in this picture?", "Tell me what the picture shows.", "What does the picture show?"}

// choose returns the questions that are kept, of as many types as there are, with
// a request for a description: behind them, since whoever has described a picture
// need not look at it again, but once in four times before them, since a picture
// is described without having been asked about, too.
func (w *work) choose() []Question {
	shuffle(w.random, w.asked)
	var kept []Question
	seen := map[QuestionType]int{}
	for round := 1; round <= len(w.asked); round++ {
		for _, q := range w.asked {
			if len(kept) < w.Questions-1 && seen[q.Type] < round && !slices.Contains(kept, q) {
				kept = append(kept, q)
				seen[q.Type]++
			}
		}
	}
	text := strings.Join(pick(w.random, w.descriptions), " ")
	q := Question{Description, pick(w.random, requests), text}
	at := len(kept)
	if w.chance(25) {
		at = 0
	}
	return slices.Insert(kept, at, q)
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}
