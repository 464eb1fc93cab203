package quickstart

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/cli/source"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/tokenizer"
)

// Tokens is what the text became.
type Tokens struct {
	Root          string         `json:"root"`
	Documents     int            `json:"documents"`
	HeldOut       float64        `json:"held_out"`    // share of the documents
	WholeFiles    bool           `json:"whole_files"` // no file is on both sides
	Bytes         int64          `json:"bytes"`
	LeftOut       source.LeftOut `json:"left_out"`
	TokenizerHash string         `json:"tokenizer_sha256"`
	ShardsHash    string         `json:"shards_sha256"`
	Shape         Shape          `json:"shape"` // for which the vocabulary was made
	Tokens        int64          `json:"tokens"`
	BytesPerToken float64        `json:"bytes_per_token"`
	Prompts       []string       `json:"prompts"` // begin the samples
}

// Sizes of text, in bytes.
const (
	minText         = 64 << 10  // less teaches nothing
	maxText         = 512 << 20 // more does not fit a quick start
	tokenizerSample = 12 << 20  // enough for a small vocabulary
	guessedBytes    = 3.2       // of a token, before there is a tokenizer
)

// expectedMFU is the share of the peak that training is likely to reach, until
// it is measured.
const expectedMFU = 0.35

// trainingShare is the share of the time in which the model learns.
const trainingShare = 0.85

// expectedShape plans with what is known before the first step.
func (s *session) expectedShape() Shape {
	return shapeFor(s.state.Machine.Peak * expectedMFU * trainingShare * s.budget().Seconds())
}

// expectedText is how much text that shape can learn from in the time, with
// room for a machine that is faster than expected.
func (s *session) expectedText(shape Shape) int64 {
	flops := s.state.Machine.Peak * expectedMFU * trainingShare * s.budget().Seconds()
	return min(max(int64(2*guessedBytes*flops/shape.flopsPerToken()), 4<<20), maxText)
}

// readText reads what to learn from, not more than the time allows to use.
func (s *session) readText(ctx context.Context, limit int64) (*source.Source, error) {
	var text *source.Source
	var err error
	if s.Text == "" {
		text, err = ReadGo(ctx, limit)
	} else {
		text, err = source.Read(ctx, s.Text, limit, nil)
	}
	if err != nil {
		return nil, err
	}
	if text.Bytes < minText {
		return nil, fmt.Errorf("%s has too little text: %s (files left out: %s), and a model needs %s at least",
			text.Root, progress.Bytes(text.Bytes), text.Left, progress.Bytes(minText))
	}
	return text, nil
}

// makeTokens reads the text, trains a tokenizer and writes token shards.
func (s *session) makeTokens(ctx context.Context) error {
	shape := s.expectedShape()
	text, err := s.readText(ctx, s.expectedText(shape))
	if err != nil {
		return err
	}
	s.say("text: %s in %d documents of %s; files left out: %s", progress.Bytes(text.Bytes), len(text.Documents), text.Root, text.Left)
	share, err := chooseHeldOut(text.Documents)
	if err != nil {
		return fmt.Errorf("%s: %w", text.Root, err)
	}
	learn := learned(text.Documents, share)
	t, err := s.trainTokenizer(ctx, learn, &shape)
	if err != nil {
		return err
	}
	manifest, err := s.writeShards(ctx, t, text.Documents)
	if err != nil {
		return err
	}
	s.state.Tokens = &Tokens{
		Root: text.Root, Documents: len(text.Documents), Bytes: text.Bytes, LeftOut: text.Left,
		HeldOut: share, WholeFiles: text.Whole,
		TokenizerHash: t.Hash(), ShardsHash: manifest.Hash(), Shape: shape,
		Tokens: manifest.Tokens, BytesPerToken: float64(text.Bytes) / float64(manifest.Tokens),
		Prompts: s.prompts(learn),
	}
	s.say("tokens: %s, %.2f bytes each", progress.Count(manifest.Tokens), s.state.Tokens.BytesPerToken)
	return nil
}

// heldOutShare is the share of the documents that neither the tokenizer nor the
// model learns from.
const heldOutShare = 0.05

