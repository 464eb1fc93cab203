package plan

import (
	"slices"

	"github.com/polymath-lm/polymath/model/vision"
)

// Model is the shape of a decoder. The zero value of an optional field means
// that the feature is absent. A Model is plain data: goroutines may share one
// that nobody changes. Shape letters in comments are those of the project: D
// width, H heads, E experts, V vocabulary.
type Model struct {
	// Name is what the command line calls it, Title a name for people.
	Name  string `yaml:"name" json:"name"`
	Title string `yaml:"title" json:"title,omitempty"`
	// Source says where the shape is published.
	Source string `yaml:"source" json:"source,omitempty"`
	// Notes say what had to be assumed, one sentence each.
	Notes []string `yaml:"notes" json:"notes,omitempty"`

	// Vocabulary is V, the rows of the embedding table; Tied makes the table the
	// output matrix as well.
	Vocabulary int  `yaml:"vocabulary" json:"vocabulary"`
	Tied       bool `yaml:"tied" json:"tied,omitempty"`
	// Width is D, Layers the number of decoder layers.
	Width  int `yaml:"width" json:"width"`
	Layers int `yaml:"layers" json:"layers"`
	// Positions is how many positions are learned, each a vector of D.
	Positions int `yaml:"positions" json:"positions,omitempty"`
	// Context is the longest text that the model is published for, in tokens.
	Context int `yaml:"context" json:"context"`

	// Norm says what a norm learns, NormsPerLayer how many of width D a layer has
	// (those within attention apart).
	Norm          Norm `yaml:"norm" json:"norm"`
	NormsPerLayer int  `yaml:"norms_per_layer" json:"norms_per_layer"`
	// EmbeddingNorm is a norm between the embedding and the first layer.
	EmbeddingNorm bool `yaml:"embedding_norm" json:"embedding_norm,omitempty"`
	// Parallel means that attention and feed-forward of a layer read the same
	// input (PaLM, arXiv:2204.02311, 2); it changes no count.
	Parallel bool `yaml:"parallel" json:"parallel,omitempty"`
	// OutputBias adds V biases to the logits.
	OutputBias bool `yaml:"output_bias" json:"output_bias,omitempty"`

	Attention   Attention   `yaml:"attention" json:"attention"`
	FeedForward FeedForward `yaml:"feed_forward" json:"feed_forward"`
	// Experts replace the feed-forward of sparse layers; nil = every layer is dense.
	Experts *Experts `yaml:"experts" json:"experts,omitempty"`
	// Predictors are further layers that learn to predict later tokens and are
	// left out at inference or guess there (DeepSeek-V3, arXiv:2412.19437, 2.2).
	Predictors int `yaml:"predictors" json:"predictors,omitempty"`
	// Vision is the tower by which the model sees.
	Vision *vision.Config `yaml:"-" json:"vision,omitempty"`

	// Reported are published figures of this model.
	Reported []Reported `yaml:"reported" json:"reported,omitempty"`
	// TrainingTokens is how many tokens it is reported to have been trained on.
	TrainingTokens float64 `yaml:"training_tokens" json:"training_tokens,omitempty"`
}

// Norm says what a norm learns.
type Norm string

// The kinds of norm: a weight for each number (RMSNorm), a weight and a bias
// (LayerNorm), nothing (OLMo).
const (
	NormWeight Norm = "weight"
	NormBias   Norm = "weight_and_bias"
	NormPlain  Norm = "plain"
)

// vectors is how many vectors a norm learns.
func (n Norm) vectors() int64 {
	switch n {
	case NormBias:
		return 2
	case NormPlain:
		return 0
	}
	return 1
}

// Attention is the shape of the attention of every layer.
type Attention struct {
	Heads   int `yaml:"heads" json:"heads"`
	KVHeads int `yaml:"kv_heads" json:"kv_heads"` // 1 = multi-query, Heads = multi-head
	HeadDim int `yaml:"head_dim" json:"head_dim"`
	// Latent compresses keys and values (DeepSeek-V2, arXiv:2405.04434, 2.1);
	// KVHeads and HeadDim then mean nothing.
	Latent *Latent `yaml:"latent" json:"latent,omitempty"`
	// Bias adds biases to queries, keys and values, OutputBias to the output.
	Bias       bool `yaml:"bias" json:"bias,omitempty"`
	OutputBias bool `yaml:"output_bias" json:"output_bias,omitempty"`
	// QKNorm is the norm on queries and keys.
	QKNorm QKNorm `yaml:"qk_norm" json:"qk_norm,omitempty"`
	// Sinks gives each head a learned logit that takes weight and adds nothing.
	Sinks bool `yaml:"sinks" json:"sinks,omitempty"`
	// Window is how many keys a query of a sliding layer sees, itself included; 0 =
	// every layer sees all. FullEvery n makes every nth layer see all (n-1, 2n-1,
	// ... counted from 0), FullLayers names such layers.
	Window     int   `yaml:"window" json:"window,omitempty"`
	FullEvery  int   `yaml:"full_every" json:"full_every,omitempty"`
	FullLayers []int `yaml:"full_layers" json:"full_layers,omitempty"`
}

