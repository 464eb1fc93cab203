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
// A file of weights is opened as Weights: the Config and the tensors by the
// ecosystem's names, from a directory of safetensors or from GGUF, each read
// when it is asked for. Load fills a Model from it; WriteDir and WriteGGUF pass
// it on tensor by tensor. A stored number is decoded to fp32 and rounded to
// bf16 wherever it enters a product, so a model in formats of blocks gives the
// bits of the bf16 model that WriteDir makes of it.
//
// A model that sees has a vision tower and a projector before the decoder: image
// tokens take rows of features where others take embeddings, from the tower in the
// same pass or from See before, with the same bits. In files it is LLaVA.
//
// Shapes in comments: T tokens of the batch, D hidden size, H heads, KV key
// and value heads, F width of a feed-forward, E experts, K experts per token,
// R = T*K routed rows, V vocabulary, L layers.
package model
