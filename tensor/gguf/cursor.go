package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
)

// cursor reads a file from its beginning. After the first fault it returns
// zeros, and err says what it was, so that callers ask once after several reads.
type cursor struct {
	data []byte
	at   int
	err  error
}

// left returns the number of bytes not read yet.
func (c *cursor) left() uint64 { return uint64(len(c.data) - c.at) }

// take returns the next n bytes, aliasing the file; nil after a fault.
func (c *cursor) take(n uint64) []byte {
	if c.err == nil && n > c.left() {
		c.err = fmt.Errorf("truncated: %d bytes are needed at offset %d, and %d are left", n, c.at, c.left())
	}
	if c.err != nil {
		return nil
	}
	b := c.data[c.at : c.at+int(n)]
	c.at += int(n)
	return b
}

// count refuses a number of things that the rest of the file cannot hold, each
// of which takes at least size bytes.
func (c *cursor) count(n, size uint64, what string) int {
	if c.err == nil && n > c.left()/size {
		c.err = fmt.Errorf("%d %s are more than the %d bytes left can hold: damaged or truncated", n, what, c.left())
	}
	if c.err != nil {
		return 0
	}
	return int(n)
}

func (c *cursor) u8() uint8 {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) u16() uint16 {
	if b := c.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if b := c.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) u64() uint64 {
	if b := c.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (c *cursor) f32() float32 { return math.Float32frombits(c.u32()) }

func (c *cursor) f64() float64 { return math.Float64frombits(c.u64()) }

// text reads a string, a copy.
func (c *cursor) text() string { return string(c.take(c.u64())) }

// boolean refuses all but 0 and 1.
func (c *cursor) boolean() bool {
	b := c.u8()
	if c.err == nil && b > 1 {
		c.err = fmt.Errorf("%d is neither true nor false", b)
	}
	return b == 1
}

// label reads a name of a key or tensor, which is not empty and not long.
func (c *cursor) label(what string) string {
	n := c.u64()
	if c.err == nil && (n == 0 || n > maxLabel) {
		c.err = fmt.Errorf("%s of %d bytes: 1 to %d are allowed", what, n, maxLabel)
	}
	return string(c.take(n))
}

// maxLabel is the format's own limit for keys.
const maxLabel = 1<<16 - 1
