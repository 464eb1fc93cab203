// Package plan computes what a language model takes before anything of it
// exists: parameters by part, floating-point operations by token and length of
// the text, the memory of weights, optimizer, keys and values, the bytes that
// decoding reads. A Model is a shape that any published decoder can be read
// into, also those that this program cannot run.
//
// Every number comes with its arithmetic, and the models that are built in with
// what others reported of them, so that the two can be compared.
package plan
