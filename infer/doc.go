// Package infer generates token sequences with a model: prefill of the prompt
// in chunks, decoding with a KV cache, and sampling, for many requests at once.
//
// It knows token ids only. Rules about text come in from outside: a Mask says
// which tokens may follow, and a Stop decides when a text is complete.
//
// Prefill and decode are the training forward pass: the logits of a token have
// the same bits however its prefix was cut into chunks, whatever else shares
// the pass, whether keys and values come from the prefix cache, and the same as
// in training. Random numbers depend on the seed, the choice and the position
// (see Uniform). So a completion is a function of model, prompt and settings.
//
// An Engine works in steps (continuous batching: Yu et al., Orca, OSDI 2022).
// In each step one forward pass takes a token of every sequence that decodes
// and a chunk of the prompts that are not read yet. Keys and values are in
// blocks of model.BlockTokens positions (Kwon et al., arXiv:2309.06180); whole
// blocks stay in a tree by their content when their sequence ends, and the
// next prompt that begins alike starts from them (Zheng et al., SGLang,
// arXiv:2312.07104).
package infer
