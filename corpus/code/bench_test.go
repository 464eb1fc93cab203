package code

import (
	"cmp"
	"errors"
	"io"
	"os"
	"testing"
)

// BenchmarkTree reads the tree POLYMATH_TREE, or this project's, and asks for
// languages and rules.
func BenchmarkTree(b *testing.B) {
	root := cmp.Or(os.Getenv("POLYMATH_TREE"), "../..")
	files := 0
	for b.Loop() {
		tree, err := OpenTree(root, TreeOptions{KeepVendored: true})
		if err != nil {
			b.Fatal(err)
		}
		files = 0
		size := int64(0)
		for {
			f, err := tree.Next(b.Context())
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				continue // left out
			}
			files++
			size += int64(len(f.Content))
			Language(f.Path, f.Content)
			Generated(f.Path, f.Content)
			SPDX(f.Content)
		}
		b.SetBytes(size)
	}
	b.ReportMetric(float64(files*b.N)/b.Elapsed().Seconds(), "files/s")
}
