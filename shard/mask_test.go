package shard

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func maskedHeader() Header {
	h := testHeader(300)
	h.Masked = true
	return h
}

// learned is the mask that tests give a document.
func learned(d document) []bool {
	mask := make([]bool, len(d.tokens))
	for i := 1; i < len(mask); i++ {
		mask[i] = d.tokens[i]%3 == 0 || i == len(mask)-1
	}
	return mask
}

// lengthened makes every document two tokens long at least.
func lengthened(docs []document) []document {
	for i := range docs {
		docs[i].tokens = append(docs[i].tokens, 7)
	}
	return docs
}

func maskedSet(t testing.TB, n, maxLen int) (*Set, []document) {
	t.Helper()
	docs := lengthened(randomDocs(rand.New(rand.NewPCG(4, 4)), n, maxLen, 300))
	dir := t.TempDir()
	h := maskedHeader()
	h.FileBytes = 3000
	writeSet(t, dir, h, docs)
	s := openSet(t, dir)
	t.Cleanup(func() { s.Close() })
	return s, docs
}

// TestPackedOrder: every epoch holds each document once, whole and apart from
// the others, and predicts exactly what the mask marks; documents longer than a
// row are cut. Rows come in another order each epoch, and are well filled.
func TestPackedOrder(t *testing.T) {
	s, docs := maskedSet(t, 300, 40)
	const seqLen = 32
	for _, share := range []float64{0, 0.3} {
		train, held := s.Split(share)
		for _, side := range []*Set{train, held} {
			o := NewOrder(side, seqLen, 9)
			if side.Docs() == 0 {
				if o.Rows() != 0 {
					t.Errorf("%d rows of no documents", o.Rows())
				}
				continue
			}
			var epochs [2]string
			for e := range int64(2) {
				seen := map[int64]bool{}
				tokens := 0
				for i := range o.Rows() {
					var row Row
					o.Row(e*o.Rows()+i, &row)
					tokens += checkPacked(t, &row, docs, seqLen, seen)
					epochs[e] += fmt.Sprint(row.Docs[0].Doc, " ")
					for _, d := range row.Docs {
						if d.Doc >= 0 && !slices.Equal(o.RowsOf(nil, d.Doc, e), []int64{e*o.Rows() + i}) {
							t.Fatalf("document %d: rows %v, not %d", d.Doc, o.RowsOf(nil, d.Doc, e), e*o.Rows()+i)
						}
					}
				}
				if int64(len(seen)) != side.Docs() {
					t.Errorf("%d documents of %d in epoch %d", len(seen), side.Docs(), e)
				}
				if full := float64(tokens) / float64(seqLen*o.Rows()); full < 0.9 {
					t.Errorf("rows are %.2f full", full)
				}
			}
			if epochs[0] == epochs[1] {
				t.Error("two epochs alike")
			}
		}
	}
}

// checkPacked checks a row and returns how many of its tokens are of documents.
func checkPacked(t *testing.T, row *Row, docs []document, seqLen int, seen map[int64]bool) (tokens int) {
	t.Helper()
	at := 0
	for i, span := range row.Spans {
		if span.Start != at {
			t.Fatalf("span %d begins at %d, not %d", i, span.Start, at)
		}
		at += span.Len
		own, targets := row.Tokens[span.Start:at], row.Targets[span.Start:at]
		ref := row.Docs[i]
		if ref.Doc < 0 {
			for _, target := range targets {
				if target != -1 {
					t.Fatal("padding predicts something")
				}
			}
			continue
		}
		if seen[ref.Doc] {
			t.Fatalf("document %d twice", ref.Doc)
		}
		seen[ref.Doc] = true
		d := docs[ref.Doc]
		tokens += span.Len
		if span.Len != min(len(d.tokens)-1, seqLen) || ref.ID != d.id || ref.Offset != 1 || !slices.Equal(own, d.tokens[:span.Len]) {
			t.Fatalf("document %d: span of %d, tokens %v", ref.Doc, span.Len, own)
		}
		for j, target := range targets {
			want := int32(-1)
			if learned(d)[j+1] {
				want = d.tokens[j+1]
			}
			if target != want {
				t.Fatalf("document %d: target %d is %d, not %d", ref.Doc, j, target, want)
			}
		}
	}
	if at != seqLen || len(row.Docs) != len(row.Spans) {
		t.Fatalf("a row of %d tokens, %d spans and %d documents", at, len(row.Spans), len(row.Docs))
	}
	return tokens
}

// TestPackedOrderIsPinned: the order is part of what a run's bits follow from.
func TestPackedOrderIsPinned(t *testing.T) {
	s, _ := maskedSet(t, 100, 40)
	if got := digest(NewOrder(s, 64, 1), 0, 50); got != packedDigest {
		t.Errorf("digest %s, was %s", got, packedDigest)
	}
}

const packedDigest = "50f524d4c53150b0ba1986d9f5193f03c1c1223a46d6704606c6694045c88784"

// TestMaskRefused: what a mask cannot be.
func TestMaskRefused(t *testing.T) {
	for want, mask := range map[string][]bool{
		"nothing to be learned": {false, false},
		"first token":           {true, true},
	} {
		w, err := NewWriter(t.TempDir(), maskedHeader())
		if err != nil {
			t.Fatal(err)
		}
		defer w.Abort()
		if err := w.AddMasked(ID{1}, []int32{1, 2}, mask); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", mask, err)
		}
	}
	s, _ := maskedSet(t, 10, 5)
	m := s.Manifest()
	tokens := int64(0)
	for i := range s.NumDocs() {
		tokens += int64(len(s.Doc(nil, i))) - 1
	}
	if m.Version != maskVersion || !m.Masked || m.Tokens != tokens {
		t.Errorf("manifest %+v", m)
	}
}
