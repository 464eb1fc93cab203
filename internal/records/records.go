// Package records reads the rows of data files: JSON lines, JSON, tables and
// paragraphs, packed or not.
package records

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Limits of what a file may hold.
const (
	MaxFile = 1 << 30  // bytes of one file, unpacked
	MaxRow  = 16 << 20 // bytes of one line of JSON, of one paragraph and of one whole text
)

// Formats are what files may be written in: an object or a text a line, a list
// of them, two kinds of tables, paragraphs with blank lines between, and one object
// of which each entry is a row with the fields key and value, in the order of keys;
// and a whole file that is one text.
var Formats = []string{"jsonl", "json", "csv", "tsv", "text", "entries", "whole"}

var endings = map[string]string{
	".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".csv": "csv", ".tsv": "tsv", ".txt": "text", ".md": "text",
}

// Options say how files are read.
type Options struct {
	// Format is one of Formats; default: by the ending of the file's name.
	Format string
	// Members is a pattern for the files of a .zip, by their whole name; default:
	// all of a known format.
	Members string
	// Items is the path, with dots, of the list of rows in a JSON file that is no
	// list itself.
	Items string
	// NoHeader says that the first line of a table is a row.
	NoHeader bool
	// Column stands before the number of a column, from 1, that has no name.
	Column string
}

// Row is one row of a file. It belongs to who reads it.
type Row struct {
	// Fields are what the row holds: texts, json.Number, booleans, nil, lists and
	// maps; nil if the row is a text by itself.
	Fields map[string]any
	// Columns are the names in the first line of a table, in its order; nil if the row
	// is of no table with one. All rows share them.
	Columns []string
	// Text is that text.
	Text string
	// File is the file's path, Member the name of the file in a .zip.
	File, Member string
	// Number counts the rows of a file, or of a member, from 0.
	Number int
	// Line is where the row begins, from 1; 0 in a JSON file that is a list.
	Line int
}

// Place is where the row is in its file.
func (r *Row) Place() string {
	if r.Line == 0 {
		return fmt.Sprintf("item %d", r.Number)
	}
	return fmt.Sprintf("line %d", r.Line)
}

// Where is the file and the place, for messages.
func (r *Row) Where() string {
	if r.Member != "" {
		return r.File + ": " + r.Member + ": " + r.Place()
	}
	return r.File + ": " + r.Place()
}

// Stem is the name of the row's file without directory and endings.
func (r *Row) Stem() string {
	name := r.File
	if r.Member != "" {
		name = r.Member
	}
	base := path.Base(filepath.ToSlash(name))
	stem := unpacked(base)
	return strings.TrimSuffix(stem, path.Ext(stem))
}

// unpacked is the name that a file has once it is unpacked.
func unpacked(name string) string {
	for _, ending := range []string{".gz", ".zst"} {
		if n := len(name) - len(ending); n >= 0 && strings.EqualFold(name[n:], ending) {
			return name[:n]
		}
	}
	return name
}

// format is that of a file, or "" if nothing says.
func (o *Options) format(name string) string {
	if o.Format != "" {
		return o.Format
	}
	return endings[strings.ToLower(path.Ext(filepath.ToSlash(unpacked(name))))]
}

// Match lists the files that the patterns of filepath.Match name, each once,
// sorted. A pattern that matches none is an error.
func Match(patterns []string) ([]string, error) {
	var files []string
	for _, pattern := range patterns {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("%q is no pattern: %w", pattern, err)
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("there is no file %s", pattern)
		}
		files = append(files, found...)
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}
