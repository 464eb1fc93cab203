package moe

import (
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/model/nn"
	"pgregory.net/rapid"
)

func newDispatch(tokens, e, k int) *Dispatch {
	var measure nn.Arena
	takeDispatch(&measure, tokens, e, k)
	d := takeDispatch(nn.NewArena(measure.SizeBytes()), tokens, e, k)
	return &d
}

func TestAssignCapacity(t *testing.T) {
	// Three tokens, two choices each; expert 1 is wanted by all, and has room
	// for two: first choices come first, then earlier tokens.
	ids := []int32{0, 1, 1, 0, 1, 2}
	d := newDispatch(3, 3, 2)
	d.Assign(ids, 2, 2)
	if want := []int32{0, -1, 2, 1, 3, 4}; !slices.Equal(d.Row, want) {
		t.Errorf("rows %v, want %v", d.Row, want)
	}
	if want := []int32{0, 2, 4, 5}; !slices.Equal(d.Offsets, want) {
		t.Errorf("offsets %v, want %v", d.Offsets, want)
	}
	if d.Dropped != 1 || d.Rows != 5 || !slices.Equal(d.Load, []int32{2, 3, 1}) {
		t.Errorf("dropped %d, rows %d, load %v", d.Dropped, d.Rows, d.Load)
	}
}

func TestCapacity(t *testing.T) {
	for _, tt := range []struct {
		factor        float64
		rows, k, e, n int
	}{
		{0, 100, 2, 4, 0}, {1, 100, 2, 4, 50}, {1.25, 100, 2, 16, 16}, {0.001, 4, 1, 64, 1},
	} {
		if got := Capacity(tt.factor, tt.rows, tt.k, tt.e); got != tt.n {
			t.Errorf("Capacity(%v, %d, %d, %d) = %d, want %d", tt.factor, tt.rows, tt.k, tt.e, got, tt.n)
		}
	}
}

// TestAssignProperties: rows are a permutation, sorted by expert and stable
// within one, and no expert has more than its capacity.
func TestAssignProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := rapid.IntRange(1, 9).Draw(t, "experts")
		k := rapid.IntRange(1, 3).Draw(t, "k")
		tokens := rapid.IntRange(1, 20).Draw(t, "tokens")
		capacity := rapid.IntRange(0, 8).Draw(t, "capacity")
		ids := make([]int32, tokens*k)
		for i := range ids {
			ids[i] = int32(rapid.IntRange(0, e-1).Draw(t, "id"))
		}
		d := newDispatch(tokens, e, k)
		for range 2 { // a Dispatch is used again and again
			d.Assign(ids, k, capacity)
		}
		kept := 0
		for i, row := range d.Row {
			if row < 0 {
				continue
			}
			kept++
			if int(d.Choice[row]) != i {
				t.Fatalf("choice %d is in row %d, which says %d", i, row, d.Choice[row])
			}
			if ex := ids[i]; row < d.Offsets[ex] || row >= d.Offsets[ex+1] {
				t.Fatalf("row %d is not among those of expert %d: %v", row, ex, d.Offsets)
			}
		}
		if kept != d.Rows || kept+d.Dropped != len(ids) || capacity == 0 && d.Dropped > 0 {
			t.Fatalf("kept %d of %d rows, dropped %d", kept, len(ids), d.Dropped)
		}
		for ex := range e {
			rows := d.Choice[d.Offsets[ex]:d.Offsets[ex+1]]
			if !slices.IsSorted(rows) || capacity > 0 && len(rows) > capacity {
				t.Fatalf("expert %d has choices %v with a capacity of %d", ex, rows, capacity)
			}
		}
	})
}
