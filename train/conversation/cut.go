package conversation

import "slices"

// document is the tokens of an example, or of a part of it, with its pictures.
type document struct {
	tokens   []int32
	learned  []bool
	pictures []placed
}

// placed is a picture and where its run of image tokens is.
type placed struct {
	number     int // of the example's pictures
	begin, end int
}

// newDocument finds the runs. Pictures after which there is no token are left out.
func newDocument(tokens []int32, learned []bool, image int32, runs []int) document {
	d := document{tokens: tokens, learned: learned}
	at := 0
	for i, n := range runs {
		at += slices.Index(tokens[at:], image)
		d.pictures = append(d.pictures, placed{i, at, at + n})
		at += n
	}
	return d.part(0, d.end(len(tokens)))
}

// end returns where a part of the document must end that shall end at n: not
// within a picture, and not with one, after which nothing would be learned.
func (d *document) end(n int) int {
	for _, p := range slices.Backward(d.pictures) {
		if p.begin < n && n <= p.end {
			n = p.begin
		}
	}
	return n
}

// part returns tokens [from, to), which cut no picture.
func (d *document) part(from, to int) document {
	p := document{tokens: d.tokens[from:to], learned: d.learned[from:to]}
	for _, x := range d.pictures {
		if x.begin >= from && x.end <= to {
			p.pictures = append(p.pictures, placed{x.number, x.begin - from, x.end - from})
		}
	}
	return p
}

// split cuts a document into parts of at most that many tokens, which share a
// token: each but the first of the document is predicted once. It returns nil if
// pictures with no text between do not fit.
func (d *document) split(most int) (parts []document) {
	for from := 0; len(d.tokens)-from > 1; {
		to := d.end(min(from+most, len(d.tokens)))
		if to <= from+1 {
			return nil
		}
		p := d.part(from, to)
		p.learned = slices.Clone(p.learned)
		p.learned[0] = false // it is there to begin from
		parts = append(parts, p)
		from = to - 1
	}
	return parts
}
