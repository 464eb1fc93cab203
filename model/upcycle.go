package model

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/tensor"
)

// UpcycleOptions says what mixture to make of a dense model.
type UpcycleOptions struct {
	Experts int // copies of the feed-forward network, at least 2
	TopK    int // of which so many work on a token
	// Granularity cuts each copy into so many experts, a power of two that
	// divides the width: Experts*Granularity experts of which
	// TopK*Granularity work on a token. Those of one copy begin with the same
	// router weights, so that they are chosen together (virtual groups,
	// arXiv:2410.07524, 3.2). 0 = 1.
	Granularity int
	// RouterStd is the deviation of the router's weights, which are random; 0 =
	// the Config's InitStd.
	RouterStd float64
	// Noise is the deviation of what is added to each expert's weights, as a
	// share of the root mean square of the tensor, and NoiseShare which share of
	// the weights it is added to; 0 = all, if there is Noise.
	Noise, NoiseShare float64
	// AuxLoss is the Config's RouterAuxLossCoef; 0 = 0.01.
	AuxLoss float64
	Seed    uint64
}

func (o *UpcycleOptions) granularity() int { return max(o.Granularity, 1) }

// Upcycle returns a mixture of experts that begins as the dense model w: every
// expert a copy of the layer's feed-forward network, the router random, and the
// gates of a token summing to 1 (arXiv:2212.05055). Without noise it is the same
// function, but for the rounding of the gates and of the sum that they weigh,
// which turns last bits of the residual stream; with a TopK of 1 to the bit. Its
// tensors are BF16, made when they are asked for until ctx ends; w must stay
// open. Llama and Mistral become Mixtral, Qwen3 becomes Qwen3MoE, and Mellum if its
// layers are of two kinds of attention; other types and sizes that do not divide
// are errors.
func Upcycle(ctx context.Context, w *Weights, o UpcycleOptions) (*Weights, error) {
	cfg, err := upcycledConfig(w.cfg, o)
	if err != nil {
		return nil, err
	}
	u := &upcycling{from: w, options: o, cfg: cfg}
	return NewWeights(cfg, func(string) tensor.DType { return tensor.DTypeBF16 }, func(name string) (*tensor.Tensor, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return u.tensor(name)
	})
}

// upcycledConfig returns the mixture's shape.
func upcycledConfig(dense *Config, o UpcycleOptions) (*Config, error) {
	c := *dense
	switch {
	case dense.NumExperts > 0:
		return nil, fmt.Errorf("the model has %d experts already; upcycling begins with a dense one", dense.NumExperts)
	case dense.ModelType == Llama || dense.ModelType == Mistral:
		c.ModelType = Mixtral
	case dense.ModelType == Qwen3 && dense.LayerTypes != nil && dense.RopeScaling != nil:
		return nil, fmt.Errorf("rope_scaling: a model of type %s with layer_types would become a %s, whose sliding layers are not stretched", Qwen3, Mellum)
	case dense.ModelType == Qwen3 && dense.LayerTypes != nil:
		c.ModelType = Mellum
	case dense.ModelType == Qwen3:
		c.ModelType = Qwen3MoE
	case dense.ModelType == Mellum:
	case dense.ModelType == Qwen2:
		return nil, fmt.Errorf("a model of type %s has no counterpart with experts that this decoder does: Qwen's own, qwen2_moe, gates a shared expert", Qwen2)
	default:
		return nil, fmt.Errorf("a model of type %s has no counterpart with experts", dense.ModelType)
	}
	g := o.granularity()
	switch {
	case o.Experts < 2:
		return nil, fmt.Errorf("%d experts: there must be 2 at least", o.Experts)
	case o.TopK < 1 || o.TopK > o.Experts:
		return nil, fmt.Errorf("top-k %d: it must be between 1 and the %d experts", o.TopK, o.Experts)
	case g&(g-1) != 0 || c.IntermediateSize%g != 0:
		return nil, fmt.Errorf("granularity %d: it must be a power of two that divides the width of %d", g, c.IntermediateSize)
	case !(o.Noise >= 0) || !(o.NoiseShare >= 0 && o.NoiseShare <= 1) || !(o.RouterStd >= 0):
		return nil, fmt.Errorf("noise %v in a share of %v, router of deviation %v: they must not be negative, nor the share above 1", o.Noise, o.NoiseShare, o.RouterStd)
	}
	c.HeadDim = dense.headDim()
	c.NumExperts, c.NumExpertsPerTok = o.Experts*g, o.TopK*g
	c.MoEIntermediateSize, c.NormTopKProb = dense.IntermediateSize/g, true
	if c.ModelType == Mixtral {
		c.IntermediateSize = c.MoEIntermediateSize
	} else {
		c.DecoderSparseStep = 1
	}
	c.RouterAuxLossCoef = o.AuxLoss
	if o.AuxLoss == 0 {
		c.RouterAuxLossCoef = 0.01
	}
	return &c, c.Validate()
}

