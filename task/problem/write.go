package problem

import (
	"io"

	"github.com/polymath-lm/polymath/internal/dialogue"
	"github.com/polymath-lm/polymath/internal/random"
)

// Write writes problems of training, one a line as JSON: {"messages": [...]} with
// System, the question and the solution; or, with Options.Pairs, {"prompt", "chosen",
// "rejected"}, where the rejected solution has one wrong step. The same options give the
// same bytes. Errors are of the options, of w, or wrap ErrFew.
func Write(w io.Writer, o Options) error {
	index := uint64(0)
	slips := random.At(o.Seed, 0).Uint64() // other numbers than those of the problems
	return dialogue.Lines(w, func(add func(any) error) error {
		return o.Each([]Split{Train}, func(p *Problem) error {
			prompt := []dialogue.Message{dialogue.System(System), dialogue.User(p.Question)}
			index++
			if !o.Pairs {
				return add(dialogue.Conversation{Messages: append(prompt, dialogue.Assistant(p.Solution))})
			}
			return add(dialogue.Prefer(prompt, p.Solution, p.Wrong(slips, index)))
		})
	})
}
