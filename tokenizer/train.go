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
// A vocabulary larger than the data allows is a *VocabError that says how many
// tokens were possible.
func Train(docs iter.Seq[[]byte], o TrainOptions) (*Tokenizer, error) {
	scheme, err := o.scheme()
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	t := &Tokenizer{model: model{byteLevel: true, ignoreMerges: true, unk: -1}}
	progress := TrainProgress{VocabSize: o.VocabSize}
	words, err := o.count(docs, &progress)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	if t.merges, err = o.learn(words, &progress); err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	t.ids = make(map[string]int32, 256+len(t.merges))
	tokens := make([]string, 256, 256+len(t.merges))
	for b := range tokens {
		tokens[b] = string([]byte{byte(b)})
		t.ids[tokens[b]] = int32(b)
	}
	for _, m := range t.merges {
		tokens = append(tokens, tokens[m.left]+tokens[m.right])
		t.ids[tokens[m.id]] = m.id
	}
	if err := t.complete(scheme); err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	progress.Tokens = o.VocabSize
	o.report(progress)
	return t, nil
}

// scheme checks the options, puts the defaults in, and returns how to split
// and the ids of the special tokens.
func (o *TrainOptions) scheme() (Scheme, error) {
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
	if o.VocabSize < 256+len(o.Special) || o.VocabSize > maxID {
		return Scheme{}, fmt.Errorf("a vocabulary of %d tokens: it must hold 256 bytes and %d special tokens, and at most %d in all",
			o.VocabSize, len(o.Special), maxID)
	}
	s := Scheme{Pattern: o.Pattern, Special: make(map[string]int32)}
	for i, name := range o.Special {
		if _, twice := s.Special[name]; twice || name == "" || !utf8.ValidString(name) {
			return Scheme{}, fmt.Errorf("the special token %q is empty, not UTF-8, or there twice", name)
		}
		s.Special[name] = int32(o.VocabSize - len(o.Special) + i)
	}
	return s, nil
}

func (o *TrainOptions) report(p TrainProgress) {
	if o.Progress != nil {
		o.Progress(p)
	}
}

// count reads the documents.
func (o *TrainOptions) count(docs iter.Seq[[]byte], p *TrainProgress) (*counter, error) {
	pattern, _ := byteLevelParts(o.Pattern)
	pre := preTokenizer{}
	if err := pre.parse(pattern, "pattern"); err != nil {
		return nil, err
	}
	splitter := &Tokenizer{steps: pre.steps}
	splitter.plan()
	c := &counter{t: splitter, maxWords: o.MaxWords}
	for doc := range docs {
		c.add(doc)
		p.Documents++
		p.Bytes += int64(len(doc))
		if c.full() {
			c.flush()
			p.Words = c.words()
			o.report(*p)
		}
	}
	c.flush()
	p.Words = c.words()
	o.report(*p)
	return c, nil
}

// VocabError refuses a vocabulary that is larger than the data allows.
type VocabError struct {
	// VocabSize was asked for, Possible is the most that the data allows.
	VocabSize, Possible int

	minCount int64
	special  int
}

// Error is the arithmetic.
func (e *VocabError) Error() string {
	return fmt.Sprintf("a vocabulary of %d tokens is larger than the data allows: %d were possible (256 bytes, %d merges of pairs that occur at least %d times, %d special tokens)",
		e.VocabSize, e.Possible, e.Possible-256-e.special, e.minCount, e.special)
}

// learn finds the merges.
func (o *TrainOptions) learn(c *counter, p *TrainProgress) ([]merge, error) {
	l, err := newLearner(c)
	if err != nil {
		return nil, err
	}
	merges := make([]merge, 0, o.VocabSize-256-len(o.Special))
	for len(merges) < cap(merges) {
		pair, ok := l.best(o.MinCount)
		if !ok {
			return nil, &VocabError{VocabSize: o.VocabSize, Possible: 256 + len(merges) + len(o.Special), minCount: o.MinCount, special: len(o.Special)}
		}
		merges = append(merges, l.merge(pair))
		if p.Tokens = 256 + len(merges); p.Tokens%progressMerges == 0 {
			o.report(*p)
		}
	}
	return merges, nil
}
