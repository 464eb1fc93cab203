// Package tokenizer turns text into token ids and back: byte-pair encoding
// over bytes, with the word splitting of GPT-4 or GPT-2, or over characters,
// as SentencePiece models have it.
//
// A Tokenizer comes from Train, from a Hugging Face tokenizer.json (Load) or
// from a tiktoken rank file (LoadTiktoken). It never changes afterwards, and
// all its methods may be called from several goroutines at once.
package tokenizer

import (
	"fmt"
	"slices"
	"sync"
	"unicode/utf8"
)

// EndOfText is the special token that ends every document of our own models.
const EndOfText = "<|endoftext|>"

// maxFree is how many idle encoders a tokenizer keeps: a megabyte each, and four
// more once they have met many rare words.
const maxFree = 32

// maxID bounds token ids; no vocabulary in use has a tenth of it.
const maxID = 1 << 22

// Tokenizer maps text to token ids and ids to text.
type Tokenizer struct {
	model
	parts       parts
	normalizers []normalizer
	steps       []step
	scan        scanner // instead of steps, where one scanner is all there is
	added       []addedToken
	addedRaw    addedSet // looked for before normalizing
	addedNormal addedSet // and after

	tokens    [][]byte // what each id decodes to; nil: no such token
	special   map[string]int32
	isSpecial []bool
	strip     int // leading spaces that decoding drops
	eos       int32
	prefix    []int32
	suffix    []int32

	mu   sync.Mutex
	free []*encoder

	hash func() string
}

// finish fills what follows from the fields that the readers set. render tells
// what a token of the model decodes to.
func (t *Tokenizer) finish(render func(name string) []byte) error {
	if err := t.index(); err != nil {
		return err
	}
	size := int32(0)
	for _, id := range t.ids {
		size = max(size, id+1)
	}
	for id := range t.odd {
		size = max(size, id+1)
	}
	for _, a := range t.added {
		size = max(size, a.ID+1)
	}
	// A broken file shall not cost more memory than a sound one of its size.
	if known := len(t.ids) + len(t.odd) + len(t.added); int(size) > 1<<16+4*known {
		return fmt.Errorf("model.vocab: there are %d tokens, and yet an id of %d", known, size-1)
	}
	t.tokens, t.isSpecial = make([][]byte, size), make([]bool, size)
	for name, id := range t.ids {
		if t.tokens[id] != nil {
			return fmt.Errorf("model.vocab: %q and %q have the same id %d", t.tokens[id], name, id)
		}
		t.tokens[id] = render(name)
	}
	for id, name := range t.odd {
		if t.tokens[id] != nil {
			return fmt.Errorf("model.vocab: %q and %q have the same id %d", t.tokens[id], name, id)
		}
		t.tokens[id] = []byte(name)
	}
	if err := t.addTokens(); err != nil {
		return err
	}
	t.eos = -1
	for _, name := range []string{EndOfText, "</s>", "<|end_of_text|>", "<eos>"} {
		if id, ok := t.special[name]; ok {
			t.eos = id
			break
		}
	}
	t.plan()
	t.hash = sync.OnceValue(t.digest)
	return nil
}

// addTokens enters the added tokens.
func (t *Tokenizer) addTokens() error {
	t.special = make(map[string]int32)
	for i, a := range t.added {
		// A token of the model may be declared again, under its own id.
		own, known := t.modelID(a.Content)
		switch {
		case a.Content == "":
			return fmt.Errorf("added_tokens[%d].content is empty", i)
		case known && own != a.ID:
			return fmt.Errorf("added_tokens[%d]: %q has id %d, and in model.vocab %d", i, a.Content, a.ID, own)
		case !known && t.tokens[a.ID] != nil:
			return fmt.Errorf("added_tokens[%d]: id %d of %q belongs to %q", i, a.ID, a.Content, t.tokens[a.ID])
		}
		t.tokens[a.ID] = []byte(a.Content)
		if a.Special {
			t.special[a.Content] = a.ID
			t.isSpecial[a.ID] = true
		}
		pattern := []byte(a.Content)
		if !a.Normalized {
			t.addedRaw.add(pattern, a)
			continue
		}
		for _, n := range t.normalizers {
			pattern = n.normalize(nil, pattern)
		}
		t.addedNormal.add(pattern, a)
	}
	return nil
}