// QKNorm says what the norm on queries and keys spans.
type QKNorm string

// The kinds of norm on queries and keys; the empty one is none.
const (
	QKNormHead  QKNorm = "head"  // HeadDim weights each, shared by the heads
	QKNormWidth QKNorm = "width" // a weight for each number of all heads
)

// Latent is the shape of multi-head latent attention.
type Latent struct {
	QueryRank int `yaml:"query_rank" json:"query_rank"` // 0 = queries are not compressed
	KVRank    int `yaml:"kv_rank" json:"kv_rank"`
	// RopeDim is the part of a head that turns with the position, whose key all
	// heads share; PlainDim the other part, ValueDim the width of a head's values.
	RopeDim  int `yaml:"rope_dim" json:"rope_dim"`
	PlainDim int `yaml:"plain_dim" json:"plain_dim"`
	ValueDim int `yaml:"value_dim" json:"value_dim"`
}

// FeedForward is the shape of a dense layer's feed-forward.
type FeedForward struct {
	Hidden int `yaml:"hidden" json:"hidden"`
	// Gated has three matrices (SwiGLU, GeGLU) and not two (GELU).
	Gated bool `yaml:"gated" json:"gated,omitempty"`
	Bias  bool `yaml:"bias" json:"bias,omitempty"`
}

// Experts is the mixture of the sparse layers. Its experts are gated and biased
// like Model.FeedForward.
type Experts struct {
	Number int `yaml:"number" json:"number"` // E
	Active int `yaml:"active" json:"active"` // K, of each token
	Hidden int `yaml:"hidden" json:"hidden"`
	// Shared experts of width SharedHidden are passed by every token; with
	// SharedGate a gate of D weights for each token.
	Shared       int  `yaml:"shared" json:"shared,omitempty"`
	SharedHidden int  `yaml:"shared_hidden" json:"shared_hidden,omitempty"`
	SharedGate   bool `yaml:"shared_gate" json:"shared_gate,omitempty"`
	// RouterBias is a learned or balanced number for each expert.
	RouterBias bool `yaml:"router_bias" json:"router_bias,omitempty"`
	// DenseLayers counts the first layers, which stay dense; Every n makes of the
	// others only every nth sparse (n-1, 2n-1, ...; 0 and 1: all); Dense names
	// further dense layers.
	DenseLayers int   `yaml:"dense_layers" json:"dense_layers,omitempty"`
	Every       int   `yaml:"every" json:"every,omitempty"`
	Dense       []int `yaml:"dense" json:"dense,omitempty"`
}

// SetDefaults are the values of keys that a file leaves out.
func (m *Model) SetDefaults() {
	m.Norm, m.NormsPerLayer = NormWeight, 2
}

// Sparse reports whether layer l has experts.
func (m *Model) Sparse(l int) bool {
	x := m.Experts
	if x == nil || l < x.DenseLayers || slices.Contains(x.Dense, l) {
		return false
	}
	return (l+1)%max(x.Every, 1) == 0
}

// SparseLayers counts the layers that have experts.
func (m *Model) SparseLayers() int {
	n := 0
	for l := range m.Layers {
		if m.Sparse(l) {
			n++
		}
	}
	return n
}

// Window returns how many keys a query of layer l sees, itself included; 0 = all.
func (m *Model) Window(l int) int {
	a := &m.Attention
	if a.Window == 0 || a.FullEvery > 0 && (l+1)%a.FullEvery == 0 || slices.Contains(a.FullLayers, l) {
		return 0
	}
	return a.Window
}

// SlidingLayers counts the layers that do not see everything.
func (m *Model) SlidingLayers() int {
	n := 0
	for l := range m.Layers {
		if m.Window(l) > 0 {
			n++
		}
	}
	return n
}

// KVWidth is how many numbers of keys and values a token leaves in each layer's
// cache: those of all heads, or a latent vector with the shared key.
func (m *Model) KVWidth() int {
	if t := m.Attention.Latent; t != nil {
		return t.KVRank + t.RopeDim
	}
	return 2 * m.Attention.KVHeads * m.Attention.HeadDim
}
