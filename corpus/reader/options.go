package reader

import (
	"fmt"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/corpus/code"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/words"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// Options say how a file is read.
type Options struct {
	// Format is how records lie in the files.
	Format Format `yaml:"format" json:"format,omitempty"`
	// Source is the recipe's name for the source, which each Origin has.
	Source string `yaml:"-" json:"-"`
	// TextField is the field or column that holds the text, in JSONL and Parquet; a
	// dot leads into an object.
	TextField string `yaml:"text_field" json:"text_field,omitempty"`
	// Holds is what that field holds: text, html, markdown or code.
	Holds document.Format `yaml:"holds" json:"holds,omitempty"`
	// MetaFields are the fields kept in Meta. "license=metadata.license" keeps a
	// field under another name. Without any, those named url, title, author, date,
	// language, license and path are kept.
	MetaFields []string `yaml:"meta_fields" json:"meta_fields,omitempty"`
	// MaxRecord is the size in bytes over which a record is bad; MaxFile is that of
	// a PDF or EPUB.
	MaxRecord recipe.Bytes `yaml:"max_record" json:"max_record,omitempty"`
	MaxFile   recipe.Bytes `yaml:"max_file" json:"max_file,omitempty"`
	// MaxRatio is how many times its size a packed file may unpack to, once that is
	// over 64 MiB.
	MaxRatio int64 `yaml:"max_ratio" json:"max_ratio,omitempty"`
	// Part is the size from which files of text, Markdown and code are cut at line
	// ends into records of about that size; 0 is 16 MiB or MaxRecord, what is less.
	Part recipe.Bytes `yaml:"part" json:"part,omitempty"`
	// Tree says what of a source tree is kept.
	Tree code.TreeOptions `yaml:"tree" json:"tree"`
}

// usual are the fields that are kept in Meta without being named.
var usual = []string{"url", "title", "author", "date", "language", "license", "path"}

// SetDefaults sets what an empty section of a recipe means.
func (o *Options) SetDefaults() {
	*o = Options{
		Format: Auto, Source: o.Source, TextField: "text", Holds: document.Text,
		MaxRecord: 64 << 20, MaxFile: 256 << 20, MaxRatio: 300, Part: o.Part, Tree: o.Tree,
	}
}

// filled returns the options with defaults in the place of zeros.
func (o Options) filled() Options {
	var d Options
	d.SetDefaults()
	if o.Format == "" {
		o.Format = d.Format
	}
	if o.TextField == "" {
		o.TextField = d.TextField
	}
	if o.Holds == "" {
		o.Holds = d.Holds
	}
	if o.MaxRecord == 0 {
		o.MaxRecord = d.MaxRecord
	}
	if o.MaxFile == 0 {
		o.MaxFile = d.MaxFile
	}
	if o.Part == 0 {
		o.Part = words.Most // of which all words are found, in any script
	}
	o.Part = min(o.Part, o.MaxRecord)
	if o.MaxRatio == 0 {
		o.MaxRatio = d.MaxRatio
	}
	return o
}

// Check returns what is wrong with the options.
func (o *Options) Check() error {
	formats := []Format{Auto, WARC, JSONL, Parquet, Text, HTML, Markdown, PDF, EPUB, Code, Tree}
	if o.Format != "" && !slices.Contains(formats, o.Format) {
		return recipe.Bad("format", "%q is not one of %s", o.Format, list(formats))
	}
	holds := []document.Format{document.Text, document.HTML, document.Markdown, document.Code}
	if o.Holds != "" && !slices.Contains(holds, o.Holds) {
		return recipe.Bad("holds", "%q is not one of %s", o.Holds, list(holds))
	}
	for i, f := range o.MetaFields {
		if _, field := metaField(f); field == "" {
			return recipe.Bad(fmt.Sprintf("meta_fields[%d]", i), "%q names no field", f)
		}
	}
	for _, l := range []struct {
		key   string
		value int64
	}{{"max_record", int64(o.MaxRecord)}, {"max_file", int64(o.MaxFile)}, {"part", int64(o.Part)}, {"max_ratio", o.MaxRatio}} {
		if l.value < 0 || l.value > 1<<31 {
			return recipe.Bad(l.key, "%d is not between 1 and %d", l.value, int64(1)<<31)
		}
	}
	return nil
}

func list[T ~string](values []T) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = string(v)
	}
	return strings.Join(words, ", ")
}

// metaField splits "key=path"; the key of a path alone is the path.
func metaField(s string) (key, field string) {
	if key, field, ok := strings.Cut(s, "="); ok {
		return key, field
	}
	return s, s
}
