package tokenizer

import "iter"

// TrainOptions says what Train shall make.
type TrainOptions struct {
	// VocabSize is the number of tokens: 256 bytes, merges, special tokens.
	VocabSize int
	// Special tokens get the last ids, in this order; nil means <|endoftext|>.
	Special []string
	// Pattern splits text into words; empty means PatternGPT4.
	Pattern string
	// MinCount is how often a pair must occur to be merged; 0 means 2.
	MinCount int64
	// MaxWords bounds the memory: where the words outnumber it, the rare ones
	// are forgotten. 0 means 16 million.
	MaxWords int
	// Progress, if not nil, is called now and then by the goroutine that
	// called Train.
	Progress func(TrainProgress)
}

// TrainProgress says how far Train is.
type TrainProgress struct {
	Documents int   // documents counted so far
	Bytes     int64 // their bytes
	Words     int   // different words so far
	Tokens    int   // vocabulary so far; 0 while counting
	VocabSize int   // and when it is complete
}

// Train makes a vocabulary from documents. The result depends on the documents
// as a multiset and on the options alone, never on the number of threads.
func Train(docs iter.Seq[[]byte], o TrainOptions) (*Tokenizer, error) {
	panic("tokenizer: being written")
}
