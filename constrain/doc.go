// Package constrain keeps a model's output to a grammar: any JSON, a JSON
// Schema, a regular expression, a grammar in llama.cpp's notation, or free text
// with tagged JSON in it.
//
// A Vocabulary knows the bytes of each token and compiles grammars. A Grammar
// is a set of rules, each a deterministic automaton over bytes that may call
// other rules. A Mask follows one completion: it holds the automaton states
// that are possible, each with the stack of calls that led there, and sets the
// logits of tokens that must not follow to negative infinity.
//
// Which tokens a state allows is found by walking the vocabulary as a tree of
// bytes. What does not depend on the stack is computed once per state and kept;
// only tokens that leave the rule they began in are checked each time. Tokens
// that are plain text are a tree of their own: a state inside a JSON string
// allows all of them without a walk. (The division into stack-independent and
// dependent tokens is that of XGrammar, arXiv:2411.15100; the plain tokens are
// the "slices" of llguidance.)
//
// What is generated under a mask to its end is a sentence of the grammar. A
// completion that is cut short is not.
package constrain
