// Package nn holds the layers of the decoder that every model has: embedding,
// linear products, RMSNorm, rotary attention, the dense SwiGLU and the loss; and
// those that a vision tower needs besides: LayerNorm and the network with GELU.
// Each file has a layer's forward and backward side by side, and states the
// shape of every buffer.
//
// Layers write their results into buffers of the caller and allocate nothing.
// A layer may be used by several goroutines, each with its own buffers;
// gradients go to Param.Grad, which one backward pass at a time may write.
package nn
