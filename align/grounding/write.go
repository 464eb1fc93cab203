package grounding

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/dialogue"
)

// Options say how Loop.Write works.
type Options struct {
	// Key names all that answers and checks depend on besides the items and the Loop's
	// numbers: the model, how it is asked, the checker.
	Key string
	// Parallel is how many items are worked on at a time, from 1 on. The file does not
	// depend on it.
	Parallel int
	// Observe is told after each item how many are done and what became of them. It is
	// called by one goroutine at a time.
	Observe func(done int, t Tally)
}

// Tally counts items.
type Tally struct {
	Items    int             `json:"items"`
	Outcomes map[Outcome]int `json:"outcomes"`
	// Rounds is how many mended answers took so many rounds.
	Rounds map[int]int `json:"rounds"`
	// Statements are those of first answers that state something, Unsupported those of
	// them that the text does not support.
	Statements  int `json:"statements"`
	Unsupported int `json:"unsupported"`
}

func (t *Tally) add(r *Result) {
	t.Items++
	t.Outcomes[r.Outcome]++
	if r.Outcome == Mended {
		t.Rounds[r.Rounds]++
	}
	t.Statements += r.Supported + len(r.Unsupported)
	t.Unsupported += len(r.Unsupported)
}

// Write runs the items and writes a line for each one that was mended, in their order:
// prompt, chosen (the rewrite) and rejected (the first answer), as package preference
// reads them, with what is known of them. Until the file is there the results are kept
// in the directory OUT.part, and the same call goes on there. The items have different
// IDs. An error ends the work.
func (l *Loop) Write(ctx context.Context, out string, items []Item, o Options) (*Tally, error) {
	if err := l.check(items, &o); err != nil {
		return nil, err
	}
	j, done, err := openJournal(out, l.key(items, o.Key))
	if err != nil {
		return nil, err
	}
	w := &writer{loop: l, o: &o, journal: j, results: map[string]*Result{}, tally: Tally{Outcomes: map[Outcome]int{}, Rounds: map[int]int{}}}
	for i := range done {
		if r := &done[i]; w.results[r.ID] == nil {
			w.results[r.ID] = r
			w.tally.add(r)
		}
	}
	err = w.work(ctx, items)
	if err = errors.Join(err, j.close()); err != nil {
		return nil, err
	}
	if _, err := atomicfile.Write(out, func(to io.Writer) error { return w.write(to, items) }); err != nil {
		return nil, err
	}
	return &w.tally, j.remove()
}

func (l *Loop) check(items []Item, o *Options) error {
	switch {
	case l.Rounds < 1:
		return fmt.Errorf("%d rounds: there is one at least", l.Rounds)
	case !(l.Keep >= 0 && l.Keep <= 1):
		return fmt.Errorf("a share of %g is to be kept: it is 0 to 1", l.Keep)
	case o.Parallel < 1:
		return fmt.Errorf("%d items at a time: it is one at least", o.Parallel)
	case len(items) == 0:
		return errors.New("there are no questions")
	}
	seen := map[string]bool{}
	for i := range items {
		if seen[items[i].ID] {
			return fmt.Errorf("two questions are called %s", items[i].ID)
		}
		seen[items[i].ID] = true
	}
	return nil
}

// key is a hash of all that results depend on.
func (l *Loop) key(items []Item, more string) string {
	h := sha256.New()
	e := json.NewEncoder(h)
	for _, part := range []any{l.Rounds, l.Keep, l.Seed, more, items, RewriteTurn([]string{""})} {
		if err := e.Encode(part); err != nil {
			panic(err) // texts and numbers
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// writer is one call of Write.
type writer struct {
	loop    *Loop
	o       *Options
	journal *journal

	mu      sync.Mutex
	results map[string]*Result
	tally   Tally
	err     error
}

// work runs the items that have no result yet.
func (w *writer) work(ctx context.Context, items []Item) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var todo []*Item
	for i := range items {
		if w.results[items[i].ID] == nil {
			todo = append(todo, &items[i])
		}
	}
	next := make(chan *Item)
	var group sync.WaitGroup
	for range min(w.o.Parallel, len(todo)) {
		group.Go(func() {
			for item := range next {
				r, err := w.loop.Run(ctx, item)
				if err == nil {
					err = w.keep(r)
				}
				if err != nil {
					w.fail(err)
					cancel()
				}
			}
		})
	}
	for _, item := range todo {
		if ctx.Err() != nil {
			break
		}
		next <- item
	}
	close(next)
	group.Wait()
	if w.err == nil {
		w.err = ctx.Err()
	}
	return w.err
}

func (w *writer) keep(r *Result) error {
	if err := w.journal.add(r); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.results[r.ID] = r
	w.tally.add(r)
	if w.o.Observe != nil {
		w.o.Observe(w.tally.Items, w.tally)
	}
	return nil
}

// fail notes the first error; those that follow from it are of no use.
func (w *writer) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
}

// pair is a line of the file.
type pair struct {
	dialogue.Preference
	// Group keeps the questions on a text on one side of a split.
	Group       string   `json:"group"`
	ID          string   `json:"id"`
	Rounds      int      `json:"rounds"`
	Unsupported []string `json:"unsupported"`
}

func (w *writer) write(to io.Writer, items []Item) error {
	return dialogue.Lines(to, func(add func(any) error) error {
		for i := range items {
			r := w.results[items[i].ID]
			if r.Outcome != Mended {
				continue
			}
			if err := add(newPair(&items[i], r)); err != nil {
				return err
			}
		}
		return nil
	})
}

func newPair(item *Item, r *Result) pair {
	var prompt []dialogue.Message
	for _, m := range item.opening() {
		prompt = append(prompt, dialogue.Message{Role: string(m.Role), Content: m.Content[0].Text})
	}
	sum := sha256.Sum256([]byte(item.Source))
	return pair{
		Preference: dialogue.Prefer(prompt, r.Rewrite, r.Answer), Group: hex.EncodeToString(sum[:16]),
		ID: item.ID, Rounds: r.Rounds, Unsupported: r.Unsupported,
	}
}
