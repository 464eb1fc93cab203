package polymath

import (
	"time"

	"github.com/polymath-lm/polymath/model"
)

// Info describes a model.
type Info struct {
	// Path is the directory or the file it was opened from.
	Path string
	// Adapter is the directory of the adapter on it; empty without one.
	Adapter string
	// Architecture is config.json's model_type.
	Architecture string
	// Parameters counts all weights, ActiveParameters those that work on one
	// token.
	Parameters, ActiveParameters int64
	// WeightBytes is the memory of the weights in the formats in which they are
	// held, embeddings excepted that are looked up in the file.
	// CacheBytesPerToken is the memory of the KV cache for each token of a
	// completion in progress.
	WeightBytes, CacheBytesPerToken int64
	// WeightsMemory says how the model works with less memory than its weights
	// need; zero if all are in memory.
	WeightsMemory WeightsMemory
	// ContextWindow is how many tokens prompt and completion may have together.
	ContextWindow  int
	VocabularySize int
	// Fingerprint is 64 hexadecimal digits: the SHA-256 of manifest.json, which
	// holds those of all files; of a directory without one, of config.json and
	// the names and sizes of the files; of a GGUF file, its own.
	Fingerprint string
}

// Info describes the model.
func (m *Model) Info() Info { return m.info }

// describe returns what the parts tell.
func (m *Model) describe(weights *model.Model) Info {
	total, active := m.config.Params()
	cache := m.engine.Load().Stats()
	return Info{
		Architecture: m.config.ModelType,
		Parameters:   total, ActiveParameters: active,
		WeightBytes:        weights.SizeBytes(),
		CacheBytesPerToken: cache.BlockBytes / int64(cache.BlockTokens),
		ContextWindow:      m.window, VocabularySize: m.tokenizer.VocabSize(),
	}
}

// Stats says what a Model is doing and has done.
type Stats struct {
	// Running completions are worked on, Waiting ones wait their turn.
	Running, Waiting int
	// CacheUsage is the share of the KV cache in use, 0 to 1; it has NumBlocks
	// blocks of BlockTokens tokens.
	CacheUsage             float64
	BlockTokens, NumBlocks int
	// PrefixQueries counts the prompt tokens that were looked up in the cache,
	// PrefixHits those found.
	PrefixHits, PrefixQueries uint64
	// Preemptions counts completions that had to give up their memory for a
	// while.
	Preemptions uint64
	// Drafted counts guessed tokens, Accepted those that were right.
	Drafted, Accepted uint64
	// Steps counts forward passes. StepTime is what they took with all that
	// belongs to them, PassTime without the scheduling.
	Steps              uint64
	StepTime, PassTime time.Duration
	// Of a model with less memory than its weights need: how often a product
	// found its weights there and how often it had to wait, the bytes that were
	// read from files, and how long passes waited.
	WeightHits, WeightMisses, WeightBytesRead uint64
	WeightsStalled                            time.Duration
}

// Stats returns what the model is doing; zero once it is closed.
func (m *Model) Stats() Stats {
	engine := m.engine.Load()
	if engine == nil {
		return Stats{}
	}
	s := engine.Stats()
	return Stats{
		Running: s.Running, Waiting: s.Waiting,
		CacheUsage: s.CacheUsage(), BlockTokens: s.BlockTokens, NumBlocks: s.NumBlocks,
		PrefixHits: s.PrefixHits, PrefixQueries: s.PrefixQueries,
		Preemptions: s.Preemptions, Drafted: s.Drafted, Accepted: s.Accepted,
		Steps: s.Steps, StepTime: s.StepTime, PassTime: s.PassTime,
		WeightHits: s.Weights.Hits, WeightMisses: s.Weights.Misses,
		WeightBytesRead: s.Weights.ReadBytes, WeightsStalled: s.Weights.Stalled,
	}
}
