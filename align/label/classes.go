package label

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"strconv"

	"github.com/polymath-lm/polymath/align/rubric"
	"github.com/polymath-lm/polymath/chat"
)

// WriteClasses writes the answers to prompts of a known kind with their class in a
// rubric, as rubric.ReadLabelled reads them, one JSON object a line: C where half of
// the labellers or more call an answer unsafe. People do not say whether an answer
// refuses, so what they do not call unsafe is A or B where the rubric's rules find a
// refusal, and else D. Answers of no labelled comparison are left out. Group is the
// prompt.
func (s *Store) WriteClasses(ctx context.Context, w io.Writer, r *rubric.Rubric) (written int, err error) {
	type judged struct {
		tally
		side           int
		unsafe, labels int
	}
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
	out := bufio.NewWriter(w)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	for _, id := range order {
		a := found[id]
		messages, err := decodeMessages(a.messages)
		if err != nil {
			return written, s.wrap(err)
		}
		c := rubric.Case{Kind: a.kind, Prompt: asked(messages), Answer: a.texts[a.side]}
		if c.Prompt == "" {
			continue // nobody asks for anything
		}
		class := rubric.Disallowed
		if 2*a.unsafe < a.labels {
			class = rubric.Safe
			if f := r.Find(c); f.Refuses && f.Class <= rubric.Evasive {
				class = f.Class
			}
		}
		if err := lines.Encode(rubric.Labelled{Case: c, Class: class, Group: strconv.FormatInt(a.prompt, 10)}); err != nil {
			return written, err
		}
		written++
	}
	return written, out.Flush()
}

// asked is what the user says last.
func asked(messages []message) string {
	for i := len(messages) - 1; i >= 0; i-- {
		if messages[i].Role == chat.User {
			return messages[i].Content
		}
	}
	return ""
}
