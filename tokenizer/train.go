package tokenizer

import (
	"fmt"
	"iter"
	"unicode/utf8"
)

// TrainOptions says what Train shall make.
type TrainOptions struct {
	// VocabSize is the number of tokens: 256 bytes, merges, special tokens.
	VocabSize int
	// Special tokens get the last ids, in this order; nil means <|endoftext|>.
	Special []string
	// Pattern splits text into words; empty means PatternGPT4. Others than the
	// Pattern constants are regular expressions, and slow.
	Pattern string
	// MinCount is how often a pair must occur to be merged; 0 means 2.
	MinCount int64
	// MaxWords bounds the memory: when there are more different words, the
	// rarest are forgotten. 0 means 16 million, about 2 GB.
	MaxWords int
	// Progress, if not nil, is called now and then by the goroutine that
	// called Train.
	Progress func(TrainProgress)
}

// TrainProgress says how far Train is.
type TrainProgress struct {
	Documents int   // documents read so far
	Bytes     int64 // their bytes
	Words     int   // different words so far
	Tokens    int   // vocabulary so far; 0 while documents are read
	VocabSize int   // and when it is complete
}

// progressMerges is after how many merges Progress is called.
const progressMerges = 256

// Train makes a byte-level vocabulary from documents by byte-pair encoding
// (Sennrich et al., arXiv:1508.07909). Documents may be any bytes, and may be
// overwritten once the next one is asked for. What they contain of special
// tokens' names is ordinary text.
//
// Words are counted, not kept, so memory grows with the different words and
// not with the text. Then, again and again, the two neighbors that occur most
// often become a token: of several such pairs the one with the lower left id,
// and of these the one with the lower right id. The ids of the bytes are 0 to
// 255, merges follow in their order, and then the special tokens. The result
// is the same for any number of threads.
//
// A vocabulary larger than the data allows is an error that says how many
// tokens were possible.
func Train(docs iter.Seq[[]byte], o TrainOptions) (*Tokenizer, error) {
	if o.Special == nil {
		o.Special = []string{EndOfText}
	}
	if o.Pattern == "" {
		o.Pattern = PatternGPT4
	}
	if o.MinCount <= 0 {
		o.MinCount = 2
	}
	if o.MaxWords <= 0 {
		o.MaxWords = 16 << 20
	}
	t := &Tokenizer{model: model{byteLevel: true, ignoreMerges: true, unk: -1}}
	scheme := Scheme{Pattern: o.Pattern, Special: make(map[string]int32)}
	merges := o.VocabSize - 256 - len(o.Special)
	if merges < 0 || o.VocabSize > maxID {
		return nil, fmt.Errorf("tokenizer: a vocabulary of %d tokens: it must hold 256 bytes and %d special tokens, and at most %d in all",
			o.VocabSize, len(o.Special), maxID)
	}
	for i, name := range o.Special {
		if _, twice := scheme.Special[name]; twice || name == "" || !utf8.ValidString(name) {
			return nil, fmt.Errorf("tokenizer: the special token %q is empty, not UTF-8, or there twice", name)
		}
		scheme.Special[name] = int32(256 + merges + i)
	}
	pre := preTokenizer{}
	pattern, _ := byteLevelParts(o.Pattern)
	if err := pre.parse(pattern, "pattern"); err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	splitter := &Tokenizer{steps: pre.steps}
	splitter.plan()

	progress := TrainProgress{VocabSize: o.VocabSize}
	report := func() {
		if o.Progress != nil {
			o.Progress(progress)
		}
	}
	c := &counter{t: splitter, maxWords: o.MaxWords}
	for doc := range docs {
		c.add(doc)
		progress.Documents++
		progress.Bytes += int64(len(doc))
		if c.full() {
			c.flush()
			progress.Words = c.words()
			report()
		}
	}
	c.flush()
	progress.Words = c.words()
	report()

	l, err := newLearner(c)
	if err != nil {
		return nil, err
	}
	t.ids = make(map[string]int32, 256+merges)
	tokens := make([]string, 256, 256+merges)
	for b := range tokens {
		tokens[b] = string([]byte{byte(b)})
		t.ids[tokens[b]] = int32(b)
	}
	for range merges {
		pair, ok := l.best(o.MinCount)
		if !ok {
			return nil, fmt.Errorf("tokenizer: a vocabulary of %d tokens is larger than the data allows: %d were possible (256 bytes, %d merges of pairs that occur at least %d times, %d special tokens)",
				o.VocabSize, len(tokens)+len(o.Special), len(t.merges), o.MinCount, len(o.Special))
		}
		m := l.merge(pair)
		t.merges = append(t.merges, m)
		tokens = append(tokens, tokens[m.left]+tokens[m.right])
		t.ids[tokens[m.id]] = m.id
		if progress.Tokens = len(tokens); progress.Tokens%progressMerges == 0 {
			report()
		}
	}
	if err := t.complete(scheme); err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	progress.Tokens = o.VocabSize
	report()
	return t, nil
}
