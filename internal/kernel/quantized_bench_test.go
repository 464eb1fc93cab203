package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// benchScale draws the scales of ordinary weights.
func benchScale(r *rand.Rand) uint16 { return uint16(tensor.F16FromFloat32(1 + r.Float32())) }

// quantizedGroups returns weights of one format, as many groups as fill the
// caches several times.
func quantizedGroups(d tensor.DType, k, n int) *Packed {
	p := NewQuantized(int(160<<20/QuantizedBytes(d, k, n)), k, n)
	rows := drawRows(rand.New(rand.NewPCG(1, 1)), d, n, k, benchScale)
	for g := range p.Groups {
		p.SetRows(g, 0, d, rows)
	}
	return p
}

// BenchmarkQuantizedDecode multiplies few rows by weights larger than the
// caches, beside the machine's reading, by threads and format.
func BenchmarkQuantizedDecode(b *testing.B) {
	const k, n = 2048, 5632
	limit := make([]tensor.BF16, 64<<20)
	for i := range limit {
		limit[i] = 1
	}
	defer par.SetThreads(0)
	for _, d := range append([]tensor.DType{tensor.DTypeBF16}, blockFormats...) {
		w := quantizedGroups(d, k, n)
		offsets := make([]int32, w.Groups+1)
		for _, threads := range []int{1, 2} {
			for _, rows := range []int{1, 4, 8} {
				b.Run(fmt.Sprintf("%s/threads=%d/%d", d, threads, rows), func(b *testing.B) {
					par.SetThreads(threads)
					x, y := normals(rows*k), make([]tensor.BF16, rows*n)
					var rates, shares []float64
					for b.Loop() {
						for range 5 {
							read := ReadBandwidth(limit)
							start := time.Now()
							for g := range w.Groups {
								clear(offsets)
								for i := g + 1; i < len(offsets); i++ {
									offsets[i] = int32(rows)
								}
								MatMul(y, x, w, offsets)
							}
							rate := float64(w.SizeBytes()) / time.Since(start).Seconds()
							rates, shares = append(rates, rate), append(shares, rate/read)
						}
					}
					slices.Sort(rates)
					slices.Sort(shares)
					rate := rates[len(rates)/2]
					b.ReportMetric(rate/1e9, "GB/s")
					b.ReportMetric(100*shares[len(shares)/2], "%read")
					b.ReportMetric(rate/float64(w.SizeBytes())*float64(w.Groups*k*n)/1e9, "Gweights/s")
					b.ReportMetric(0, "ns/op")
				})
			}
		}
	}
}

// BenchmarkQuantizedPrefill multiplies many rows.
func BenchmarkQuantizedPrefill(b *testing.B) {
	const rows, k, n = 512, 2048, 2048
	x, y := normals(rows*k), make([]tensor.BF16, rows*n)
	for _, d := range append([]tensor.DType{tensor.DTypeBF16}, blockFormats...) {
		b.Run(string(d), func(b *testing.B) {
			w := NewQuantized(1, k, n)
			w.SetRows(0, 0, d, drawRows(rand.New(rand.NewPCG(1, 1)), d, n, k, benchScale))
			peakShare(b, 2*rows*n*k, func() { MatMul(y, x, w, nil) })
		})
	}
}

// BenchmarkSetRows packs rows as a file has them.
func BenchmarkSetRows(b *testing.B) {
	const k, n = 2048, 512
	for _, d := range append(blockFormats, plainFormats...) {
		b.Run(string(d), func(b *testing.B) {
			rows := drawRows(rand.New(rand.NewPCG(1, 1)), d, n, k, benchScale)
			w := NewQuantized(1, k, n)
			b.SetBytes(int64(len(rows)))
			for b.Loop() {
				w.SetRows(0, 0, d, rows)
			}
			b.ReportMetric(float64(b.N)*k*n/b.Elapsed().Seconds()/1e9, "Gweights/s")
		})
	}
}
