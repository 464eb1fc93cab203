package problem

import (
	"bufio"
	"encoding/json"
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

// Write writes problems of training, one a line as JSON: {"messages": [...]} with
// System, the question and the solution; or, with Options.Pairs, {"prompt", "chosen",
// "rejected"}, where the rejected solution has one wrong step. The same options give the
// same bytes. Errors are of the options, of w, or wrap ErrFew.
func Write(w io.Writer, o Options) error {
	b := bufio.NewWriterSize(w, 1<<16)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	index := uint64(0)
	slips := random.At(o.Seed, 0).Uint64() // other numbers than those of the problems
	err := o.Each([]Split{Train}, func(p *Problem) error {
		prompt := []message{{"system", System}, {"user", p.Question}}
		index++
		if !o.Pairs {
			return e.Encode(conversation{append(prompt, message{"assistant", p.Solution})})
		}
		return e.Encode(preference{
			prompt, []message{{"assistant", p.Solution}}, []message{{"assistant", p.Wrong(slips, index)}},
		})
	})
	if err != nil {
		return err
	}
	return b.Flush()
}
