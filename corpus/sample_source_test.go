package corpus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/mixture"
	"github.com/polymath-lm/polymath/shard"
)

// sampled is a recipe for a mixed directory.
func sampled(dir, out, more string) string {
	return fmt.Sprintf(`out: %s
segment: 64 KiB
sources: [{name: all, path: %s, mixed: true, pipeline: plain%s}]
pipelines: {plain: [unicode]}
tokenizer: {train: {vocab_size: 300, sample: 64 KiB, held_out: 0.2, shrink: true}}
`, filepath.ToSlash(out), filepath.ToSlash(dir), more)
}

// mixedFixture has text files of 20 to 200 KiB, and others.
func mixedFixture(t *testing.T) string {
	t.Helper()
	f := &fixture{dir: t.TempDir()}
	for i := range 60 {
		f.write(t, fmt.Sprintf("text/%02d.txt", i), prose(uint64(i), 4000*(1+i%10)))
	}
	f.write(t, "text/picture", "\x89PNG\x00\x01\x02")
	f.write(t, "text/empty.txt", "")
	f.write(t, "text/left/out.txt", prose(100, 300))
	return f.path("text")
}

// TestSample: a sample is complete when so much text was kept, is the same for
// any number of threads and however often the build was stopped, and tells what it
// did without.
func TestSample(t *testing.T) {
	dir := mixedFixture(t)
	const sample = 3 << 20
	more := fmt.Sprintf(", sample: %d, exclude: [left]", sample)
	var first *Manifest
	for _, threads := range []int{1, 8} {
		r := parse(t, sampled(dir, t.TempDir(), more))
		r.Threads = threads
		m := mustBuild(t, r)
		s := m.Sources[0]
		if s.Funnel.Kept.Bytes < sample || s.Funnel.Kept.Bytes > sample+2<<20 || s.Unread == 0 || s.Files+s.Unread != 62 {
			t.Errorf("%d threads: %d bytes of %d files, %d not read", threads, s.Funnel.Kept.Bytes, s.Files, s.Unread)
		}
		if first == nil {
			first = m
		}
		if m.Ingest != first.Ingest || m.Shards != first.Shards {
			t.Errorf("%d threads: another corpus", threads)
		}
		if _, err := Verify(t.Context(), r.Out, func(float64) {}); err != nil {
			t.Errorf("%d threads: %v", threads, err)
		}
	}
	r := parse(t, sampled(dir, t.TempDir(), more))
	for stops := 0; ; stops++ {
		ctx, stop := context.WithCancel(t.Context())
		seen := 0
		m, err := Build(ctx, r, Options{Observe: func(p Progress) {
			if seen++; p.Stage == ingestStage && seen > 2+stops && stops < 5 {
				stop()
			}
		}})
		stop()
		if err == nil {
			if m.Ingest != first.Ingest || m.Shards != first.Shards {
				t.Errorf("after %d stops: another corpus", stops)
			}
			return
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
}

// TestMixed: what is no text is counted and does no harm; without the option it is
// an error.
func TestMixed(t *testing.T) {
	dir := mixedFixture(t)
	m := mustBuild(t, parse(t, sampled(dir, t.TempDir(), "")))
	f := &m.Sources[0].Funnel
	if want := map[string]int64{otherFormat: 1, "empty file": 1}; !maps.Equal(f.Skipped, want) || f.Bad.Docs != 0 || f.Kept.Docs != 61 {
		t.Errorf("%+v", f)
	}
	r := parse(t, strings.Replace(sampled(dir, t.TempDir(), ", max_bad: 0"), "mixed: true, ", "", 1))
	var many *TooManyBad
	if _, err := Build(t.Context(), r, Options{}); !errors.As(err, &many) {
		t.Errorf("without mixed: %v", err)
	}
}

// TestReadAndBuild: Read tells the documents that Build puts into the shards, and
// Build goes on after it; parts are documents.
func TestReadAndBuild(t *testing.T) {
	dir := mixedFixture(t)
	r := parse(t, sampled(dir, t.TempDir(), ", part: 64 KiB"))
	ids, bytes := map[document.ID]bool{}, int64(0)
	sources, err := Read(t.Context(), r, Options{}, func(id document.ID, n int64) error {
		ids[id] = true
		bytes += n
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s := sources[0]
	if int64(len(ids)) != s.After.Left.Docs || bytes != s.After.Left.Bytes || len(ids) < 100 || s.Divided == 0 || s.Files != 63 {
		t.Errorf("%d documents of %d bytes: %+v", len(ids), bytes, s)
	}
	r.Tokenizer.Train.HeldOut = 0.3 // is no reason to read again
	m, err := Build(t.Context(), r, Options{Notice: func(text string) { t.Error(text) }})
	if err != nil {
		t.Fatal(err)
	}
	set, err := shard.OpenSet(filepath.Join(r.Out, ShardsDir))
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	if m.ShardDocs != int64(len(ids)) || m.Sources[0].Divided != s.Divided {
		t.Errorf("%d documents in the shards, %d were told", m.ShardDocs, len(ids))
	}
	for id := range ids {
		if len(set.Find(id)) != 1 {
			t.Errorf("document %x is not in the shards", id)
		}
	}
}

// TestLearned: the blocks of a text make it up, a sample takes about its share of
// them, and nothing of a text that is held out.
func TestLearned(t *testing.T) {
	r := &Recipe{Seed: 3, Tokenizer: TokenizerSpec{Train: &TokenizerTraining{VocabSize: 300, Sample: 1 << 40}}}
	long := []byte(prose(1, 200000))
	id := document.NewID(long)
	if got := slices.Concat(slices.Collect(r.Learned(long, id, 1))...); string(got) != string(long) {
		t.Error("the blocks are not the text")
	}
	r.Tokenizer.Train.Sample = 1 << 20
	n := 0
	for block := range r.Learned(long, id, 4<<20) {
		n += len(block)
	}
	if share := float64(n) / float64(len(long)); share < 0.05 || share > 0.6 {
		t.Errorf("a quarter is %.2f", share)
	}
	taken := 0
	for i := range 400 {
		short := fmt.Appendf(nil, "short text %d", i)
		id := document.NewID(short)
		blocks := slices.Collect(r.Learned(short, id, 4<<20))
		if len(blocks) > 1 || (len(blocks) == 1) != mixture.Sampled(id, r.Seed, 0.25) {
			t.Errorf("text %d: %d blocks", i, len(blocks))
		}
		taken += len(blocks)
		r.Tokenizer.Train.HeldOut = 1
		if len(slices.Collect(r.Learned(short, id, 1))) != 0 {
			t.Errorf("text %d is held out and learned from", i)
		}
		r.Tokenizer.Train.HeldOut = 0
	}
	if taken < 70 || taken > 130 {
		t.Errorf("%d of 400 are a quarter", taken)
	}
}

// TestShrink: a vocabulary is as large as the text fills, if that is asked for.
func TestShrink(t *testing.T) {
	for most, text := range map[int]float64{320: 0, 32000: 32000 * 200, 1024: 1 << 40, 300: 10} {
		want := min(most, 32000)
		if got := filled(most, text); got != want {
			t.Errorf("filled(%d, %v) = %d", most, text, got)
		}
	}
	if got := filled(32000, 200*1000); got != 960 {
		t.Errorf("1000 tokens become %d", got)
	}
	r := &Recipe{Tokenizer: TokenizerSpec{Train: &TokenizerTraining{VocabSize: 5000}}}
	texts := func(yield func([]byte) bool) { yield([]byte(strings.Repeat("abc abd ", 10000))) }
	if _, err := r.TrainTokenizer(texts, 80000, nil); err == nil || !strings.Contains(err.Error(), "train.shrink") {
		t.Error(err)
	}
	r.Tokenizer.Train.Shrink = true
	tok, err := r.TrainTokenizer(texts, 80000, nil)
	if err != nil || tok.VocabSize() < 258 || tok.VocabSize() > 300 {
		t.Errorf("%v, %v", tok, err)
	}
}
