package constraint

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"

	"github.com/polymath-lm/polymath/internal/random"
)

// message is one of a conversation, as OpenAI's API has it.
type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

type conversation struct {
	Messages []message `json:"messages"`
}

// preference has two answers to one prompt.
type preference struct {
	Prompt   []message `json:"prompt"`
	Chosen   []message `json:"chosen"`
	Rejected []message `json:"rejected"`
}

// Write writes items of training, one a line as JSON: {"messages": [...]} with the prompt
// and an answer that meets all constraints; or, with Options.Pairs, {"prompt", "chosen",
// "rejected"}, where what is rejected breaks exactly one. The few items for which no such
// answer is found are left out of pairs, and others made in their place. The same options
// give the same bytes. Errors are of the options, of w, or wrap ErrNone or ErrFew.
func Write(w io.Writer, o Options) error {
	if err := o.Check(); err != nil {
		return err
	}
	b := bufio.NewWriterSize(w, 1<<16)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	written, index := 0, uint64(0)
	breaks := random.At(o.Seed, 0).Uint64() // other numbers than those of the items
	all := o
	if o.Pairs {
		all.Number = min(2*o.Number+100, MostItems)
	}
	err := all.Each([]Split{Train}, func(it *Item) error {
		prompt, good := []message{{"user", it.Prompt}}, message{"assistant", it.Answer}
		var row any = conversation{append(prompt, good)}
		if o.Pairs {
			index++
			bad, _, ok := it.Broken(breaks, index)
			if !ok {
				return nil
			}
			row = preference{prompt, []message{good}, []message{{"assistant", bad}}}
		}
		if err := e.Encode(row); err != nil {
			return err
		}
		if written++; written == o.Number {
			return errDone
		}
		return nil
	})
	if err != nil && !errors.Is(err, errDone) {
		return err
	}
	if written < o.Number {
		return ErrFew
	}
	return b.Flush()
}

// errDone ends Each.
var errDone = errors.New("there are enough")
