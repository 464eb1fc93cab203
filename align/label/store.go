package label

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"github.com/polymath-lm/polymath/align/rubric"
)

// Options say how a file of labels is opened.
type Options struct {
	// Create makes the file where there is none.
	Create bool
	// Seed is what orders and sides follow from; it is set when the file is made, and
	// stays.
	Seed uint64
	// Overlap is how many people are to label a comparison; 0 leaves what the file
	// says, which is DefaultOverlap at first.
	Overlap int
}

// DefaultOverlap is how many people label a comparison: fewer than two tell nothing
// of how far they agree.
const DefaultOverlap = 2

// maxOverlap bounds Options.Overlap.
const maxOverlap = 1000

// Store is an open file of labels. Goroutines may share it, and so may programs on
// one machine.
type Store struct {
	db      *sql.DB
	path    string
	seed    uint64
	overlap int
	word    string // of the page
}

// Open opens the file at path.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	s := &Store{path: path}
	if o.Overlap < 0 || o.Overlap > maxOverlap {
		return nil, fmt.Errorf("an overlap of %d: it is from 1 to %d", o.Overlap, maxOverlap)
	}
	full, err := absolute(path)
	if err == nil {
		s.db, err = openFile(ctx, full, o.Create)
	}
	if err != nil {
		return nil, s.wrap(err)
	}
	if err := s.settings(ctx, o); err != nil {
		return nil, s.wrap(errors.Join(err, s.db.Close()))
	}
	return s, nil
}

// wrap names the file in an error.
func (s *Store) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", s.path, err)
}

// settings reads what the file was made with, and what is new writes.
func (s *Store) settings(ctx context.Context, o Options) error {
	return change(ctx, s.db, func(tx *sql.Tx) error {
		set := func(name, value string, replace bool) error {
			conflict := "NOTHING"
			if replace {
				conflict = "UPDATE SET value = excluded.value WHERE value <> excluded.value"
			}
			_, err := tx.ExecContext(ctx, "INSERT INTO setting VALUES (?, ?) ON CONFLICT DO "+conflict, name, value)
			return err
		}
		overlap := o.Overlap
		if overlap == 0 {
			overlap = DefaultOverlap
		}
		err := errors.Join(
			set("seed", strconv.FormatUint(o.Seed, 10), false),
			set("overlap", strconv.Itoa(overlap), o.Overlap > 0),
			set("page", newWord(), false))
		if err != nil {
			return err
		}
		read := func(name string) (value string) {
			err = errors.Join(err, tx.QueryRowContext(ctx, "SELECT value FROM setting WHERE name = ?", name).Scan(&value))
			return value
		}
		seed, wanted := read("seed"), read("overlap")
		if s.word = read("page"); err != nil {
			return err
		}
		var wrong error
		s.seed, wrong = strconv.ParseUint(seed, 10, 64)
		if s.overlap, err = strconv.Atoi(wanted); errors.Join(err, wrong) != nil || s.overlap < 1 || s.overlap > maxOverlap || !isWord(s.word) {
			return errors.New("its settings are damaged")
		}
		return nil
	})
}

// Close closes the file. What was labelled is in it.
func (s *Store) Close() error { return s.wrap(s.db.Close()) }

// Seed is what orders and sides follow from.
func (s *Store) Seed() uint64 { return s.seed }

// Overlap is how many people are to label a comparison.
func (s *Store) Overlap() int { return s.overlap }

// Added counts what Add did.
type Added struct {
	// Prompts, Answers and Comparisons that were not there.
	Prompts, Answers, Comparisons int
	// Identical are pairs of answers that say the same, of which no comparison is made.
	Identical int
}

// Add keeps answers to a prompt, all of them or none, and makes a comparison of each
// two that say different things. What is there already stays as it is; only a kind that
// was not known is learned.
func (s *Store) Add(ctx context.Context, p Prompt, answers []Answer) (added Added, err error) {
	text, hash, err := p.encode()
	if err == nil {
		err = checkAnswers(answers)
	}
	if err != nil {
		return added, err
	}
	err = change(ctx, s.db, func(tx *sql.Tx) error {
		a := adder{ctx: ctx, tx: tx, seed: s.seed}
		err := a.add(&p, text, hash[:], answers)
		added = a.Added
		return err
	})
	if err != nil {
		return Added{}, s.wrap(err)
	}
	return added, nil
}

// adder is one Add.
type adder struct {
	Added
	ctx  context.Context
	tx   *sql.Tx
	seed uint64
}

