package question

import (
	"fmt"
	"io"

	"github.com/polymath-lm/polymath/internal/dialogue"
)

// What is written.
type What string

// The forms of files.
const (
	Conversations What = "sft"   // conversations for fine-tuning
	Pairs         What = "pairs" // comparisons for reward and dpo
)

// origin says where a line is from.
type origin struct {
	Group   string `json:"group"`
	Way     Way    `json:"way"`
	Origin  string `json:"origin,omitempty"`
	License string `json:"license,omitempty"`
}

type conversation struct {
	dialogue.Conversation
	origin
}

type comparison struct {
	dialogue.Preference
	origin
}

// Write writes what Each makes, one a line as JSON: {"messages": [...]}, or for Pairs
// {"prompt", "chosen", "rejected"}, without the items for which there is no wrong
// answer. Every line has its "group", its "way", and where the answer stands as
// "origin". The same set and options give the same bytes.
func Write(w io.Writer, s *Set, o Options, what What) (*Report, error) {
	if what != Conversations && what != Pairs {
		return nil, fmt.Errorf("%q cannot be written: it is %s or %s", what, Conversations, Pairs)
	}
	var r *Report
	err := dialogue.Lines(w, func(add func(any) error) (err error) {
		r, err = Each(s, o, func(item *Item) error {
			from := origin{Group: item.Group, Way: item.Way}
			if item.Entry != nil {
				from.Origin, from.License = item.Entry.Origin, item.Entry.License
			}
			prompt := []dialogue.Message{dialogue.User(item.Prompt)}
			switch {
			case what == Conversations:
				return add(conversation{dialogue.Conversation{Messages: append(prompt, dialogue.Assistant(item.Answer))}, from})
			case item.Wrong == "":
				return nil
			}
			return add(comparison{dialogue.Prefer(prompt, item.Answer, item.Wrong), from})
		})
		return err
	})
	return r, err
}
