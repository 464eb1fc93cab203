package polymath

import (
	"fmt"

	"github.com/polymath-lm/polymath/chat"
)

// Tokenize returns the ids of text. The names of special tokens in it become
// those tokens if special is true, which is for trusted text; else they are
// ordinary text. What begins a text is not added.
func (m *Model) Tokenize(text string, special bool) []int {
	var ids []int32
	if special {
		ids = m.tokenizer.AppendEncodeSpecial(nil, []byte(text))
	} else {
		ids = m.appendText(nil, text)
	}
	return wide(ids)
}

// Detokenize returns the text of ids, special tokens as their names. It need
// not be UTF-8 where ids end inside a character. An id that is no token is an
// error wrapping ErrPrompt.
func (m *Model) Detokenize(ids []int) (string, error) {
	narrowed, err := m.narrow(ids)
	if err != nil {
		return "", err
	}
	return m.tokenizer.Decode(narrowed), nil
}

// TokenBytes returns what the token stands for in the middle of a text, and the
// name of a special token; nil for an id that is no token. The caller must not
// change it.
func (m *Model) TokenBytes(id int) []byte {
	if id < 0 || id >= m.tokenizer.VocabSize() {
		return nil
	}
	return m.tokenizer.Bytes(int32(id))
}

// CountTokens returns the length of the prompt that Chat makes of the
// conversation. Images count with the tokens that they take, which their headers
// tell: they are not decoded.
func (m *Model) CountTokens(c chat.Conversation) (int, error) {
	p, err := m.renderPrompt(c)
	if err != nil {
		return 0, err
	}
	return len(p.ids), nil
}

// narrow checks ids.
func (m *Model) narrow(ids []int) ([]int32, error) {
	narrowed := make([]int32, len(ids))
	for i, id := range ids {
		if id < 0 || id >= m.tokenizer.VocabSize() {
			return nil, fmt.Errorf("%w: token %d at position %d is not in the model's vocabulary of %d",
				ErrPrompt, id, i, m.tokenizer.VocabSize())
		}
		narrowed[i] = int32(id)
	}
	return narrowed, nil
}

func wide(ids []int32) []int {
	widened := make([]int, len(ids))
	for i, id := range ids {
		widened[i] = int(id)
	}
	return widened
}
