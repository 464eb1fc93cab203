// Package reader takes the records out of input files: pages out of web
// archives, texts out of JSONL and Parquet, files out of source trees, and
// whole files.
package reader

import (
	"errors"
	"fmt"

	"github.com/polymath-lm/polymath/corpus/document"
)

// Format says how records lie in a file.
type Format string

// Formats of files. Auto goes by the first bytes, then by the name. Code is
// source code, one document a file.
const (
	Auto     Format = "auto"
	WARC     Format = "warc"
	JSONL    Format = "jsonl"
	Parquet  Format = "parquet"
	Text     Format = "text"
	HTML     Format = "html"
	Markdown Format = "markdown"
	PDF      Format = "pdf"
	EPUB     Format = "epub"
	Code     Format = "code"
	Tree     Format = "tree"
)

// ErrFormat is in the error of a file whose format is not recognized.
var ErrFormat = errors.New("the format is not recognized")

// Record is one record of a file.
type Record struct {
	Origin document.Origin
	Format document.Format
	// Content is what the source holds: after Resolve, the bytes of the page, the
	// text or the file.
	Content []byte
	// Charset is the one that the source declares; "" is none.
	Charset string
	// Meta is what the source says: url, title, author, date, language, license,
	// path and fields that were asked for.
	Meta map[string]string

	resolve func(*Record) error
}

// Resolve does the work that need not be done in the order of the file, such
// as parsing JSON and unpacking what HTTP packed. It is called once, by any
// goroutine, before the content is used. Errors are a *BadRecord or a *Skipped.
func (r *Record) Resolve() error {
	if r.resolve == nil {
		return nil
	}
	resolve := r.resolve
	r.resolve = nil
	return resolve(r)
}

func (r *Record) bad(format string, args ...any) error {
	return &BadRecord{Origin: r.Origin, Problem: fmt.Sprintf(format, args...)}
}

// Position is a place between two records of a file.
type Position struct {
	// Record is the number of records before it.
	Record int64 `json:"record"`
	// Offset is the byte in what the file unpacks to.
	Offset int64 `json:"offset"`
	// Member is the stored byte at which the part of a packed file begins that the
	// place is in, and Skip the unpacked bytes of that part before it.
	Member int64 `json:"member,omitempty"`
	Skip   int64 `json:"skip,omitempty"`
}

// Reader reads the records of one file in order. It is for one goroutine.
type Reader interface {
	// Next returns the next record, which the caller owns. A *BadRecord or a
	// *Skipped concerns one record: the next call goes on after it. io.EOF ends the
	// file. Any other error ends it too, and what was returned before stands.
	Next() (*Record, error)
	// Position is the place after what Next returned last, for Open.
	Position() Position
	// Close releases the file.
	Close() error
}

// BadRecord is a record that cannot be read.
type BadRecord struct {
	Origin  document.Origin
	Problem string
}

// Error implements error.
func (e *BadRecord) Error() string {
	return fmt.Sprintf("%s: record %d at byte %d: %s", e.Origin.File, e.Origin.Record, e.Origin.Offset, e.Problem)
}

// Skipped is a record that is sound and holds no document.
type Skipped struct {
	Origin document.Origin
	// Reason is short and one of few, for counting, such as "content type image"
	// or "record type request".
	Reason string
}

// Error implements error.
func (e *Skipped) Error() string {
	return fmt.Sprintf("%s: record %d at byte %d: skipped: %s", e.Origin.File, e.Origin.Record, e.Origin.Offset, e.Reason)
}
