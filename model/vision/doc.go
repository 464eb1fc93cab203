// Package vision is what lets the decoder see: a tower that reads views of a
// picture, and a projector that turns what it found into vectors of the
// decoder's width, which stand where the text has image tokens. Layout and names
// are those of LLaVA (arXiv:2304.08485) with a SigLIP tower (arXiv:2303.15343).
//
// Shapes in comments: P patches of a view, N views, D width of the decoder.
package vision
