// Package quality scores documents with a trainable linear classifier over
// hashed n-grams of words: how likely a document is one of the good ones.
package quality

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"

	"github.com/polymath-lm/polymath/corpus/words"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/kernel"
)

// The file: a header, the description as JSON, the weights as float32, and the
// SHA-256 of all that; numbers are little-endian.
const (
	mark     = "PMQUAL"
	version  = 1
	minBits  = 8
	maxBits  = 24
	maxNGram = 5
	maxAbout = 1 << 20
)

// Model gives documents a score. It does not change, and goroutines may share it.
type Model struct {
	bits, ngram int
	// shift and scale make the logit of a document of the mean weight of its
	// n-grams.
	shift, scale float32
	weights      []float32
	about        About
	hash         string
}

// About says how a model came to be.
type About struct {
	Options TrainOptions `json:"options"`
	Report  Report       `json:"report"`
}

// About returns how the model came to be.
func (m *Model) About() About { return m.about }

// Hash returns the SHA-256 of the model's file in hexadecimal, or "" for a model
// that was neither written nor read.
func (m *Model) Hash() string { return m.hash }

// Score returns the probability that a document with these words is good, from
// 0 to 1; 0 for one without words.
func (m *Model) Score(l *words.List) float32 {
	g := grams{bits: m.bits, most: m.ngram}
	var sum float64
	n := 0
	var buckets [maxNGram]uint32
	for i := range l.Words {
		if h := l.Words[i].Hash; h != 0 {
			for _, b := range g.next(buckets[:0], h) {
				sum += float64(m.weights[b])
				n++
			}
		}
	}
	if n == 0 {
		return 0
	}
	return sigmoid(m.shift + float32(m.scale*float32(sum/float64(n))))
}

// sigmoid returns 1/(1+exp(-x)).
func sigmoid(x float32) float32 {
	e := []float32{-max(-80, min(80, x))}
	kernel.Exp(e, e)
	return 1 / (1 + e[0])
}

// grams finds the n-grams of a row of words. Words are added one by one.
type grams struct {
	bits, most int
	last       [maxNGram]uint64 // hashes of the n-grams that end at the last word
	have       int              // how many of them there are
}

// next appends the buckets of the n-grams that end at a word with that hash: of
// one word, of two, and so on.
func (g *grams) next(dst []uint32, hash uint64) []uint32 {
	g.have = min(g.have+1, g.most)
	for n := g.have - 1; n > 0; n-- {
		g.last[n] = (g.last[n-1] ^ hash) * 0x9e3779b97f4a7c15
		g.last[n] ^= g.last[n] >> 29
	}
	g.last[0] = hash * 0xbf58476d1ce4e5b9
	for _, h := range g.last[:g.have] {
		dst = append(dst, uint32(h*0x94d049bb133111eb>>(64-g.bits)))
	}
	return dst
}

// header is the start of the file.
type header struct {
	Mark         [6]byte
	Version      uint8
	Bits, NGram  uint8
	_            [3]byte
	Shift, Scale float32
	About        uint32 // bytes of the description
}

func (h *header) check() error {
	finite := func(f float32) bool { return f > -1e6 && f < 1e6 }
	switch {
	case string(h.Mark[:]) != mark:
		return errors.New("this is no quality model: it does not begin with " + mark)
	case h.Version != version:
		return fmt.Errorf("the quality model has version %d; this program reads version %d", h.Version, version)
	case h.Bits < minBits || h.Bits > maxBits:
		return fmt.Errorf("the quality model has 2^%d buckets; 2^%d to 2^%d are possible", h.Bits, minBits, maxBits)
	case h.NGram < 1 || h.NGram > maxNGram:
		return fmt.Errorf("the quality model has n-grams of %d words; 1 to %d are possible", h.NGram, maxNGram)
	case !finite(h.Shift) || !finite(h.Scale):
		return errors.New("the quality model's scale is no usable number")
	case h.About > maxAbout:
		return fmt.Errorf("the quality model's description has %d bytes; at most %d are possible", h.About, maxAbout)
	}
	return nil
}

// size returns the length of the whole file.
func (h *header) size() int64 {
	return int64(binary.Size(h)) + int64(h.About) + 4<<h.Bits + sha256.Size
}

// Open reads a model from its file. Errors name the file.
func Open(path string) (*Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	m, err := Read(f, info.Size())
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	return m, nil
}

// Read reads a model of that many bytes from a file, or from within one, and no
// byte more; it allocates no more than a few times that.
func Read(r io.Reader, size int64) (*Model, error) {
	whole, sum := sha256.New(), sha256.New()
	r = io.TeeReader(r, whole)
	body := io.TeeReader(r, sum)
	var h header
	if err := binary.Read(body, binary.LittleEndian, &h); err != nil {
		return nil, errors.New("the quality model ends within its header")
	}
	if err := h.check(); err != nil {
		return nil, err
	}
	if size != h.size() {
		return nil, fmt.Errorf("the quality model has %d bytes, but its header says %d: copy it again", size, h.size())
	}
	m := &Model{bits: int(h.Bits), ngram: int(h.NGram), shift: h.Shift, scale: h.Scale, weights: make([]float32, 1<<h.Bits)}
	about := make([]byte, h.About)
	if _, err := io.ReadFull(body, about); err != nil {
		return nil, err
	}
	if err := binary.Read(body, binary.LittleEndian, m.weights); err != nil {
		return nil, err
	}
	want := make([]byte, sha256.Size)
	if _, err := io.ReadFull(r, want); err != nil {
		return nil, err
	}
	if string(sum.Sum(nil)) != string(want) {
		return nil, errors.New("the quality model is damaged: its content does not match its hash; copy it again")
	}
	for _, w := range m.weights {
		if !(math.Abs(float64(w)) < 1e9) {
			return nil, errors.New("the quality model has a weight that is no usable number")
		}
	}
	if err := json.Unmarshal(about, &m.about); err != nil {
		return nil, fmt.Errorf("the quality model's description: %w", err)
	}
	m.hash = hex.EncodeToString(whole.Sum(nil))
	return m, nil
}

// Write writes the model's file, wholly or not at all, and sets the model's
// hash.
func (m *Model) Write(path string) error {
	hash, err := atomicfile.Write(path, m.Encode)
	if err == nil {
		m.hash = hash
	}
	return err
}

// Encode writes what the model's file holds, such as into another file. It does not
// set the model's hash.
func (m *Model) Encode(w io.Writer) error {
	about, err := json.Marshal(m.about)
	if err != nil {
		return err
	}
	sum := sha256.New()
	body := io.MultiWriter(w, sum)
	h := header{Version: version, Bits: uint8(m.bits), NGram: uint8(m.ngram), Shift: m.shift, Scale: m.scale, About: uint32(len(about))}
	copy(h.Mark[:], mark)
	if err := binary.Write(body, binary.LittleEndian, &h); err != nil {
		return err
	}
	if _, err := body.Write(about); err != nil {
		return err
	}
	if err := binary.Write(body, binary.LittleEndian, m.weights); err != nil {
		return err
	}
	_, err = w.Write(sum.Sum(nil))
	return err
}
