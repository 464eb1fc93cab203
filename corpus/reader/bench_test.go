package reader

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// benchPages is an archive of n pages.
func benchPages(n int) (parts [][]byte) {
	for i := range n {
		var body strings.Builder
		for k := range 300 {
			fmt.Fprintf(&body, "<p>Paragraph %d of page %d says %x.</p>\n", k, i, k*i*7919)
		}
		parts = append(parts, []byte(page(i, body.String())))
	}
	return parts
}

// BenchmarkReaders times reading with Resolve, in bytes of what files unpack to.
func BenchmarkReaders(b *testing.B) {
	parts := benchPages(400)
	archive := bytes.Join(parts, nil)
	type row struct {
		Text string `parquet:"text"`
		URL  string `parquet:"url"`
	}
	var rows []row
	for i, p := range parts {
		rows = append(rows, row{string(p), fmt.Sprint("http://a/", i)})
	}
	table := func(codec parquet.WriterOption) []byte {
		var out bytes.Buffer
		if err := parquet.Write(&out, rows, codec); err != nil {
			b.Fatal(err)
		}
		return out.Bytes()
	}
	for _, c := range []struct {
		name    string
		content []byte
	}{
		{"a.warc", archive},
		{"a.warc.gz", gz(parts...)},
		{"a.warc.zst", zst(b, archive)},
		{"snappy.parquet", table(parquet.Compression(&parquet.Snappy))},
		{"zstd.parquet", table(parquet.Compression(&parquet.Zstd))},
	} {
		b.Run(c.name, func(b *testing.B) {
			f := file(b, c.name, c.content)
			b.SetBytes(int64(len(archive)))
			for b.Loop() {
				if n, err := count(f, Options{}); err != nil || n != len(parts) {
					b.Fatal(n, err)
				}
			}
		})
	}
}
