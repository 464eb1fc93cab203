package infer

import "github.com/polymath-lm/polymath/model"

// Defaults of Options.
const (
	defaultChunk    = 256 // uses the matrix units well, and takes a few megabytes of activations
	defaultMaxBatch = 32
	defaultWindows  = 4 // full windows of keys and values
)

// Options are the resources of an Engine. None but Int8 changes what it writes.
type Options struct {
	// Chunk is the number of prompt tokens per forward pass; 0 means 256.
	Chunk int
	// Window is the longest sequence; 0 means the model's own limit, and more
	// than that is cut to it, or to what CacheBytes has room for.
	Window int
	// Vocabulary is the number of tokens there are; 0 means the model's own
	// vocab_size, and more than that is cut to it. Models round their
	// vocabulary up, and the rows beyond are no tokens.
	Vocabulary int
	// MaxBatch is how many sequences are worked on at a time; 0 means 32.
	MaxBatch int
	// CacheBytes bounds the memory of keys and values, those of ended
	// sequences that are kept for the next included; 0 means room for 4 full
	// windows. Memory is taken as it is needed.
	CacheBytes int64
	// Int8 keeps keys and values in 8 bits (model.CacheInt8): about half the
	// memory, and slightly other completions, which are just as much the same
	// whatever else is being worked on.
	Int8 bool
	// QueueLimit is how many requests may wait, beside those that will be let
	// in after the step in progress; 0 means any number.
	QueueLimit int
	// Draft guesses the next tokens, to be checked in one pass: a small model
	// with the same vocabulary. Nil means none.
	Draft *model.Model
	// Lookup guesses the next tokens from what followed the same words before.
	// With both, Draft guesses where Lookup finds nothing.
	Lookup bool
}

// limits returns o with its defaults for a model of this shape.
func (o Options) limits(cfg *model.Config) Options {
	if o.Window <= 0 {
		o.Window = cfg.MaxPositions
	}
	o.Window = min(o.Window, cfg.MaxPositions)
	if o.Vocabulary <= 0 {
		o.Vocabulary = cfg.VocabSize
	}
	o.Vocabulary = min(o.Vocabulary, cfg.VocabSize)
	if o.Chunk <= 0 {
		o.Chunk = defaultChunk
	}
	o.Chunk = min(o.Chunk, o.Window)
	if o.MaxBatch <= 0 {
		o.MaxBatch = defaultMaxBatch
	}
	if o.CacheBytes <= 0 {
		o.CacheBytes = defaultWindows * model.CacheBytes(cfg, o.kind(), o.Window)
	}
	blocks := max(1, o.CacheBytes/model.BlockBytes(cfg, o.kind()))
	o.Window = int(min(int64(o.Window), blocks*model.BlockTokens))
	o.Chunk = min(o.Chunk, o.Window)
	return o
}

// kind is the form of keys and values.
func (o Options) kind() model.CacheKind {
	if o.Int8 {
		return model.CacheInt8
	}
	return model.CacheBF16
}

// guesses reports whether tokens are guessed.
func (o Options) guesses() bool { return o.Draft != nil || o.Lookup }

// stepTokens is the most tokens of a forward pass.
func (o Options) stepTokens() int {
	n := o.Chunk + o.MaxBatch
	if o.guesses() {
		n += maxGuessed
	}
	return n
}

// Bytes returns the memory that an Engine with o takes at most beside the
// models' weights: keys and values, activations, and logits. The keys and
// values of a draft model are not in it.
func Bytes(cfg *model.Config, o Options) int64 {
	o = o.limits(cfg)
	blocks := max(1, o.CacheBytes/model.BlockBytes(cfg, o.kind()))
	logits := 4 * int64(cfg.VocabSize) * int64(o.logitRows())
	return blocks*model.BlockBytes(cfg, o.kind()) + model.WorkspaceBytes(cfg, o.stepTokens(), false) + logits
}

// logitRows is the most rows of logits of a pass.
func (o Options) logitRows() int {
	n := o.MaxBatch
	if o.guesses() {
		n += maxGuessed
	}
	return max(n, minScoreRows)
}
