package problem

import (
	"io"

	"github.com/polymath-lm/polymath/internal/dialogue"
	"github.com/polymath-lm/polymath/internal/random"
)

// Write writes problems of training, one a line as JSON: {"messages": [...]} with
// System, the question and the solution, or of a share Options.Direct the answer alone;
// or, with Options.Pairs, {"prompt", "chosen", "rejected"}, where the rejected solution
// has one wrong step. The same options give the same bytes. Errors are of the options, of
// w, or wrap ErrFew.
func Write(w io.Writer, o Options) error {
	index := uint64(0)
	slips := random.At(o.Seed, 0).Uint64() // other numbers than those of the problems
	return dialogue.Lines(w, func(add func(any) error) error {
		return o.Each([]Split{Train}, func(p *Problem) error {
			prompt := []dialogue.Message{dialogue.System(System), dialogue.User(p.Question)}
			index++
			if !o.Pairs {
				solution := p.Solution
				if share(slips, index) < o.Direct {
					solution = written(nil, p.Answer)
				}
				return add(dialogue.Conversation{Messages: append(prompt, dialogue.Assistant(solution))})
			}
			return add(dialogue.Prefer(prompt, p.Solution, p.Wrong(slips, index)))
		})
	})
}

// share is a number from 0 to below 1, evenly spread.
func share(seed, index uint64) float64 {
	return float64(random.At(seed, index).Uint64()>>11) / (1 << 53)
}
