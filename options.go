package polymath

import (
	"fmt"

	"github.com/polymath-lm/polymath/infer"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/modelfile"
	"github.com/polymath-lm/polymath/picture"
	"github.com/polymath-lm/polymath/tokenizer"
)

// Option is a setting of Open. No option but WithInt8Cache and WithAdapter
// changes what the model writes, other than where the context window ends it.
type Option func(*openOptions)

type openOptions struct {
	engine  infer.Options
	draft   string
	adapter string
	weights int64
	images  picture.Limits

	imageCache int64 // bytes
}

// WithContextWindow limits prompt and completion together to n tokens, and so
// the memory that a completion can take. The model's own limit stays in force.
func WithContextWindow(n int) Option {
	return func(o *openOptions) { o.engine.Window = n }
}

// WithPrefillChunk sets how many tokens of a prompt are worked on at a time:
// more is faster on long prompts and takes more memory. The default is 256.
func WithPrefillChunk(n int) Option {
	return func(o *openOptions) { o.engine.Chunk = n }
}

// WithMaxBatch sets how many completions are worked on at the same time; others
// wait. The default is 32.
func WithMaxBatch(n int) Option {
	return func(o *openOptions) { o.engine.MaxBatch = n }
}

// WithCacheBytes limits the memory of the KV cache, in which completions in
// progress live and prefixes of earlier ones are kept, to n bytes. The default
// has room for as many full windows as are worked on at the same time, but no
// more than 1 GiB unless 4 windows take that; Open takes as many windows as the
// memory that is available has room for besides the weights, where those are fewer, and one at
// least. A cache that has no room for one window shortens the window.
func WithCacheBytes(n int64) Option {
	return func(o *openOptions) { o.engine.CacheBytes = n }
}

// WithQueueLimit sets how many requests may wait, and as many beside them for their
// images to be looked at; more are ErrBusy. The default is no limit.
func WithQueueLimit(n int) Option {
	return func(o *openOptions) { o.engine.QueueLimit = n }
}

// WithInt8Cache keeps the KV cache in 8 bits a number, about half of the
// memory. It changes the text slightly, and always in the same way.
func WithInt8Cache() Option {
	return func(o *openOptions) { o.engine.Int8 = true }
}

// WithPromptLookup guesses the next tokens from what prompt and completion hold
// already, which is faster where a text repeats itself. Guesses are checked.
func WithPromptLookup() Option {
	return func(o *openOptions) { o.engine.Lookup = true }
}

// WithDraft lets the small model at path, which must have the same
// tokenizer, guess the next tokens. Guesses are checked.
func WithDraft(path string) Option {
	return func(o *openOptions) { o.draft = path }
}

// loadDraft loads the draft model, if there is one, for a model with tokenizer
// t and vocabulary rows.
func (o *openOptions) loadDraft(t *tokenizer.Tokenizer, rows int) error {
	if o.draft == "" {
		return nil
	}
	draft, err := model.Load(o.draft, false)
	if err != nil {
		return err
	}
	own, err := modelfile.Tokenizer(o.draft)
	if err != nil {
		return err
	}
	if own.Hash() != t.Hash() {
		return fmt.Errorf("the tokenizer of %s is another than the model's, so it cannot draft for it", o.draft)
	}
	if n := draft.Config().VocabSize; n != rows {
		return fmt.Errorf("%s has a vocab_size of %d and the model %d, so it cannot draft for it", o.draft, n, rows)
	}
	o.engine.Draft = draft
	return nil
}
