package quantize

import (
	"math"
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/tensor"
)

// TestAWQ: where a few inputs are far larger than the others, scaling makes the
// errors of products smaller and brings the quantized model nearer to the model,
// of every type. A rounding that turns a router's choice makes single models
// jump, so the mean of several counts.
func TestAWQ(t *testing.T) {
	for _, kind := range kinds {
		var distance, product [2]float64
		for seed := range uint64(4) {
			m := tiny(t, kind, 64)
			for _, p := range m.Params() {
				outliers(p, seed)
			}
			m.Sync()
			want := logits(t, m)
			for i, method := range []Method{RTN, AWQ} {
				res := mustQuantize(t, m, Options{Method: method, Precision: Uniform(tensor.DTypeQ4_0), Texts: texts(6, 40)})
				q, err := model.LoadWeights(res.Weights, model.LoadOptions{})
				if err != nil {
					t.Fatal(err)
				}
				distance[i] += far(want, logits(t, q)) / 4
				product[i] += res.Layers[0].Products[0].Error / 4
			}
		}
		t.Logf("%s: logits %.3f and %.3f away, error of queries, keys and values %.3f and %.3f", kind, distance[0], distance[1], product[0], product[1])
		if !(product[1] < 0.7*product[0]) || !(distance[1] < 0.95*distance[0]) {
			t.Errorf("%s: rounding is %.3f away, scaling %.3f; in a product %.3f and %.3f", kind, distance[0], distance[1], product[0], product[1])
		}
	}
}

// outliers draws p's weights anew, and makes three columns large if it is a
// norm over the residual stream.
func outliers(p *model.Param, seed uint64) {
	if p.InitStd != 0 {
		p.Init(seed + 10)
	}
	for i, v := range p.Master {
		p.Master[i] = tensor.FromFloat32(v).Float32()
	}
	if p.Forms&nn.NormWeight == 0 || p.In != 64 {
		return
	}
	for _, j := range []int{3, 17, 40} {
		p.Master[j] *= 12
	}
}

// TestScales: powers are around 1 and grow with the magnitudes; what must be
// exact is.
func TestScales(t *testing.T) {
	mean := []float64{0, 1e-6, 0.5, 3, 40}
	scales := make([]float32, len(mean))
	for e := 1; e <= exponents; e++ {
		if !power(scales, mean, float64(e)/exponents) {
			t.Fatal("nothing to scale by")
		}
		low, high := slices.Min(scales), slices.Max(scales)
		if !slices.IsSorted(scales) || math.Abs(float64(low)*float64(high)-1) > 1e-5 {
			t.Errorf("power %d: %v", e, scales)
		}
		two := slices.Clone(scales)
		powersOfTwo(two)
		norm := []float32{0, -0.013, 1, 2.5, 300}
		exact := slices.Clone(scales)
		storable(exact, norm)
		for i, s := range two {
			if fraction, _ := math.Frexp(float64(s)); fraction != 0.5 {
				t.Errorf("%v is no power of two", s)
			}
			if w := norm[i] / exact[i]; math.Abs(float64(w-tensor.FromFloat32(w).Float32())) > 1e-7*math.Abs(float64(w)) || !(exact[i] > 0) {
				t.Errorf("a norm's weight of %v by %v is %v, which is no bf16", norm[i], exact[i], w)
			}
		}
	}
	if power(scales, []float64{2, 2, 2, 2, 2}, 0.5) {
		t.Error("equal magnitudes were scaled")
	}
}
