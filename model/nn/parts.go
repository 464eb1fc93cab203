package nn

// Part is what the tensor Name of the model's file holds of a Param: the rows
// [Row, Row+Rows) of one group, or of a vector the columns [Col, Col+Cols).
// Cols 0 means all. Shape is the tensor's own, of as many elements in the same
// order, where the file has another than PartShape gives for a matrix or a vector.
type Part struct {
	Name             string
	Group, Row, Rows int
	Col, Cols        int
	Shape            []int
}

// Piece is a tensor of the file that makes up some rows of a fused one.
type Piece struct {
	Name string
	Rows int
}

// AddGroup says of which pieces, in the order of their rows, group g consists.
// It sets Out to the sum of their rows.
func (p *Param) AddGroup(g int, pieces ...Piece) {
	p.Out = 0
	for _, q := range pieces {
		p.Parts = append(p.Parts, Part{Name: q.Name, Group: g, Row: p.Out, Rows: q.Rows})
		p.Out += q.Rows
	}
}

// PartShape returns the shape that part has in the file: its Shape, or that of a
// matrix or of a vector.
func (p *Param) PartShape(part Part) []int {
	switch {
	case part.Shape != nil:
		return part.Shape
	case part.Cols > 0:
		return []int{part.Cols}
	case p.isVector():
		return []int{p.In}
	}
	return []int{part.Rows, p.In}
}

func (p *Param) isVector() bool { return p.Forms&Product == 0 && p.Out == 1 }

// PartOf returns part's range of group, an array [Out, In] like the part's own
// group of the Param, such as p.Group(part.Group). It aliases group.
func (p *Param) PartOf(part Part, group []float32) []float32 {
	if part.Cols > 0 {
		return group[part.Col : part.Col+part.Cols]
	}
	return group[part.Row*p.In : (part.Row+part.Rows)*p.In]
}
