package filter

import (
	"github.com/polymath-lm/polymath/corpus/document"
)

// RepetitionOptions are the rules of step gopher_repetition, those of table A1 in
// Rae and others, "Scaling Language Models" (arXiv:2112.11446). Each is a share
// that may not be exceeded; 0 is off.
type RepetitionOptions struct {
	// Paragraphs and Lines that came before, as a share of all, and their
	// characters, as a share of the text's.
	Paragraphs          float64 `yaml:"duplicate_paragraphs" json:"duplicate_paragraphs"`
	ParagraphCharacters float64 `yaml:"duplicate_paragraph_characters" json:"duplicate_paragraph_characters"`
	Lines               float64 `yaml:"duplicate_lines" json:"duplicate_lines"`
	LineCharacters      float64 `yaml:"duplicate_line_characters" json:"duplicate_line_characters"`
	// Top2 to Top4 are the characters of the most frequent run of so many words.
	Top2 float64 `yaml:"top_2_gram" json:"top_2_gram"`
	Top3 float64 `yaml:"top_3_gram" json:"top_3_gram"`
	Top4 float64 `yaml:"top_4_gram" json:"top_4_gram"`
	// Repeated5 to Repeated10 are the characters in runs of so many words that
	// came before.
	Repeated5  float64 `yaml:"duplicate_5_grams" json:"duplicate_5_grams"`
	Repeated6  float64 `yaml:"duplicate_6_grams" json:"duplicate_6_grams"`
	Repeated7  float64 `yaml:"duplicate_7_grams" json:"duplicate_7_grams"`
	Repeated8  float64 `yaml:"duplicate_8_grams" json:"duplicate_8_grams"`
	Repeated9  float64 `yaml:"duplicate_9_grams" json:"duplicate_9_grams"`
	Repeated10 float64 `yaml:"duplicate_10_grams" json:"duplicate_10_grams"`
}

// SetDefaults sets the published limits.
func (o *RepetitionOptions) SetDefaults() {
	*o = RepetitionOptions{
		Paragraphs: 0.3, ParagraphCharacters: 0.2, Lines: 0.3, LineCharacters: 0.2, Top2: 0.2, Top3: 0.18, Top4: 0.16,
		Repeated5: 0.15, Repeated6: 0.14, Repeated7: 0.13, Repeated8: 0.12, Repeated9: 0.11, Repeated10: 0.10,
	}
}

// gram is a rule about runs of n words.
type gram struct {
	n     int
	limit float64
	rule  string
}

func (o *RepetitionOptions) top() [3]gram {
	return [3]gram{{2, o.Top2, "top_2_gram"}, {3, o.Top3, "top_3_gram"}, {4, o.Top4, "top_4_gram"}}
}

func (o *RepetitionOptions) repeated() [6]gram {
	return [6]gram{
		{5, o.Repeated5, "duplicate_5_grams"},
		{6, o.Repeated6, "duplicate_6_grams"},
		{7, o.Repeated7, "duplicate_7_grams"},
		{8, o.Repeated8, "duplicate_8_grams"},
		{9, o.Repeated9, "duplicate_9_grams"},
		{10, o.Repeated10, "duplicate_10_grams"},
	}
}

// Check returns a *recipe.ValueError for the first impossible value.
func (o *RepetitionOptions) Check() error {
	if err := checkRatios(number{"duplicate_paragraphs", o.Paragraphs}, number{"duplicate_paragraph_characters", o.ParagraphCharacters},
		number{"duplicate_lines", o.Lines}, number{"duplicate_line_characters", o.LineCharacters}); err != nil {
		return err
	}
	for _, g := range o.top() {
		if err := checkRatios(number{g.rule, g.limit}); err != nil {
			return err
		}
	}
	for _, g := range o.repeated() {
		if err := checkRatios(number{g.rule, g.limit}); err != nil {
			return err
		}
	}
	return nil
}

const repetitionName = "gopher_repetition"

// Repetition is the step gopher_repetition. Goroutines may share it.
type Repetition struct{ o RepetitionOptions }

// NewRepetition makes the step.
func NewRepetition(o RepetitionOptions) (*Repetition, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	return &Repetition{o: o}, nil
}

// Worker returns the step for one goroutine.
func (r *Repetition) Worker() document.Step {
	return &repetition{o: &r.o, top: r.o.top(), repeated: r.o.repeated()}
}

// keep is about the number of words or lines for which a worker keeps memory.
const keep = 1 << 20

type repetition struct {
	o        *RepetitionOptions
	top      [3]gram
	repeated [6]gram
	set      seen
	grams    grams
}

func (r *repetition) Name() string { return repetitionName }

func (r *repetition) Apply(d *document.Document) {
	text := d.Text()
	if len(text) == 0 {
		drop(d, repetitionName, "empty", 0, 1)
		return
	}
	length := chars(text)
	defer r.release()
	if r.pieces(d, trim(text), 2, length, number{"duplicate_paragraphs", r.o.Paragraphs}, number{"duplicate_paragraph_characters", r.o.ParagraphCharacters}) ||
		r.pieces(d, text, 1, length, number{"duplicate_lines", r.o.Lines}, number{"duplicate_line_characters", r.o.LineCharacters}) {
		return
	}
	list := d.Words().Words
	r.grams.of(text, list)
	for i, most := range r.grams.mostTop(r.top) {
		if g := r.top[i]; exceeds(most, length, g.limit) &&
			over(d, repetitionName, g.rule, ratio(r.grams.topLength(g.n), length), g.limit) {
			return
		}
	}
	for i, most := range r.grams.mostRepeated() {
		if g := r.repeated[i]; exceeds(most, length, g.limit) &&
			over(d, repetitionName, g.rule, ratio(r.grams.repeatedLength(g.n, &r.set), length), g.limit) {
			return
		}
	}
}

// release gives up the memory of a long text.
func (r *repetition) release() {
	r.set.release()
	if cap(r.grams.hashes) > 2*keep {
		r.grams = grams{}
	}
}

// exceeds reports whether a rule is on and so many characters would break it.
func exceeds(n, length int, limit float64) bool { return limit != 0 && ratio(n, length) > limit }

// pieces applies the rules about pieces of text that at least so many newlines
// part: how many came before, and their characters.
func (r *repetition) pieces(d *document.Document, text []byte, newlines, length int, count, share number) bool {
	if count.value == 0 && share.value == 0 {
		return false
	}
	n, again, characters := 0, 0, 0
	r.set.reset(parts(text, newlines))
	for start := 0; start <= len(text); n++ {
		end, next := part(text, start, newlines)
		if r.set.add(hash(text[start:end])) {
			again++
			characters += chars(text[start:end])
		}
		start = next
	}
	return over(d, repetitionName, count.key, ratio(again, n), count.value) ||
		over(d, repetitionName, share.key, ratio(characters, length), share.value)
}
