package mixture

import "github.com/polymath-lm/polymath/internal/par"

// Batches of texts that are tokenized at a time.
const (
	batchBytes = 16 << 20
	batchDocs  = 8192
)

// mostScratch is the number of tokens of a text whose memory is kept for the next.
const mostScratch = 4 << 20

// batch gathers texts to tokenize them on all threads.
type batch struct {
	packer  *Packer
	docs    []Doc
	bytes   int // of their texts
	entries []entry
}

// add takes a document unless it is never read.
func (b *batch) add(d Doc) {
	plan := b.packer.o.Plan
	if plan.Uses(d.Source, d.ID) {
		b.bytes += len(d.Text)
		b.docs = append(b.docs, d)
	}
}

// tokenize makes the entries of the texts that were gathered.
func (b *batch) tokenize() {
	texts := make([]encoded, len(b.docs))
	par.For(len(texts), func(_, i int) { texts[i] = b.packer.encode(b.docs[i].Text) })
	plan := b.packer.o.Plan
	for i := range b.docs {
		d := &b.docs[i]
		for s := range plan.Stages {
			for c := range plan.NumCopies(s, d.Source, d.ID) {
				b.entries = append(b.entries, entry{
					stage: uint32(s), source: uint32(d.Source), place: plan.place(s, c, d.ID), id: d.ID, tokens: texts[i],
				})
			}
		}
	}
	clear(b.docs) // their texts are not kept
	b.docs, b.bytes = b.docs[:0], 0
}

// encode tokenizes a text.
func (p *Packer) encode(text []byte) encoded {
	tokens := p.scratch.Get()
	defer p.scratch.Put(tokens)
	*tokens = p.o.Tokenizer.AppendEncode((*tokens)[:0], text)
	e := encode(*tokens)
	if cap(*tokens) > mostScratch {
		*tokens = nil
	}
	return e
}
