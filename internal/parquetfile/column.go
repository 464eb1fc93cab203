package parquetfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/polymath-lm/polymath/internal/zstdframe"
)

// Bounds of a Parquet file. Writers make pages of about a megabyte.
const (
	maxFooter     = 16 << 20
	maxPage       = 256 << 20
	maxPageValues = 1 << 24
	maxPageHead   = 16 << 20
)

// Column reads the values of one column chunk in order, a page at a time. It
// looks at each page before the library does, which believes what a file says
// of its own sizes.
type Column struct {
	at    io.ReaderAt
	name  string
	start int64
	next  int64 // where the next page begins
	end   int64
	codec format.CompressionCodec
	head  []byte

	level  int // definition level of a value that is there
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	batch  []parquet.Value
	used   int
}

// NewColumn begins with the first value of a chunk of a column, of the name that
// messages have. size is that of the file, and level the definition level of a
// value that is there.
func NewColumn(at io.ReaderAt, size int64, name string, level int, chunk parquet.ColumnChunk, meta *format.ColumnMetaData) (*Column, error) {
	c := &Column{at: at, name: name, level: level, codec: meta.Codec, batch: make([]parquet.Value, 0, 64)}
	c.next = meta.DataPageOffset
	if meta.DictionaryPageOffset != 0 {
		c.next = meta.DictionaryPageOffset
	}
	c.start = c.next
	c.end = c.next + meta.TotalCompressedSize
	if c.next < 4 || meta.TotalCompressedSize < 0 || c.end > size || c.end < c.next {
		return nil, fmt.Errorf("column %s lies outside of the file", name)
	}
	c.pages = chunk.Pages()
	return c, nil
}

// Value returns the next value; it lasts until the next call. io.EOF is the end.
func (c *Column) Value() (v parquet.Value, err error) {
	for c.used == len(c.batch) {
		if err := c.fill(); err != nil {
			return v, err
		}
	}
	c.used++
	return c.batch[c.used-1], nil
}

// fill reads more values of the current page, or the next page.
func (c *Column) fill() error {
	if c.values != nil {
		n, err := c.values.ReadValues(c.batch[:cap(c.batch)])
		c.batch, c.used = c.batch[:n], 0
		if n > 0 {
			return nil
		}
		if err != io.EOF {
			return cmpError(err, io.ErrNoProgress)
		}
		parquet.Release(c.page)
		c.page, c.values = nil, nil
	}
	if err := c.inspect(); err != nil {
		return err
	}
	page, err := c.pages.ReadPage()
	if err != nil {
		return err
	}
	c.page, c.values = page, page.Values()
	return nil
}

func cmpError(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// Start is the byte of the file at which the chunk begins.
func (c *Column) Start() int64 { return c.start }

// There reports whether a value is one and not null.
func (c *Column) There(v parquet.Value) bool {
	return !v.IsNull() && v.DefinitionLevel() == c.level
}

// Close lets go of the page that is read.
func (c *Column) Close() {
	if c.page != nil {
		parquet.Release(c.page)
	}
	c.pages.Close()
}

// inspect looks at the pages up to the next one with values.
func (c *Column) inspect() error {
	for {
		if c.next >= c.end {
			return io.EOF
		}
		h, err := c.header()
		if err != nil {
			return fmt.Errorf("column %s: the page at byte %d: %w", c.name, c.next, err)
		}
		if err := c.check(h); err != nil {
			return fmt.Errorf("column %s: the page at byte %d: %w", c.name, c.next, err)
		}
		c.next += int64(h.size) + h.packed
		if h.kind != int64(format.DictionaryPage) {
			return nil
		}
	}
}

// header reads the header of the next page.
func (c *Column) header() (pageHeader, error) {
	for size := int64(1 << 10); ; size *= 8 {
		size = min(size, c.end-c.next, maxPageHead)
		if int64(cap(c.head)) < size {
			c.head = make([]byte, size)
		}
		c.head = c.head[:size]
		if _, err := c.at.ReadAt(c.head, c.next); err != nil {
			return pageHeader{}, err
		}
		h, err := parsePageHeader(c.head)
		if !errors.Is(err, errShort) || size == maxPageHead || size == c.end-c.next {
			return h, err
		}
	}
}

func (c *Column) check(h pageHeader) error {
	switch {
	case h.packed < 0 || h.unpacked < 0 || h.packed > c.end-c.next-int64(h.size) || h.levels > h.packed:
		return errors.New("its size makes no sense")
	case h.unpacked > maxPage || h.packed > maxPage:
		return fmt.Errorf("it unpacks to %d bytes, more than %d; write the file with smaller pages", h.unpacked, maxPage)
	case h.values < 0 || h.values > maxPageValues:
		return fmt.Errorf("it has %d values, more than %d; write the file with smaller pages", h.values, maxPageValues)
	}
	if h.plain {
		return nil
	}
	return c.measure(h)
}

// measure makes sure that a page does not unpack to far more than it says,
// where the library would go on. Unpacking twice is left to pages that could.
func (c *Column) measure(h pageHeader) error {
	limit := h.unpacked - h.levels
	from, n := c.next+int64(h.size)+h.levels, h.packed-h.levels
	packed := io.NewSectionReader(c.at, from, n)
	var r io.Reader
	switch c.codec {
	case format.Snappy:
		return measureSnappy(packed, limit)
	case format.Lz4Raw:
		block := make([]byte, n)
		if _, err := packed.ReadAt(block, 0); err != nil && err != io.EOF {
			return err
		}
		return measureLZ4(block, limit)
	case format.Zstd:
		if zstdBlocks(packed) <= maxGrowth/zstdBlock {
			return nil
		}
		z, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdframe.MaxWindow))
		if err != nil {
			return err
		}
		defer z.Close()
		r = z
	case format.Gzip:
		if n <= maxGrowth/1032 { // the most that deflate makes of a byte
			return nil
		}
		z, err := gzip.NewReader(packed)
		if err != nil {
			return err
		}
		r = z
	case format.Brotli:
		r = brotli.NewReader(packed)
	default:
		return nil
	}
	switch got, err := io.CopyN(io.Discard, r, limit+1); {
	case err != io.EOF && err != nil:
		return fmt.Errorf("it is damaged: %w", err)
	case got != limit:
		return fmt.Errorf("it unpacks to another size than the %d bytes it states", limit)
	}
	return nil
}

