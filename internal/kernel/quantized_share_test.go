package kernel

import (
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
)

// TestShare: a product of groups that are shared is that of the groups alone.
func TestShare(t *testing.T) {
	const k, n, groups = 64, 70, 3
	all := NewQuantized(groups, k, n)
	var want []tensor.BF16
	x := make([]tensor.BF16, groups*k)
	for i := range x {
		x[i] = tensor.FromFloat32(float32(i%7) - 3)
	}
	for g := range groups {
		rows := make([]byte, n*k/32*34)
		for i := range rows {
			rows[i] = byte(i*(g+3)) & 0x3f
		}
		one := NewQuantized(1, k, n)
		one.SetRows(0, 0, tensor.DTypeQ8_0, rows)
		all.Share(g, one)
		y := make([]tensor.BF16, n)
		MatMul(y, x[g*k:(g+1)*k], one, nil)
		want = append(want, y...)
	}
	got := make([]tensor.BF16, groups*n)
	MatMul(got, x, all, []int32{0, 1, 2, 3})
	if !slices.Equal(got, want) {
		t.Error("another product")
	}
	defer func() {
		if recover() == nil {
			t.Error("weights of another size are shared")
		}
	}()
	all.Share(0, NewQuantized(1, k, n+1))
}