// insert runs a statement that adds a row unless it is there, and a query for its id.
func (a *adder) insert(count *int, statement, query string, statementArgs, queryArgs []any) (id int64, err error) {
	result, err := a.tx.ExecContext(a.ctx, statement, statementArgs...)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, err
	}
	*count += int(n)
	return id, a.tx.QueryRowContext(a.ctx, query, queryArgs...).Scan(&id)
}

func (a *adder) add(p *Prompt, text string, hash []byte, answers []Answer) error {
	prompt, err := a.insert(&a.Prompts, "INSERT INTO prompt (hash, messages, kind) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
		"SELECT id FROM prompt WHERE hash = ?", []any{hash, text, string(p.Kind)}, []any{hash})
	if err != nil {
		return err
	}
	if p.Kind != rubric.KindUnknown { // which may have been so far
		_, err := a.tx.ExecContext(a.ctx, "UPDATE prompt SET kind = ? WHERE id = ? AND kind = ?", string(p.Kind), prompt, string(rubric.KindUnknown))
		if err != nil {
			return err
		}
	}
	type kept struct {
		id   int64
		text string
	}
	var list []kept
	for i := range answers {
		x := &answers[i]
		ignored := 0
		source, err := a.insert(&ignored, "INSERT INTO source (name, settings) VALUES (?, ?) ON CONFLICT DO NOTHING",
			"SELECT id FROM source WHERE name = ? AND settings = ?", []any{x.Name, x.Settings}, []any{x.Name, x.Settings})
		if err != nil {
			return err
		}
		k := kept{}
		k.id, err = a.insert(&a.Answers, "INSERT INTO answer (prompt, source, draw, text) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
			"SELECT id FROM answer WHERE prompt = ? AND source = ? AND draw = ?", []any{prompt, source, x.Draw, x.Text}, []any{prompt, source, x.Draw})
		if err != nil {
			return err
		}
		if err := a.tx.QueryRowContext(a.ctx, "SELECT text FROM answer WHERE id = ?", k.id).Scan(&k.text); err != nil {
			return err
		}
		for _, other := range list {
			if other.id == k.id {
				continue
			}
			if other.text == k.text {
				a.Identical++
				continue
			}
			if err := a.compare(prompt, min(k.id, other.id), max(k.id, other.id)); err != nil {
				return err
			}
		}
		list = append(list, k)
	}
	return nil
}

// compare adds a comparison at a place that follows from the seed.
func (a *adder) compare(prompt, first, second int64) error {
	_, err := a.insert(&a.Comparisons, "INSERT INTO comparison (prompt, a, b, place) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
		"SELECT id FROM comparison WHERE a = ? AND b = ?", []any{prompt, first, second, drawn(a.seed, first, second, nil)}, []any{first, second})
	return err
}

// drawn is a number that follows from a seed and what it is of.
func drawn(seed uint64, first, second int64, labeller []byte) int64 {
	var b bytes.Buffer
	for _, v := range []uint64{seed, uint64(first), uint64(second)} {
		b.Write(binary.LittleEndian.AppendUint64(nil, v))
	}
	b.Write(labeller)
	sum := sha256.Sum256(b.Bytes())
	return int64(binary.LittleEndian.Uint64(sum[:]) >> 1)
}

// AnswerSeed is the seed with which a source draws an answer to a prompt: it follows
// from the file's seed, so that what is written again is the same, and from the
// source, so that one model under two names does not say everything twice.
func (s *Store) AnswerSeed(p Prompt, by Source, draw int) (uint64, error) {
	_, hash, err := p.encode()
	of := sha256.Sum256(fmt.Appendf(nil, "%x %q %q", hash, by.Name, by.Settings))
	return uint64(drawn(s.seed, int64(draw), -2, of[:])), err
}

// Answers returns the answers to a prompt, in the order in which they came.
func (s *Store) Answers(ctx context.Context, p Prompt) (list []Answer, err error) {
	_, hash, err := p.encode()
	if err != nil {
		return nil, err
	}
	rows, err := s.db.QueryContext(ctx, `SELECT source.name, settings, draw, text FROM answer JOIN source ON source.id = source
		JOIN prompt ON prompt.id = prompt WHERE hash = ? ORDER BY answer.id`, hash[:])
	if err != nil {
		return nil, s.wrap(err)
	}
	defer func() { err = errors.Join(err, s.wrap(rows.Close())) }()
	for rows.Next() {
		var a Answer
		if err := rows.Scan(&a.Name, &a.Settings, &a.Draw, &a.Text); err != nil {
			return nil, s.wrap(err)
		}
		list = append(list, a)
	}
	return list, s.wrap(rows.Err())
}