// upcycling makes the mixture's tensors.
type upcycling struct {
	from    *Weights
	options UpcycleOptions
	cfg     *Config
}

// denseNames are what an expert's products are called in a dense model.
var denseNames = map[string]string{
	"gate_proj": "gate_proj", "up_proj": "up_proj", "down_proj": "down_proj",
	"w1": "gate_proj", "w3": "up_proj", "w2": "down_proj",
}

func (u *upcycling) tensor(name string) (*tensor.Tensor, error) {
	layer := layerOf(name)
	switch {
	case strings.HasSuffix(name, ".gate.weight"):
		return u.router(name), nil
	case strings.Contains(name, ".experts."):
		var expert int
		rest := name[strings.Index(name, ".experts.")+len(".experts."):]
		number, kind, _ := strings.Cut(strings.TrimSuffix(rest, ".weight"), ".")
		if _, err := fmt.Sscan(number, &expert); err != nil {
			return nil, fmt.Errorf("tensor %s: %w", name, err)
		}
		dense := denseNames[kind]
		t, err := u.from.Tensor(fmt.Sprintf("model.layers.%d.mlp.%s.weight", layer, dense))
		if err != nil {
			return nil, err
		}
		return u.expert(name, expert, dense == "down_proj", t)
	}
	t, err := u.from.Tensor(name)
	if err != nil || t.DType == tensor.DTypeBF16 {
		return t, err
	}
	x := make([]float32, t.Len())
	if err := t.CopyF32(x); err != nil {
		return nil, err
	}
	return rounded(name, x, t.Shape), nil
}

func rounded(name string, x []float32, shape []int) *tensor.Tensor {
	data := make([]tensor.BF16, len(x))
	kernel.ToBF16(data, x)
	return tensor.FromBF16(name, data, shape...)
}

// router returns random weights, the same for the experts of one copy.
func (u *upcycling) router(name string) *tensor.Tensor {
	d, g := u.cfg.HiddenSize, u.options.granularity()
	std := u.options.RouterStd
	if std == 0 {
		std = u.cfg.InitStd
	}
	p := &Param{Name: name, Groups: 1, Out: u.options.Experts, In: d, InitStd: std, Master: make([]float32, u.options.Experts*d)}
	p.Init(u.options.Seed)
	x := make([]float32, 0, len(p.Master)*g)
	for e := range u.options.Experts {
		for range g {
			x = append(x, p.Master[e*d:(e+1)*d]...)
		}
	}
	return rounded(name, x, []int{u.cfg.NumExperts, d})
}

// expert returns an expert's share of the dense tensor t. With a granularity of
// g that is one of g parts of the hidden vector; as each has a gate of 1/g of
// its copy's, the part of the down product is multiplied by g, exactly.
func (u *upcycling) expert(name string, expert int, down bool, t *tensor.Tensor) (*tensor.Tensor, error) {
	x := make([]float32, t.Len())
	if err := t.CopyF32(x); err != nil {
		return nil, err
	}
	g, shape := u.options.granularity(), t.Shape
	deviation := u.options.Noise * rms(x)
	if part := expert % g; g > 1 {
		x, shape = cutExpert(x, shape, part, g, down)
		if down {
			deviation *= float64(g)
		}
	}
	if deviation > 0 {
		u.disturb(name, x, deviation)
	}
	return rounded(name, x, shape), nil
}

// cutExpert returns part of g of the hidden vector's rows, or for down columns.
func cutExpert(x []float32, shape []int, part, g int, down bool) ([]float32, []int) {
	rows, cols := shape[0], shape[1]
	if !down {
		n := rows / g
		return x[part*n*cols : (part+1)*n*cols], []int{n, cols}
	}
	n := cols / g
	out := make([]float32, 0, rows*n)
	for r := range rows {
		for _, v := range x[r*cols+part*n : r*cols+(part+1)*n] {
			out = append(out, v*float32(g))
		}
	}
	return out, []int{rows, n}
}

// disturb adds noise, a function of the seed and the tensor's name.
func (u *upcycling) disturb(name string, x []float32, deviation float64) {
	p := &Param{Name: name, Groups: 1, Out: 1, In: len(x), InitStd: deviation, Master: make([]float32, len(x))}
	p.Init(u.options.Seed)
	h := fnv.New64a()
	h.Write([]byte(name))
	draw := rand.New(rand.NewPCG(u.options.Seed, h.Sum64()))
	for i, v := range p.Master {
		if share := u.options.NoiseShare; share == 0 || share == 1 || draw.Float64() < share {
			x[i] += v
		}
	}
}

func rms(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(float64(v) * float64(v))
	}
	return math.Sqrt(sum / float64(max(len(x), 1)))
}
