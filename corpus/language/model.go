package language

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/polymath-lm/polymath/internal/kernel"
)

// lanes is the number of classes that a row of weights has room for; words is
// the row's length, eight weights in a word.
const (
	lanes = 32
	words = lanes / 8
)

// The file: mark, version, number of classes, bits of a bucket, three numbers,
// the codes of the classes, and the weights packed with deflate, class by class.
const (
	mark      = "PMLANG"
	version   = 1
	minBits   = 8
	maxBits   = 18
	maxCode   = 8
	unpackAdd = 32 // weights are from -32 to 31, in memory from 0 to 63
)

// row is the weights of a bucket for all classes.
type row [words]uint64

// Model tells languages apart by their n-grams. It does not change, and
// goroutines may share it.
type Model struct {
	codes []string // "" is the class of what is no known language
	bits  int
	// scale makes logits of the sums of the weights, divided by the root of the
	// number of n-grams; that is multiplied by heat times the number to the power
	// of growth, so that scores are probabilities.
	scale, heat, growth float32
	rows                []row // of the buckets
	hash                string
}

// Languages returns the ISO 639 codes that the model knows.
func (m *Model) Languages() []string {
	var known []string
	for _, c := range m.codes {
		if c != "" {
			known = append(known, c)
		}
	}
	return known
}

// Hash returns the SHA-256 of the model's file in hexadecimal.
func (m *Model) Hash() string { return m.hash }

// header is the part of the file before the codes.
type header struct {
	Mark                [6]byte
	Version             uint8
	Classes             uint8
	Bits                uint8
	Scale, Heat, Growth float32
}

func (h *header) check() error {
	finite := func(f float32) bool { return f > -1e6 && f < 1e6 }
	switch {
	case string(h.Mark[:]) != mark:
		return errors.New("this is no language model: it does not begin with " + mark)
	case h.Version != version:
		return fmt.Errorf("the language model has version %d; this program reads version %d", h.Version, version)
	case h.Classes < 2 || h.Classes > lanes:
		return fmt.Errorf("the language model has %d classes; 2 to %d are possible", h.Classes, lanes)
	case h.Bits < minBits || h.Bits > maxBits:
		return fmt.Errorf("the language model has 2^%d buckets; 2^%d to 2^%d are possible", h.Bits, minBits, maxBits)
	case !finite(h.Scale) || !finite(h.Heat) || !finite(h.Growth):
		return errors.New("the language model's scale is no usable number")
	}
	return nil
}

// Load reads a model from the content of its file.
func Load(file []byte) (*Model, error) {
	var h header
	r := bytes.NewReader(file)
	if err := binary.Read(r, binary.LittleEndian, &h); err != nil {
		return nil, errors.New("the language model ends within its header")
	}
	if err := h.check(); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(file)
	m := &Model{bits: int(h.Bits), scale: h.Scale, heat: h.Heat, growth: h.Growth, hash: hex.EncodeToString(sum[:])}
	if err := m.readCodes(r, int(h.Classes)); err != nil {
		return nil, err
	}
	return m, m.readWeights(r)
}

func (m *Model) readCodes(r *bytes.Reader, n int) error {
	for range n {
		size, err := r.ReadByte()
		if err != nil || size > maxCode {
			return errors.New("the language model has a bad code of a language")
		}
		code := make([]byte, size)
		if _, err := io.ReadFull(r, code); err != nil {
			return errors.New("the language model ends within its codes")
		}
		if slices.Contains(m.codes, string(code)) {
			return fmt.Errorf("the language model has the language %q twice", code)
		}
		m.codes = append(m.codes, string(code))
	}
	return nil
}

func (m *Model) readWeights(r io.Reader) error {
	m.rows = make([]row, 1<<m.bits)
	packed := flate.NewReader(r)
	column := make([]byte, 1<<m.bits)
	for class := range m.codes {
		if _, err := io.ReadFull(packed, column); err != nil {
			return fmt.Errorf("the language model's weights are damaged: %w", err)
		}
		at, shift := class/8, 8*(class%8)
		for i, w := range column {
			if int8(w) < -unpackAdd || int8(w) >= unpackAdd {
				return fmt.Errorf("the language model has a weight of %d, which is out of bounds", int8(w))
			}
			m.rows[i][at] |= uint64(w+unpackAdd) << shift
		}
	}
	if n, err := packed.Read(column); n > 0 || !errors.Is(err, io.EOF) {
		return errors.New("the language model has more weights than its header says")
	}
	return nil
}

