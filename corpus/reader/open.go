package reader

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/polymath-lm/polymath/corpus/code"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/source"
)

// Open opens a file at a place that Position returned, the zero Position being
// its beginning. Options that are zero mean the defaults.
func Open(ctx context.Context, f source.File, opt Options, from Position) (Reader, error) {
	opt = opt.filled()
	base := document.Origin{Source: opt.Source, File: shown(f)}
	if opt.Format == Tree || f.Tree {
		return openTree(ctx, f, base, opt, from)
	}
	if opt.Format == Parquet {
		return openParquet(ctx, f, base, opt, from)
	}
	if from.Record < 0 || from.Offset < 0 || from.Member < 0 || from.Skip < 0 || from.Skip > from.Offset {
		return nil, fmt.Errorf("%s: %+v is no place in a file", shown(f), from)
	}
	in, how, err := openInput(ctx, f, opt)
	if err != nil {
		return nil, err
	}
	format := opt.Format
	if format == Auto {
		head := in.need(4096)
		if format, err = recognize(f, head, how); len(head) == 0 && in.err != io.EOF {
			err = in.ended(shown(f))
		}
		if err != nil {
			in.src.Close()
			return nil, err
		}
	}
	if format == Parquet {
		in.src.Close()
		return openParquet(ctx, f, base, opt, from)
	}
	if from.Offset > 0 {
		in.src.Close()
		if in, err = reopenInput(ctx, f, opt, how, from); err != nil {
			return nil, err
		}
	}
	return newReader(in, f, base, format, opt, from), nil
}

// shown is what errors call a file: its path without what gives access to it.
func shown(f source.File) string {
	path, _ := f.Shown()
	return path
}

func newReader(in *input, f source.File, base document.Origin, format Format, opt Options, from Position) Reader {
	_, name := f.Shown()
	switch format {
	case WARC:
		return &warc{in: in, base: base, count: from.Record, limit: int64(opt.MaxRecord)}
	case JSONL:
		return newJSONL(in, base, opt, from)
	}
	limit := int(opt.MaxRecord)
	switch format {
	case Text, Markdown, Code:
		return &parts{in: in, base: base, name: name, format: document.Format(format), size: int(opt.Part), limit: limit, next: from.Record, done: from.Record > 0 && from.Offset == 0}
	case PDF, EPUB:
		limit = int(opt.MaxFile)
	}
	in.expect(f.Size, limit)
	return &whole{in: in, base: base, name: name, format: document.Format(format), limit: limit, done: from.Record > 0}
}

// openInput opens a file at its beginning.
func openInput(ctx context.Context, f source.File, opt Options) (*input, packing, error) {
	s, err := openStored(ctx, f, 0)
	if err != nil {
		return nil, 0, err
	}
	head, _ := s.Peek(8)
	how, err := packingOf(head)
	if err != nil {
		s.Close()
		return nil, 0, fmt.Errorf("%s: %w", shown(f), err)
	}
	src, err := unpack(s, how, opt.MaxRatio, isArchive(f, opt))
	if err != nil {
		s.Close()
		return nil, 0, fmt.Errorf("%s: %w", shown(f), err)
	}
	return newInput(src, Position{}, f.Size), how, nil
}

// reopenInput opens a file at a place in it.
func reopenInput(ctx context.Context, f source.File, opt Options, how packing, from Position) (*input, error) {
	at := from.Member
	if how == plain {
		at = from.Offset
	}
	s, err := openStored(ctx, f, at)
	if err != nil {
		return nil, err
	}
	src, err := unpack(s, how, opt.MaxRatio, isArchive(f, opt))
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("%s: %w", shown(f), err)
	}
	in := newInput(src, from, f.Size)
	if how != plain && in.discard(from.Skip) != nil {
		in.src.Close()
		return nil, fmt.Errorf("%s: cannot go on at byte %d of what it unpacks to: %w", shown(f), from.Offset, in.err)
	}
	return in, nil
}

// extensions are the formats by the end of a name.
var extensions = map[string]Format{
	".warc": WARC, ".wet": WARC, ".wat": WARC,
	".jsonl": JSONL, ".ndjson": JSONL,
	".html": HTML, ".htm": HTML, ".xhtml": HTML,
	".md": Markdown, ".markdown": Markdown,
	".txt": Text, ".text": Text, ".pdf": PDF, ".epub": EPUB, ".parquet": Parquet,
}

// nameFormat is the format that a name says, packed or not; "" is none.
func nameFormat(name string) Format {
	name = strings.ToLower(name)
	for _, packed := range []string{".gz", ".zst", ".zstd"} {
		name = strings.TrimSuffix(name, packed)
	}
	return extensions[path.Ext(name)]
}

// isArchive says whether to expect a web archive before anything is unpacked.
func isArchive(f source.File, opt Options) bool {
	return opt.Format == WARC || opt.Format == Auto && nameFormat(f.Name) == WARC
}

// recognize finds the format of a file by the first bytes of what it holds and
// by its name.
func recognize(f source.File, head []byte, how packing) (Format, error) {
	if format := formatOf(head, how); format != "" {
		return format, nil
	}
	byName := nameFormat(f.Name)
	trimmed := bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\ufeff")))
	switch {
	case byName == EPUB && bytes.HasPrefix(head, []byte("PK\x03\x04")): // many books do not begin with their type
		return EPUB, nil
	case byName == PDF && bytes.Contains(head[:min(len(head), 1024)], []byte("%PDF-")): // nor do some PDFs
		return PDF, nil
	case byName == WARC || byName == JSONL || byName == HTML || byName == Markdown || byName == Text:
		return byName, nil
	case isJSONL(trimmed):
		return JSONL, nil
	case bytes.IndexByte(head, 0) < 0 && byName == "":
		if isCode(f.Name, head) {
			return Code, nil
		}
		return Text, nil
	case bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")):
		return Text, nil
	case byName != "":
		return "", fmt.Errorf("%s: %w: the name says %s, but the content does not begin like it; set format if it is something else", shown(f), ErrFormat, byName)
	}
	return "", fmt.Errorf("%s: %w; set format, or leave the file out", shown(f), ErrFormat)
}

// isJSONL says whether the first line is an object, as far as it is there.
func isJSONL(head []byte) bool {
	line, _, whole := bytes.Cut(head, []byte("\n"))
	if len(line) == 0 || line[0] != '{' {
		return false
	}
	return !whole && bytes.HasPrefix(bytes.TrimLeft(line[1:], " \t"), []byte(`"`)) || jsontext.Value(bytes.TrimSpace(line)).IsValid()
}

// prose are languages of texts that are no source code.
var prose = []string{"", "Text", "Markdown", "HTML", "AsciiDoc", "Org", "reStructuredText"}

// isCode says whether a name, or a first line that names a program, is that of
// source code.
func isCode(name string, head []byte) bool {
	for _, packed := range []string{".gz", ".zst", ".zstd"} {
		name = strings.TrimSuffix(name, packed)
	}
	const byName = 0.8 // less sure is what only the content says
	language, score := code.Language(name, head)
	return score >= byName && !slices.Contains(prose, language)
}

// formatOf goes by the first bytes alone.
func formatOf(head []byte, how packing) Format {
	switch {
	case bytes.HasPrefix(head, []byte("WARC/")):
		return WARC
	case bytes.HasPrefix(head, []byte("PAR1")) && how == plain:
		return Parquet
	}
	switch f := sniff(head, false); f {
	case document.PDF, document.EPUB, document.HTML:
		return Format(f)
	}
	return ""
}
