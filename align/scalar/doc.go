// Package scalar is a decoder with one number for a head: what reward models
// and critics are. The number at a token is the dot product of its final hidden
// state with the head, in fp32, and depends on the tokens before it and the
// weights alone: it has the same bits in a batch of one and of a thousand, in
// training and after.
//
// On disk it is what transformers calls a model for sequence classification
// with one label, and reads and writes as such.
package scalar