// maxGrowth is the size below which nothing is measured, zstdBlock the most
// that a block of zstd unpacks to.
const (
	maxGrowth = 1 << 30
	zstdBlock = 128 << 10
)

// zstdBlocks counts the blocks in packed, up to one more than are allowed.
func zstdBlocks(packed *io.SectionReader) (n int) {
	var at int64
	var head [5]byte
	for n <= maxGrowth/zstdBlock {
		if _, err := packed.ReadAt(head[:], at); err != nil || !zstdframe.Is(head[:]) {
			return n
		}
		if zstdframe.IsSkippable(head[:]) {
			return maxGrowth // nobody writes them into pages
		}
		header, checksum := zstdframe.Header(head[4])
		at += int64(header)
		for last := false; !last && n <= maxGrowth/zstdBlock; n++ {
			if _, err := packed.ReadAt(head[:3], at); err != nil {
				return n
			}
			var size int
			size, last = zstdframe.Block(head[:])
			at += int64(size)
		}
		at += int64(checksum)
	}
	return n
}

func measureSnappy(packed io.Reader, limit int64) error {
	var head [binary.MaxVarintLen64]byte
	n, _ := io.ReadFull(packed, head[:])
	size, err := binary.ReadUvarint(bytes.NewReader(head[:n]))
	if n > 0 && (err != nil || size > uint64(max(limit, 0))) {
		return fmt.Errorf("it unpacks to %d bytes, but states %d", size, limit)
	}
	return nil
}

// measureLZ4 walks a block of LZ4 (lz4_Block_format.md): the library tries
// damaged ones with ever more room, for ever.
func measureLZ4(b []byte, limit int64) error {
	damaged := errors.New("it is damaged")
	size := int64(0)
	length := func(n int64) (int64, bool) {
		for more := n == 15; more; {
			if len(b) == 0 {
				return 0, false
			}
			n += int64(b[0])
			more = b[0] == 255
			b = b[1:]
		}
		return n, true
	}
	for len(b) > 0 {
		token := b[0]
		b = b[1:]
		literals, ok := length(int64(token >> 4))
		if !ok || literals > int64(len(b)) {
			return damaged
		}
		b = b[literals:]
		if size += literals; len(b) == 0 {
			break
		}
		if len(b) < 2 {
			return damaged
		}
		back := int64(binary.LittleEndian.Uint16(b))
		b = b[2:]
		match, ok := length(int64(token & 15))
		if !ok || back == 0 || back > size {
			return damaged
		}
		if size += match + 4; size > limit {
			break
		}
	}
	if size != limit {
		return fmt.Errorf("it unpacks to another size than the %d bytes it states", limit)
	}
	return nil
}
