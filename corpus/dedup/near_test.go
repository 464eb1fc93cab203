package dedup

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/corpus/words"
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/recipe"
)

func defaultNear() NearOptions {
	var o NearOptions
	o.SetDefaults()
	return o
}

func newMinHash(t testing.TB, o NearOptions) *MinHash {
	t.Helper()
	m, err := NewMinHash(o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// listOf makes words of hashes.
func listOf(hashes []uint64) *words.List {
	l := &words.List{}
	for _, h := range hashes {
		l.Words = append(l.Words, words.Word{Hash: h})
	}
	return l
}

func randomHashes(r *rand.Rand, n int) []uint64 {
	x := make([]uint64, n)
	for i := range x {
		x[i] = r.Uint64() | 1
	}
	return x
}

// plainMins is the definition of a signature, without what makes it fast.
func plainMins(m *MinHash, hashes []uint64) []uint32 {
	hashes = slices.DeleteFunc(slices.Clone(hashes), func(h uint64) bool { return h == 0 })
	mins := make([]uint32, m.opt.Bands*m.opt.Rows)
	for i := range mins {
		mins[i] = math.MaxUint32
		for at := 0; at+m.opt.NGram <= len(hashes); at++ {
			h := uint64(0)
			for _, w := range hashes[at : at+m.opt.NGram] {
				h = h*base + w
			}
			mins[i] = min(mins[i], (uint32(mix(h)>>32)^m.xor[i])*m.mul[i])
		}
	}
	return mins
}

func TestSignature(t *testing.T) {
	defer kernel.SetPath(kernel.CPU())
	r := rand.New(rand.NewPCG(1, 2))
	for _, path := range kernel.Paths() {
		if err := kernel.SetPath(path); err != nil {
			t.Fatal(err)
		}
		for _, o := range []NearOptions{defaultNear(), {NGram: 1, Bands: 1, Rows: 1}, {NGram: 64, Bands: 3, Rows: 5, Seed: 9}, {NGram: 13, Bands: 20, Rows: 450, Seed: 2}} {
			m := newMinHash(t, o)
			s := m.Worker()
			if slices.ContainsFunc(m.mul, func(a uint32) bool { return a%2 == 0 }) {
				t.Error("an even factor makes no permutation")
			}
			for _, n := range []int{0, 1, o.NGram - 1, o.NGram, o.NGram + 1, 100, blockSize + o.NGram - 1, 2500} {
				hashes := randomHashes(r, n)
				for i := range hashes {
					if r.IntN(9) == 0 {
						hashes[i] = 0 // a symbol
					}
				}
				got := s.sign(listOf(hashes))
				if want := plainMins(m, hashes); !slices.Equal(s.mins[:len(want)], want) {
					t.Fatalf("%s, %+v, %d words: other minima than defined", path, o, n)
				}
				if some := slices.Max(append(hashes, 0)) > 0; got && !some {
					t.Errorf("%d words have a shingle", n)
				}
			}
		}
	}
}

// pair draws two sets of single words with the Jaccard similarity shared/total.
func pair(r *rand.Rand, shared, total int) (a, b *words.List) {
	all := randomHashes(r, total)
	alone := (total - shared) / 2
	return listOf(all[:shared+alone]), listOf(append(all[:shared:shared], all[shared+alone:]...))
}

// TestUnbiased: the share of equal minima is the Jaccard similarity in the mean,
// with little more spread than independent functions have.
func TestUnbiased(t *testing.T) {
	o := defaultNear()
	o.NGram = 1
	r := rand.New(rand.NewPCG(3, 4))
	for _, total := range []int{20, 200, 2000} {
		for tenth := 1; tenth <= 9; tenth++ {
			trials := 100000 / total
			var sum, squares float64
			for range trials {
				o.Seed = r.Uint64()
				m := newMinHash(t, o)
				x, y := m.Worker(), m.Worker()
				a, b := pair(r, total*tenth/10, total)
				x.sign(a)
				y.sign(b)
				equal := 0
				for i := range o.Bands * o.Rows {
					if x.mins[i] == y.mins[i] {
						equal++
					}
				}
				share := float64(equal) / float64(o.Bands*o.Rows)
				sum += share
				squares += share * share
			}
			n, want := float64(trials), float64(total*tenth/10)/float64(total)
			mean := sum / n
			spread := math.Sqrt((squares - n*mean*mean) / (n - 1))
			binomial := math.Sqrt(want * (1 - want) / float64(o.Bands*o.Rows))
			if math.Abs(mean-want) > 4.5*binomial/math.Sqrt(n) {
				t.Errorf("%d elements: the estimate of %.2f is %.4f in %d trials", total, want, mean, trials)
			}
			if limit := binomial * (1 + 4.5/math.Sqrt(2*n)); spread > 1.1*limit {
				t.Errorf("%d elements of similarity %.2f: the estimate spreads by %.4f, independent functions by %.4f", total, want, spread, binomial)
			}
		}
	}
}

// TestBandsMeet: documents meet as often as the formula says.
func TestBandsMeet(t *testing.T) {
	o := defaultNear()
	o.NGram = 1
	r := rand.New(rand.NewPCG(5, 6))
	for _, s := range []float64{0.3, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 1} {
		const total, trials = 400, 1500
		met := 0
		for range trials {
			o.Seed = r.Uint64()
			m := newMinHash(t, o)
			a, b := pair(r, int(s*total), total)
			x, y := m.Worker().Bands(nil, a), m.Worker().Bands(nil, b)
			for i := range x {
				if x[i] == y[i] {
					met++
					break
				}
			}
		}
		want := 1 - math.Pow(1-math.Pow(s, float64(o.Rows)), float64(o.Bands))
		bound := 4.5*math.Sqrt(want*(1-want)/trials) + 1e-9
		if got := float64(met) / trials; math.Abs(got-want) > bound {
			t.Errorf("documents of similarity %.2f meet in %.4f, the formula says %.4f ± %.4f", s, got, want, bound)
		}
	}
}

func TestBands(t *testing.T) {
	m := newMinHash(t, defaultNear())
	s := m.Worker()
	var l words.List
	l.Split([]byte("The quick brown fox."))
	if bands := s.Bands(nil, &l); len(bands) != 0 {
		t.Errorf("four words have %d bands", len(bands))
	}
	bandsOf := func(text string) []uint64 {
		l.Split([]byte(text))
		return s.Bands(nil, &l)
	}
	a := bandsOf("The quick brown fox jumps over the lazy dog.")
	if len(a) != 14 {
		t.Fatalf("%d bands", len(a))
	}
	if b := bandsOf("the quick brown, fox (jumps over)\nthe LAZY dog!"); !slices.Equal(a, b) {
		t.Error("case, space and symbols matter")
	}
	if b := bandsOf("dog lazy the over jumps fox brown quick the"); slices.ContainsFunc(b, func(k uint64) bool { return slices.Contains(a, k) }) {
		t.Error("the order of words does not matter")
	}
	slices.Sort(a)
	if len(slices.Compact(a)) != 14 {
		t.Error("two bands have one key")
	}
	for i := range m.mul {
		m.mul[i], m.xor[i] = 1, 0
	}
	same := bandsOf("five words of one text")
	slices.Sort(same)
	if len(slices.Compact(same)) != 14 {
		t.Error("two bands of equal minima have one key")
	}
	if n := testing.AllocsPerRun(10, func() { a = s.Bands(a[:0], &l) }); n > 0 {
		t.Errorf("%v allocations for each document", n)
	}
}

func TestNearOptions(t *testing.T) {
	for _, c := range []struct {
		o   NearOptions
		key string
	}{
		{NearOptions{NGram: 0, Bands: 1, Rows: 1}, "ngram"},
		{NearOptions{NGram: 65, Bands: 1, Rows: 1}, "ngram"},
		{NearOptions{NGram: 5, Bands: 0, Rows: 1}, "bands"},
		{NearOptions{NGram: 5, Bands: 1, Rows: -1}, "rows"},
		{NearOptions{NGram: 5, Bands: 1 << 13, Rows: 3}, "rows"},
	} {
		_, err := NewMinHash(c.o)
		var bad *recipe.ValueError
		if !errors.As(err, &bad) || bad.Key != c.key {
			t.Errorf("%+v: %v", c.o, err)
		}
	}
}

func BenchmarkBands(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	const n = 10000
	l := listOf(randomHashes(r, n))
	defer kernel.SetPath(kernel.CPU())
	for _, path := range kernel.Paths() {
		b.Run(fmt.Sprint(path), func(b *testing.B) {
			if err := kernel.SetPath(path); err != nil {
				b.Fatal(err)
			}
			s := newMinHash(b, defaultNear()).Worker()
			var bands []uint64
			for b.Loop() {
				bands = s.Bands(bands[:0], l)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/word")
		})
	}
}
