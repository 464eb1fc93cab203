package corpus

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/polymath-lm/polymath/corpus/segment"
	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/tokenizer"
)

const (
	tokenizerStage   = "tokenizer"
	tokenizerVersion = 3
	// TokenizerName is the file of a tokenizer that the build trained.
	TokenizerName = "tokenizer.json"
)

// tokenizerPart is what a trained tokenizer depends on.
type tokenizerPart struct {
	Seed  uint64             `json:"seed"`
	Train *TokenizerTraining `json:"train"`
}

// tokenizer opens the tokenizer that the recipe names, or trains one.
func (b *build) tokenizer(ctx context.Context, v *view, c *Census) (*tokenizer.Tokenizer, error) {
	if b.recipe.Tokenizer.Train == nil {
		return b.openTokenizer(b.recipe.Tokenizer.Path)
	}
	path := filepath.Join(b.recipe.Out, TokenizerName)
	part := tokenizerPart{b.recipe.Seed, b.recipe.Tokenizer.Train}
	s, done, err := b.stage(tokenizerStage, tokenizerVersion, part, v.output)
	if err != nil {
		return nil, err
	}
	if done != nil {
		switch t, err := tokenizer.Load(path); {
		case err == nil && t.Hash() == done.Output:
			return t, nil
		case err == nil:
			return nil, fmt.Errorf("%s is not the tokenizer that was trained: put it back, or remove it, and build again", path)
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	b.watch.stage(tokenizerStage)
	t, err := b.trainTokenizer(ctx, v, c)
	if err != nil {
		return nil, err
	}
	if err := t.Save(path); err != nil {
		return nil, err
	}
	_, err = s.finish(t.Hash())
	return t, err
}

func (b *build) openTokenizer(path string) (*tokenizer.Tokenizer, error) {
	open := b.o.OpenTokenizer
	if open == nil {
		open = tokenizer.Load
	}
	return open(path)
}

// checkTokenizer opens the tokenizer that the recipe names, before hours of work.
func (b *build) checkTokenizer() error {
	if b.recipe.Tokenizer.Train != nil {
		return nil
	}
	t, err := b.openTokenizer(b.recipe.Tokenizer.Path)
	if err != nil {
		return recipe.Bad("tokenizer", "%v; name a tokenizer.json, or train one: tokenizer: {train: {vocab_size: 32000}}", err)
	}
	if t.EOS() < 0 {
		return recipe.Bad("tokenizer", "%s has no end-of-text token, which shards put between documents", b.recipe.Tokenizer.Path)
	}
	return nil
}

// trainTokenizer learns from texts that a hash chooses.
func (b *build) trainTokenizer(ctx context.Context, v *view, c *Census) (*tokenizer.Tokenizer, error) {
	total := c.total().Bytes
	var failed error
	texts := func(yield func([]byte) bool) {
		failed = v.all(ctx, segment.Parts{Text: true}, &b.watch, func(e *entry) error {
			if !e.stays() {
				return nil
			}
			for block := range b.recipe.Learned(e.text, e.fact.text, total) {
				if !yield(block) {
					return errStopped
				}
			}
			return nil
		})
	}
	t, err := b.recipe.TrainTokenizer(texts, total, b.watchMerges)
	if failed != nil {
		return nil, failed
	}
	return t, err
}

// errStopped ends a walk over documents early; nobody outside sees it.
var errStopped = errors.New("stopped")
