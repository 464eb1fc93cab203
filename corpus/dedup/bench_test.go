package dedup

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// peakMemory is the largest resident set of this process so far in MiB, mapped
// files included, or 0 where the system does not tell.
func peakMemory() float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	var kib float64
	_, _ = fmt.Sscan(rest, &kib) // 0 if it is not there
	return kib / 1024
}

// BenchmarkClusters puts synthetic documents with 14 bands into clusters, in 160
// MiB for the sorter. A fifth of them are copies: they share some bands with an
// earlier one.
func BenchmarkClusters(b *testing.B) {
	const bands, memory = 14, 160 << 20
	for _, n := range []uint32{500_000, 5_000_000} {
		b.Run(fmt.Sprintf("documents=%d", n), func(b *testing.B) {
			for b.Loop() {
				dir := b.TempDir()
				order := synthesizeOrder(b, dir, n)
				c, err := NewClusters(dir, BandBytes, memory)
				if err != nil {
					b.Fatal(err)
				}
				keys := make([]uint64, bands)
				r := rand.New(rand.NewPCG(1, 2))
				for doc := range n {
					of := doc
					if doc > 0 && r.IntN(5) == 0 {
						of = r.Uint32N(doc)
					}
					for i := range keys {
						keys[i] = mix(uint64(doc)<<8 | uint64(i))
						if of != doc && r.IntN(3) > 0 {
							keys[i] = mix(uint64(of)<<8 | uint64(i))
						}
					}
					if err := c.AddBands(doc, keys); err != nil {
						b.Fatal(err)
					}
				}
				d, err := c.Duplicates(b.Context(), order)
				if err != nil {
					b.Fatal(err)
				}
				gone := 0
				for ; err == nil; _, err = d.Next() {
					gone++
				}
				if err := errors.Join(c.Close(), d.Close(), order.Close()); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(gone-1), "gone")
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "documents/s")
			b.ReportMetric(peakMemory(), "MiB-peak")
		})
	}
}

func synthesizeOrder(b *testing.B, dir string, n uint32) *Order {
	b.Helper()
	ranks, err := NewRanks(dir, 64<<20)
	if err != nil {
		b.Fatal(err)
	}
	for doc := range n {
		rank := Rank{Quality: float32(mix(uint64(doc))%100) / 100, Tie: uint64(doc)}
		rank.ID[0] = byte(doc)
		if err := ranks.Add(rank); err != nil {
			b.Fatal(err)
		}
	}
	order, err := ranks.Order(b.Context())
	if err := errors.Join(err, ranks.Close()); err != nil {
		b.Fatal(err)
	}
	return order
}
