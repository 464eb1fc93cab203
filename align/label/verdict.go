package label

import (
	"context"
	"fmt"
)

// The choices by the sides of the page.
const (
	choiceLeft  = "left"
	choiceRight = "right"
)

// verdict turns what the page sends, which knows sides, into what is kept.
func (s *Store) verdict(who labeller, m sent) (*verdict, error) {
	v := &verdict{
		subject: m.Comparison, aLeft: s.aLeft(m.Comparison, who),
		unsafe: [2]bool{m.UnsafeLeft, m.UnsafeRight}, madeUp: [2]bool{m.MadeUpLeft, m.MadeUpRight},
	}
	switch c := Choice(m.Choice); {
	case c == Both, c == Neither:
		v.choice = c
	case m.Choice == choiceLeft && v.aLeft, m.Choice == choiceRight && !v.aLeft:
		v.choice = BetterA
	case m.Choice == choiceLeft, m.Choice == choiceRight:
		v.choice = BetterB
	default:
		return nil, fmt.Errorf("a choice is left, right, both or neither, and not %.40q", m.Choice)
	}
	if !v.aLeft {
		swap(&v.unsafe)
		swap(&v.madeUp)
	}
	return v, nil
}

func swap(sides *[2]bool) { sides[0], sides[1] = sides[1], sides[0] }

// sent is a verdict as the page shows it.
func (v *verdict) sent() *sent {
	unsafe, madeUp := v.unsafe, v.madeUp
	if !v.aLeft {
		swap(&unsafe)
		swap(&madeUp)
	}
	m := &sent{
		Comparison: v.subject, Choice: string(v.choice),
		UnsafeLeft: unsafe[0], UnsafeRight: unsafe[1], MadeUpLeft: madeUp[0], MadeUpRight: madeUp[1],
	}
	switch {
	case v.choice != BetterA && v.choice != BetterB:
	case (v.choice == BetterA) == v.aLeft:
		m.Choice = choiceLeft
	default:
		m.Choice = choiceRight
	}
	return m
}

// labelled tells whether a labeller has labelled a comparison.
func (s *Store) labelled(ctx context.Context, who labeller, comparison int64) (yes bool, err error) {
	return yes, s.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM label JOIN labeller ON labeller.id = labeller
		WHERE comparison = ? AND hash = ?)`, comparison, who[:]).Scan(&yes)
}
