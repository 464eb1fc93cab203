package parquetfile

import (
	"encoding/binary"
	"errors"
)

// compact walks values of Thrift's compact protocol, which Parquet's headers
// are written in, without believing the lengths they state.
type compact struct {
	b     []byte
	pos   int
	items int // of lists, all together
	depth int
}

// Types of the compact protocol.
const (
	cTrue   = 1
	cFalse  = 2
	cByte   = 3
	cI16    = 4
	cI32    = 5
	cI64    = 6
	cDouble = 7
	cBinary = 8
	cList   = 9
	cSet    = 10
	cMap    = 11
	cStruct = 12
)

var (
	errShort   = errors.New("a header ends too early")
	errCompact = errors.New("a header is malformed")
)

func (c *compact) byte() (byte, error) {
	if c.pos >= len(c.b) {
		return 0, errShort
	}
	c.pos++
	return c.b[c.pos-1], nil
}

func (c *compact) uvarint() (uint64, error) {
	v, n := binary.Uvarint(c.b[c.pos:])
	if n == 0 {
		return 0, errShort
	}
	if n < 0 {
		return 0, errCompact
	}
	c.pos += n
	return v, nil
}

func (c *compact) varint() (int64, error) {
	v, n := binary.Varint(c.b[c.pos:])
	if n == 0 {
		return 0, errShort
	}
	if n < 0 {
		return 0, errCompact
	}
	c.pos += n
	return v, nil
}

// structure walks the fields of a struct. visit reads the value of a field and
// says so, or leaves it.
func (c *compact) structure(visit func(id int16, kind byte) (bool, error)) error {
	c.depth++
	defer func() { c.depth-- }()
	if c.depth > 16 {
		return errCompact
	}
	id := int16(0)
	for {
		b, err := c.byte()
		if err != nil {
			return err
		}
		kind := b & 15
		if b == 0 {
			return nil
		}
		if delta := b >> 4; delta != 0 {
			id += int16(delta)
		} else {
			v, err := c.varint()
			if err != nil {
				return err
			}
			id = int16(v)
		}
		done, err := false, error(nil)
		if visit != nil {
			done, err = visit(id, kind)
		}
		if err == nil && !done {
			err = c.skip(kind, false)
		}
		if err != nil {
			return err
		}
	}
}

// skip walks over a value. A boolean is part of its field, but a byte of a list.
func (c *compact) skip(kind byte, inList bool) error {
	switch kind {
	case cTrue, cFalse:
		if inList {
			_, err := c.byte()
			return err
		}
		return nil
	case cByte:
		_, err := c.byte()
		return err
	case cI16, cI32, cI64:
		_, err := c.varint()
		return err
	case cDouble:
		return c.forward(8)
	case cBinary:
		n, err := c.uvarint()
		if err != nil {
			return err
		}
		return c.forward(n)
	case cList, cSet:
		return c.list()
	case cStruct:
		return c.structure(nil)
	}
	return errCompact // Parquet has no maps
}

func (c *compact) forward(n uint64) error {
	if n > uint64(len(c.b)-c.pos) {
		return errShort
	}
	c.pos += int(n)
	return nil
}

func (c *compact) list() error {
	b, err := c.byte()
	if err != nil {
		return err
	}
	n := uint64(b >> 4)
	if n == 15 {
		if n, err = c.uvarint(); err != nil {
			return err
		}
	}
	if n > uint64(len(c.b)-c.pos) { // each value has a byte
		return errShort
	}
	c.items += int(n)
	for range n {
		if err := c.skip(b&15, true); err != nil {
			return err
		}
	}
	return nil
}

// pageHeader is what matters of the header of a page.
type pageHeader struct {
	size             int // of the header itself
	kind             int64
	unpacked, packed int64
	values           int64
	levels           int64 // bytes before the packed part
	plain            bool  // not packed, although the column is
}

// parsePageHeader reads a PageHeader. errShort asks for more bytes.
func parsePageHeader(b []byte) (pageHeader, error) {
	c := &compact{b: b}
	h := pageHeader{kind: -1, unpacked: -1, packed: -1}
	number := func(to *int64) (bool, error) {
		v, err := c.varint()
		*to = v
		return true, err
	}
	err := c.structure(func(id int16, kind byte) (bool, error) {
		switch {
		case kind == cI32 && id == 1:
			return number(&h.kind)
		case kind == cI32 && id == 2:
			return number(&h.unpacked)
		case kind == cI32 && id == 3:
			return number(&h.packed)
		case kind == cStruct && (id == 5 || id == 7 || id == 8):
			return true, c.structure(func(sub int16, kind byte) (bool, error) {
				switch {
				case kind == cI32 && sub == 1:
					return number(&h.values)
				case kind == cI32 && id == 8 && (sub == 5 || sub == 6):
					var n int64
					_, err := number(&n)
					if n < 0 {
						err = errCompact
					}
					h.levels += n
					return true, err
				case kind == cFalse && id == 8 && sub == 7:
					h.plain = true
				}
				return false, nil
			})
		}
		return false, nil
	})
	h.size = c.pos
	return h, err
}