// modelID returns the id of the model's entry called name in tokenizer.json.
func (t *Tokenizer) modelID(name string) (int32, bool) {
	if t.byteLevel {
		raw, ok := fromAlphabet(name)
		if !ok {
			for id, odd := range t.odd {
				if odd == name {
					return id, true
				}
			}
			return 0, false
		}
		name = string(raw)
	}
	id, ok := t.ids[name]
	return id, ok
}

// plan chooses how text is split.
func (t *Tokenizer) plan() {
	if t.cutsBefore(metaspace) {
		t.steps = append(t.steps, scanStep{markScanner{[]byte(metaspace)}})
	}
	switch {
	case len(t.steps) == 0:
		t.scan = wholeScanner{}
	case len(t.steps) == 1:
		if s, ok := t.steps[0].(scanStep); ok {
			t.scan = s.scanner
		}
	}
}

// VocabSize returns one more than the highest token id, special and added
// tokens included: the rows of an embedding table.
func (t *Tokenizer) VocabSize() int { return len(t.tokens) }

// Special returns the id of a special token such as "<|endoftext|>".
func (t *Tokenizer) Special(name string) (id int32, ok bool) {
	id, ok = t.special[name]
	return id, ok
}

// IsSpecial reports whether id is a special token.
func (t *Tokenizer) IsSpecial(id int32) bool {
	return id >= 0 && int(id) < len(t.isSpecial) && t.isSpecial[id]
}

// SpecialTokens returns the names of the special tokens in the order of their
// ids.
func (t *Tokenizer) SpecialTokens() []string {
	names := make([]string, 0, len(t.special))
	for name := range t.special {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return int(t.special[a] - t.special[b]) })
	return names
}

// EOS returns the token that ends a text: <|endoftext|>, or what other
// families have for it (</s>, <|end_of_text|>, <eos>); -1 where there is none.
func (t *Tokenizer) EOS() int32 { return t.eos }

// Template returns what the post_processor of a tokenizer.json puts before and
// after a text, such as the token that begins one. Encode does not add it. The
// caller must not change the slices.
func (t *Tokenizer) Template() (prefix, suffix []int32) { return t.prefix, t.suffix }

// HasTemplate reports whether the tokenizer.json has a post_processor, even one
// that adds no token.
func (t *Tokenizer) HasTemplate() bool { return !isNull(t.parts.postProcessor) }

// Bytes returns the bytes that id stands for in the middle of a text; nil for
// an id that is no token. The caller must not change them.
func (t *Tokenizer) Bytes(id int32) []byte {
	if id < 0 || int(id) >= len(t.tokens) {
		return nil
	}
	return t.tokens[id]
}

// MissingBytes returns the bytes that no sequence of tokens can express, in
// ascending order; nil for a vocabulary that covers any text, as all of Train's
// do. Encoding gives the unknown token for them or, where there is none,
// leaves them out. The bytes 0xc0, 0xc1 and 0xf5 to 0xff occur in no UTF-8.
func (t *Tokenizer) MissingBytes() []byte {
	var missing []byte
	for b, id := range t.symbols {
		if _, char := t.ids[string(rune(b))]; id < 0 && (t.byteLevel || b >= utf8.RuneSelf || !char) {
			missing = append(missing, byte(b))
		}
	}
	return missing
}

// Hash returns 64 hexadecimal digits that identify the tokenizer: the SHA-256
// of the file that Save writes. Tokenizers of one hash give the same ids for
// every text, so shards and models store it to refuse another's data.
func (t *Tokenizer) Hash() string { return t.hash() }
