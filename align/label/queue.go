package label

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Choice says which of two answers is better.
type Choice string

// The choices between the answers a and b of a comparison.
const (
	BetterA Choice = "a"
	BetterB Choice = "b"
	Both    Choice = "both"    // are good, and neither is better
	Neither Choice = "neither" // is any good
)

// verdict is what a labeller says of a comparison.
type verdict struct {
	choice  Choice
	unsafe  [2]bool // of a and b
	madeUp  [2]bool
	aLeft   bool
	at      int64 // ms since 1970
	tookMS  int64
	subject int64 // the comparison
}

// pair is a comparison as it is shown.
type pair struct {
	id       int64
	messages string
	texts    [2]string // of a and b
}

// open are the comparisons that a labeller may still label.
const open = `FROM comparison WHERE labels < ? AND NOT EXISTS (
	SELECT 1 FROM label JOIN labeller ON labeller.id = labeller WHERE comparison = comparison.id AND hash = ?)`

// numOpen returns how many comparisons a labeller may still label.
func (s *Store) numOpen(ctx context.Context, who labeller) (n int, err error) {
	return n, s.db.QueryRowContext(ctx, "SELECT count(*) "+open, s.overlap, who[:]).Scan(&n)
}

// place is a comparison in a queue, with the number of its labels.
type place struct {
	id     int64
	labels int
}

// queue returns the first n comparisons that a labeller may still label, in the order
// of the seed.
func (s *Store) queue(ctx context.Context, who labeller, n int) (list []place, err error) {
	rows, err := s.db.QueryContext(ctx, "SELECT id, labels "+open+" ORDER BY place, id LIMIT ?", s.overlap, who[:], n)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var p place
		if err := rows.Scan(&p.id, &p.labels); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, rows.Err()
}

// pair returns a comparison.
func (s *Store) pair(ctx context.Context, id int64) (p pair, err error) {
	p.id = id
	return p, s.db.QueryRowContext(ctx, `SELECT messages, x.text, y.text FROM comparison
		JOIN prompt ON prompt.id = comparison.prompt JOIN answer x ON x.id = a JOIN answer y ON y.id = b
		WHERE comparison.id = ?`, id).Scan(&p.messages, &p.texts[0], &p.texts[1])
}

// aLeft tells whether a labeller sees answer a of a comparison on the left.
func (s *Store) aLeft(comparison int64, who labeller) bool {
	return drawn(s.seed, comparison, -1, who[:])&1 == 0
}

// errLabelled is what is said where a label cannot be taken.
var errLabelled = errors.New("this comparison is labelled already")

// put keeps a label; it is on the disk when put returns.
func (s *Store) put(ctx context.Context, who labeller, v *verdict) error {
	return change(ctx, s.db, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "INSERT INTO labeller (hash) VALUES (?) ON CONFLICT DO NOTHING", who[:]); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, `INSERT INTO label
			(comparison, labeller, choice, unsafe_a, unsafe_b, made_up_a, made_up_b, a_left, at_ms, took_ms)
			SELECT comparison.id, labeller.id, ?, ?, ?, ?, ?, ?, ?, ? FROM comparison, labeller
			WHERE comparison.id = ? AND hash = ? ON CONFLICT DO NOTHING`,
			string(v.choice), v.unsafe[0], v.unsafe[1], v.madeUp[0], v.madeUp[1], v.aLeft, v.at, v.tookMS, v.subject, who[:])
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, errLabelled)
		}
		return nil
	})
}

// last returns the last label of a labeller, or nil.
func (s *Store) last(ctx context.Context, who labeller) (*verdict, error) {
	var v verdict
	err := s.db.QueryRowContext(ctx, `SELECT comparison, choice, unsafe_a, unsafe_b, made_up_a, made_up_b, a_left FROM label
		WHERE labeller = (SELECT id FROM labeller WHERE hash = ?) ORDER BY id DESC LIMIT 1`, who[:]).
		Scan(&v.subject, &v.choice, &v.unsafe[0], &v.unsafe[1], &v.madeUp[0], &v.madeUp[1], &v.aLeft)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &v, err
}

// takeBack removes the last label of a labeller and returns it; nil, if there is none.
func (s *Store) takeBack(ctx context.Context, who labeller) (*verdict, error) {
	v, err := s.last(ctx, who)
	if err != nil || v == nil {
		return nil, err
	}
	err = change(ctx, s.db, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM label WHERE comparison = ? AND labeller = (SELECT id FROM labeller WHERE hash = ?)", v.subject, who[:])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("the label is still there: %w", err)
	}
	return v, nil
}

// counts are what the page says of all labels.
type counts struct {
	labels, wanted, mine int
}

func (s *Store) counts(ctx context.Context, who labeller) (c counts, err error) {
	return c, s.db.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM label), (SELECT count(*) FROM comparison) * ?,
		(SELECT count(*) FROM label WHERE labeller = (SELECT id FROM labeller WHERE hash = ?))`, s.overlap, who[:]).
		Scan(&c.labels, &c.wanted, &c.mine)
}
