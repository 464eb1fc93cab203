package corpus

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/mixture"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/tokenizer"
)

// blockBytes is the length of the blocks by which long documents enter a sample:
// few of them may be all there is.
const blockBytes = 64 << 10

// Learned gives what the recipe trains its tokenizer on of a text with that id,
// where total is the bytes of all text that is left: blocks of it that a hash
// chooses, and nothing of a text that is held out.
func (r *Recipe) Learned(text []byte, id document.ID, total int64) iter.Seq[[]byte] {
	o := r.Tokenizer.Train
	share := min(float64(o.Sample)/float64(max(total, 1)), 1)
	return func(yield func([]byte) bool) {
		if shard.HeldOut(id, o.HeldOut) {
			return
		}
		for number := uint64(0); len(text) > 0; number++ {
			end := blockEnd(text)
			block := id
			binary.LittleEndian.PutUint64(block[8:], binary.LittleEndian.Uint64(id[8:])^number)
			if mixture.Sampled(block, r.Seed, share) && !yield(text[:end]) {
				return
			}
			text = text[end:]
		}
	}
}

// blockEnd is the end of the first block of a text.
func blockEnd(text []byte) int {
	if len(text) < 2*blockBytes {
		return len(text)
	}
	if line := bytes.LastIndexByte(text[:blockBytes], '\n'); line >= 0 {
		return line + 1
	}
	return blockBytes
}

// TrainTokenizer trains the recipe's tokenizer on texts, whose order does not
// matter and which it reads again if the vocabulary shrinks. total is the bytes of
// all text that is left; progress may be nil.
func (r *Recipe) TrainTokenizer(texts iter.Seq[[]byte], total int64, progress func(tokenizer.TrainProgress)) (*tokenizer.Tokenizer, error) {
	o := r.Tokenizer.Train
	size := o.VocabSize
	if o.Shrink {
		size = filled(size, (1-o.HeldOut)*float64(total))
	}
	for {
		t, err := tokenizer.Train(texts, tokenizer.TrainOptions{VocabSize: size, Special: chat.Specials(), Progress: progress})
		var small *tokenizer.VocabError
		switch {
		case !errors.As(err, &small):
			return t, err
		case !o.Shrink || small.Possible >= size:
			return nil, fmt.Errorf("tokenizer: %w; lower train.vocab_size, or set train.shrink", err)
		}
		size = small.Possible
	}
}

// Bounds of vocabularies that shrink.
const (
	tokenText = 200 // bytes of text for each token
	vocabStep = 64  // sizes are multiples, which suit processors
	leastSize = 320
)

// filled is the size up to most that so many bytes of text fill.
func filled(most int, text float64) int {
	size := text / tokenText
	if size >= float64(most) {
		return most
	}
	return min(most, max(int(size)/vocabStep*vocabStep, leastSize))
}

// watchMerges shows how far the training of a tokenizer is.
func (b *build) watchMerges(p tokenizer.TrainProgress) {
	if p.Tokens > 0 {
		b.watch.share(int64(p.Tokens), int64(p.VocabSize))
	}
}
