package constrain

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// What a vocabulary keeps, in bytes.
const (
	reachBytes   = 96 << 20 // what states allow
	maskBytes    = 64 << 20 // what states with their stacks allow
	grammarBytes = 64 << 20
)

// Vocabulary is what a grammar must know of a tokenizer, and the grammars
// compiled for it. All methods may be called from several goroutines: those that
// are known are returned at once, others are compiled one at a time. When ctx ends
// before, its error is returned.
type Vocabulary struct {
	tokens  [][]byte
	trie    *trie
	usable  bitset // tokens that may occur inside
	end     []int32
	ends    bitset
	missing [256]bool // bytes that no usable token is

	compiler chan struct{} // of one: held while a grammar is compiled
	grammars *cache[[sha256.Size]byte, *Grammar]
	reaches  *cache[stateKey, *reach]
	masks    *cache[maskKey, bitset]
	walkers  sync.Pool // of *walker
}

type maskKey struct {
	grammar uint64
	items   hash
}

// NewVocabulary describes a tokenizer by its tokens' bytes: tokens[id], which
// must not be changed afterwards; nil or empty where there is no such token.
// Tokens for which special holds (nil: none) never occur in constrained text.
// Those in end are allowed where a grammar may end, and nowhere else.
//
// A byte that is no token of its own does not occur in constrained text, so
// that no completion gets stuck; the vocabularies of byte-level BPE, and those
// with byte fallback, have them all.
func NewVocabulary(tokens [][]byte, special func(id int32) bool, end []int32) *Vocabulary {
	v := &Vocabulary{
		tokens: tokens, usable: newBitset(len(tokens)), end: slices.Clone(end), ends: newBitset(len(tokens)),
		compiler: make(chan struct{}, 1),
		grammars: newCache[[sha256.Size]byte, *Grammar](grammarBytes),
		reaches:  newCache[stateKey, *reach](reachBytes),
		masks:    newCache[maskKey, bitset](maskBytes),
	}
	v.end = slices.DeleteFunc(v.end, func(id int32) bool { return id < 0 || int(id) >= len(tokens) })
	for _, id := range v.end {
		v.ends.set(id)
	}
	for b := range v.missing {
		v.missing[b] = true
	}
	v.trie = newTrie(tokens, func(id int) bool {
		if special != nil && special(int32(id)) || v.ends.has(int32(id)) {
			return false
		}
		v.usable.set(int32(id))
		if len(tokens[id]) == 1 {
			v.missing[tokens[id][0]] = false
		}
		return true
	})
	return v
}

// JSON allows any JSON object (OpenAI's json_object mode). Goroutines may share
// the grammar, here and below.
func (v *Vocabulary) JSON(ctx context.Context) (*Grammar, error) {
	return v.cached(ctx, "json", "", ErrSchema, func(b *builder) (int32, error) {
		return b.anyObject(), nil
	})
}

// Schema allows the JSON texts that a JSON Schema describes; the package's
// comment says which keywords it may have. Errors wrap ErrSchema and name the
// keyword. Compiled grammars are kept by content.
func (v *Vocabulary) Schema(ctx context.Context, schema []byte) (*Grammar, error) {
	return v.cached(ctx, "schema", string(schema), ErrSchema, func(b *builder) (int32, error) {
		return b.schemaRule(schema)
	})
}

// Regex allows the texts that the pattern, in RE2's syntax, matches as a whole.
// Errors wrap ErrRegex.
func (v *Vocabulary) Regex(ctx context.Context, pattern string) (*Grammar, error) {
	return v.cached(ctx, "regex", pattern, ErrRegex, func(b *builder) (int32, error) {
		d, err := compileRegex(pattern, wholeText, b.budget())
		if err != nil {
			return 0, err
		}
		return b.add(d), nil
	})
}

// GBNF allows what a grammar in llama.cpp's notation derives from its rule
// root. Errors wrap ErrGrammar.
func (v *Vocabulary) GBNF(ctx context.Context, grammar string) (*Grammar, error) {
	return v.cached(ctx, "gbnf", grammar, ErrGrammar, func(b *builder) (int32, error) {
		return b.gbnf(grammar)
	})
}

// Tags allows free text in which each tag's Begin is followed by a JSON text
// of its Schema and then by its End. Errors wrap ErrSchema.
func (v *Vocabulary) Tags(ctx context.Context, tags []Tag, o TagOptions) (*Grammar, error) {
	source, err := json.Marshal(struct {
		Tags    []Tag
		Options TagOptions
	}{tags, o})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSchema, err)
	}
	return v.cached(ctx, "tags", string(source), ErrSchema, func(b *builder) (int32, error) {
		return b.tags(tags, o)
	})
}

// cached returns the kept grammar of a source, or compiles it.
func (v *Vocabulary) cached(ctx context.Context, kind, source string, sentinel error, compile func(*builder) (int32, error)) (*Grammar, error) {
	if len(source) > maxSourceBytes {
		return nil, fmt.Errorf("%w: %d bytes, the limit is %d", sentinel, len(source), maxSourceBytes)
	}
	key := sha256.Sum256([]byte(kind + "\x00" + source))
	if g, ok := v.grammars.get(key); ok {
		return g, nil
	}
	select {
	case v.compiler <- struct{}{}:
		defer func() { <-v.compiler }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if g, ok := v.grammars.get(key); ok { // made while this call waited
		return g, nil
	}
	g, err := v.compile(ctx, compile)
	switch {
	case err == nil:
		v.grammars.put(key, g, g.program.size)
	case ctx.Err() == nil:
		err = fmt.Errorf("%w: %w", sentinel, err)
	default:
		err = ctx.Err()
	}
	return g, err
}

// compile makes a grammar.
func (v *Vocabulary) compile(ctx context.Context, compile func(*builder) (int32, error)) (*Grammar, error) {
	if len(v.end) == 0 {
		return nil, errors.New("the vocabulary has no token that ends a text")
	}
	b := newBuilder(ctx)
	root, err := compile(b)
	if err != nil {
		return nil, err
	}
	p, err := b.link(root, &v.missing)
	if err != nil {
		return nil, err
	}
	return newGrammar(v, p)
}

// reach returns what a state allows whatever its stack, a part of it if the walker
// gets exhausted.
func (v *Vocabulary) reach(w *walker, state int32) *reach {
	r := w.p.rule[state]
	key := stateKey{w.p.keys[r], state - w.p.base[r]}
	if found, ok := v.reaches.get(key); ok {
		w.work += found.work // so that it does not matter who came before
		return found
	}
	found := w.reach(state, len(v.tokens))
	if w.exhausted() {
		return found
	}
	v.reaches.put(key, found, int64(8*len(found.tokens)+4*len(found.leaves)+128))
	return found
}
