package dedup

import (
	"math"
	"math/rand/v2"

	"github.com/polymath-lm/polymath/corpus/words"
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// NearOptions are the parameters of MinHash with locality-sensitive hashing
// (Broder, On the resemblance and containment of documents, 1997; Leskovec,
// Rajaraman and Ullman, Mining of Massive Datasets, chapter 3). Two documents
// whose sets of n-grams have the Jaccard similarity s meet in at least one band
// with the probability 1-(1-s^Rows)^Bands.
type NearOptions struct {
	// NGram is the number of words of a shingle.
	NGram int `yaml:"ngram" json:"ngram"`
	// Bands is the number of keys of a document, Rows that of minima in each.
	Bands int `yaml:"bands" json:"bands"`
	Rows  int `yaml:"rows" json:"rows"`
	// Seed draws the hash functions.
	Seed uint64 `yaml:"seed" json:"seed"`
}

// SetDefaults sets 5-grams and 14 bands of 8, as FineWeb has them.
func (o *NearOptions) SetDefaults() { *o = NearOptions{NGram: 5, Bands: 14, Rows: 8, Seed: 1} }

// maxNGram and maxHashes bound what is sensible.
const (
	maxNGram  = 64
	maxHashes = 1 << 14
)

// Check returns a *recipe.ValueError for the first value that cannot be.
func (o *NearOptions) Check() error {
	switch {
	case o.NGram < 1 || o.NGram > maxNGram:
		return recipe.Bad("ngram", "a shingle of %d words; give 1 to %d", o.NGram, maxNGram)
	case o.Bands < 1 || o.Bands > maxHashes:
		return recipe.Bad("bands", "%d bands; give 1 to %d", o.Bands, maxHashes)
	case o.Rows < 1 || o.Rows > maxHashes/o.Bands:
		return recipe.Bad("rows", "%d bands of %d rows; bands times rows is 1 to %d", o.Bands, o.Rows, maxHashes)
	}
	return nil
}

// MinHash has the hash functions. Goroutines may share it.
type MinHash struct {
	opt NearOptions
	// mul and xor have a place for each function, filled up for the kernel; power
	// is base^NGram.
	mul, xor []uint32
	power    uint64
}

// base is that of the hashes of several words, which are polynomials of theirs.
const base = 0x9e3779b97f4a7c15

// NewMinHash draws the functions. Its errors are those of Check.
func NewMinHash(o NearOptions) (*MinHash, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	n := (o.Bands*o.Rows + kernel.MinHashLanes - 1) / kernel.MinHashLanes * kernel.MinHashLanes
	m := &MinHash{opt: o, mul: make([]uint32, n), xor: make([]uint32, n), power: power(o.NGram)}
	draw := rand.NewPCG(o.Seed, base)
	for i := range m.mul {
		m.mul[i], m.xor[i] = uint32(draw.Uint64()>>32)|1, uint32(draw.Uint64()>>32)
	}
	return m, nil
}

// power is base^n.
func power(n int) uint64 {
	p := uint64(1)
	for range n {
		p *= base
	}
	return p
}

// Worker returns a Signer, one for each goroutine.
func (m *MinHash) Worker() *Signer {
	return &Signer{m: m, mins: make([]uint32, len(m.mul))}
}

// Signer finds the bands of documents. One goroutine uses it at a time.
type Signer struct {
	m    *MinHash
	mins []uint32
	ring [maxNGram]uint64  // the last words
	x    [blockSize]uint32 // shingles
}

// blockSize is the number of shingles that the kernel takes at a time, which
// stay in the first cache.
const blockSize = 1024

// Bands appends the keys of a text's bands to dst: documents that agree in one
// are near. A text with fewer words than a shingle has none. Symbols are no words
// here.
func (s *Signer) Bands(dst []uint64, l *words.List) []uint64 {
	if !s.sign(l) {
		return dst
	}
	rows := s.m.opt.Rows
	for b := range s.m.opt.Bands {
		key := mix(uint64(b) + base)
		for _, min := range s.mins[b*rows:][:rows] {
			key = mix(key + uint64(min))
		}
		dst = append(dst, key)
	}
	return dst
}

// sign sets the minima and reports whether there is a shingle at all.
func (s *Signer) sign(l *words.List) bool {
	for i := range s.mins {
		s.mins[i] = math.MaxUint32
	}
	m, n := s.m, s.m.opt.NGram
	ring := s.ring[:n]
	clear(ring)
	var h uint64
	seen, at, full := 0, 0, 0
	for i := range l.Words {
		w := l.Words[i].Hash
		if w == 0 {
			continue
		}
		h = h*base + w - ring[at]*m.power
		ring[at] = w
		if at++; at == n {
			at = 0
		}
		if seen++; seen < n {
			continue
		}
		s.x[full] = uint32(mix(h) >> 32)
		if full++; full == blockSize {
			kernel.MinHash(s.mins, m.mul, m.xor, s.x[:])
			full = 0
		}
	}
	kernel.MinHash(s.mins, m.mul, m.xor, s.x[:full])
	return seen >= n
}

// mix makes all bits of a number depend on all (Stafford's variant 13 of the
// finalizer of MurmurHash3, as in SplitMix64).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
