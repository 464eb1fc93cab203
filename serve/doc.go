// Package serve answers OpenAI's HTTP API for one model or several: chat
// completions, completions, responses, embeddings, and what an operator needs
// beside them (keys, limits, metrics, drain).
//
// It knows HTTP and JSON only. What a model does is behind the interface Model,
// which *polymath.Model satisfies. A field of a request is honoured or refused
// by name; none is ignored.
package serve
