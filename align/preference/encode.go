package preference

import (
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/tokenizer"
)

// Rules for comparisons of which an answer with its prompt is too long.
const (
	Drop = "drop" // leave them out
	Cut  = "cut"  // leave out the beginning of the prompt, the same of all answers
)

// Encoder turns comparisons into tokens. Goroutines may share it.
type Encoder struct {
	Tokenizer *tokenizer.Tokenizer
	// Template is the policy's: prompts are written as it reads them, and answers as
	// it writes them.
	Template *chat.Template
	// MaxTokens is the longest prompt with its answer, TooLong the rule for longer
	// ones, Drop or Cut. An answer that is longer by itself is always dropped.
	MaxTokens int
	TooLong   string
	// EndToken refuses a tokenizer that has no single token for what the template ends
	// a turn with: a reward is read at that token. Without it the end may be several
	// tokens.
	EndToken bool
}

// Sequence is a prompt with one answer, in tokens.
type Sequence struct {
	// Tokens are the prompt's and then the answer's, with the end of the turn, which is
	// the last one if Encoder.EndToken is set.
	Tokens []int32
	// Start is the number of tokens of the prompt, at least 1.
	Start int
	// Learned tells, of each token from Start on, whether it is the assistant's own:
	// what users and tools say within an answer is not.
	Learned []bool
}

// Encoded is a Comparison in tokens.
type Encoded struct {
	Answers []Sequence
	Pairs   []Pair // of Answers
	Group   string
	Where   string
	// Weight is what the comparison counts: 1, or a share of it where a comparison
	// was divided.
	Weight float64
	Cut    bool // the prompt's beginning was left out
}

// Tokens is the number of tokens of all answers with their prompts.
func (c *Encoded) Tokens() (n int) {
	for i := range c.Answers {
		n += len(c.Answers[i].Tokens)
	}
	return n
}

// Encode returns the tokens of a comparison; nil if it is dropped for its length.
// What the template refuses is an error, and so is an answer that it does not end
// with one token of its own.
func (e *Encoder) Encode(c *Comparison) (*Encoded, error) {
	segments, err := e.Template.Render(c.Prompt, chat.RenderOptions{Prompt: true})
	if err != nil {
		return nil, bad("prompt", "%v", err)
	}
	prompt := chat.Encode(e.Tokenizer, segments, nil)
	if len(prompt) == 0 {
		return nil, bad("prompt", "the chat template writes nothing for it")
	}
	x := &Encoded{Pairs: c.Pairs, Group: c.Group, Where: c.Where, Weight: 1}
	longest := 0
	for _, a := range c.Answers {
		s, err := e.answer(c, prompt, a)
		if err != nil {
			return nil, err
		}
		x.Answers = append(x.Answers, s)
		longest = max(longest, len(s.Tokens)-len(prompt))
	}
	over := len(prompt) + longest - e.MaxTokens
	if over <= 0 {
		return x, nil
	}
	if e.TooLong != Cut || over >= len(prompt) {
		return nil, nil
	}
	x.Cut = true
	for i := range x.Answers {
		x.Answers[i].Tokens = x.Answers[i].Tokens[over:]
		x.Answers[i].Start -= over
	}
	return x, nil
}

// answer encodes one answer after the prompt.
func (e *Encoder) answer(c *Comparison, prompt []int32, a Answer) (s Sequence, err error) {
	whole := chat.Conversation{Messages: slices.Concat(c.Prompt.Messages, a), Tools: c.Prompt.Tools}
	segments, err := e.Template.Render(whole, chat.RenderOptions{})
	if err != nil {
		return s, bad(c.Form, "%v", err)
	}
	tokens, learned := chat.EncodeLoss(e.Tokenizer, segments, nil)
	end := len(learned)
	for end > 0 && !learned[end-1] {
		end-- // what comes after the turn
	}
	tokens, learned = tokens[:end], learned[:end]
	switch {
	case end == 0:
		return s, bad(c.Form, "the model's chat template does not tell which tokens are the assistant's: give the model a template with {%% generation %%} tags")
	case !e.ends(tokens):
		return s, bad(c.Form, "the answer ends with the token %q, which ends no turn: the model's chat template is to end it with one of %q, as a token of the tokenizer", e.Tokenizer.Decode(tokens[end-1:]), e.Template.Stops())
	}
	if end > len(prompt) && slices.Equal(tokens[:len(prompt)], prompt) {
		s = Sequence{Tokens: tokens, Start: len(prompt), Learned: learned[len(prompt):]}
		return s, nil
	}
	// Some templates write a prompt in another way once there is an answer; the policy
	// answers the prompt as it is without.
	if len(a) > 1 {
		return s, bad(c.Form, "the model's chat template writes the prompt in another way once there is an answer, so where an answer of several messages begins is not known")
	}
	begin := end
	for begin > 0 && learned[begin-1] {
		begin--
	}
	s = Sequence{Tokens: slices.Concat(prompt, tokens[begin:]), Start: len(prompt), Learned: learned[begin:]}
	return s, nil
}

// ends reports whether tokens end a turn.
func (e *Encoder) ends(tokens []int32) bool {
	last := tokens[len(tokens)-1:]
	if last[0] == e.Tokenizer.EOS() || slices.Contains(e.Template.Stops(), e.Tokenizer.Decode(last)) {
		return true
	}
	text := e.Tokenizer.Decode(tokens[max(len(tokens)-maxEnd, 0):])
	return !e.EndToken && slices.ContainsFunc(e.Template.Stops(), func(stop string) bool { return stop != "" && strings.HasSuffix(text, stop) })
}

// maxEnd is how many tokens the end of a turn may have.
const maxEnd = 64

// Divide returns comparisons of at most that many tokens each that have the same
// pairs, of the same weight together: the comparison itself if it fits, or else one
// of each pair. A pair that does not fit is left out, which can only happen where
// tokens is less than twice the Encoder's MaxTokens.
func (c *Encoded) Divide(tokens int) (list []Encoded) {
	if c.Tokens() <= tokens {
		return []Encoded{*c}
	}
	for _, p := range c.Pairs {
		part := *c
		part.Answers = []Sequence{c.Answers[p.Better], c.Answers[p.Worse]}
		part.Weight = c.Weight / float64(len(c.Pairs))
		p.Better, p.Worse = 0, 1
		if part.Pairs = []Pair{p}; part.Tokens() <= tokens {
			list = append(list, part)
		}
	}
	return list
}
