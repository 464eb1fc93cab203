package nn

import (
	"runtime/debug"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// Embedding looks up a row of Weight [V, D] for each token. Weight has the form
// Lookup.
type Embedding struct {
	Weight *Param
}

// Forward copies the rows of tokens [T], each in [0, V), into x [T, D].
func (e *Embedding) Forward(x []tensor.BF16, tokens []int32) {
	w := e.Weight
	if w.Pager != nil {
		w.Pager.Lookup(w, x, tokens)
		return
	}
	if w.Rows != nil {
		job := lookupJobs.Get()
		*job = lookupJob{w, x, tokens}
		Rows(len(tokens), 1, job)
		lookupJobs.Put(job)
		return
	}
	d := w.In
	for t, id := range tokens {
		copy(x[t*d:(t+1)*d], w.Table[int(id)*d:][:d])
	}
}

// lookupJob decodes rows of a table in a format of blocks.
type lookupJob struct {
	weight *Param
	x      []tensor.BF16
	tokens []int32
}

var (
	lookupJobs   Jobs[lookupJob]
	decodedSpans par.FreeList[[lookupSpan]float32]
)

// lookupSpan is how many numbers of a row are decoded at a time; whole blocks of
// every format.
const lookupSpan = 1024

func (j *lookupJob) Rows(lo, hi int) {
	// A page of the file that cannot be read any longer is a panic and not the
	// end of the program.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	span := decodedSpans.Get()
	defer decodedSpans.Put(span)
	table, d := j.weight.Rows, j.weight.In
	elements, size := table.DType.Block()
	for t := lo; t < hi; t++ {
		row := table.Data[int(j.tokens[t])*(d/elements*size):]
		for k := 0; k < d; k += lookupSpan {
			n := min(lookupSpan, d-k)
			tensor.Dequantize(span[:n], table.DType, row[k/elements*size:][:n/elements*size])
			kernel.ToBF16(j.x[t*d+k:][:n], span[:n])
		}
	}
}

// stripe is the number of columns that one iteration of Backward owns.
const stripe = 64

// Backward adds dx [T, D] to the rows of tokens in Weight.Grad, in the order of
// the tokens.
func (e *Embedding) Backward(dx []tensor.BF16, tokens []int32) {
	if e.Weight.Grad == nil { // frozen
		return
	}
	job := embeddingJobs.Get()
	*job = embeddingJob{e.Weight, dx, tokens}
	Rows(e.Weight.In, stripe, job)
	embeddingJobs.Put(job)
}

type embeddingJob struct {
	weight *Param
	dx     []tensor.BF16
	tokens []int32
}

var embeddingJobs Jobs[embeddingJob]

// Rows adds the columns [lo, hi) of every token: one owner for each element.
func (j *embeddingJob) Rows(lo, hi int) {
	d := j.weight.In
	for t, id := range j.tokens {
		kernel.AddScaled(j.weight.Grad[int(id)*d+lo:int(id)*d+hi], j.dx[t*d+lo:t*d+hi], 1)
	}
}