// chooseHeldOut returns heldOutShare or, of few documents, a larger share, so
// that there are some on both sides.
func chooseHeldOut(documents []source.Document) (float64, error) {
	for share := heldOutShare; share < 1; share += heldOutShare {
		held := 0
		for _, d := range documents {
			if shard.HeldOut(d.ID(), share) {
				held++
			}
		}
		if held > 0 && held < len(documents) {
			return share, nil
		}
	}
	return 0, fmt.Errorf("%d documents are too few to hold one out", len(documents))
}

// learned returns the documents that are not held out.
func learned(documents []source.Document, share float64) []source.Document {
	return slices.DeleteFunc(slices.Clone(documents), func(d source.Document) bool { return shard.HeldOut(d.ID(), share) })
}

// prompts are the beginnings that the model is asked to continue: of Go, or of
// two lines in the middle of the user's own texts.
func (s *session) prompts(documents []source.Document) []string {
	if s.Text == "" {
		return []string{"// Package ", "func "}
	}
	var prompts []string
	for _, d := range documents[:min(2, len(documents))] {
		_, later, _ := strings.Cut(string(d.Text[len(d.Text)/2:]), "\n")
		words := strings.Fields(later[:min(len(later), 200)])
		prompts = append(prompts, strings.ToValidUTF8(strings.Join(words[:min(3, len(words))], " "), ""))
	}
	return prompts
}

// trainTokenizer makes the vocabulary, smaller than shape asks where the text
// does not hold so many different words.
func (s *session) trainTokenizer(ctx context.Context, documents []source.Document, shape *Shape) (*tokenizer.Tokenizer, error) {
	sample := 0
	texts := func(yield func([]byte) bool) {
		for _, d := range documents {
			if sample += len(d.Text); sample > tokenizerSample || ctx.Err() != nil || !yield(d.Text) {
				return
			}
		}
	}
	// A vocabulary that the text fills well: a token for each 200 bytes.
	shape.Vocab = max(min(shape.Vocab, int(source.Bytes(documents)/200)/64*64), 320)
	t, err := tokenizer.Train(texts, tokenizer.TrainOptions{VocabSize: shape.Vocab, Progress: s.showTokenizer})
	var tooLarge *tokenizer.VocabError
	if errors.As(err, &tooLarge) {
		sample, shape.Vocab = 0, tooLarge.Possible
		t, err = tokenizer.Train(texts, tokenizer.TrainOptions{VocabSize: shape.Vocab})
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(s.path(tokenizerDir), 0o777); err != nil {
		return nil, err
	}
	return t, t.Save(s.tokenizerPath())
}

func (s *session) showTokenizer(p tokenizer.TrainProgress) {
	if p.Tokens == 0 {
		s.Screen.Show(fmt.Sprintf("  tokenizer: counting words, %s", progress.Bytes(p.Bytes)))
		return
	}
	s.Screen.Show(fmt.Sprintf("  tokenizer %s %s tokens", progress.Bar(float64(p.Tokens)/float64(p.VocabSize), 30), progress.Count(int64(p.Tokens))))
}

func (s *session) tokenizerPath() string { return s.path(tokenizerDir, "tokenizer.json") }

// writeShards encodes all documents.
func (s *session) writeShards(ctx context.Context, t *tokenizer.Tokenizer, documents []source.Document) (shard.Manifest, error) {
	dir := s.path(shardsDir)
	if err := os.RemoveAll(dir); err != nil { // of a session that did not finish it
		return shard.Manifest{}, err
	}
	return source.WriteShards(ctx, dir, t, documents, func(share float64) {
		s.Screen.Show("  encoding  " + progress.Bar(share, 30))
	})
}

// checkTokens compares the files of a resumed quick start with its state. The
// shards are read in full whenever they are opened.
func (s *session) checkTokens() error {
	if s.state.Tokens == nil {
		return nil
	}
	t, err := tokenizer.Load(s.tokenizerPath())
	if err != nil {
		return fmt.Errorf("%w; begin anew with --fresh", err)
	}
	if t.Hash() != s.state.Tokens.TokenizerHash {
		return fmt.Errorf("%s was changed since the quick start began; begin anew with --fresh", s.tokenizerPath())
	}
	set, err := shard.OpenSet(s.path(shardsDir))
	if err != nil {
		return fmt.Errorf("%w; begin anew with --fresh", err)
	}
	defer set.Close()
	if set.Manifest().Hash() != s.state.Tokens.ShardsHash {
		return fmt.Errorf("%s were changed since the quick start began; begin anew with --fresh", filepath.Clean(s.path(shardsDir)))
	}
	return nil
}
