package constraint

import (
	"errors"
	"io"

	"github.com/polymath-lm/polymath/internal/dialogue"
	"github.com/polymath-lm/polymath/internal/random"
)

// Write writes items of training, one a line as JSON: {"messages": [...]} with the prompt
// and an answer that meets all constraints; or, with Options.Pairs, {"prompt", "chosen",
// "rejected"}, where what is rejected breaks exactly one. The few items for which no such
// answer is found are left out of pairs, and others made in their place. The same options
// give the same bytes. Errors are of the options, of w, or wrap ErrNone or ErrFew.
func Write(w io.Writer, o Options) error {
	if err := o.Check(); err != nil {
		return err
	}
	return dialogue.Lines(w, func(add func(any) error) error { return o.write(add) })
}

func (o *Options) write(add func(row any) error) error {
	written, index := 0, uint64(0)
	breaks := random.At(o.Seed, 0).Uint64() // other numbers than those of the items
	all := *o
	if o.Pairs {
		all.Number = min(2*o.Number+100, MostItems)
	}
	err := all.Each([]Split{Train}, func(it *Item) error {
		prompt := []dialogue.Message{dialogue.User(it.Prompt)}
		var row any = dialogue.Conversation{Messages: append(prompt, dialogue.Assistant(it.Answer))}
		if o.Pairs {
			index++
			bad, _, ok := it.Broken(breaks, index)
			if !ok {
				return nil
			}
			row = dialogue.Prefer(prompt, it.Answer, bad)
		}
		if err := add(row); err != nil {
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
	return nil
}

// errDone ends Each.
var errDone = errors.New("there are enough")
