package source

import (
	"context"
	"errors"
	"slices"

	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/tokenizer"
)

// shardGroup is the number of documents that are encoded at a time.
const shardGroup = 64

// WriteShards encodes documents into token shards in a new directory and tells
// progress, from 0 to 1, as it goes. An error or the end of ctx leaves no
// shards. A tokenizer without an end-of-text token is an error.
func WriteShards(ctx context.Context, dir string, t *tokenizer.Tokenizer, documents []Document, progress func(share float64)) (shard.Manifest, error) {
	if t.EOS() < 0 {
		return shard.Manifest{}, errors.New("the tokenizer has no end-of-text token, which shards put between documents")
	}
	w, err := shard.NewWriter(dir, shard.Header{TokenizerHash: t.Hash(), VocabSize: t.VocabSize(), EndOfText: t.EOS()})
	if err != nil {
		return shard.Manifest{}, err
	}
	defer w.Abort()
	done := 0
	for batch := range slices.Chunk(documents, shardGroup) {
		if err := ctx.Err(); err != nil {
			return shard.Manifest{}, err
		}
		texts := make([][]byte, len(batch))
		for i, d := range batch {
			texts[i] = d.Text
		}
		for i, ids := range t.EncodeAll(texts) {
			if err := w.Add(batch[i].ID(), ids); err != nil {
				return shard.Manifest{}, err
			}
		}
		done += len(batch)
		progress(float64(done) / float64(len(documents)))
	}
	return w.Close()
}
