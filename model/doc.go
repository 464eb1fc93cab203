// Package model is the decoder: one forward pass for training, evaluation,
// prefill and decode, and the backward pass beside it.
//
// A model is a Llama-like transformer with RMSNorm, rotary embedding,
// grouped-query attention, and a feed-forward network that is dense (SwiGLU)
// or a mixture of experts. Weights, activations and the residual stream are
// bf16; norms, softmax, the router and the loss are fp32; training keeps fp32
// masters. All results are the same bits for any number of threads, on any
// CPU path, for any way of cutting the same tokens into batches.
//
// Shapes in comments: T tokens of the batch, D hidden size, H heads, KV key
// and value heads, F width of a feed-forward, E experts, K experts per token,
// R = T*K routed rows, V vocabulary, L layers.
package model
