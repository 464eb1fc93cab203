package dedup

import (
	"cmp"
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
)

// TestRankOrder: ranks sort as their definition says, whatever the numbers.
func TestRankOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	inf := float32(math.Inf(1))
	qualities := []float32{0, float32(math.Copysign(0, -1)), 1, -1, 0.5, -0.5, inf, -inf, 1e-40, -1e-40, math.MaxFloat32, -math.MaxFloat32}
	items := make([]item, 500)
	for i := range items {
		items[i].rank.Quality = qualities[r.IntN(len(qualities))]
		items[i].rank.ID[0] = byte(r.IntN(3) * 100)
		items[i].rank.ID[15] = byte(r.IntN(2) * 200)
		items[i].rank.Tie = uint64(i) << (i % 50)
	}
	order := orderOf(t, t.TempDir(), items)
	place := make([]int, len(items))
	for i := range place {
		place[i] = i
	}
	slices.SortStableFunc(place, func(a, b int) int {
		x, y := items[a].rank, items[b].rank
		return cmp.Or(-cmp.Compare(x.Quality, y.Quality), slices.Compare(x.ID[:], y.ID[:]), cmp.Compare(x.Tie, y.Tie))
	})
	for want, doc := range place {
		if got := order.Of(uint32(doc)); int(got) != want {
			t.Fatalf("document %d, %+v, is number %d, want %d", doc, items[doc].rank, got, want)
		}
	}
	nan := Rank{Quality: float32(math.NaN())}
	if slices.Compare(nan.AppendKey(nil), Rank{Quality: -inf}.AppendKey(nil)) <= 0 {
		t.Error("a quality that is no number is not the lowest")
	}
}

// clusterAll says which documents go, through Clusters with little memory.
func clusterAll(dir string, order *Order, keys [][]byte, docs []uint32, width int) (all []Duplicate, err error) {
	c, err := NewClusters(dir, width, 600)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	for i := range keys {
		if err := c.Add(docs[i], keys[i]); err != nil {
			return nil, err
		}
	}
	found, err := c.Duplicates(context.Background(), order)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	for {
		d, err := found.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
}

// plainClusters colors documents until nothing changes.
func plainClusters(items []item, keys [][]byte, docs []uint32) []Duplicate {
	color := make([]int, len(items))
	for i := range color {
		color[i] = i
	}
	for changed := true; changed; {
		changed = false
		for i := range keys {
			for j := range keys {
				if a, b := &color[docs[i]], &color[docs[j]]; slices.Equal(keys[i], keys[j]) && *a < *b {
					*b, changed = *a, true
				}
			}
		}
	}
	var all []Duplicate
	for i := range items {
		best, size := i, uint32(0)
		for j := range items {
			if color[j] == color[i] {
				size++
				if items[j].better(&items[best]) {
					best = j
				}
			}
		}
		if best != i {
			all = append(all, Duplicate{uint32(i), uint32(best), size})
		}
	}
	return all
}

func TestClustersEqualOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 60 {
		n := 1 + r.IntN(60)
		items := itemsOf(r, make([]string, n))
		var keys [][]byte
		var docs []uint32
		alphabet := 1 + r.IntN(60)
		for range r.IntN(2 * n) {
			keys = append(keys, []byte{byte(r.IntN(alphabet)), 7})
			docs = append(docs, uint32(r.IntN(n)))
		}
		order := orderOf(t, t.TempDir(), items)
		got, err := clusterAll(t.TempDir(), order, keys, docs, 2)
		if want := plainClusters(items, keys, docs); err != nil || !slices.Equal(got, want) {
			t.Fatalf("%d documents: %v, want %v (%v)", n, got, want, err)
		}
	}
}

// TestClustersInAnyOrder: numbering the documents otherwise changes nothing. There
// are so many that the tables are in files.
func TestClustersInAnyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	const n = 300_000
	items := make([]item, n)
	bands := make([][]uint64, n)
	for i := range items {
		items[i].rank = Rank{Quality: float32(r.IntN(4)), Tie: uint64(i)}
		items[i].rank.ID[3] = byte(r.Uint32())
		bands[i] = []uint64{r.Uint64N(n), n + r.Uint64N(n), r.Uint64()}
	}
	type gone struct{ doc, keeper, size uint64 } // by tie
	var want []gone
	for round := range 2 {
		numbers := r.Perm(n) // of the items
		shuffled := make([]item, n)
		for doc, i := range numbers {
			shuffled[doc] = items[i]
		}
		dir := t.TempDir()
		order := orderOf(t, dir, shuffled)
		c, err := NewClusters(dir, BandBytes, 4<<20)
		if err != nil {
			t.Fatal(err)
		}
		for _, doc := range r.Perm(n) {
			if err := c.AddBands(uint32(doc), bands[numbers[doc]]); err != nil {
				t.Fatal(err)
			}
		}
		found, err := c.Duplicates(t.Context(), order)
		if err := errors.Join(err, c.Close()); err != nil {
			t.Fatal(err)
		}
		expectEmpty(t, dir) // tables have no name
		var got []gone
		for d, err := found.Next(); err == nil; d, err = found.Next() {
			got = append(got, gone{shuffled[d.Doc].rank.Tie, shuffled[d.Keeper].rank.Tie, uint64(d.Size)})
		}
		if err := found.Close(); err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(got, func(a, b gone) int { return cmp.Compare(a.doc, b.doc) })
		if round == 0 {
			want = got
		}
		if len(got) < n/2 || !slices.Equal(got, want) {
			t.Fatalf("%d documents go, %d before", len(got), len(want))
		}
	}
}

func TestTextHash(t *testing.T) {
	if TextHash([]byte("a")) == TextHash([]byte("b")) || TextHash(nil) != TextHash([]byte{}) {
		t.Error("equal hashes of texts that differ, or the other way round")
	}
}

// TestClustersFailingDisk fails each operation on the disk in turn.
func TestClustersFailingDisk(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	items := make([]item, 300_000) // their tables are in files
	keys, docs := make([][]byte, 100), make([]uint32, 100)
	for i := range keys {
		keys[i], docs[i] = []byte{byte(r.IntN(50)), 0}, r.Uint32N(300_000)
	}
	order := orderOf(t, t.TempDir(), items)
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	if _, err := clusterAll(t.TempDir(), order, keys, docs, 2); err != nil {
		t.Fatal(err)
	}
	for op, name := range disk.Log() {
		dir := t.TempDir()
		disk.FailOp(op, syscall.ENOSPC)
		_, err := clusterAll(dir, order, keys, docs, 2)
		if (err == nil) != (name == "close") || err != nil && !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("operation %d, %s: %v", op, name, err)
		}
		expectEmpty(t, dir)
	}
}

func TestUnknownDocument(t *testing.T) {
	order := orderOf(t, t.TempDir(), make([]item, 3))
	if _, err := clusterAll(t.TempDir(), order, [][]byte{{1}}, []uint32{3}, 1); err == nil {
		t.Error("a document without a rank is taken")
	}
	repeats, err := NewRepeats(t.TempDir(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	defer repeats.Close()
	if err := errors.Join(repeats.Add(1, []uint64{5}), repeats.Add(3, []uint64{5})); err != nil {
		t.Fatal(err)
	}
	if _, err := repeats.Later(t.Context(), order); err == nil {
		t.Error("a document without a rank is taken")
	}
}
