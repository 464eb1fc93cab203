package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"os"

	"github.com/polymath-lm/polymath/corpus/dedup"
)

// clusters measures how fast near duplicates are found once the band keys are
// known: sorting on disk and union-find, with less memory than the keys take.
func (b *corpusBench) clusters(ctx context.Context, threads int, o dedup.NearOptions) error {
	docs := 1_000_000
	if b.Quick {
		docs = 50_000
	}
	keys := int64(docs * o.Bands * (dedup.BandBytes + 4))
	memory := max(keys/4, 1<<20)
	var failed error
	found := 0
	work := func() {
		n, err := cluster(ctx, b.dir, memory, docs, o.Bands)
		found, failed = n, errors.Join(failed, err)
	}
	limit := func() float64 {
		rate, err := b.writing(keys)
		failed = errors.Join(failed, err)
		return rate * float64(docs) / float64(keys)
	}
	r := Result{Name: threadsName("near duplicates", threads), Unit: "documents/s", LimitOf: limitWrite, Threads: threads}
	work()
	r.Detail = map[string]float64{"duplicates, share": float64(found) / float64(docs)}
	b.report(r, float64(docs), keys, work, limit)
	return failed
}

const limitWrite = "the same bytes written to the disk once"

// writing measures how fast bytes come onto the disk, in bytes per second.
func (b *corpusBench) writing(n int64) (rate float64, err error) {
	block := make([]byte, 1<<20)
	for i := 0; i < len(block); i += 8 {
		binary.LittleEndian.PutUint64(block[i:], rand.Uint64())
	}
	path := b.path("limit")
	m := b.once(float64(n), 0, func() { err = errors.Join(err, writeFile(path, block, n)) })
	return m.rate, errors.Join(err, os.Remove(path))
}

func writeFile(path string, block []byte, n int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	for n > 0 && err == nil {
		part := block[:min(n, int64(len(block)))]
		n -= int64(len(part))
		_, err = f.Write(part)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// cluster finds the duplicates of documents whose bands are drawn by lot: of
// twenty documents one shares a band with an earlier one.
func cluster(ctx context.Context, dir string, memory int64, docs, bands int) (duplicates int, err error) {
	ranks, err := dedup.NewRanks(dir, memory)
	if err != nil {
		return 0, err
	}
	defer ranks.Close()
	near, err := dedup.NewClusters(dir, dedup.BandBytes, memory)
	if err != nil {
		return 0, err
	}
	defer near.Close()
	keys := make([]uint64, bands)
	for i := range docs {
		random := rand.New(rand.NewPCG(1, uint64(i)))
		r := dedup.Rank{Tie: uint64(i)}
		binary.BigEndian.PutUint64(r.ID[:], random.Uint64())
		if err := ranks.Add(r); err != nil {
			return 0, err
		}
		for k := range keys {
			keys[k] = random.Uint64()
		}
		if other := i - 1 - int(random.Uint64N(uint64(i+1))); i%20 == 19 && other >= 0 {
			like := rand.New(rand.NewPCG(1, uint64(other)))
			like.Uint64()
			keys[0] = like.Uint64()
		}
		if err := near.AddBands(uint32(i), keys); err != nil {
			return 0, err
		}
	}
	order, err := ranks.Order(ctx)
	if err != nil {
		return 0, err
	}
	defer order.Close()
	found, err := near.Duplicates(ctx, order)
	if err != nil {
		return 0, err
	}
	defer found.Close()
	for {
		switch _, err := found.Next(); {
		case errors.Is(err, io.EOF):
			return duplicates, nil
		case err != nil:
			return 0, err
		}
		duplicates++
	}
}
