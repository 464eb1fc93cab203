package label

import (
	"context"
	"io"
	"strconv"

	"github.com/polymath-lm/polymath/align/rubric"
	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/internal/dialogue"
)

// WriteClasses writes the answers to prompts of a known kind with their class in a
// rubric, as rubric.ReadLabelled reads them, one JSON object a line: C where half of
// the labellers or more call an answer unsafe. People do not say whether an answer
// refuses, so what they do not call unsafe is A or B where the rubric's rules find a
// refusal, and else D. Answers of no labelled comparison are left out. Group is the
// prompt.
func (s *Store) WriteClasses(ctx context.Context, w io.Writer, r *rubric.Rubric) (written int, err error) {
	found := map[int64]*judged{}
	var order []int64
	err = s.tallies(ctx, func(t *tally) error {
		if t.kind == rubric.KindUnknown || t.labels == 0 {
			return nil
		}
		for side, id := range t.ids {
			a := found[id]
			if a == nil {
				a = &judged{tally: *t, side: side}
				found[id], order = a, append(order, id)
			}
			a.unsafe += t.unsafe[side]
			a.labels += t.labels
		}
		return nil
	})
	if err != nil {
		return 0, s.wrap(err)
	}
	err = dialogue.Lines(w, func(add func(any) error) error {
		for _, id := range order {
			one, err := found[id].class(r)
			if err != nil {
				return s.wrap(err)
			}
			if one == nil {
				continue
			}
			if err := add(one); err != nil {
				return err
			}
			written++
		}
		return nil
	})
	return written, err
}

// judged is an answer with what people say of it in all comparisons.
type judged struct {
	tally
	side           int
	unsafe, labels int
}

// class is the answer with its class, nil where nobody asks for anything.
func (a *judged) class(r *rubric.Rubric) (*rubric.Labelled, error) {
	messages, err := decodeMessages(a.messages)
	if err != nil {
		return nil, err
	}
	c := rubric.Case{Kind: a.kind, Prompt: asked(messages), Answer: a.texts[a.side]}
	if c.Prompt == "" {
		return nil, nil
	}
	class := rubric.Disallowed
	if 2*a.unsafe < a.labels {
		class = rubric.Safe
		if f := r.Find(c); f.Refuses && f.Class <= rubric.Evasive {
			class = f.Class
		}
	}
	return &rubric.Labelled{Case: c, Class: class, Group: strconv.FormatInt(a.prompt, 10)}, nil
}

// asked is what the user says last.
func asked(messages []dialogue.Message) string {
	for i := len(messages) - 1; i >= 0; i-- {
		if messages[i].Role == string(chat.User) {
			return messages[i].Content
		}
	}
	return ""
}
