package tokenizer

import (
	"fmt"
	"slices"
)

// WithSpecial returns a tokenizer that has the special token as well: under the
// next id after all others, so that everything else stays as it is. One that has
// it already is returned itself. A name that is an ordinary token is an error.
func (t *Tokenizer) WithSpecial(name string) (*Tokenizer, error) {
	if _, ok := t.special[name]; ok {
		return t, nil
	}
	if _, known := t.modelID(name); known || slices.ContainsFunc(t.added, func(a addedToken) bool { return a.Content == name }) {
		return nil, fmt.Errorf("%q is an ordinary token of the vocabulary", name)
	}
	more := &Tokenizer{added: append(slices.Clone(t.added), addedToken{ID: int32(t.VocabSize()), Content: name, Special: true})}
	more.model, more.parts, more.tokens = t.model, t.parts, t.tokens
	text, err := more.JSON()
	if err != nil {
		return nil, err
	}
	return Parse(text)
}
