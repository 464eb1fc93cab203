package label

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/polymath-lm/polymath/eval/stat"
)

// Summary is what a file of labels holds, and how far its labellers agree.
type Summary struct {
	Prompts     int `json:"prompts"`
	Answers     int `json:"answers"`
	Comparisons int `json:"comparisons"`
	// Labels are all that there are; Overlap for each comparison are wanted.
	Labels    int `json:"labels"`
	Overlap   int `json:"overlap"`
	Labellers int `json:"labellers"`
	// Agreement is Krippendorff's alpha, over prompts.
	Agreement Agreement `json:"agreement"`
	// LeftPreferred is the share of the labels that prefer an answer which prefer
	// that on the left: far from a half, people go by the side. Nil: there are none.
	LeftPreferred *stat.Estimate `json:"left_preferred,omitempty"`
	// MedianSeconds is how long half of the labels took at most.
	MedianSeconds float64 `json:"median_seconds"`
	// Duels are of each two sources that were compared, in the order of their ids.
	Duels []Duel `json:"duels,omitempty"`
}

// Agreement is how far labellers agree, where comparisons have two labels or more;
// nil where that is not defined.
type Agreement struct {
	// Choice takes the four choices for four names, Order for a scale: a is better,
	// neither is better, b is better.
	Choice *stat.Estimate `json:"choice,omitempty"`
	Order  *stat.Estimate `json:"order,omitempty"`
	// Unsafe and MadeUp are over answers.
	Unsafe *stat.Estimate `json:"unsafe,omitempty"`
	MadeUp *stat.Estimate `json:"made_up,omitempty"`
}

// Duel is what labels say of two sources.
type Duel struct {
	A string `json:"a"`
	B string `json:"b"`
	// Wins, Ties and Losses are labels, by A.
	Wins   int `json:"wins"`
	Ties   int `json:"ties"`
	Losses int `json:"losses"`
	// Share is how often A is better, ties for a half; over prompts.
	Share stat.Estimate `json:"share"`
}

// row is a label with what it is of.
type row struct {
	comparison, prompt, sourceA, sourceB int64
	v                                    verdict
}

// order is the place of a choice on the scale.
func (r *row) order() int {
	switch r.v.choice {
	case BetterA:
		return 0
	case BetterB:
		return 2
	}
	return 1
}

// Summary computes what the labels say so far.
func (s *Store) Summary(ctx context.Context) (*Summary, error) {
	sum := &Summary{Overlap: s.overlap}
	err := s.db.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM prompt), (SELECT count(*) FROM answer),
		(SELECT count(*) FROM comparison), (SELECT count(DISTINCT labeller) FROM label)`).
		Scan(&sum.Prompts, &sum.Answers, &sum.Comparisons, &sum.Labellers)
	if err != nil {
		return nil, s.wrap(err)
	}
	rows, err := s.rows(ctx)
	if err != nil {
		return nil, s.wrap(err)
	}
	sum.Labels = len(rows)
	sum.Agreement = agreement(rows)
	sum.habits(rows)
	names, err := s.sources(ctx)
	if err != nil {
		return nil, s.wrap(err)
	}
	sum.Duels = duels(rows, names)
	return sum, nil
}

// rows are all labels, those of a comparison together.
func (s *Store) rows(ctx context.Context) (list []row, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT comparison, comparison.prompt, x.source, y.source, choice,
		unsafe_a, unsafe_b, made_up_a, made_up_b, a_left, took_ms
		FROM label JOIN comparison ON comparison.id = comparison JOIN answer x ON x.id = a JOIN answer y ON y.id = b
		ORDER BY comparison, label.id`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var r row
		v := &r.v
		err := rows.Scan(&r.comparison, &r.prompt, &r.sourceA, &r.sourceB, &v.choice,
			&v.unsafe[0], &v.unsafe[1], &v.madeUp[0], &v.madeUp[1], &v.aLeft, &v.tookMS)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// sources are their names by id; where settings tell sources of one name apart, their
// number is added.
func (s *Store) sources(ctx context.Context) (names map[int64]string, err error) {
	rows, err := s.db.QueryContext(ctx, "SELECT id, name FROM source ORDER BY id")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	names, seen := map[int64]string{}, map[string]int{}
	for rows.Next() {
		var id int64
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			return nil, err
		}
		if seen[name]++; seen[name] > 1 {
			name += " (" + strconv.Itoa(seen[name]) + ")"
		}
		names[id] = name
	}
	return names, rows.Err()
}

