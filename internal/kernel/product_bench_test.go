package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/tensor"
)

// peakShare times f and reports its rate beside the peak, which is measured
// before and after each call: the median of the ratios, of at least 5.
func peakShare(b *testing.B, flops int, f func()) {
	var rates, shares []float64
	f()
	for b.Loop() {
		for range 5 {
			before := ComputePeak(20 * time.Millisecond)
			start := time.Now()
			calls := 0
			for time.Since(start) < 50*time.Millisecond {
				f()
				calls++
			}
			rate := float64(flops*calls) / time.Since(start).Seconds()
			peak := (before + ComputePeak(20*time.Millisecond)) / 2
			rates, shares = append(rates, rate), append(shares, rate/peak)
		}
	}
	slices.Sort(rates)
	slices.Sort(shares)
	b.ReportMetric(rates[len(rates)/2]/1e9, "GFLOP/s")
	b.ReportMetric(100*shares[len(shares)/2], "%peak")
	b.ReportMetric(0, "ns/op")
}

var benchShapes = [][3]int{
	{512, 512, 512},
	{1024, 1024, 1024},
	{2048, 2048, 2048},
	{4096, 2048, 512},
	{4096, 512, 2048},
	{256, 2048, 512},
	{256, 512, 2048},
	{512, 2048, 512},
	{512, 512, 2048},
}

func normals(n int) []tensor.BF16 {
	return drawn(rand.New(rand.NewPCG(1, 1)), n, inputs[0].draw)
}

func BenchmarkProduct(b *testing.B) {
	for _, shape := range benchShapes {
		b.Run(fmt.Sprintf("%dx%dx%d", shape[0], shape[1], shape[2]), func(b *testing.B) {
			rows, n, k := shape[0], shape[1], shape[2]
			w := NewPacked(1, k, n)
			w.PackBF16(0, normals(n*k))
			x, y := normals(rows*k), make([]tensor.BF16, rows*n)
			peakShare(b, 2*rows*n*k, func() { MatMul(y, x, w, nil) })
		})
	}
}

func BenchmarkExperts(b *testing.B) {
	for _, rows := range []int{1, 7, 16, 50, 128, 256, 512} {
		b.Run(fmt.Sprintf("64x%d", rows), func(b *testing.B) {
			const groups, n, k = 64, 1024, 1024
			w := NewPacked(groups, k, n)
			for i := range w.Data {
				w.Data[i] = 0x3f80
			}
			x, y := normals(groups*rows*k), make([]tensor.BF16, groups*rows*n)
			offsets := make([]int32, groups+1)
			for g := range offsets {
				offsets[g] = int32(g * rows)
			}
			peakShare(b, 2*groups*rows*n*k, func() { MatMul(y, x, w, offsets) })
		})
	}
}

func BenchmarkProductGrad(b *testing.B) {
	for _, shape := range [][3]int{{4096, 2048, 512}, {4096, 512, 1024}, {4096, 512, 512}, {256, 2048, 512}} {
		b.Run(fmt.Sprintf("%dx%dx%d", shape[0], shape[1], shape[2]), func(b *testing.B) {
			rows, out, in := shape[0], shape[1], shape[2]
			dy, x, dw := normals(rows*out), normals(rows*in), make([]float32, out*in)
			peakShare(b, 2*rows*out*in, func() { MatMulGrad(dw, dy, x, out, in, nil) })
		})
	}
}

// BenchmarkDecode multiplies few rows by weights larger than the caches.
func BenchmarkDecode(b *testing.B) {
	const layers, n, k = 64, 2048, 2048 // 512 MiB
	ws := make([]*Packed, layers)
	for l := range ws {
		ws[l] = NewPacked(1, k, n)
		for i := range ws[l].Data {
			ws[l].Data[i] = 0x3f80
		}
	}
	limit := make([]tensor.BF16, 256<<20)
	for i := range limit {
		limit[i] = 1
	}
	for _, rows := range []int{1, 2, 4, 8} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			x, y := normals(rows*k), make([]tensor.BF16, rows*n)
			var rates, shares []float64
			for b.Loop() {
				for range 5 {
					read := ReadBandwidth(limit)
					start := time.Now()
					for _, w := range ws {
						MatMul(y, x, w, nil)
					}
					rate := layers * n * k * 2 / time.Since(start).Seconds()
					rates, shares = append(rates, rate), append(shares, rate/read)
				}
			}
			slices.Sort(rates)
			slices.Sort(shares)
			b.ReportMetric(rates[len(rates)/2]/1e9, "GB/s")
			b.ReportMetric(100*shares[len(shares)/2], "%read")
			b.ReportMetric(0, "ns/op")
		})
	}
}
