package quantize

import (
	"math"
	"testing"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
)

// TestMeasure: the scores are those of the losses of each text, and the errors
// those of the ratio, worked out by hand for two documents.
func TestMeasure(t *testing.T) {
	m := tiny(t, model.Qwen3, 64)
	ids := texts(3, 20)
	list := []Text{{IDs: ids[0], Bytes: 50}, {IDs: ids[1], Bytes: 30}, {IDs: ids[2][:9], Bytes: 20, Document: 1}}
	s, err := Measure(t.Context(), m, list)
	if err != nil {
		t.Fatal(err)
	}
	var loss [2]float64
	for _, text := range list {
		ws := model.NewWorkspace(m, len(text.IDs), false)
		targets := append(append([]int32{}, text.IDs[1:]...), -1)
		stats, err := m.Loss(ws, &model.Batch{Tokens: text.IDs, Spans: []model.Span{{Len: len(text.IDs)}}}, targets)
		if err != nil {
			t.Fatal(err)
		}
		loss[text.Document] += stats.Loss
	}
	mean := (loss[0] + loss[1]) / 46
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-9*math.Abs(want) {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	near("perplexity", s.Perplexity, math.Exp(mean))
	near("bits per byte", s.BitsPerByte, (loss[0]+loss[1])/100/math.Ln2)
	// The residuals are opposite: sqrt(2*d*d*2/(2-1))/46.
	d := loss[1] - mean*8
	near("standard error", s.PerplexityError, math.Exp(mean)*2*math.Abs(d)/46)
	if s.Documents != 2 || s.Tokens != 46 || s.Bytes != 100 {
		t.Errorf("%+v", s)
	}
	if c := Compare(s, s); c != (Change{}) {
		t.Errorf("a model differs from itself: %+v", c)
	}
	for i := range s.loss {
		s.loss[i] *= 0 // so that the change is all of it
	}
	again, err := Measure(t.Context(), m, list)
	if err != nil {
		t.Fatal(err)
	}
	near("change of bits", Compare(s, again).BitsPerByte, (loss[0]+loss[1])/100/math.Ln2)
	near("change of perplexity", Compare(s, again).Perplexity, math.Exp(mean)-1)
	for _, bad := range [][]Text{nil, {{IDs: []int32{1}, Bytes: 1}}, {{IDs: []int32{1, 2}}}, {{IDs: []int32{1, 96}, Bytes: 1}}} {
		if _, err := Measure(t.Context(), m, bad); err == nil {
			t.Errorf("%v was measured", bad)
		}
	}
}

// TestPasses: no pass has more sums than it may, unless it is of one group, and
// every group is in one.
func TestPasses(t *testing.T) {
	a, b := &model.Param{Groups: 5, In: 8}, &model.Param{Groups: 1, In: 40}
	for _, limit := range []int{1, 256, 1000, 7000, 1 << 20} {
		groups := map[*model.Param]int{}
		for _, pass := range passes([]*model.Param{a, b}, limit) {
			sums, n := 0, 0
			for _, u := range pass {
				if u.from != groups[u.p] {
					t.Errorf("limit %d: a unit begins at %d, want %d", limit, u.from, groups[u.p])
				}
				groups[u.p] = u.to
				sums += (u.to - u.from) * u.sumBytes()
				n += u.to - u.from
			}
			if sums > limit && n > 1 {
				t.Errorf("limit %d: a pass of %d groups takes %d bytes", limit, n, sums)
			}
		}
		if groups[a] != 5 || groups[b] != 1 {
			t.Errorf("limit %d: groups %v", limit, groups)
		}
	}
}

// TestFormat: blocks that do not divide the rows give way to the next format.
func TestFormat(t *testing.T) {
	p := Uniform(tensor.DTypeQ4K)
	for _, tt := range []struct {
		role  model.Role
		width int
		want  string
	}{
		{model.RoleExpert, 512, "Q4_K"},
		{model.RoleExpert, 96, "Q8_0"},
		{model.RoleAttention, 40, "BF16"},
		{model.RoleEmbedding, 512, "Q8_0"},
		{model.RoleRouter, 512, "F32"},
		{model.RoleNorm, 512, "F32"},
	} {
		if got := p.Format(model.TensorInfo{Role: tt.role, Shape: []int{3, tt.width}}); string(got) != tt.want {
			t.Errorf("%s of %d: %s, want %s", tt.role, tt.width, got, tt.want)
		}
	}
}

func TestBest(t *testing.T) {
	for d, want := range map[tensor.DType]Method{tensor.DTypeQ4_0: AWQGPTQ, tensor.DTypeQ4K: GPTQ, tensor.DTypeQ8_0: RTN} {
		p := Uniform(d)
		if got := Best(&p); got != want {
			t.Errorf("%s: %s, want %s", d, got, want)
		}
	}
}