func agreement(rows []row) Agreement {
	var prompts, answers []string // the clusters
	var choice, order, unsafe, madeUp [][]int
	for i := range rows {
		r := &rows[i]
		if i == 0 || r.comparison != rows[i-1].comparison {
			name := strconv.FormatInt(r.prompt, 10)
			prompts, answers = append(prompts, name), append(answers, name, name)
			choice, order = append(choice, nil), append(order, nil)
			unsafe, madeUp = append(unsafe, nil, nil), append(madeUp, nil, nil)
		}
		last := len(choice) - 1
		choice[last] = append(choice[last], slices.Index([]Choice{BetterA, Both, Neither, BetterB}, r.v.choice))
		order[last] = append(order[last], r.order())
		for side := range 2 {
			unit := 2*last + side
			unsafe[unit] = append(unsafe[unit], number(r.v.unsafe[side]))
			madeUp[unit] = append(madeUp[unit], number(r.v.madeUp[side]))
		}
	}
	return Agreement{
		Choice: stat.Agreement(choice, prompts, stat.Nominal), Order: stat.Agreement(order, prompts, stat.Ordinal),
		Unsafe: stat.Agreement(unsafe, answers, stat.Nominal), MadeUp: stat.Agreement(madeUp, answers, stat.Nominal),
	}
}

func number(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// habits are how people label, whatever they label.
func (s *Summary) habits(rows []row) {
	var left []float64
	var prompts []string
	var took []int64
	for i := range rows {
		r := &rows[i]
		if r.v.tookMS > 0 {
			took = append(took, r.v.tookMS)
		}
		if r.v.choice == BetterA || r.v.choice == BetterB {
			left = append(left, float64(number((r.v.choice == BetterA) == r.v.aLeft)))
			prompts = append(prompts, strconv.FormatInt(r.prompt, 10))
		}
	}
	if len(left) > 0 {
		e := stat.Mean(left, prompts)
		s.LeftPreferred = &e
	}
	if len(took) > 0 {
		slices.Sort(took)
		s.MedianSeconds = (time.Duration(took[(len(took)-1)/2]) * time.Millisecond).Seconds()
	}
}

// duels compares the sources of labels, each two of them.
func duels(rows []row, names map[int64]string) (list []Duel) {
	type key struct{ a, b int64 }
	type side struct {
		Duel
		values  []float64
		prompts []string
	}
	found := map[key]*side{}
	var keys []key
	for i := range rows {
		r := &rows[i]
		k, place := key{r.sourceA, r.sourceB}, r.order()
		if k.a == k.b {
			continue // two draws of one
		}
		if k.a > k.b {
			k.a, k.b, place = k.b, k.a, 2-place
		}
		d := found[k]
		if d == nil {
			d = &side{Duel: Duel{A: names[k.a], B: names[k.b]}}
			found[k], keys = d, append(keys, k)
		}
		*[]*int{&d.Wins, &d.Ties, &d.Losses}[place]++
		d.values = append(d.values, 1-float64(place)/2)
		d.prompts = append(d.prompts, strconv.FormatInt(r.prompt, 10))
	}
	slices.SortFunc(keys, func(x, y key) int { return slices.Compare([]int64{x.a, x.b}, []int64{y.a, y.b}) })
	for _, k := range keys {
		d := found[k]
		d.Share = stat.Mean(d.values, d.prompts)
		list = append(list, d.Duel)
	}
	return list
}

// shown is what labellers see of a summary, names and values. Who answered is not in
// it.
func (s *Summary) shown() [][2]string {
	list := [][2]string{
		{"labels", fmt.Sprintf("%d of %d", s.Labels, s.Comparisons*s.Overlap)},
		{"labellers", strconv.Itoa(s.Labellers)},
		{"agreement on the better answer", alpha(s.Agreement.Order)},
		{"on the four choices", alpha(s.Agreement.Choice)},
		{"on unsafe", alpha(s.Agreement.Unsafe)},
		{"on made up", alpha(s.Agreement.MadeUp)},
	}
	if e := s.LeftPreferred; e != nil {
		list = append(list, [2]string{"left preferred", fmt.Sprintf("%.0f%% (%.0f to %.0f)", 100*e.Value, 100*e.Low, 100*e.High)})
	}
	return list
}

// alpha is an agreement in words.
func alpha(e *stat.Estimate) string {
	switch {
	case e == nil:
		return "not known yet"
	case !e.Available():
		return fmt.Sprintf("%.2f", e.Value)
	}
	return fmt.Sprintf("%.2f (%.2f to %.2f)", e.Value, e.Low, e.High)
}

// String is the summary for a terminal.
func (s *Summary) String() string {
	text := fmt.Sprintf("%d prompts, %d answers, %d comparisons\n", s.Prompts, s.Answers, s.Comparisons)
	for _, line := range s.shown() {
		text += fmt.Sprintf("%-32s %s\n", line[0], line[1])
	}
	if s.MedianSeconds > 0 {
		text += fmt.Sprintf("%-32s %.1f s\n", "median time of a label", s.MedianSeconds)
	}
	for _, d := range s.Duels {
		text += fmt.Sprintf("%s beside %s: better %d, no better %d, worse %d; %.1f%% (%.1f to %.1f)\n",
			d.A, d.B, d.Wins, d.Ties, d.Losses, 100*d.Share.Value, 100*d.Share.Low, 100*d.Share.High)
	}
	return text
}
