package mixture

import (
	"encoding/binary"
	"fmt"

	"github.com/polymath-lm/polymath/shard"
)

// The functions of this file are for programs that write runs themselves, on
// several machines. A Packer merges the runs.

// Uses reports whether the mixture reads a document of that source and text at
// all.
func (p *Plan) Uses(source int, id shard.ID) bool {
	for s := range p.Stages {
		if p.NumCopies(s, source, id) > 0 {
			return true
		}
	}
	return false
}

// Entries calls emit with each reading of a document: with its stage, its place
// in it, which is as likely anywhere in 64 bits, and the entry of a run, which
// lasts until emit returns.
func (p *Plan) Entries(source int, id shard.ID, tokens []int32, emit func(stage int, place uint64, entry []byte)) {
	var b []byte
	text := encode(tokens)
	for s := range p.Stages {
		for c := range p.NumCopies(s, source, id) {
			e := entry{stage: uint32(s), source: uint32(source), place: p.place(s, c, id), id: id, tokens: text}
			b = append(e.appendHead(b[:0]), text.bytes...)
			emit(s, e.place, b)
		}
	}
}

// CompareEntries orders entries as a run has them.
func CompareEntries(a, b []byte) int {
	x, y := headOf(a), headOf(b)
	return x.compare(&y)
}

// headOf decodes an entry without its tokens.
func headOf(b []byte) entry {
	le := binary.LittleEndian
	return entry{stage: le.Uint32(b), place: le.Uint64(b[4:]), id: shard.ID(b[12:28]), source: le.Uint32(b[28:])}
}

// RunName is the name of a run in PackOptions.Work.
func RunName(number int) string { return fmt.Sprintf("%06d.run", number) }
