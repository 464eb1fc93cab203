package model

import (
	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/tensor"
)

// Param is nn.Param: one trained array with its gradient.
type Param = nn.Param

// Model is a decoder. A forward pass only reads it, so goroutines may run
// forward passes at the same time, each with its own Workspace and caches.
// Only one may run LossBackward, Backward, Sync or an optimizer, and alone.
type Model struct{}

// New returns a trainable model with random weights, a function of cfg and seed
// alone. Matrices are normal with cfg.InitStd; the two products per layer that
// write to the residual stream are scaled by 1/sqrt(2 L). An invalid cfg is an
// error.
func New(cfg *Config, seed uint64) (*Model, error) { panic("not yet") }

// Config returns the model's shape; the caller must not change it.
func (m *Model) Config() *Config { panic("not yet") }

// Params returns the trained arrays in a fixed order, by layer. Tied embeddings
// are one Param.
func (m *Model) Params() []*Param { panic("not yet") }

// Sync brings the compute form of every Param up to date with its Master, in
// parallel over matrices. Param.SyncGroup(g) does it for one matrix, for an
// optimizer that has a parallel region of its own.
func (m *Model) Sync() { panic("not yet") }

// ZeroGrad sets every gradient to zero.
func (m *Model) ZeroGrad() { panic("not yet") }

// BalanceExperts moves the router's choice bias by rate toward experts with
// less than the mean load (arXiv:2408.15664). load is Stats.ExpertLoad, or the
// sum over a step's microbatches. It does nothing unless Config.RouterBias.
func (m *Model) BalanceExperts(load [][]int, rate float32) { panic("not yet") }

// Forward runs the decoder over batch and leaves the final hidden states in ws.
// Keys and values are appended to the spans' caches. A token or span that is
// out of range or a full cache is an error, and so is a router logit that is
// not finite (wrapping ErrNonFinite); caches are then as before.
func (m *Model) Forward(ws *Workspace, batch *Batch) error { panic("not yet") }

// Hidden returns the final hidden states of the last Forward, after the final
// norm: [T, D]. They belong to ws.
func (m *Model) Hidden(ws *Workspace) []tensor.BF16 { panic("not yet") }

// Logits computes the logits of the given rows (token indices of the batch of
// the last Forward) into dst [len(rows), V], fp32.
func (m *Model) Logits(ws *Workspace, rows []int32, dst []float32) { panic("not yet") }

// LogProbs writes into dst [T] the log-probability of targets[t] after token t,
// or 0 where targets[t] is -1, for the batch of the last Forward.
func (m *Model) LogProbs(ws *Workspace, targets []int32, dst []float32) { panic("not yet") }

// Loss runs Forward and measures the loss. targets [T]: the token that should
// follow each one, -1 = not counted. A loss that is not finite is an error
// wrapping ErrNonFinite that names the token.
func (m *Model) Loss(ws *Workspace, batch *Batch, targets []int32) (Stats, error) {
	panic("not yet")
}

// LossBackward is Loss for training: it adds the gradient of
//
//	scale * (sum of cross-entropies + Tokens * auxiliary losses)
//
// to every Param.Grad. For a step of several microbatches scale is
// 1/(counted tokens of the step), and the sum is the gradient of the mean.
// weights, nil or [T], multiplies each token's cross-entropy (policy gradients
// pass advantages here). After an error the gradients are worthless: skip the
// step and call ZeroGrad. ws must have been made for training.
func (m *Model) LossBackward(ws *Workspace, batch *Batch, targets []int32, weights []float32, scale float32) (Stats, error) {
	panic("not yet")
}

// Backward adds the gradients that follow from dHidden [T, D], the gradient of
// some loss of the caller's with respect to Hidden after Forward with the same
// ws and batch. dHidden is overwritten. Auxiliary losses take the weight
// auxScale, 0 for none.
func (m *Model) Backward(ws *Workspace, batch *Batch, dHidden []tensor.BF16, auxScale float32) {
	panic("not yet")
}

// Workspace holds every buffer of a pass. It is allocated once; passes allocate
// nothing. A Workspace serves one pass at a time.
type Workspace struct{}

// NewWorkspace allocates the buffers for batches of up to maxTokens tokens.
// With train they include the stored activations and the gradients.
func NewWorkspace(m *Model, maxTokens int, train bool) *Workspace { panic("not yet") }

// WorkspaceBytes returns exactly how much memory NewWorkspace allocates.
func WorkspaceBytes(cfg *Config, maxTokens int, train bool) int64 { panic("not yet") }

// Bytes returns the size of the buffers.
func (ws *Workspace) Bytes() int64 { panic("not yet") }

// MaxTokens returns the largest batch the workspace takes.
func (ws *Workspace) MaxTokens() int { panic("not yet") }

// ModelBytes returns the memory of a model's weights: the compute form alone,
// or with train both orientations, masters and gradients. The optimizer's state
// comes on top.
func ModelBytes(cfg *Config, train bool) int64 { panic("not yet") }

// Provenance is what a saved model's manifest says about where it came from.
// Hashes are SHA-256 in hexadecimal; empty = unknown or none.
type Provenance struct {
	Version   string `json:"version"`             // of the program
	Corpus    string `json:"corpus,omitempty"`    // hash of the shards' manifest
	Tokenizer string `json:"tokenizer,omitempty"` // hash of tokenizer.json
	Recipe    string `json:"recipe,omitempty"`
	Parent    string `json:"parent,omitempty"` // hash of the parent model's manifest
}

// Save writes the model as a directory in the ecosystem's format: config.json,
// model.safetensors (bf16), generation_config.json, the extra files by name
// (tokenizer.json and the like), and last manifest.json with the hash of every
// one. Each file is written atomically; a crash in between leaves a directory
// whose manifest does not match, which Load reports.
func (m *Model) Save(dir string, from Provenance, extra map[string][]byte) error { panic("not yet") }

// Load opens a model directory, from Save or from elsewhere in the ecosystem.
// With a manifest.json every file's hash is verified first, and a file that is
// missing or does not match is an error naming it. A trainable model holds
// masters and gradients besides the compute form.
func Load(dir string, trainable bool) (*Model, error) { panic("not yet") }
