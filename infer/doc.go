// Package infer generates token sequences with a model: prefill of the prompt
// in chunks, decoding with a KV cache, and sampling.
//
// It knows token ids only. Rules about text come in from outside: a Mask says
// which tokens may follow, and a Stop decides when a text is complete.
//
// Prefill and decode are the training forward pass: the logits of a token have
// the same bits however its prefix was cut into chunks, and the same as in
// training. Random numbers depend on the seed, the choice and the position
// (see Uniform). So a completion is a function of model, prompt and settings.
package infer
