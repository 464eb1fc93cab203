package shard

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

func TestPermutation(t *testing.T) {
	for n := int64(1); n <= 300; n++ {
		p := newPermutation(n, uint64(n)*77)
		seen := make([]bool, n)
		for i := range n {
			x := p.at(i)
			if x < 0 || x >= n || seen[x] {
				t.Fatalf("n %d: %d -> %d", n, i, x)
			}
			seen[x] = true
			if p.inverse(x) != i {
				t.Fatalf("n %d: inverse of %d is %d, not %d", n, x, p.inverse(x), i)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 1<<62).Draw(t, "n")
		p := newPermutation(n, rapid.Uint64().Draw(t, "key"))
		i := rapid.Int64Range(0, n-1).Draw(t, "i")
		if x := p.at(i); x < 0 || x >= n || p.inverse(x) != i {
			t.Fatalf("%d -> %d -> %d", i, x, p.inverse(x))
		}
	})
}

// TestPermutationIsEven: over many keys an item comes to every place equally
// often, and so does a neighbor relative to it (chi-square with 96 degrees of
// freedom, which exceeds 160 once in 20,000 times; the keys are fixed).
func TestPermutationIsEven(t *testing.T) {
	const n, keys = 97, 97 * 200
	for _, item := range []int64{0, 1, 50, 96} {
		place, distance := make([]int, n), make([]int, n)
		for key := range uint64(keys) {
			p := newPermutation(n, key)
			a, b := p.at(item), p.at((item+1)%n)
			place[a]++
			distance[(b-a+n)%n]++
		}
		distance[0] = 200 // two items never share a place
		for name, counts := range map[string][]int{"place": place, "distance": distance} {
			chi := 0.0
			for _, c := range counts {
				chi += float64(c-200) * float64(c-200) / 200
			}
			if chi > 160 {
				t.Errorf("item %d: %s has chi-square %.0f", item, name, chi)
			}
		}
	}
}

// inputs returns what a document is read as.
func inputs(d document, end int32) []int32 { return append([]int32{end}, d.tokens...) }

// checkRow compares a row with the documents it says it holds, and counts in
// seen[doc][offset] the targets.
func checkRow(t interface {
	Helper()
	Fatalf(string, ...any)
}, row *Row, docs []document, end int32, seqLen int, seen [][]int,
) {
	t.Helper()
	if len(row.Tokens) != seqLen || len(row.Targets) != seqLen || len(row.Docs) != len(row.Spans) {
		t.Fatalf("row of %d tokens, %d targets, %d spans, %d documents", len(row.Tokens), len(row.Targets), len(row.Spans), len(row.Docs))
	}
	at := 0
	for i, span := range row.Spans {
		if span.Start != at || span.Len < 1 {
			t.Fatalf("span %+v begins not at %d", span, at)
		}
		at += span.Len
		ref := row.Docs[i]
		for j := range span.Len {
			token, target := row.Tokens[span.Start+j], row.Targets[span.Start+j]
			if ref.Doc < 0 {
				if token != end || target != -1 || i != len(row.Spans)-1 {
					t.Fatalf("filling token %d, target %d in span %d", token, target, i)
				}
				continue
			}
			in := inputs(docs[ref.Doc], end)
			want := append(in[1:], end)[ref.Offset+j]
			if token != in[ref.Offset+j] || target != want || docs[ref.Doc].id != ref.ID {
				t.Fatalf("document %d offset %d: token %d, target %d", ref.Doc, ref.Offset+j, token, target)
			}
			seen[ref.Doc][ref.Offset+j]++
		}
	}
	if at != seqLen {
		t.Fatalf("spans end at %d of %d", at, seqLen)
	}
}

