package conversation

import (
	"errors"
	"slices"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/tokenizer"
)

// Encoder turns examples into tokens. Goroutines may share it.
type Encoder struct {
	Tokenizer *tokenizer.Tokenizer
	// Template renders conversations and tells what is the assistant's.
	Template *chat.Template
	// Begin goes before a text that is no conversation, End after it; End -1 =
	// none.
	Begin []int32
	End   int32
}

// errNothing: see Encode.
var errNothing = errors.New("the model's chat template does not tell which tokens are the assistant's, so nothing of the conversation would be learned: " +
	"give the model a template with {% generation %} tags, or data in the form of prompt and completion")

// Encode returns the tokens of an example, and which of them are learned: those
// of the assistant with the end of its turns, or those of a text with its end,
// but never the first. A conversation that the template refuses is an error, and
// so is one of which it marks nothing as the assistant's.
func (e *Encoder) Encode(x *Example) (tokens []int32, learned []bool, err error) {
	if x.Plain {
		tokens = append(slices.Clone(e.Begin), e.Tokenizer.Encode(x.Prompt)...)
		given := max(len(tokens), 1)
		tokens = e.Tokenizer.AppendEncode(tokens, []byte(x.Text))
		if e.End >= 0 {
			tokens = append(tokens, e.End)
		}
		learned = make([]bool, len(tokens))
		for i := given; i < len(tokens); i++ {
			learned[i] = true
		}
		if len(tokens) < 2 {
			return nil, nil, bad(x.Form, "it is one token, so there is nothing to predict")
		}
		return tokens, learned, nil
	}
	segments, err := e.Template.Render(x.Conversation, chat.RenderOptions{})
	if err != nil {
		return nil, nil, bad(x.Form, "%v", err)
	}
	tokens, learned = chat.EncodeLoss(e.Tokenizer, segments, nil)
	if len(learned) > 0 {
		learned[0] = false // nothing comes before it
	}
	if !slices.Contains(learned, true) {
		return nil, nil, &FieldError{Field: x.Form, Problem: errNothing.Error()}
	}
	return tokens, learned, nil
}
