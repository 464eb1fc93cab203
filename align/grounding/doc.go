// Package grounding is about answers that stand in a given text: it divides them into
// statements, checks which of these the text supports, and has a model rewrite an
// answer without the others, which makes pairs to learn from. The loop is the one
// of the GPT-4 Technical Report, arXiv:2303.08774, section 6, for hallucinations of a
// closed domain. Models come in as functions.
package grounding
