package question

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// What is written.
type What string

// The forms of files.
const (
	Conversations What = "sft"   // conversations for fine-tuning
	Pairs         What = "pairs" // comparisons for reward and dpo
)

// message is one of a conversation, as OpenAI's API has it.
type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// origin says where a line is from.
type origin struct {
	Group   string `json:"group"`
	Way     Way    `json:"way"`
	Origin  string `json:"origin,omitempty"`
	License string `json:"license,omitempty"`
}

type conversation struct {
	Messages []message `json:"messages"`
	origin
}

type comparison struct {
	Prompt   []message `json:"prompt"`
	Chosen   []message `json:"chosen"`
	Rejected []message `json:"rejected"`
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
	b := bufio.NewWriterSize(w, 1<<16)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	r, err := Each(s, o, func(item *Item) error {
		from := origin{Group: item.Group, Way: item.Way}
		if item.Entry != nil {
			from.Origin, from.License = item.Entry.Origin, item.Entry.License
		}
		prompt := []message{{"user", item.Prompt}}
		if what == Conversations {
			return e.Encode(conversation{append(prompt, message{"assistant", item.Answer}), from})
		}
		if item.Wrong == "" {
			return nil
		}
		return e.Encode(comparison{prompt, []message{{"assistant", item.Answer}}, []message{{"assistant", item.Wrong}}, from})
	})
	if err != nil {
		return r, err
	}
	return r, b.Flush()
}