// drawStages divides n documents, or does not.
func drawStages(rt *rapid.T, n int64) []Stage {
	var stages []Stage
	for left := n; left > 0 && rapid.Bool().Draw(rt, "stages"); {
		docs := rapid.Int64Range(0, left).Draw(rt, "stage")
		stages = append(stages, Stage{Name: fmt.Sprint(len(stages)), Docs: docs})
		if left -= docs; left == 0 {
			return stages
		}
	}
	if stages == nil {
		return nil
	}
	for _, s := range stages {
		n -= s.Docs
	}
	return append(stages, Stage{Name: "rest", Docs: n})
}

// stageOf counts the stages before a document's.
func stageOf(set *Set, doc int64) int {
	bounds := set.manifest.stages()
	stage := 0
	for i := 1; i < len(bounds)-1; i++ {
		if doc >= bounds[i] {
			stage = i
		}
	}
	return stage
}

// TestEpochSeesEveryTargetOnce is the promise of Order, for training and
// held-out sets, in several epochs; RowsOf must tell the same.
func TestEpochSeesEveryTargetOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 200).Draw(rt, "docs")
		maxLen := rapid.IntRange(1, 100).Draw(rt, "maxLen")
		set, docs := testSet(t, rapid.Uint64().Draw(rt, "text"), n, maxLen)
		set.manifest.Stages = drawStages(rt, int64(n))
		side, other := set.Split(rapid.Float64Range(0, 1).Draw(rt, "share"))
		if rapid.Bool().Draw(rt, "held") {
			side, other = other, side
		}
		seqLen := rapid.IntRange(1, 150).Draw(rt, "seqLen")
		whole := rapid.Bool().Draw(rt, "whole")
		order := NewOrder(side, seqLen, rapid.Uint64().Draw(rt, "seed"))
		if whole {
			order = NewWholeOrder(side, seqLen, order.seed)
		}
		var row Row
		for epoch := range int64(3) {
			seen := make([][]int, n)
			rowsOf := make([][]int64, n)
			for i := range docs {
				seen[i] = make([]int, len(docs[i].tokens)+1)
			}
			stage := 0
			for i := epoch * order.Rows(); i < (epoch+1)*order.Rows(); i++ {
				order.Row(i, &row)
				checkRow(rt, &row, docs, 299, seqLen, seen)
				for j, ref := range row.Docs {
					if whole && ref.Doc >= 0 {
						left := len(docs[ref.Doc].tokens) + 1 - ref.Offset
						if ref.Offset%seqLen != 0 || row.Spans[j].Len != min(left, seqLen) {
							rt.Fatalf("document %d of %d tokens is cut: %d from %d on in rows of %d", ref.Doc, len(docs[ref.Doc].tokens), row.Spans[j].Len, ref.Offset, seqLen)
						}
					}
					if ref.Doc >= 0 && stageOf(set, ref.Doc) < stage {
						rt.Fatalf("epoch %d: document %d of stage %d comes after stage %d", epoch, ref.Doc, stageOf(set, ref.Doc), stage)
					} else if ref.Doc >= 0 {
						stage = stageOf(set, ref.Doc)
					}
					if ref.Doc >= 0 && !slices.Contains(rowsOf[ref.Doc], i) {
						rowsOf[ref.Doc] = append(rowsOf[ref.Doc], i)
					}
				}
			}
			for doc, counts := range seen {
				want := 0
				if side.Holds(int64(doc)) {
					want = 1
				}
				for offset, count := range counts {
					if count != want {
						rt.Fatalf("epoch %d: document %d offset %d seen %d times, want %d", epoch, doc, offset, count, want)
					}
				}
				got := order.RowsOf(nil, int64(doc), epoch)
				slices.Sort(got)
				slices.Sort(rowsOf[doc])
				if !slices.Equal(got, rowsOf[doc]) {
					rt.Fatalf("RowsOf document %d: %v, want %v", doc, got, rowsOf[doc])
				}
			}
		}
	})
}

