package infer

import (
	"fmt"
	"slices"

	"github.com/polymath-lm/polymath/model"
)

// Guessing (speculative decoding, Leviathan et al., arXiv:2211.17192): tokens
// that may come next are read together with the last one, and count only if
// they are what is sampled. So the completion has the same bits.
const (
	// guessLength is how many tokens of a sequence are guessed in a step.
	guessLength = 6
	// maxGuessed is how many of all sequences: where many sequences share a
	// pass, the machine is busy without.
	maxGuessed = 12
	// longestMatch and shortestMatch are the lengths of the run of tokens at
	// the end that a lookup finds again.
	longestMatch, shortestMatch = 4, 2
	// minDraftChunk is how many tokens the draft model reads in a step at least,
	// so that it keeps up with what was accepted.
	minDraftChunk = 2 * maxGuessed
	// lookBack bounds the search.
	lookBack = 4096
)

// A drafter guesses the next tokens of sequences. It serves one goroutine.
type drafter struct {
	lookup     bool
	model      *model.Model // nil: lookup only
	workspace  *model.Workspace
	logits     []float32 // [V], of the draft model's own width
	batch      model.Batch
	window     int
	vocabulary int
	imageToken int32 // of the model that is helped; -1: none
	left       int   // tokens that the draft model may still read in this step
}

func newDrafter(o Options, imageToken int32) *drafter {
	d := &drafter{lookup: o.Lookup, imageToken: imageToken}
	if o.Draft == nil {
		return d
	}
	cfg := o.Draft.Config()
	if cfg.VocabSize < o.Vocabulary {
		panic(fmt.Sprintf("infer: a draft model with %d tokens for one with %d", cfg.VocabSize, o.Vocabulary))
	}
	d.model, d.window, d.vocabulary = o.Draft, cfg.MaxPositions, o.Vocabulary
	d.workspace = model.NewWorkspace(o.Draft, min(max(o.Chunk, minDraftChunk), d.window), false)
	d.logits = make([]float32, cfg.VocabSize)
	return d
}

// guess sets the guesses of the sequences that decode.
func (d *drafter) guess(running []*sequence) {
	left := maxGuessed
	if d.model != nil {
		d.left = d.workspace.MaxTokens()
	}
	for _, s := range running {
		s.guessed = s.guessed[:0]
		n := min(guessLength, left, s.maxTokens-s.generated()-1)
		if s.embedding != nil || s.pending() != 1 || n <= 0 || s.generated() == 0 {
			continue
		}
		if d.lookup {
			s.guessed = append(s.guessed, d.beforeImage(lookUp(s.tokens, n))...)
		}
		if len(s.guessed) == 0 && d.model != nil {
			d.generate(s, n)
		}
		left -= len(s.guessed)
	}
}

// beforeImage cuts guesses off where a picture would begin: none is generated,
// and the pass would want its features.
func (d *drafter) beforeImage(guessed []int32) []int32 {
	if at := slices.Index(guessed, d.imageToken); at >= 0 {
		return guessed[:at]
	}
	return guessed
}

// lookUp returns up to n tokens that followed the last time that the longest
// of some runs at the end of tokens was there (Saxena, prompt lookup decoding).
func lookUp(tokens []int32, n int) []int32 {
	oldest := max(0, len(tokens)-lookBack)
	for length := longestMatch; length >= shortestMatch; length-- {
		if len(tokens) < length+1 {
			continue
		}
		end := tokens[len(tokens)-length:]
		for at := len(tokens) - length - 1; at >= oldest; at-- {
			if slices.Equal(tokens[at:at+length], end) {
				from := at + length
				return tokens[from:min(from+n, len(tokens))]
			}
		}
	}
	return nil
}

// generate lets the draft model go on, with the sequence's own sampling: the
// same random numbers choose the same token where the models agree. First it
// reads what it has not read yet, a chunk in a step for all sequences together.
// A draft model that fails guesses nothing more for s. To one that does not see,
// image tokens are tokens as others; one that does fails at them, because the
// features here are those of another tower.
func (d *drafter) generate(s *sequence, n int) {
	n = min(n, d.window-len(s.tokens))
	if n <= 0 || s.undrafted {
		s.draft = nil
		return
	}
	if s.draft == nil {
		s.draft = d.model.NewCache(model.CacheBF16, d.window)
	}
	next := s.tokens[s.draft.Len():]
	now := min(len(next), d.left)
	d.left -= now
	if err := d.read(s.draft, next[:now]); err != nil {
		s.draft, s.undrafted = nil, true
		return
	}
	if now < len(next) {
		return
	}
	for {
		if d.imageToken >= 0 && int(d.imageToken) < d.vocabulary {
			d.logits[d.imageToken] = negativeInfinity
		}
		id := s.sampler.Sample(d.logits[:d.vocabulary], s.request.Choice, len(s.tokens)+len(s.guessed))
		if id < 0 {
			return
		}
		s.guessed = append(s.guessed, id)
		if len(s.guessed) == n {
			return
		}
		if err := d.read(s.draft, s.guessed[len(s.guessed)-1:]); err != nil {
			s.guessed = s.guessed[:0]
			s.draft, s.undrafted = nil, true
			return
		}
	}
}

// read runs the draft model over tokens, no more than its workspace takes, and
// leaves the last one's logits. A panic, which can only be a bug, becomes an
// error.
func (d *drafter) read(cache *model.Cache, tokens []int32) (err error) {
	if len(tokens) == 0 {
		return nil
	}
	defer func() {
		if v := recover(); v != nil {
			err = panicError(v)
		}
		d.batch.Tokens, d.batch.Spans[0].Cache = nil, nil
	}()
	d.batch.Tokens = tokens
	d.batch.Spans = append(d.batch.Spans[:0], model.Span{Len: len(tokens), Pos: cache.Len(), Cache: cache})
	if err := d.model.Forward(d.workspace, &d.batch); err != nil {
		return err
	}
	row := [1]int32{int32(len(tokens) - 1)}
	return d.model.Logits(d.workspace, row[:], d.logits)
}
