// Package segment stores documents between the stages of a corpus, some tens of
// megabytes at a time. A segment is three files, of which the first is written
// last and makes it complete:
//
//	000012.records.zst  one JSON object a line for every record that was read
//	000012.text.s2      the texts of the documents that stay, end to end
//	000012.bands        their MinHash band keys, 8 bytes each, little-endian
//
// Both compressions are streams of the formats of those names, so that other
// programs can read them.
package segment

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/polymath-lm/polymath/corpus/document"
)

// Record is what is known of one record of a source: where it was found, what
// became of it and why. Records that were dropped have one too.
type Record struct {
	// ID is the document's id, 32 hexadecimal digits.
	ID            string            `json:"id"`
	Origin        document.Origin   `json:"origin"`
	Format        document.Format   `json:"format,omitempty"`
	Meta          map[string]string `json:"meta,omitempty"`
	Language      string            `json:"language,omitempty"`
	LanguageScore float32           `json:"language_score,omitzero"`
	Quality       float32           `json:"quality,omitzero"`
	Perplexity    float32           `json:"perplexity,omitzero"`
	// Bytes is the length of the content, TextBytes that of the text when the
	// document stayed or was dropped.
	Bytes     int64 `json:"bytes"`
	TextBytes int64 `json:"text_bytes"`
	// Text is the id of the final text, which shards name the document by; "" if
	// the document was dropped.
	Text string         `json:"text,omitempty"`
	Cuts []document.Cut `json:"cuts,omitempty"`
	// Hits are the first of the document's, at most maxHits.
	Hits []document.Hit `json:"hits,omitempty"`
	// Drop says why the document is left out, Bad why no document could be made of
	// the record. At most one of them is set.
	Drop *document.Drop `json:"drop,omitempty"`
	Bad  string         `json:"bad,omitempty"`
}

// maxHits keeps the line of a document that holds an evaluation set or more from
// becoming longer than maxLine: a hit takes some 100 bytes of it.
const maxHits = 1 << 16

// NewRecord describes d, whose content had that many bytes. The record keeps
// d's map and slices, so it lasts until d is used again.
func NewRecord(d *document.Document, contentBytes int64) Record {
	r := Record{
		ID: document.FormatID(d.ID), Origin: d.Origin, Format: d.Format, Meta: d.Meta,
		Language: d.Language, LanguageScore: d.LanguageScore, Quality: d.Quality, Perplexity: d.Perplexity,
		Bytes: contentBytes, TextBytes: int64(len(d.Text())), Cuts: d.Cuts, Hits: d.Hits[:min(len(d.Hits), maxHits)], Drop: d.Drop,
	}
	if d.Drop == nil {
		r.Text = document.FormatID(d.TextID())
	}
	return r
}

// Kept reports whether the segment has the document's text.
func (r *Record) Kept() bool { return r.Text != "" }

// AppendLine appends the record as it is stored, with the end of the line.
// Equal records give equal bytes.
func (r *Record) AppendLine(dst []byte) ([]byte, error) {
	line := bytes.NewBuffer(dst)
	if err := json.MarshalWrite(line, r, json.Deterministic(true)); err != nil {
		return dst, fmt.Errorf("record %d of %s: %w", r.Origin.Record, r.Origin.File, err)
	}
	line.WriteByte('\n')
	return line.Bytes(), nil
}

// parse reads what AppendLine wrote.
func (r *Record) parse(line []byte) error {
	*r = Record{}
	return json.Unmarshal(line, r)
}
