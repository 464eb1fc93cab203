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
	// ImageToken stands for one row of a picture's features; 0 or less = the model
	// cannot see.
	ImageToken int32
}

// errNothing: see Encode.
var errNothing = errors.New("the model's chat template does not tell which tokens are the assistant's, so nothing of the conversation would be learned: " +
	"give the model a template with {% generation %} tags, or data in the form of prompt and completion")

// Encode returns the tokens of an example, and which of them are learned: those
// of the assistant with the end of its turns, or those of a text with its end,
// but never the first, and never the image tokens. runs[i] is how many of these
// picture i takes. A conversation that the template refuses is an error, and so is
// one of which it marks nothing as the assistant's.
func (e *Encoder) Encode(x *Example, runs []int) (tokens []int32, learned []bool, err error) {
	if len(x.Pictures) > 0 && e.ImageToken < 1 {
		return nil, nil, bad(x.Pictures[0].Field, "it is a picture, and the model cannot see: it has no tower; model.vision in a recipe gives it one")
	}
	if x.Plain {
		tokens, learned = e.plain(x, runs)
		if len(tokens) < 2 {
			return nil, nil, bad(x.Form, "it is one token, so there is nothing to predict")
		}
	} else if tokens, learned, err = e.converse(x, runs); err != nil {
		return nil, nil, err
	}
	want := 0
	for _, n := range runs {
		want += n
	}
	if e.ImageToken > 0 && count(tokens, e.ImageToken) != want {
		return nil, nil, bad(x.Form, "its tokens have %d of pictures instead of %d: what the chat template writes for a picture must be the model's image token %d, and no text may have it",
			count(tokens, e.ImageToken), want, e.ImageToken)
	}
	switch {
	case slices.Contains(learned, true):
		return tokens, learned, nil
	case x.Plain:
		return nil, nil, bad(x.Form, "there is nothing but pictures in it, so there is nothing to learn")
	}
	return nil, nil, &FieldError{Field: x.Form, Problem: errNothing.Error()}
}

// plain encodes a text that is no conversation.
func (e *Encoder) plain(x *Example, runs []int) (tokens []int32, learned []bool) {
	next := 0
	add := func(parts []chat.Part) {
		for _, p := range parts {
			switch {
			case p.Image != nil:
				tokens = append(tokens, slices.Repeat([]int32{e.ImageToken}, runs[next])...)
				next++
			case e.ImageToken > 0:
				tokens = append(tokens, chat.EncodeText(e.Tokenizer, p.Text)...)
			default:
				tokens = e.Tokenizer.AppendEncode(tokens, []byte(p.Text))
			}
		}
	}
	tokens = slices.Clone(e.Begin)
	add(x.Prompt)
	given := max(len(tokens), 1)
	add(x.Text)
	if e.End >= 0 {
		tokens = append(tokens, e.End)
	}
	learned = make([]bool, len(tokens))
	for i := given; i < len(tokens); i++ {
		learned[i] = e.ImageToken < 1 || tokens[i] != e.ImageToken
	}
	return tokens, learned
}

// converse encodes a conversation.
func (e *Encoder) converse(x *Example, runs []int) ([]int32, []bool, error) {
	segments, err := e.Template.Render(x.Conversation, chat.RenderOptions{})
	if err != nil {
		return nil, nil, bad(x.Form, "%v", err)
	}
	tokens, learned := chat.EncodeLoss(e.Tokenizer, segments, func(image int) int { return runs[image] })
	if len(learned) > 0 {
		learned[0] = false // nothing comes before it
	}
	return tokens, learned, nil
}

func count[T comparable](list []T, x T) (n int) {
	for _, v := range list {
		if v == x {
			n++
		}
	}
	return n
}
