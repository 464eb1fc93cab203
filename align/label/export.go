package label

import (
	"context"
	"errors"
	"io"

	"github.com/polymath-lm/polymath/align/rubric"
	"github.com/polymath-lm/polymath/internal/dialogue"
)

// Exported counts what an export wrote and left out.
type Exported struct {
	Written int `json:"written"`
	// Unlabelled comparisons have no label, of Tied ones as many prefer one answer as
	// the other. Flagged ones prefer an answer that half of the labellers or more call
	// unsafe or made up: nobody is to learn it.
	Unlabelled int `json:"unlabelled"`
	Tied       int `json:"tied"`
	Flagged    int `json:"flagged"`
}

// preferred is a line of an export, as package preference reads it. Messages are
// written as such: a text that looks like a transcript stays what it is.
type preferred struct {
	dialogue.Preference
	// Margin is the share of the labels for the better answer less that against it.
	Margin float64 `json:"margin"`
	Labels int     `json:"labels"`
	For    int     `json:"labels_chosen"`
	// Against, and those that prefer neither.
	Against        int     `json:"labels_rejected"`
	Both           int     `json:"labels_both"`
	Neither        int     `json:"labels_neither"`
	UnsafeChosen   float64 `json:"unsafe_chosen"`
	UnsafeRejected float64 `json:"unsafe_rejected"`
	MadeUpChosen   float64 `json:"made_up_chosen"`
	MadeUpRejected float64 `json:"made_up_rejected"`
	ModelChosen    string  `json:"model_chosen"`
	ModelRejected  string  `json:"model_rejected"`
}

// tally are the labels of one comparison.
type tally struct {
	messages string
	kind     rubric.Kind
	ids      [2]int64 // of the answers a and b
	prompt   int64
	texts    [2]string
	names    [2]string
	votes    map[Choice]int
	unsafe   [2]int
	madeUp   [2]int
	labels   int
}

// share is a part of the labels.
func (t *tally) share(n int) float64 { return float64(n) / float64(t.labels) }

// half tells whether half of the labellers say something.
func (t *tally) half(n int) bool { return t.labels > 0 && 2*n >= t.labels }

// WritePairs writes what is preferred by more labels than not as comparisons, one JSON
// object a line, in the order in which they were made. The same labels give the same
// bytes.
func (s *Store) WritePairs(ctx context.Context, w io.Writer) (Exported, error) {
	var e Exported
	err := dialogue.Lines(w, func(add func(any) error) error {
		return s.wrap(s.tallies(ctx, func(t *tally) error {
			p, err := t.preferred(&e)
			if err != nil || p == nil {
				return err
			}
			e.Written++
			return add(p)
		}))
	})
	return e, err
}

// preferred is the line of a comparison, or nil, which is counted.
func (t *tally) preferred(e *Exported) (*preferred, error) {
	better, worse := 0, 1
	won, lost := t.votes[BetterA], t.votes[BetterB]
	if lost > won {
		better, worse, won, lost = 1, 0, lost, won
	}
	switch {
	case t.labels == 0:
		e.Unlabelled++
		return nil, nil
	case won == lost:
		e.Tied++
		return nil, nil
	case t.half(t.unsafe[better]), t.half(t.madeUp[better]):
		e.Flagged++
		return nil, nil
	}
	prompt, err := decodeMessages(t.messages)
	return &preferred{
		Preference: dialogue.Prefer(prompt, t.texts[better], t.texts[worse]), Margin: t.share(won - lost),
		Labels: t.labels, For: won, Against: lost, Both: t.votes[Both], Neither: t.votes[Neither],
		UnsafeChosen: t.share(t.unsafe[better]), UnsafeRejected: t.share(t.unsafe[worse]),
		MadeUpChosen: t.share(t.madeUp[better]), MadeUpRejected: t.share(t.madeUp[worse]),
		ModelChosen: t.names[better], ModelRejected: t.names[worse],
	}, err
}

// tallies calls each with all comparisons, in the order in which they were made.
func (s *Store) tallies(ctx context.Context, each func(t *tally) error) (err error) {
	names, err := s.sources(ctx)
	if err != nil {
		return err
	}
	rows, err := s.db.QueryContext(ctx, `SELECT comparison.id, prompt.id, messages, kind, x.id, y.id, x.text, y.text, x.source, y.source,
		coalesce(choice, ''), coalesce(unsafe_a, 0), coalesce(unsafe_b, 0), coalesce(made_up_a, 0), coalesce(made_up_b, 0)
		FROM comparison JOIN prompt ON prompt.id = comparison.prompt JOIN answer x ON x.id = a JOIN answer y ON y.id = b
		LEFT JOIN label ON label.comparison = comparison.id ORDER BY comparison.id, label.id`)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var t *tally
	var last int64
	for rows.Next() {
		var next tally
		var id int64
		var sources [2]int64
		var choice Choice
		var unsafe, madeUp [2]int
		err := rows.Scan(&id, &next.prompt, &next.messages, &next.kind, &next.ids[0], &next.ids[1], &next.texts[0], &next.texts[1],
			&sources[0], &sources[1], &choice, &unsafe[0], &unsafe[1], &madeUp[0], &madeUp[1])
		if err != nil {
			return err
		}
		if t != nil && id != last {
			if err := each(t); err != nil {
				return err
			}
			t = nil
		}
		if t == nil {
			next.votes, next.names = map[Choice]int{}, [2]string{names[sources[0]], names[sources[1]]}
			t, last = &next, id
		}
		if choice == "" {
			continue
		}
		t.labels++
		t.votes[choice]++
		for side := range 2 {
			t.unsafe[side] += unsafe[side]
			t.madeUp[side] += madeUp[side]
		}
	}
	if t != nil {
		if err := each(t); err != nil {
			return err
		}
	}
	return rows.Err()
}