// Write writes the model's file.
func (m *Model) Write(w io.Writer) error {
	h := header{Version: version, Classes: uint8(len(m.codes)), Bits: uint8(m.bits), Scale: m.scale, Heat: m.heat, Growth: m.growth}
	copy(h.Mark[:], mark)
	if err := binary.Write(w, binary.LittleEndian, &h); err != nil {
		return err
	}
	for _, c := range m.codes {
		if _, err := w.Write(append([]byte{byte(len(c))}, c...)); err != nil {
			return err
		}
	}
	packed, err := flate.NewWriter(w, flate.BestCompression)
	if err != nil {
		return err
	}
	column := make([]byte, 1<<m.bits)
	for class := range m.codes {
		for i := range column {
			column[i] = byte(m.rows[i][class/8]>>(8*(class%8))) - unpackAdd
		}
		if _, err := packed.Write(column); err != nil {
			return err
		}
	}
	return packed.Close()
}

// batch is how many rows are added before their sums in 16 bits could overflow.
const batch = 256

// read adds the rows of all n-grams of a text to the sums of the classes. It
// returns the number of n-grams.
func (m *Model) read(sums *[lanes]int64, text []byte) (n int) {
	g := newGrams(text, m.bits)
	var buffer [batch]uint32
	for !g.done() {
		found := g.next(buffer[:0])
		m.add(sums, found)
		n += len(found)
	}
	return n
}

// add adds the rows of at most batch buckets, eight classes at a time. Four
// rows are added up in bytes before they are split into sums of 16 bits.
func (m *Model) add(sums *[lanes]int64, buckets []uint32) {
	const even = 0x00ff00ff00ff00ff
	var a0, a1, b0, b1, c0, c1, d0, d1 uint64
	rows := m.rows
	less := int64(len(buckets) * unpackAdd)
	for ; len(buckets) >= 4; buckets = buckets[4:] {
		w, x, y, z := &rows[buckets[0]], &rows[buckets[1]], &rows[buckets[2]], &rows[buckets[3]]
		a, b, c, d := w[0]+x[0]+y[0]+z[0], w[1]+x[1]+y[1]+z[1], w[2]+x[2]+y[2]+z[2], w[3]+x[3]+y[3]+z[3]
		a0, a1 = a0+a&even, a1+a>>8&even
		b0, b1 = b0+b&even, b1+b>>8&even
		c0, c1 = c0+c&even, c1+c>>8&even
		d0, d1 = d0+d&even, d1+d>>8&even
	}
	for _, bucket := range buckets {
		w := &rows[bucket]
		a0, a1 = a0+w[0]&even, a1+w[0]>>8&even
		b0, b1 = b0+w[1]&even, b1+w[1]>>8&even
		c0, c1 = c0+w[2]&even, c1+w[2]>>8&even
		d0, d1 = d0+w[3]&even, d1+w[3]>>8&even
	}
	for i, pair := range [words][2]uint64{{a0, a1}, {b0, b1}, {c0, c1}, {d0, d1}} {
		for j := range 8 {
			sums[8*i+j] += int64(pair[j%2]>>(16*(j/2))&0xffff) - less
		}
	}
}

// logits makes logits of sums of n n-grams, before they are calibrated.
func (m *Model) logits(dst []float32, sums *[lanes]int64, n int) {
	per := float64(m.scale) / math.Sqrt(float64(max(n, 1)))
	for i := range dst {
		dst[i] = float32(float64(sums[i]) * per)
	}
}

// probabilities calibrates logits of n n-grams and makes them add up to 1.
func (m *Model) probabilities(p []float32, n int) {
	heat := m.heat
	if n > 1 {
		power := []float32{m.growth * float32(kernel.Log(float64(n)))}
		kernel.Exp(power, power)
		heat = float32(heat * power[0])
	}
	top := float32(math.Inf(-1))
	for i := range p {
		p[i] = float32(p[i] * heat)
		top = max(top, p[i])
	}
	for i := range p {
		p[i] -= top
	}
	kernel.Exp(p, p)
	var sum float32
	for _, v := range p {
		sum += v
	}
	for i := range p {
		p[i] /= sum
	}
}
