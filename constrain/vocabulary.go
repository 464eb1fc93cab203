package constrain

import (
	"crypto/sha256"
	"encoding/json"
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
// compiled for it. All methods may be called from several goroutines.
type Vocabulary struct {
	tokens  [][]byte
	trie    *trie
	usable  bitset // tokens that may occur inside
	end     []int32
	ends    bitset
	missing [256]bool // bytes that no usable token is

	mu       sync.Mutex
	pending  map[[sha256.Size]byte]func() (*Grammar, error) // being compiled
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
		pending:  map[[sha256.Size]byte]func() (*Grammar, error){},
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
func (v *Vocabulary) JSON() (*Grammar, error) {
	return v.cached("json", "", ErrSchema, func(b *builder) (int32, error) {
		return b.anyObject(), nil
	})
}

// Schema allows the JSON texts that a JSON Schema describes; the package's
// comment says which keywords it may have. Errors wrap ErrSchema and name the
// keyword. Compiled grammars are kept by content.
func (v *Vocabulary) Schema(schema []byte) (*Grammar, error) {
	return v.cached("schema", string(schema), ErrSchema, func(b *builder) (int32, error) {
		return b.schemaRule(schema)
	})
}

// Regex allows the texts that the pattern, in RE2's syntax, matches as a whole.
// Errors wrap ErrRegex.
func (v *Vocabulary) Regex(pattern string) (*Grammar, error) {
	return v.cached("regex", pattern, ErrRegex, func(b *builder) (int32, error) {
		d, err := compileRegex(pattern, wholeText, maxStates)
		if err != nil {
			return 0, err
		}
		return b.add(d), nil
	})
}

// GBNF allows what a grammar in llama.cpp's notation derives from its rule
// root. Errors wrap ErrGrammar.
func (v *Vocabulary) GBNF(grammar string) (*Grammar, error) {
	return v.cached("gbnf", grammar, ErrGrammar, func(b *builder) (int32, error) {
		return b.gbnf(grammar)
	})
}

// Tags allows free text in which each tag's Begin is followed by a JSON text
// of its Schema and then by its End. Errors wrap ErrSchema.
func (v *Vocabulary) Tags(tags []Tag, o TagOptions) (*Grammar, error) {
	source, err := json.Marshal(struct {
		Tags    []Tag
		Options TagOptions
	}{tags, o})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSchema, err)
	}
	return v.cached("tags", string(source), ErrSchema, func(b *builder) (int32, error) {
		return b.tags(tags, o)
	})
}

// cached returns the kept grammar of a source, or compiles it, once however many
// ask for it.
func (v *Vocabulary) cached(kind, source string, sentinel error, compile func(*builder) (int32, error)) (*Grammar, error) {
	if len(source) > maxSourceBytes {
		return nil, fmt.Errorf("%w: %d bytes, the limit is %d", sentinel, len(source), maxSourceBytes)
	}
	key := sha256.Sum256([]byte(kind + "\x00" + source))
	if g, ok := v.grammars.get(key); ok {
		return g, nil
	}
	v.mu.Lock()
	once, ok := v.pending[key]
	if !ok {
		once = sync.OnceValues(func() (*Grammar, error) { return v.compile(key, sentinel, compile) })
		v.pending[key] = once
	}
	v.mu.Unlock()
	defer func() {
		v.mu.Lock()
		delete(v.pending, key)
		v.mu.Unlock()
	}()
	return once()
}

// compile makes a grammar and keeps it.
func (v *Vocabulary) compile(key [sha256.Size]byte, sentinel error, compile func(*builder) (int32, error)) (*Grammar, error) {
	if len(v.end) == 0 {
		return nil, fmt.Errorf("%w: the vocabulary has no token that ends a text", sentinel)
	}
	b := newBuilder()
	root, err := compile(b)
	var p *program
	if err == nil {
		p, err = b.link(root, &v.missing)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", sentinel, err)
	}
	g := newGrammar(v, p)
	v.grammars.put(key, g, p.size)
	return g, nil
}

// reach returns what a state allows whatever its stack.
func (v *Vocabulary) reach(w *walker, state int32) *reach {
	r := w.p.rule[state]
	key := stateKey{w.p.keys[r], state - w.p.base[r]}
	if found, ok := v.reaches.get(key); ok {
		return found
	}
	found := w.reach(state, len(v.tokens))
	v.reaches.put(key, found, int64(8*len(found.tokens)+4*len(found.leaves)+128))
	return found
}
