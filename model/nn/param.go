package nn

// Param is one trained array: Groups matrices of [Out, In] fp32, row-major, in
// one slice. Products that take the same input are fused into one Param; Parts
// tells which rows are which tensor of the ecosystem's file.
//
// Master and Grad are nil in a model that was not loaded for training. Whoever
// changes Master calls Sync (or SyncGroup for each group) before the next
// forward pass: products read the compute form, not the master.
type Param struct {
	Name            string // unique; the fused tensor's own name
	Groups, Out, In int    // vectors (norms, biases) have Groups 1, Out 1
	Master, Grad    []float32
	NoDecay         bool    // norms, biases and embeddings: weight decay leaves them alone
	InitStd         float64 // standard deviation at the start; 0 = filled with Fill
	Fill            float32
	Parts           []Part
}

// Part is the range of rows [Row, Row+Rows) of one group of a Param that the
// tensor Name holds in the model's file.
type Part struct {
	Name             string
	Group, Row, Rows int
}

// Len returns the number of elements.
func (p *Param) Len() int { return p.Groups * p.Out * p.In }

// GroupLen returns the number of elements of one group.
func (p *Param) GroupLen() int { return p.Out * p.In }
