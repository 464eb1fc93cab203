package gguf

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/polymath-lm/polymath/tensor"
)

const (
	magic            = "GGUF"
	alignmentKey     = "general.alignment"
	defaultAlignment = 32
	maxAlignment     = 1 << 20
	maxDims          = 4 // the reference's own limit
)

// The fewest bytes that a key with its value and a tensor's description take.
const (
	leastPair   = 8 + 1 + 4 + 1
	leastTensor = 8 + 1 + 4 + 4 + 8
)

// header is what a file says about its content.
type header struct {
	pairs   []Pair
	index   map[string]int // of a key in pairs
	entries []entry        // in the order of the data
	start   int            // where the data begins in the file
}

// entry describes one tensor; offsets count from the start of the data.
type entry struct {
	name       string
	format     *format
	shape      []int // outermost first
	begin, end uint64
}

// parseHeader reads and checks the header of a whole file.
func parseHeader(data []byte) (*header, error) {
	c := &cursor{data: data}
	tensors, pairs, err := c.counts()
	if err != nil {
		return nil, err
	}
	h := &header{index: map[string]int{}}
	if err := h.readPairs(c, pairs); err != nil {
		return nil, err
	}
	alignment, err := h.alignment()
	if err != nil {
		return nil, err
	}
	if err := h.readEntries(c, tensors); err != nil {
		return nil, err
	}
	// The data begins aligned. A file without tensors may end before.
	h.start = min((c.at+alignment-1)/alignment*alignment, len(data))
	return h, h.check(uint64(len(data)-h.start), uint64(alignment))
}

// counts reads the beginning up to the numbers of tensors and of pairs.
func (c *cursor) counts() (tensors, pairs int, err error) {
	if !bytes.HasPrefix(c.data, []byte(magic)) {
		return 0, 0, notGGUF(c.data)
	}
	c.take(uint64(len(magic)))
	switch version := c.u32(); {
	case c.err != nil:
		return 0, 0, c.err
	case version == 1:
		return 0, 0, errors.New("version 1 of GGUF is not read: get a newer file of the model")
	case version != 2 && version != 3 && bits.ReverseBytes32(version) <= math.MaxUint16:
		return 0, 0, errors.New("a big-endian GGUF file is not read: get the little-endian one")
	case version != 2 && version != 3:
		return 0, 0, fmt.Errorf("version %d of GGUF is not known; 2 and 3 are", version)
	}
	t, p := c.u64(), c.u64()
	tensors = c.count(t, leastTensor, "tensors")
	pairs = c.count(p, leastPair, "metadata keys")
	return tensors, pairs, c.err
}

// notGGUF says what a file is that does not begin as one.
func notGGUF(data []byte) error {
	if what := tensor.Foreign(data); what != "" {
		return errors.New(what)
	}
	if len(data) > 8 && data[8] == '{' {
		return errors.New("this is a safetensors file: its name should end in .safetensors")
	}
	return fmt.Errorf("does not begin with %q: not a GGUF file", magic)
}

func (h *header) readPairs(c *cursor, n int) error {
	for i := range n {
		key := c.label("key")
		if c.err != nil {
			return fmt.Errorf("metadata key %d: %w", i, c.err)
		}
		value := c.value(c.u32(), 0)
		switch _, twice := h.index[key]; {
		case c.err != nil:
			return fmt.Errorf("metadata %q: %w", key, c.err)
		case twice:
			return fmt.Errorf("metadata %q occurs twice", key)
		}
		h.index[key] = len(h.pairs)
		h.pairs = append(h.pairs, Pair{key, value})
	}
	return nil
}

// alignment returns the multiple at which tensors begin.
func (h *header) alignment() (int, error) {
	i, ok := h.index[alignmentKey]
	if !ok {
		return defaultAlignment, nil
	}
	n, ok := whole(h.pairs[i].Value)
	if !ok || n <= 0 || n > maxAlignment || n&(n-1) != 0 {
		return 0, fmt.Errorf("metadata %q must be a power of two up to %d", alignmentKey, maxAlignment)
	}
	return n, nil
}

func (h *header) readEntries(c *cursor, n int) error {
	seen := map[string]bool{}
	for i := range n {
		name := c.label("name")
		if c.err != nil {
			return fmt.Errorf("tensor %d: %w", i, c.err)
		}
		e := entry{name: name}
		if err := e.read(c); err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
		if seen[name] {
			return fmt.Errorf("tensor %q occurs twice", name)
		}
		seen[name] = true
		h.entries = append(h.entries, e)
	}
	return nil
}

// read reads the rest of a tensor's description and computes its size.
func (e *entry) read(c *cursor) error {
	dims := c.u32()
	if c.err == nil && dims > maxDims {
		return fmt.Errorf("%d dimensions, and %d are the most", dims, maxDims)
	}
	size, over := uint64(1), uint64(0)
	e.shape = make([]int, dims)
	for i := range e.shape {
		n := c.u64()
		if n > math.MaxInt {
			return fmt.Errorf("dimension %d is %d, which is out of range", i, n)
		}
		e.shape[len(e.shape)-1-i] = int(n) // the file has the innermost first
		hi, lo := bits.Mul64(size, n)
		size, over = lo, over|hi
	}
	number := c.u32()
	e.begin = c.u64()
	if c.err != nil {
		return c.err
	}
	var err error
	if e.format, err = formatOf(number); err != nil {
		return err
	}
	return e.setEnd(size, over != 0)
}

// setEnd computes where the data of n elements ends.
func (e *entry) setEnd(n uint64, overflow bool) error {
	f := e.format
	if row := e.shape; f.elements > 1 && (len(row) == 0 || uint64(row[len(row)-1])%f.elements != 0) {
		return fmt.Errorf("shape %v of %s: the last dimension must be a multiple of %d", e.shape, f.name, f.elements)
	}
	hi, size := bits.Mul64(n/f.elements, f.bytes)
	end, carry := bits.Add64(e.begin, size, 0)
	if overflow || hi != 0 || carry != 0 {
		return fmt.Errorf("shape %v of %s at offset %d is too large", e.shape, f.name, e.begin)
	}
	e.end = end
	return nil
}

// check orders the entries by offset and sees that each has data of its own.
func (h *header) check(size, alignment uint64) error {
	slices.SortStableFunc(h.entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	at := uint64(0)
	for _, e := range h.entries {
		switch {
		case e.begin%alignment != 0:
			return fmt.Errorf("tensor %q: offset %d is no multiple of the alignment %d", e.name, e.begin, alignment)
		case e.end > size:
			return fmt.Errorf("tensor %q: ends at %d, but the file holds %d bytes of data: truncated?", e.name, e.end, size)
		case e.begin < at:
			return fmt.Errorf("tensor %q: overlaps the tensor before it", e.name)
		}
		at = e.end
	}
	return nil
}
