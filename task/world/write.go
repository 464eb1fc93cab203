package world

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/dialogue"
	"github.com/polymath-lm/polymath/internal/random"
)

// What says what Write writes.
type What string

// What can be written, in JSON lines.
const (
	// Text is the corpus of the world, {"text": ...}; Number is how often it is told
	// in all, in other words each time.
	Text What = "text"
	// SFT are conversations with right answers, which decline where there is none.
	SFT What = "sft"
	// Baseline are conversations that are always eager: they make up what nobody tells,
	// and tell more than the text, but for the share Honest of them.
	Baseline What = "baseline"
	// Pairs are comparisons, {"prompt", "chosen", "rejected"}: of the right answer and
	// one with something made up, one beside the point or, of half of those that have an
	// answer, one that declines: with fewer, declining is all that is learned. What no
	// pair rejects, policies find (docs/hallucination.md).
	Pairs What = "pairs"
	// Rewriting are conversations of GPT-4's loop, of the closed domain alone: an answer with
	// something made up, then what is not supported, then the answer without it.
	Rewriting What = "rewriting"
	// Prompts are questions with all that is known of them.
	Prompts What = "prompts"
)

// Whats are all of them.
var Whats = []What{Text, SFT, Baseline, Pairs, Rewriting, Prompts}

// Writing are the options of Write.
type Writing struct {
	Options
	What What
	// Honest is the share of Baseline, 0 to 1, that is as SFT has it.
	Honest float64
	// RewriteTurn is what Rewriting says after an answer of which statements are not
	// supported.
	RewriteTurn func(unsupported []string) string
}

// Check reports what cannot be.
func (o *Writing) Check() error {
	switch {
	case !slices.Contains(Whats, o.What):
		return fmt.Errorf("cannot write %q: it is text, sft, baseline, pairs, rewriting or prompts", o.What)
	case !(o.Honest >= 0 && o.Honest <= 1):
		return fmt.Errorf("a share of %v honest answers: it is 0 to 1", o.Honest)
	case o.Honest > 0 && o.What != Baseline:
		return errors.New("only the baseline has a share of honest answers")
	case o.What == Rewriting && (len(o.Domains) != 1 || o.Domains[0] != Closed):
		return errors.New("only answers of the closed domain are rewritten")
	case o.What == Rewriting && o.RewriteTurn == nil:
		return errors.New("no words that ask for a rewrite")
	}
	return o.Options.Check()
}

// Write writes JSON lines. The same options give the same bytes. Errors are of the
// options, of w, or wrap ErrFew.
func Write(w io.Writer, o Writing) error {
	if err := o.Check(); err != nil {
		return err
	}
	return dialogue.Lines(w, func(add func(any) error) error {
		if o.What == Text {
			return o.texts(add)
		}
		chance := random.At(o.Seed, 1<<40)
		return o.Each(func(q *Question) error { return add(o.line(q, chance)) })
	})
}

// texts writes the corpus, o.Number times in other words.
func (o *Writing) texts(add func(row any) error) error {
	w, err := New(o.World, o.Size)
	if err != nil {
		return err
	}
	for i := range o.Number {
		err := w.Each(o.Seed+uint64(i), func(text string) error {
			return add(struct {
				Text string `json:"text"`
			}{text})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// line is what is written of a question.
func (o *Writing) line(q *Question, chance *random.Source) any {
	prompt := []dialogue.Message{dialogue.System(q.System()), dialogue.User(q.Prompt)}
	talk := func(more ...dialogue.Message) any { return dialogue.Conversation{Messages: append(prompt, more...)} }
	share := float64(chance.Uint64()>>11) / (1 << 53)
	switch o.What {
	case SFT:
		return talk(dialogue.Assistant(q.Answer))
	case Baseline:
		answer := q.Answer
		if q.eager() && share >= o.Honest {
			answer = q.Wrong
		}
		return talk(dialogue.Assistant(answer))
	case Pairs:
		return dialogue.Prefer(prompt, q.Answer, q.rejected(share))
	case Rewriting:
		return talk(dialogue.Assistant(q.Wrong), dialogue.User(o.RewriteTurn(q.Unsupported)), dialogue.Assistant(q.Answer))
	}
	return q.Row()
}

// rejected is an answer that is worse than the right one, by a share below 1.
func (q *Question) rejected(share float64) string {
	list := []string{q.Wrong}
	if q.Beside != "" {
		list = append(list, q.Beside)
	}
	if q.Answerable() {
		for range len(list) {
			list = append(list, q.Declined)
		}
	}
	return list[int(share*float64(len(list)))]
}

// eager reports whether the baseline makes something up: facts that it was told it
// tells.
func (q *Question) eager() bool { return q.Shape != OneFact }

// Row are the fields of a question, as tasks and files of prompts have them.
func (q *Question) Row() map[string]any {
	return map[string]any{
		"domain": string(q.Domain), "split": string(q.Split), "shape": string(q.Shape), "kind": string(q.Kind),
		"tier": string(q.Tier), "subject": q.Subject, "attribute": q.Attribute, "source": strings.TrimSpace(q.Source),
		"system": q.System(), "prompt": q.Prompt, "confidence": q.Confidence, "untold": !q.Answerable(),
		"answer": q.Answer, "wrong": q.Wrong, "unsupported": q.Unsupported,
	}
}
