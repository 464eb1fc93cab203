package corpus

import (
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"

	"github.com/polymath-lm/polymath/corpus/mixture"
	"github.com/polymath-lm/polymath/corpus/segment"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/tokenizer"
)

const (
	packStage   = "pack"
	packVersion = 2
	// ShardsDir is the directory of the shards.
	ShardsDir  = "shards"
	resultFile = "result.json"
)

// packPart is what the shards depend on beside the documents.
type packPart struct {
	Plan      *mixture.Plan `json:"plan"`
	Tokenizer string        `json:"tokenizer"`
}

// packed is what the last stage left.
type packed struct {
	Plan   *mixture.Plan  `json:"plan"`
	Result mixture.Result `json:"result"`
	Tokens int64          `json:"tokens"`
	Docs   int64          `json:"docs"`
}

// pack writes the shards.
func (b *build) pack(ctx context.Context, v *view, c *Census, t *tokenizer.Tokenizer) (*packed, error) {
	plan, err := mixture.NewPlan(b.recipe.Mixture, b.recipe.Seed, c.mixed(b.recipe))
	if err != nil {
		return nil, err
	}
	s, done, err := b.stage(packStage, packVersion, packPart{plan, t.Hash()}, v.output)
	if err != nil {
		return nil, err
	}
	p := &packed{Plan: plan}
	shards := filepath.Join(b.recipe.Out, ShardsDir)
	path := filepath.Join(s.dir, resultFile)
	if done != nil {
		if sameShards(shards, done.Output) {
			return p, readMark(path, p)
		}
		b.notice(shards + " is written anew: files of it are missing or were changed")
		if err := errors.Join(b.unfinish(), s.again()); err != nil {
			return nil, err
		}
	}
	packer, err := mixture.NewPacker(mixture.PackOptions{
		Work: s.dir, Shards: shards, Memory: b.memory(4), Plan: plan, Tokenizer: t,
	})
	if err != nil {
		return nil, err
	}
	b.watch.stage(packStage)
	for i := range v.segments {
		if err := v.pack(ctx, packer, i); err != nil {
			return nil, err
		}
		b.watch.share(int64(i+1), int64(len(v.segments)))
	}
	b.watch.stage("shards")
	total := c.total().Docs
	p.Result, err = packer.Merge(ctx, len(v.segments), func(docs int64) { b.watch.share(docs, max(total, docs)) })
	if err != nil {
		return nil, err
	}
	p.Tokens, p.Docs = p.Result.Manifest.Tokens, p.Result.Manifest.Docs
	if err := writeMark(path, p); err != nil {
		return nil, err
	}
	if _, err := s.finish(p.Result.Shards); err != nil {
		return nil, err
	}
	return p, removeRuns(s.dir)
}

// sameShards reports whether the shards are there with the manifest of that hash.
// Files of the right length are taken for what they should be, as verify is there
// to read them.
func sameShards(dir, hash string) bool {
	m, err := shard.ReadManifest(dir)
	if err != nil || m.Hash() != hash {
		return false
	}
	for _, f := range m.Files {
		if info, err := os.Stat(filepath.Join(dir, f.Name)); err != nil || info.Size() != f.Bytes {
			return false
		}
	}
	return true
}

// removeRuns frees the room of what was merged into the shards.
func removeRuns(dir string) error {
	runs, err := filepath.Glob(filepath.Join(dir, "*.run"))
	for _, run := range runs {
		err = errors.Join(err, os.Remove(run))
	}
	return err
}

// pack gives the packer the documents of one segment.
func (v *view) pack(ctx context.Context, p *mixture.Packer, number int) error {
	if done, err := p.Done(number); err != nil || done {
		return err
	}
	return p.Segment(ctx, number, v.ahead(ctx, number))
}

// ahead gives the documents of a segment that stay, and reads some more while
// they are worked on.
func (v *view) ahead(ctx context.Context, number int) iter.Seq2[mixture.Doc, error] {
	return func(yield func(mixture.Doc, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		parts := make(chan []mixture.Doc, 16) // about what the packer tokenizes at a time
		var failed error
		go func() {
			defer close(parts)
			failed = v.readAhead(ctx, number, parts)
		}()
		defer func() {
			stop()
			for range parts { // until the other goroutine has ended
				continue
			}
		}()
		for part := range parts {
			for _, d := range part {
				if !yield(d, nil) {
					return
				}
			}
		}
		if failed != nil {
			yield(mixture.Doc{}, failed)
		}
	}
}

// readAhead sends the documents of a segment that stay in parts of some size.
func (v *view) readAhead(ctx context.Context, number int, parts chan<- []mixture.Doc) error {
	var docs []mixture.Doc
	text := make([]byte, 0, batchBytes)
	send := func() error {
		select {
		case parts <- docs:
			docs, text = nil, make([]byte, 0, batchBytes)
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	err := v.each(ctx, number, segment.Parts{Text: true}, func(e *entry) error {
		if !e.stays() {
			return nil
		}
		if len(text) > 0 && len(text)+len(e.text) > cap(text) { // none is moved to make room
			if err := send(); err != nil {
				return err
			}
		}
		at := len(text)
		text = append(text, e.text...)
		docs = append(docs, mixture.Doc{Source: e.source, ID: e.fact.text, Text: text[at:len(text):len(text)]})
		if len(text) < batchBytes {
			return nil
		}
		return send()
	})
	if err != nil || len(docs) == 0 {
		return err
	}
	return send()
}
