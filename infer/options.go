package infer

import "github.com/polymath-lm/polymath/model"

// Defaults of Options.
const (
	defaultChunk    = 256 // uses the matrix units well, and takes a few megabytes of activations
	defaultMaxBatch = 32
	// Keys and values: full windows for a whole batch if they fit into
	// defaultCache, and for a few sequences at least.
	defaultWindows = 4
	defaultCache   = 1 << 30
	// Rows of logits: so many at least that a prompt is not scored token by token,
	// and beyond that no more than take maxScoreBytes.
	minScoreRows  = 16
	maxScoreBytes = 16 << 20
)

// Options are the resources of an Engine. None but Int8 changes what it writes,
// other than where the window ends it.
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
	// sequences that are kept for the next included; 0 means room for MaxBatch
	// full windows, but no more than 1 GiB unless 4 windows take that. Memory
	// is taken as it is needed.
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
		window := model.CacheBytes(cfg, o.kind(), o.Window)
		o.CacheBytes = max(defaultWindows*window, min(int64(o.MaxBatch)*window, defaultCache))
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

// Footprint is what an Engine will take beside the models' weights.
type Footprint struct {
	// Window is the longest sequence, in tokens.
	Window int
	// NumBlocks is how many blocks of keys and values there is room for, of
	// BlockBytes each. Those of a draft model are not among them.
	NumBlocks  int
	BlockBytes int64
	// WorkBytes is the memory of activations and logits, and of the angles of the
	// window's positions.
	WorkBytes int64
}

// FootprintOf returns what NewEngine would take for a model of this shape.
func FootprintOf(cfg *model.Config, o Options) Footprint {
	o = o.limits(cfg)
	block := model.BlockBytes(cfg, o.kind())
	return Footprint{
		Window: o.Window, NumBlocks: int(max(1, o.CacheBytes/block)), BlockBytes: block,
		WorkBytes: model.WorkspaceBytes(cfg, o.stepTokens(), false) + 4*int64(cfg.VocabSize)*int64(o.logitRows(cfg.VocabSize)) +
			model.RopeBytes(cfg, o.Window),
	}
}

// CacheBytes is the memory that keys and values take at most.
func (f Footprint) CacheBytes() int64 { return int64(f.NumBlocks) * f.BlockBytes }

// WindowBytes is what of it a full window takes.
func (f Footprint) WindowBytes() int64 {
	return int64((f.Window+model.BlockTokens-1)/model.BlockTokens) * f.BlockBytes
}

// CacheWithin returns the Options.CacheBytes of an Engine where there is room, in
// bytes, for its keys and values: what o says, or its default if that has the room, and
// else as many full windows as do, and one at least.
func CacheWithin(cfg *model.Config, o Options, room int64) int64 {
	f := FootprintOf(cfg, o)
	if o.CacheBytes > 0 || f.CacheBytes() <= room {
		return o.CacheBytes
	}
	return max(1, room/f.WindowBytes()) * f.WindowBytes()
}

// logitRows is how many rows of logits, of a vocabulary of that size, there is
// room for: those that a pass samples from, and enough to score prompts.
func (o Options) logitRows(vocabulary int) int {
	n := o.MaxBatch
	if o.guesses() {
		n += maxGuessed
	}
	return max(n, minScoreRows, min(o.Chunk, maxScoreBytes/4/vocabulary))
}
