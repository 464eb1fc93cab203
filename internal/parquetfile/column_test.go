package parquetfile

import (
	"bytes"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// TestBombs holds pages that unpack to far more than they say.
func TestBombs(t *testing.T) {
	block := append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0, 0x58}, bytes.Repeat([]byte{2, 0, 0x10, 'x'}, 50_000)...) // RLE blocks of 128 KiB
	c := &Column{at: bytes.NewReader(block), end: int64(len(block)), codec: parquet.Zstd.CompressionCodec()}
	h := pageHeader{packed: int64(len(block)), unpacked: 1000, values: 1}
	if err := c.check(h); err == nil || !strings.Contains(err.Error(), "another size") {
		t.Errorf("zstd: %v", err)
	}
	c.codec = parquet.Snappy.CompressionCodec()
	c.at = bytes.NewReader([]byte{0xff, 0xff, 0xff, 0xff, 0x0f})
	if err := c.check(pageHeader{packed: 5, unpacked: 1000}); err == nil || !strings.Contains(err.Error(), "unpacks to 4294967295 bytes") {
		t.Errorf("snappy: %v", err)
	}
	for _, h := range []pageHeader{{packed: -1}, {unpacked: 1 << 30}, {values: 1 << 30}, {packed: 1 << 40}, {levels: 9, packed: 5}} {
		if err := c.check(h); err == nil {
			t.Errorf("%+v is sound", h)
		}
	}
}
