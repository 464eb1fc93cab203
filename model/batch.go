package model

import (
	"errors"

	"github.com/polymath-lm/polymath/tensor"
)

// ErrNonFinite is wrapped by the errors that report a NaN or an infinity in
// the router's logits or in the loss. The message names the layer and token.
var ErrNonFinite = errors.New("not a finite number")

// Batch is what one forward pass works on: the tokens of all spans, one after
// the other. The caller owns it, may reuse it for the next pass, and must not
// change it between a forward pass and the backward pass that belongs to it.
type Batch struct {
	Tokens []int32 // [T], each in [0, V)
	Spans  []Span  // cover Tokens without gap or overlap, in order

	// The k-th image token of Tokens (Config.Vision.ImageTokenID) takes the k-th
	// row of features instead of its embedding. The rows come from one of these;
	// both nil = the tokens are text alone.
	Patches  []tensor.BF16 // [views*P, PatchLen]: the tower runs in this pass
	Features []tensor.BF16 // [rows, D]: what See has computed before
}

// Span is a run of tokens of one document: Tokens[Start:Start+Len] are its
// positions Pos, Pos+1, and so on. Attention never leaves the document.
//
// In training Pos is 0 and Cache nil: a span is a whole document. In inference
// Cache holds the positions below Pos and takes the span's keys and values;
// Pos must be Cache.Len(). With a nil Cache nothing is kept for a later pass.
// Two spans of one batch must not share a Cache.
type Span struct {
	Start, Len, Pos int
	Cache           *Cache
}

// Stats is what a pass measured. Losses are sums over the counted tokens (those
// with a target), in nats, so that microbatches add up; divide by Tokens.
type Stats struct {
	Loss   float64 // sum of the cross-entropies, without the auxiliary losses
	Tokens int     // counted tokens

	// Auxiliary losses as means, before their coefficients: of the squared
	// logsumexp of the output logits over counted tokens, of the router's over
	// tokens and layers, and of Switch's balance loss over layers (1 is
	// perfect balance, E the worst; arXiv:2101.03961, 2.2).
	ZLoss, RouterZLoss, BalanceLoss float64

	// ExpertLoad[l][e] is how often the batch chose expert e of layer l, rows
	// over capacity included; nil for a dense layer. RouterEntropy[l] is the mean entropy of
	// the router's softmax in nats. Both alias the Workspace and are
	// overwritten by its next pass.
	ExpertLoad    [][]int
	RouterEntropy []float64
	Dropped       int // routed rows over capacity, all layers; 0 when dropless
}
