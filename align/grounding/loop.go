package grounding

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/task/world"
)

// Loop has a model answer from a text and rewrite its answer until nothing in it is
// unsupported. It does not change, and goroutines may share it.
type Loop struct {
	// Answer lets a model answer a conversation. seed is all that its random choices
	// depend on.
	Answer func(ctx context.Context, c []chat.Message, seed uint64) (string, error)
	// Checker says which statements the text supports.
	Checker Checker
	// Rounds is how often an answer is rewritten at most, from 1 on.
	Rounds int
	// Keep is the share, 0 to 1, of the supported statements of the answer that a
	// rewrite must have, as many, to be kept.
	Keep float64
	// Seed is what the seeds of answers follow from.
	Seed uint64
}

// Item is one question on a text.
type Item struct {
	// ID names it in messages and in what is written.
	ID string
	// Source is the text, Prompt what the model is asked: both the text and the question.
	Source, Prompt string
	// System is the system message; it may be empty.
	System string
	// Untold says that the text does not hold what is asked, so that it is right to say
	// just that.
	Untold bool
	// Subject and Attribute are what is asked, of package task/world: an answer that is a
	// value alone is a statement with these. Elsewhere they are empty.
	Subject, Attribute string
}

// Outcome says what became of an item, in one or a few words.
type Outcome string

// The outcomes. A pair is made of Mended ones alone.
const (
	Mended     Outcome = "mended"                      // the rewrite has nothing unsupported
	Grounded   Outcome = "nothing unsupported"         // in the first answer
	NoAnswer   Outcome = "no answer"                   // the first answer is empty
	Unmended   Outcome = "still unsupported"           // after all rounds
	Emptied    Outcome = "the rewrite says nothing"    // though the text tells what is asked
	Lost       Outcome = "supported statements lost"   // more than Loop.Keep allows
	Unchanged  Outcome = "the rewrite says the same"   // so a further round would say it too
	Unreadable Outcome = "the judgment cannot be read" // twice
)

// Outcomes are all of them, in the order in which they are told.
var Outcomes = []Outcome{Mended, Grounded, NoAnswer, Unmended, Emptied, Lost, Unchanged, Unreadable}

// Result is what the loop made of an item.
type Result struct {
	ID      string  `json:"id"`
	Outcome Outcome `json:"outcome"`
	// Rounds is how often the answer was rewritten.
	Rounds int `json:"rounds"`
	// Answer is the first answer, Rewrite the last one; it is empty where there is none.
	Answer  string `json:"answer"`
	Rewrite string `json:"rewrite,omitempty"`
	// Unsupported are the statements of Answer that the text does not support, Left
	// those of Rewrite. Supported counts the others of Answer, Kept those of Rewrite.
	Unsupported []string `json:"unsupported,omitempty"`
	Left        []string `json:"left,omitempty"`
	Supported   int      `json:"supported"`
	Kept        int      `json:"kept"`
	// Why is the error where the outcome is Unreadable.
	Why string `json:"why,omitempty"`
}

// RewriteTurn is what the model is told after an answer of which statements are not
// supported.
func RewriteTurn(unsupported []string) string {
	var b strings.Builder
	b.WriteString("The text does not support these statements of your answer:\n")
	for _, s := range unsupported {
		b.WriteString("- " + s + "\n")
	}
	b.WriteString("Write the answer again without them. Change nothing else, and add nothing.")
	return b.String()
}

// Run answers an item and rewrites the answer. A judgment that cannot be read is an
// Outcome, and other errors are of the model, the checker or the context.
func (l *Loop) Run(ctx context.Context, item *Item) (*Result, error) {
	r := &Result{ID: item.ID}
	opening := item.opening()
	answer, err := l.Answer(ctx, opening, l.seed(item, 0))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", item.ID, err)
	}
	if r.Answer = strings.TrimSpace(answer); r.Answer == "" {
		r.Outcome = NoAnswer
		return r, nil
	}
	f, err := l.find(ctx, item, r.Answer, r)
	if err != nil {
		return nil, err
	}
	if f == nil {
		return r, nil
	}
	r.Unsupported, r.Supported = f.Unsupported, len(f.Supported)
	if len(f.Unsupported) == 0 {
		r.Outcome = Grounded
		return r, nil
	}
	if err := l.mend(ctx, item, r, f); err != nil {
		return nil, err
	}
	return r, nil
}

// mend rewrites the answer of r, of which f was found.
func (l *Loop) mend(ctx context.Context, item *Item, r *Result, f *Findings) error {
	last := r.Answer
	for r.Rounds < l.Rounds {
		turns := append(item.opening(), chat.Text(chat.Assistant, last), chat.Text(chat.User, RewriteTurn(f.Unsupported)))
		r.Rounds++
		text, err := l.Answer(ctx, turns, l.seed(item, r.Rounds))
		if err != nil {
			return fmt.Errorf("%s, round %d: %w", item.ID, r.Rounds, err)
		}
		r.Rewrite = strings.TrimSpace(text)
		if r.Rewrite == last {
			r.Left, r.Kept, r.Outcome = f.Unsupported, len(f.Supported), Unchanged
			return nil
		}
		last = r.Rewrite
		if f, err = l.find(ctx, item, r.Rewrite, r); f == nil {
			return err
		}
		r.Left, r.Kept = f.Unsupported, len(f.Supported)
		if r.Outcome = l.judge(item, r, f); r.Outcome != Unmended {
			return nil
		}
	}
	return nil
}

// judge says what a rewrite is worth.
func (l *Loop) judge(item *Item, r *Result, f *Findings) Outcome {
	abstains := len(f.Supported) == 0
	switch {
	case r.Rewrite == "":
		return Emptied
	case len(f.Unsupported) > 0:
		return Unmended
	case abstains && !(item.Untold && len(f.Silent) > 0):
		return Emptied
	case float64(len(f.Supported)) < float64(l.Keep*float64(r.Supported)):
		return Lost
	}
	return Mended
}

// find checks an answer. Of a judgment that cannot be read nothing is returned and no
// error: r has it.
func (l *Loop) find(ctx context.Context, item *Item, answer string, r *Result) (*Findings, error) {
	f, err := Find(ctx, l.Checker, item.Source, world.Complete(item.Subject, item.Attribute, answer))
	switch {
	case err == nil:
		return f, nil
	case errors.Is(err, ErrJudgment):
		r.Outcome, r.Why = Unreadable, err.Error()
		return nil, nil
	}
	return nil, fmt.Errorf("%s: %w", item.ID, err)
}

// seed is a function of what is asked and of the round.
func (l *Loop) seed(i *Item, round int) uint64 {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%d %d %q %q", l.Seed, round, i.System, i.Prompt) // never fails
	return binary.LittleEndian.Uint64(h.Sum(nil))
}

func (i *Item) opening() []chat.Message {
	var c []chat.Message
	if i.System != "" {
		c = append(c, chat.Text(chat.System, i.System))
	}
	return append(c, chat.Text(chat.User, i.Prompt))
}
