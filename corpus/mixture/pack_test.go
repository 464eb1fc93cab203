package mixture

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/tokenizer"
)

func testTokenizer(t *testing.T) *tokenizer.Tokenizer {
	t.Helper()
	texts := func(yield func([]byte) bool) {
		yield([]byte(strings.Repeat("the cat sat on the mat and document number ", 50)))
	}
	tok, err := tokenizer.Train(texts, tokenizer.TrainOptions{VocabSize: 280})
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func testDocs(n int) []Doc {
	docs := make([]Doc, n)
	for i := range docs {
		text := []byte(strings.Repeat(fmt.Sprintf("document number %d; ", i), 1+i%7))
		docs[i] = Doc{Source: i % 3, ID: document.NewID(text), Text: text}
	}
	return docs
}

func testPlan() *Plan {
	return &Plan{
		Seed: 5, Stages: []string{"base", "late"}, Sources: make([]Source, 3),
		Copies: [][]uint64{{one / 2, one, 2 * one}, {one, one * 3 / 2, 2 * one}},
	}
}

func all(docs []Doc) iter.Seq2[Doc, error] {
	return func(yield func(Doc, error) bool) {
		for _, d := range docs {
			if !yield(d, nil) {
				return
			}
		}
	}
}

// pack writes shards from documents in segments of that size.
func pack(ctx context.Context, dir string, tok *tokenizer.Tokenizer, docs []Doc, size int) (Result, error) {
	work := filepath.Join(dir, "work")
	if err := os.MkdirAll(work, 0o777); err != nil {
		return Result{}, err
	}
	p, err := NewPacker(PackOptions{Work: work, Shards: filepath.Join(dir, "shards"), FileBytes: 4096, Plan: testPlan(), Tokenizer: tok})
	if err != nil {
		return Result{}, err
	}
	n := 0
	for segment := range slices.Chunk(docs, size) {
		done, err := p.Done(n)
		if err == nil && !done {
			err = p.Segment(ctx, n, all(segment))
		}
		if err != nil {
			return Result{}, err
		}
		n++
	}
	return p.Merge(ctx, n, func(int64) {})
}

// TestOrderChangesNothing: the same shards, whatever the order of the documents
// and their division into segments, down to more runs than are opened at a time.
func TestOrderChangesNothing(t *testing.T) {
	tok, docs := testTokenizer(t), testDocs(300)
	want, err := pack(t.Context(), t.TempDir(), tok, docs, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for seed, size := range []int{1, 2, 7, 100, 300} {
		shuffled := slices.Clone(docs)
		rand.New(rand.NewPCG(uint64(seed), 0)).Shuffle(len(docs), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		got, err := pack(t.Context(), t.TempDir(), tok, shuffled, size)
		if err != nil {
			t.Fatal(err)
		}
		if got.Shards != want.Shards {
			t.Errorf("segments of %d: shards %s, want %s", size, got.Shards, want.Shards)
		}
	}
}

// TestShardsFollowThePlan compares every document's copies with the plan, and
// its tokens with its text.
func TestShardsFollowThePlan(t *testing.T) {
	tok, docs, dir := testTokenizer(t), testDocs(200), t.TempDir()
	result, err := pack(t.Context(), dir, tok, docs, 64)
	if err != nil {
		t.Fatal(err)
	}
	set, err := shard.OpenSet(filepath.Join(dir, "shards"))
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	plan, stages := testPlan(), set.Manifest().Stages
	if len(stages) != 2 || stages[0].Name != "base" || stages[1].Name != "late" {
		t.Fatalf("stages %v", stages)
	}
	var counted int64
	for _, d := range docs {
		var copies [2]int
		for _, number := range set.Find(d.ID) {
			if number < stages[0].Docs {
				copies[0]++
			} else {
				copies[1]++
			}
			if text := string(tok.Decode(set.Doc(nil, number))); text != string(d.Text) {
				t.Errorf("document %x reads %q, want %q", d.ID, text, d.Text)
			}
		}
		for s, n := range copies {
			if want := plan.NumCopies(s, d.Source, d.ID); n != want {
				t.Errorf("document %x: %d copies in stage %d, want %d", d.ID, n, s, want)
			}
			counted += int64(n)
		}
	}
	var docsIn, tokensIn int64
	for s := range result.Docs {
		for i := range result.Docs[s] {
			docsIn += result.Docs[s][i]
			tokensIn += result.Tokens[s][i]
		}
	}
	if docsIn != counted || docsIn != set.Docs() || tokensIn != set.Tokens() {
		t.Errorf("the result counts %d documents and %d tokens; the shards have %d and %d", docsIn, tokensIn, set.Docs(), set.Tokens())
	}
}

// TestFailingDisk: whatever fails, a second attempt gives the shards of one that
// never failed.
func TestFailingDisk(t *testing.T) {
	tok, docs := testTokenizer(t), testDocs(60)
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	want, err := pack(t.Context(), t.TempDir(), tok, docs, 20)
	if err != nil {
		t.Fatal(err)
	}
	log := disk.Log()
	for op := range log {
		dir := t.TempDir()
		disk.FailOp(op, syscall.ENOSPC)
		if _, err := pack(t.Context(), dir, tok, docs, 20); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s %s: %v", log[op], disk.Path(op), err)
		}
		disk.Reset()
		got, err := pack(t.Context(), dir, tok, docs, 20)
		if err != nil {
			t.Fatalf("after a failing %s: %v", log[op], err)
		}
		if got.Shards != want.Shards {
			t.Errorf("after a failing %s: shards %s, want %s", log[op], got.Shards, want.Shards)
		}
	}
}

func TestEndOfContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := pack(ctx, t.TempDir(), testTokenizer(t), testDocs(10), 5); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestDamagedRun: a run that was cut is an error that names it.
func TestDamagedRun(t *testing.T) {
	tok, docs := testTokenizer(t), testDocs(10)
	dir := t.TempDir()
	if _, err := pack(t.Context(), dir, tok, docs, 10); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "work", "000000.run")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, entryHeader, len(whole) - 1} {
		if err := os.WriteFile(path, whole[:n], 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := pack(t.Context(), dir, tok, docs, 10); err == nil || !strings.Contains(err.Error(), "000000.run") {
			t.Errorf("cut to %d bytes: %v", n, err)
		}
	}
}
