package quickstart

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/tokenizer"
	"github.com/polymath-lm/polymath/train"
)

// Tokens is what the text became.
type Tokens struct {
	Root          string   `json:"root"`
	Documents     int      `json:"documents"`
	HeldOut       float64  `json:"held_out"`    // share of the documents
	WholeFiles    bool     `json:"whole_files"` // no file is on both sides
	Bytes         int64    `json:"bytes"`
	LeftOut       string   `json:"left_out"`
	TokenizerHash string   `json:"tokenizer_sha256"`
	ShardsHash    string   `json:"shards_sha256"`
	Shape         Shape    `json:"shape"` // for which the vocabulary was made
	Tokens        int64    `json:"tokens"`
	BytesPerToken float64  `json:"bytes_per_token"`
	Prompts       []string `json:"prompts"` // begin the samples
}

// Sizes of text, in bytes.
const (
	minText      = 64 << 10  // less teaches nothing
	maxText      = 512 << 20 // more does not fit a quick start
	guessedBytes = 3.2       // of a token, before there is a tokenizer
)

// trainingShare is the share of the time in which the model learns.
const trainingShare = 0.85

// expectedShape plans with what is known before the first step.
func (s *session) expectedShape() Shape {
	return shapeFor(s.state.Machine.Peak * train.UsualMFU() * s.learningShare() * s.budget().Seconds())
}

// expectedText is how much text that shape can learn from in the time, with
// room for a machine that is faster than expected.
func (s *session) expectedText(shape Shape) int64 {
	flops := s.state.Machine.Peak * train.UsualMFU() * s.learningShare() * s.budget().Seconds()
	return min(max(int64(2*guessedBytes*flops/shape.flopsPerToken()), 4<<20), maxText)
}

// makeTokens reads the text, trains a tokenizer and writes token shards: a corpus.
func (s *session) makeTokens(ctx context.Context) error {
	if s.state.Draft == nil {
		d, err := s.draft(ctx)
		if err != nil {
			return err
		}
		s.state.Draft = d
	}
	d := s.state.Draft
	text, err := s.readText(ctx, d)
	if err != nil {
		return err
	}
	s.say("text: %s in %s documents of %s; left out: %s", progress.Bytes(text.bytes()), progress.Count(int64(text.documents())), d.Root, text.leftOut)
	if d.HeldOut, err = text.held.choose(); err != nil {
		return fmt.Errorf("%s: %w", d.Root, err)
	}
	m, err := s.build(ctx, d)
	if err != nil {
		return err
	}
	tokens := &Tokens{
		Root: d.Root, Documents: text.documents(), Bytes: text.bytes(), LeftOut: text.leftOut,
		HeldOut: d.HeldOut, WholeFiles: text.source.Divided == 0,
		TokenizerHash: m.Tokenizer, ShardsHash: m.Shards, Shape: d.Shape,
		Tokens: m.Tokens, BytesPerToken: float64(text.bytes()) / float64(m.Tokens),
	}
	if err := s.lookAtTokens(tokens); err != nil {
		return err
	}
	s.state.Tokens, s.state.Draft = tokens, nil
	s.say("tokens: %s, %.2f bytes each", progress.Count(m.Tokens), tokens.BytesPerToken)
	return nil
}

// lookAtTokens takes the size of the vocabulary, which may be smaller than was
// asked for, and the prompts from what was made.
func (s *session) lookAtTokens(t *Tokens) error {
	tok, err := tokenizer.Load(s.tokenizerPath())
	if err != nil {
		return err
	}
	t.Shape.Vocab = tok.VocabSize()
	set, err := shard.OpenSet(s.shardsPath())
	if err != nil {
		return err
	}
	defer set.Close()
	learned, _ := set.Split(t.HeldOut)
	t.Prompts = s.prompts(learned, tok)
	return nil
}

// prompts are the beginnings that the model is asked to continue: of Go, or of
// two lines in the middle of the user's own texts.
func (s *session) prompts(learned *shard.Set, tok *tokenizer.Tokenizer) []string {
	if s.Text == "" {
		return []string{"// Package ", "func "}
	}
	var prompts []string
	var ids []int32
	for doc := int64(0); doc < learned.NumDocs() && len(prompts) < 2; doc++ {
		if !learned.Holds(doc) {
			continue
		}
		ids = learned.Doc(ids[:0], doc)
		middle := ids[len(ids)/2:]
		_, later, _ := strings.Cut(string(tok.Decode(middle[:min(len(middle), 500)])), "\n")
		words := strings.Fields(later[:min(len(later), 200)])
		prompts = append(prompts, strings.ToValidUTF8(strings.Join(words[:min(3, len(words))], " "), ""))
	}
	return prompts
}

func (s *session) tokenizerPath() string { return s.path(corpusDir, corpus.TokenizerName) }

func (s *session) shardsPath() string { return s.path(corpusDir, corpus.ShardsDir) }

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
	set, err := shard.OpenSet(s.shardsPath())
	if err != nil {
		return fmt.Errorf("%w; begin anew with --fresh", err)
	}
	defer set.Close()
	if set.Manifest().Hash() != s.state.Tokens.ShardsHash {
		return fmt.Errorf("%s were changed since the quick start began; begin anew with --fresh", filepath.Clean(s.shardsPath()))
	}
	return nil
}
