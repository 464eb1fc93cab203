package nn

import (
	"math"
	"slices"
	"sync"
	"testing"
)

// TestSync: the three ways to bring the compute forms up to date agree.
func TestSync(t *testing.T) {
	newParam := func() *Param {
		p := &Param{Name: "p", Groups: 3, In: 37, Forms: Product | Lookup, InitStd: 1}
		for g := range 3 {
			p.AddGroup(g, Piece{Name: "a", Rows: 20}, Piece{Name: "b", Rows: 13})
		}
		p.Alloc(true)
		p.Init(9)
		return p
	}
	a, b, c := newParam(), newParam(), newParam()
	a.Sync()
	for g := range 3 {
		b.SetGroup(g, a.Group(g))
		c.SetGroupBF16(g, a.Table[g*a.GroupLen():(g+1)*a.GroupLen()])
	}
	for _, p := range []*Param{b, c} {
		if !slices.Equal(p.W.Data, a.W.Data) || !slices.Equal(p.WT.Data, a.WT.Data) || !slices.Equal(p.Table, a.Table) {
			t.Error("compute forms differ")
		}
	}
	if part := a.Parts[3]; part.Name != "b" || part.Group != 1 || part.Row != 20 || part.Rows != 13 {
		t.Errorf("part %+v", part)
	}
}

// TestRopeGrows: tables grow under readers, keep what they held, and are as large
// as is said.
func TestRopeGrows(t *testing.T) {
	r := NewRope([]float64{1, 0.1}, 2)
	r.Grow(3)
	first := r.load()
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			r.Grow(1000 * (i + 1))
			r.load().backAt(1000*(i+1) - 1)
		})
	}
	group.Wait()
	last := r.load()
	if len(first.blocks) != 1 || last.blocks[0] != first.blocks[0] || len(last.blocks) != 16 || r.SizeBytes(8000) != 16*512*2*2*4 {
		t.Errorf("%d blocks after %d, %d bytes", len(last.blocks), len(first.blocks), r.SizeBytes(8000))
	}
	for _, p := range []int{0, 1, 511, 512, 7999} {
		cos, sin := last.at(p)
		same, negated := last.backAt(p)
		for i, f := range []float64{1, 0.1} {
			angle := float64(p) * f
			if math.Abs(float64(cos[i])-2*math.Cos(angle)) > 1e-6 || math.Abs(float64(sin[i])-2*math.Sin(angle)) > 1e-6 || same[i] != cos[i] || negated[i] != -sin[i] {
				t.Errorf("position %d: cos %v, sin %v, back %v and %v", p, cos, sin, same, negated)
			}
		}
	}
}

// TestPartShape: a part has the shape of a matrix, of a vector, or its own.
func TestPartShape(t *testing.T) {
	own := []int{4, 3, 2, 2}
	tests := []struct {
		p    Param
		part Part
		want []int
	}{
		{Param{Out: 8, In: 12, Forms: Product}, Part{Row: 2, Rows: 4}, []int{4, 12}},
		{Param{Out: 8, In: 12, Forms: Product}, Part{Rows: 4, Shape: own}, own},
		{Param{Out: 1, In: 12, Forms: Lookup}, Part{Rows: 1}, []int{12}},
		{Param{Out: 1, In: 12, Forms: Lookup}, Part{Rows: 1, Shape: []int{1, 12}}, []int{1, 12}},
		{Param{Out: 1, In: 12, Forms: Lookup}, Part{Rows: 1, Col: 3, Cols: 5}, []int{5}},
	}
	for _, tt := range tests {
		if got := tt.p.PartShape(tt.part); !slices.Equal(got, tt.want) {
			t.Errorf("%+v: shape %v, want %v", tt.part, got, tt.want)
		}
	}
}
