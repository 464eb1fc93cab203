package reader

import (
	"bytes"
	"io"

	"github.com/polymath-lm/polymath/corpus/document"
)

// jsonl reads one record a line. Its record numbers are those of the lines.
type jsonl struct {
	in     *input
	base   document.Origin
	lines  int64
	limit  int
	fields *fields
}

func newJSONL(in *input, base document.Origin, opt Options, from Position) *jsonl {
	return &jsonl{in: in, base: base, lines: from.Record, limit: int(opt.MaxRecord), fields: newFields(opt)}
}

// Next implements Reader.
func (j *jsonl) Next() (*Record, error) {
	for {
		line, long := j.in.line(j.limit)
		ended := len(line) == 0 || line[len(line)-1] != '\n'
		if !long && ended && (len(line) == 0 || j.in.err != nil && j.in.err != io.EOF) {
			return nil, j.in.ended(j.base.File)
		}
		r := &Record{Origin: j.base}
		r.Origin.Record, r.Origin.Offset = j.lines, j.in.offset()
		j.lines++
		if long {
			j.in.skipLine()
			return nil, r.bad("line %d is longer than %d bytes; raise max_record to read it", r.Origin.Record+1, j.limit)
		}
		text := bytes.TrimSpace(line)
		if r.Origin.Record == 0 {
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
		}
		if len(text) > 0 {
			r.Content = bytes.Clone(text)
			r.Format, r.resolve = j.fields.holds, j.fields.resolve
		}
		j.in.advance(len(line))
		if len(text) > 0 {
			return r, nil
		}
	}
}

// Position implements Reader.
func (j *jsonl) Position() Position { return j.in.position(j.lines) }

// Close implements Reader.
func (j *jsonl) Close() error { return j.in.src.Close() }
