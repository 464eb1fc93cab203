package preference

import (
	"slices"

	"github.com/polymath-lm/polymath/train/conversation"
)

// Report counts what became of the objects of all files.
type Report struct {
	Objects int `json:"objects"`
	// Comparisons and Pairs are what is left to learn from, on both sides of the
	// split; HeldOut and HeldOutPairs of them are not trained on.
	Comparisons  int `json:"comparisons"`
	Pairs        int `json:"pairs"`
	HeldOut      int `json:"held_out"`
	HeldOutPairs int `json:"held_out_pairs"`
	// Groups are those that the split keeps together.
	Groups int `json:"groups"`
	// Pairs that were left out: of equal rank, of the same words, and those that are
	// there already. Conflicts are left in: pairs that are there the other way round.
	Ties       int `json:"ties"`
	Identical  int `json:"identical"`
	Duplicates int `json:"duplicates"`
	Conflicts  int `json:"conflicts"`
	// Dropped comparisons are left out for their length; of CutShort ones the
	// beginning of the prompt is.
	Dropped  int `json:"dropped"`
	CutShort int `json:"cut_short"`
	// Tokens of all answers with their prompts.
	Tokens int64 `json:"tokens"`
	// Bad objects could not be read; BadLines says why of the first of them.
	Bad      int      `json:"bad"`
	BadLines []string `json:"bad_lines,omitempty"`
	// Forms counts the objects of each form, Ignored the keys that have no meaning
	// here.
	Forms   map[string]int `json:"forms"`
	Ignored map[string]int `json:"ignored,omitempty"`
}

// Limits of the report.
const (
	maxListed  = 10  // bad lines
	maxIgnored = 100 // keys that are counted by name
	otherKeys  = "(other keys)"
)

func (r *Report) bad(where string, err error) {
	r.Bad++
	if len(r.BadLines) < maxListed {
		r.BadLines = append(r.BadLines, where+err.Error())
	}
}

// refuse is the error about objects that cannot be used, if they are not skipped.
func (r *Report) refuse(files []string, skip bool) error {
	if r.Bad == 0 || skip {
		return nil
	}
	return &conversation.BadLinesError{Files: files, Objects: r.Objects, Bad: r.Bad, Lines: r.BadLines, Key: "preferences.skip_bad"}
}

// Read reads the comparisons of the files, in their order. Each pair is there once:
// of equal ones the first stays. Objects that cannot be read are an error, a
// *conversation.BadLinesError, unless they are to be skipped.
func Read(files []string, skipBad bool) ([]*Comparison, *Report, error) {
	r := &reader{seen: map[pairKey]bool{}, report: Report{Forms: map[string]int{}, Ignored: map[string]int{}}}
	for _, path := range files {
		if err := conversation.Each(path, r.object); err != nil {
			return nil, nil, err
		}
	}
	if err := r.report.refuse(files, skipBad); err != nil {
		return nil, nil, err
	}
	return r.list, &r.report, nil
}

// reader is one Read.
type reader struct {
	list   []*Comparison
	seen   map[pairKey]bool
	report Report
}

// pairKey is a pair by what it says: half of the hash of each part.
type pairKey struct{ prompt, better, worse [16]byte }

func (r *reader) object(where string, data []byte) error {
	r.report.Objects++
	c, err := Parse(data)
	if err != nil {
		r.report.bad(where, err)
		return nil
	}
	c.Where = where
	r.report.Forms[c.Form]++
	for _, name := range c.Ignored {
		if _, ok := r.report.Ignored[name]; !ok && len(r.report.Ignored) >= maxIgnored {
			name = otherKeys
		}
		r.report.Ignored[name]++
	}
	r.report.Ties += c.Ties
	r.report.Identical += c.Identical
	r.unite(c)
	if len(c.Pairs) > 0 {
		r.list = append(r.list, c)
	}
	return nil
}

// unite leaves out pairs that are there already, and answers without a pair.
func (r *reader) unite(c *Comparison) {
	k := pairKey{prompt: half(keyOf(c.Prompt.Messages, c.Prompt.Tools))}
	keys := make([][16]byte, len(c.Answers))
	for i, a := range c.Answers {
		keys[i] = half(keyOf(a, nil))
	}
	c.Pairs = slices.DeleteFunc(c.Pairs, func(p Pair) bool {
		k.better, k.worse = keys[p.Better], keys[p.Worse]
		if r.seen[k] {
			r.report.Duplicates++
			return true
		}
		r.seen[k] = true
		if r.seen[pairKey{k.prompt, k.worse, k.better}] {
			r.report.Conflicts++
		}
		return false
	})
	c.prune()
}

func half(k key) (h [16]byte) {
	copy(h[:], k[:])
	return h
}

// prune leaves out answers that are in no pair.
func (c *Comparison) prune() {
	number := make([]int, len(c.Answers))
	for _, p := range c.Pairs {
		number[p.Better], number[p.Worse] = 1, 1
	}
	var answers []Answer
	for i, a := range c.Answers {
		if number[i] == 1 {
			number[i], answers = len(answers), append(answers, a)
		}
	}
	for i := range c.Pairs {
		p := &c.Pairs[i]
		p.Better, p.Worse = number[p.Better], number[p.Worse]
	}
	c.Answers = answers
}
