package polymath

import "github.com/polymath-lm/polymath/infer"

// Option is a setting of Open. No option but WithInt8Cache changes what the
// model writes.
type Option func(*openOptions)

type openOptions struct {
	engine infer.Options
	serve  serveOptions
}

// serveOptions wait for the engine to know them.
type serveOptions struct {
	maxBatch, queueLimit int
	cacheBytes           int64
	int8Cache, lookup    bool
	draft                string
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
// wait. 0 is the engine's default.
func WithMaxBatch(n int) Option {
	return func(o *openOptions) { o.serve.maxBatch = n }
}

// WithCacheBytes limits the memory of the KV cache, in which completions in
// progress live and prefixes of earlier ones are kept, to n bytes. 0 is the
// engine's default.
func WithCacheBytes(n int64) Option {
	return func(o *openOptions) { o.serve.cacheBytes = n }
}

// WithQueueLimit sets how many requests may wait; more are ErrBusy. 0 is no
// limit.
func WithQueueLimit(n int) Option {
	return func(o *openOptions) { o.serve.queueLimit = n }
}

// WithInt8Cache keeps the KV cache in 8 bits a number, half of the memory. It
// changes the text slightly, and always in the same way.
func WithInt8Cache() Option {
	return func(o *openOptions) { o.serve.int8Cache = true }
}

// WithPromptLookup guesses the next tokens from what the prompt holds, which is
// faster where a text repeats itself. Guesses are checked.
func WithPromptLookup() Option {
	return func(o *openOptions) { o.serve.lookup = true }
}

// WithDraft lets the small model in directory dir, which must have the same
// tokenizer, guess the next tokens. Guesses are checked.
func WithDraft(dir string) Option {
	return func(o *openOptions) { o.serve.draft = dir }
}