// digest hashes the rows in [from, to).
func digest(o *Order, from, to int64) string {
	h := sha256.New()
	var row Row
	for i := from; i < to; i++ {
		o.Row(i, &row)
		for _, list := range [][]int32{row.Tokens, row.Targets} {
			for _, x := range list {
				h.Write(binary.LittleEndian.AppendUint32(nil, uint32(x)))
			}
		}
		fmt.Fprint(h, row.Spans, row.Docs)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// TestOrderIsPinned: runs that were interrupted under an older version go on
// with the same rows, so the order of a given set must never change.
func TestOrderIsPinned(t *testing.T) {
	set, _ := testSet(t, 1, 150, 60)
	train, held := set.Split(0.1)
	for _, c := range []struct {
		set  *Set
		seed uint64
		want string
	}{
		{set, 0, "87894aca7231b5a70cbc8efe3cb9b1b1390c25008ecbb1a604465a74701c29c7"},
		{train, 1, "fe5f16ab0e21705183bee85593b873b93de539fa60c5847be2dbf1552b8108a5"},
		{held, 1, "bda0bff1759f3d92b4f671dc6200f9160ec7d714597e5c9488aa197dbcbc69e2"},
	} {
		o := NewOrder(c.set, 64, c.seed)
		if got := digest(o, 0, 3*o.Rows()); got != c.want {
			t.Errorf("seed %d: %s", c.seed, got)
		}
	}
}

func TestOrderDependsOnSeedAndEpoch(t *testing.T) {
	set, _ := testSet(t, 2, 150, 60)
	a, b := NewOrder(set, 32, 1), NewOrder(set, 32, 2)
	n := a.Rows()
	if digest(a, 0, n) == digest(b, 0, n) || digest(a, 0, n) == digest(a, n, 2*n) {
		t.Error("seed or epoch does not change the order")
	}
	// Neighbors in the text must not stay neighbors in the training.
	var row Row
	inARow, last := 0, int64(-1)
	for i := range n {
		a.Row(i, &row)
		if row.Docs[0].Doc == last {
			inARow++
		}
		last = row.Docs[len(row.Docs)-1].Doc
	}
	if inARow > int(n)/10 {
		t.Errorf("%d of %d rows go on with the document of the row before", inARow, n)
	}
}

func TestEmptySide(t *testing.T) {
	set, _ := testSet(t, 3, 5, 10)
	train, held := set.Split(0)
	if NewOrder(held, 16, 1).Rows() != 0 || NewOrder(train, 16, 1).Rows() == 0 {
		t.Error("rows of an empty side")
	}
	defer func() {
		if recover() == nil {
			t.Error("Row of an empty set did not panic")
		}
	}()
	NewOrder(held, 16, 1).Row(0, &Row{})
}

func TestRowDoesNotAllocate(t *testing.T) {
	set, _ := testSet(t, 4, 300, 60)
	order := NewOrder(set, 128, 1)
	var row Row
	for i := range order.Rows() {
		order.Row(i, &row) // the slices grow
	}
	i := int64(0)
	if allocs := testing.AllocsPerRun(100, func() {
		order.Row(i, &row)
		i = (i + 1) % order.Rows()
	}); allocs != 0 {
		t.Errorf("%v allocations a row", allocs)
	}
}

func TestOrderIsShared(t *testing.T) {
	set, docs := testSet(t, 5, 100, 60)
	order := NewOrder(set, 50, 1)
	want := digest(order, 0, order.Rows())
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			if got := digest(order, 0, order.Rows()); got != want {
				t.Error("rows differ between goroutines")
			}
			_ = set.Doc(nil, int64(len(docs)-1))
		})
	}
	readers.Wait()
}

func BenchmarkRow(b *testing.B) {
	set, _ := testSet(b, 6, 20_000, 1000)
	train, _ := set.Split(0.01)
	order := NewOrder(train, 1024, 1)
	var row Row
	b.SetBytes(1024 * 2)
	b.ReportAllocs()
	for i := int64(0); b.Loop(); i++ {
		order.Row(i, &row)
	}
}

func BenchmarkNewOrder(b *testing.B) {
	set, _ := testSet(b, 7, 20_000, 10)
	for b.Loop() {
		NewOrder(set, 1024, 1)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/20_000, "ns/doc")
}
