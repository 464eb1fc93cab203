package cluster

import (
	_ "embed"
	"sync"

	"github.com/polymath-lm/polymath/internal/recipe"
)

// Constants are what the arithmetic alone does not give: how near to their limits
// the parts of a machine come. Shares are of the maker's figures.
type Constants struct {
	// Product is the share of the peak that large products reach, by family of
	// accelerators; those without calibration runs have the mean of the others. Narrow is
	// that of products in 8 bits and fewer, as a share of Product.
	Product map[string]float64 `yaml:"product" json:"product"`
	Narrow  float64            `yaml:"narrow" json:"narrow"`
	// Half is the size of a product's smallest side at which it reaches half of
	// that on an accelerator of 312 TFLOP/s; it grows with the peak.
	Half float64 `yaml:"half" json:"half"`
	// Attention is the rate of attention as a share of that of large products.
	Attention float64 `yaml:"attention" json:"attention"`
	// Bandwidth is the share of the memory's rate that element-wise passes reach,
	// Link and Network those that exchanges reach.
	Bandwidth float64 `yaml:"bandwidth" json:"bandwidth"`
	Link      float64 `yaml:"link" json:"link"`
	Network   float64 `yaml:"network" json:"network"`
	// Launch is the seconds between two kernels that nothing hides.
	Launch float64 `yaml:"launch" json:"launch"`
	// Imbalance is how much longer the busiest device's experts work than the mean.
	Imbalance float64 `yaml:"imbalance" json:"imbalance"`
	// Exposed is the share of an overlapped exchange that remains visible.
	Exposed float64 `yaml:"exposed" json:"exposed"`
	// Hours is how much longer than its steps a whole published run is, beside what
	// failures explain: restarts, evaluations, slower phases.
	Hours float64 `yaml:"hours" json:"hours"`
	// Serving: the share of the memory's rate while decoding, the seconds that each
	// layer and each pass adds, and those of each sequence.
	Decode    float64 `yaml:"decode" json:"decode"`
	LayerStep float64 `yaml:"layer_step" json:"layer_step"`
	PassStep  float64 `yaml:"pass_step" json:"pass_step"`
	RowStep   float64 `yaml:"row_step" json:"row_step"`
	// Prefill is the rate of a server's products as a share of those in training.
	Prefill float64 `yaml:"prefill" json:"prefill"`
}

//go:embed constants.yaml
var constantSource []byte

var fitted = sync.OnceValue(func() *Constants {
	k := new(Constants)
	if _, err := recipe.DecodeAs("the constants", "constants.yaml", constantSource, k); err != nil {
		panic(err) // the file is part of the program
	}
	return k
})

// Fitted returns a copy of the constants that the calibration runs gave.
func Fitted() *Constants { return fitted().clone() }

func (k *Constants) clone() *Constants {
	c := *k
	c.Product = make(map[string]float64, len(k.Product))
	for f, v := range k.Product {
		c.Product[f] = v
	}
	return &c
}

// product is the rate that large products reach on the device.
func (k *Constants) product(a *Accelerator, p Precision) float64 {
	share, ok := k.Product[a.Family]
	if !ok {
		for _, f := range sortedKeys(k.Product) {
			share += k.Product[f] / float64(len(k.Product))
		}
	}
	if p.Bytes() < 2 && a.peak(p) > a.peak(BF16) {
		share *= k.Narrow
	}
	return a.peak(p) * share
}
