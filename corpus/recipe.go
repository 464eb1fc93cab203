// Package corpus builds the data that a model is trained on: it reads files of
// all kinds, filters and deduplicates what they hold, mixes the sources and
// writes token shards, and can say afterwards what became of every document.
//
// # What a build leaves
//
// A build writes into one directory:
//
//	corpus.json        the manifest, written last: hashes from the recipe to the shards
//	shards/            what training reads, see package shard
//	tokenizer.json     the tokenizer, if the recipe trains one
//	work/ingest/       segments, see package segment, each with a summary beside it
//	work/...           what later stages keep
//
// Every stage leaves a mark when it is complete, under a key: the hash of the
// part of the recipe that it depends on and of what the stage before left. A
// build that was stopped, however it was stopped, goes on where it was.
package corpus

import (
	"slices"

	"github.com/polymath-lm/polymath/corpus/code"
	"github.com/polymath-lm/polymath/corpus/dedup"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/mixture"
	"github.com/polymath-lm/polymath/corpus/reader"
	"github.com/polymath-lm/polymath/corpus/source"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// Recipe is everything that determines a corpus. It is read from one YAML file
// by ReadRecipe. All paths are relative to the working directory.
type Recipe struct {
	// Name is the title of the report.
	Name string `yaml:"name" json:"name"`
	// Seed starts the order of the documents in the shards.
	Seed uint64 `yaml:"seed" json:"seed"`
	// Out is the directory that the build writes.
	Out string `yaml:"out" json:"-"`
	// Sources are what is read, in this order.
	Sources []Source `yaml:"sources" json:"sources"`
	// Pipelines are lists of steps by name. They go before those that every recipe
	// has, see Pipelines.
	Pipelines map[string][]Step `yaml:"pipelines" json:"pipelines"`
	// Dedup removes what is there twice.
	Dedup DedupSpec `yaml:"dedup" json:"dedup"`
	// Mixture says how much of each source training reads, and when.
	Mixture mixture.Options `yaml:"mixture" json:"mixture"`
	// Tokenizer turns text into tokens.
	Tokenizer TokenizerSpec `yaml:"tokenizer" json:"tokenizer"`
	// Segment is about how much content is read between two points at which a
	// stopped build can go on.
	Segment recipe.Bytes `yaml:"segment" json:"segment"`
	// Threads is the number of documents that are worked on at the same time; 0:
	// one for each core. It does not change the result.
	Threads int `yaml:"threads" json:"-"`
	// Memory is about how much memory the build may take. It does not change the
	// result.
	Memory recipe.Bytes `yaml:"memory" json:"-"`

	places *recipe.Places // where the keys stand; nil for a recipe of no file
}

// Source is one kind of input.
type Source struct {
	// Name is used in all that is said about the source.
	Name string `yaml:"name" json:"name"`
	// Path, or each of Paths, is a file, a directory, a pattern, or an address, see
	// package source.
	Path  string   `yaml:"path" json:"path,omitempty"`
	Paths []string `yaml:"paths" json:"paths,omitempty"`
	// Exclude are patterns of names below the path: files and directories on this
	// machine that are left out.
	Exclude []string `yaml:"exclude" json:"exclude,omitempty"`
	// Mixed says that other files lie among those to read: files of no known format
	// are counted as skipped, and directories that may not be read passed over.
	Mixed bool `yaml:"mixed" json:"mixed,omitempty"`
	// Sample ends the source when the steps have kept so much text. Its files are
	// read in an order that a hash of their names gives. 0 reads all of it.
	Sample recipe.Bytes `yaml:"sample" json:"sample,omitempty"`
	// Format is that of the files: auto, warc, jsonl, parquet, text, html,
	// markdown, pdf, epub, code or tree.
	Format reader.Format `yaml:"format" json:"format"`
	// TextField is the field of the records of JSONL and Parquet that holds the
	// text, Holds what it holds (text, html, markdown or code), and MetaFields are
	// the fields that are kept beside it.
	TextField  string          `yaml:"text_field" json:"text_field,omitempty"`
	Holds      document.Format `yaml:"holds" json:"holds,omitempty"`
	MetaFields []string        `yaml:"meta_fields" json:"meta_fields,omitempty"`
	// MaxRecord and MaxFile bound what is read of one record, and of one PDF or
	// EPUB; more is bad.
	MaxRecord recipe.Bytes `yaml:"max_record" json:"max_record,omitempty"`
	MaxFile   recipe.Bytes `yaml:"max_file" json:"max_file,omitempty"`
	// MaxRatio is how many times its size a packed file may unpack to.
	MaxRatio int64 `yaml:"max_ratio" json:"max_ratio,omitempty"`
	// Part is the size from which files of text, Markdown and code are cut at line
	// ends into documents of about that size; 0 is max_record.
	Part recipe.Bytes `yaml:"part" json:"part,omitempty"`
	// Tree says what of a source tree is kept.
	Tree code.TreeOptions `yaml:"tree" json:"tree,omitzero"`
	// Language and License hold for documents that say nothing else themselves.
	Language string `yaml:"language" json:"language,omitempty"`
	License  string `yaml:"license" json:"license,omitempty"`
	// Pipeline is the name of the steps for all documents of the source. Left out,
	// each document goes through that of its format: "web" for HTML, "books" for
	// PDF and EPUB, "code" for code and "text" for the rest.
	Pipeline string `yaml:"pipeline" json:"pipeline,omitempty"`
	// Weight is the source's part of the mixture, relative to the others'; where no
	// source has one, all their text is used. Epochs is how often one of its
	// documents may be used at most.
	Weight float64 `yaml:"weight" json:"weight"`
	Epochs float64 `yaml:"epochs" json:"epochs"`
	// MaxBad is the share of the records that may be unreadable before the build
	// stops.
	MaxBad float64 `yaml:"max_bad" json:"-"`
	// Headers are sent with each HTTP request. They are stored nowhere.
	Headers map[string]string `yaml:"headers" json:"-"`
	// Endpoint and Region are those of an S3 service, see package source.
	Endpoint string `yaml:"endpoint" json:"-"`
	Region   string `yaml:"region" json:"-"`
}

// SetDefaults sets the values of the keys that a recipe leaves out.
func (s *Source) SetDefaults() {
	s.Format, s.Epochs, s.MaxBad = reader.Auto, 1, 0.05
}

// listing says how the source's files are found.
func (s *Source) listing() source.Options {
	var o source.Options
	o.SetDefaults()
	o.Headers, o.Endpoint, o.Region, o.Trees = s.Headers, s.Endpoint, s.Region, s.Format == reader.Tree
	o.Exclude = s.Exclude
	return o
}

// reading says how the source's files are read.
func (s *Source) reading() reader.Options {
	return reader.Options{
		Format: s.Format, Source: s.Name, TextField: s.TextField, Holds: s.Holds, MetaFields: s.MetaFields,
		MaxRecord: s.MaxRecord, MaxFile: s.MaxFile, Part: s.Part, MaxRatio: s.MaxRatio, Tree: s.Tree,
	}
}

// patterns are the places that the source names.
func (s *Source) patterns() []string {
	if s.Path == "" {
		return s.Paths
	}
	return append([]string{s.Path}, s.Paths...)
}

// shown is the source without what gives access to it.
func (s Source) shown() Source {
	s.Path, s.Paths = source.ShownPattern(s.Path), slices.Clone(s.Paths)
	for i, p := range s.Paths {
		s.Paths[i] = source.ShownPattern(p)
	}
	return s
}

// shown is the recipe as the manifest tells it.
func (r *Recipe) shown() *Recipe {
	shown := *r
	shown.Sources = nil
	for _, s := range r.Sources {
		shown.Sources = append(shown.Sources, s.shown())
	}
	return &shown
}

// TokenizerSpec names a tokenizer, or says how to train one on the corpus. In a
// recipe it may be written as the path alone.
type TokenizerSpec struct {
	// Path is that of a tokenizer.json.
	Path string `yaml:"path" json:"path,omitempty"`
	// Train trains one on the documents that are kept.
	Train *TokenizerTraining `yaml:"train" json:"train,omitempty"`
}

// UnmarshalText takes the path.
func (t *TokenizerSpec) UnmarshalText(text []byte) error {
	*t = TokenizerSpec{Path: string(text)}
	return nil
}

// TokenizerTraining says how a tokenizer is trained.
type TokenizerTraining struct {
	// VocabSize is the number of its tokens.
	VocabSize int `yaml:"vocab_size" json:"vocab_size"`
	// Sample is about how much text is learned from, chosen by a hash of the
	// documents' texts.
	Sample recipe.Bytes `yaml:"sample" json:"sample"`
	// HeldOut is the share of the documents that are not learned from: those that
	// a training recipe with the same data.held_out holds out.
	HeldOut float64 `yaml:"held_out" json:"held_out,omitempty"`
	// Shrink makes a smaller vocabulary where the text does not fill it: a token
	// takes 200 bytes of text, and not more tokens are made than there are repeated
	// sequences.
	Shrink bool `yaml:"shrink" json:"shrink,omitempty"`
}

// SetDefaults sets the values of the keys that a recipe leaves out.
func (t *TokenizerTraining) SetDefaults() { t.VocabSize, t.Sample = 32000, 64<<20 }

// DefaultRecipe returns the values of the keys that a recipe leaves out.
func DefaultRecipe() *Recipe {
	r := &Recipe{Segment: 64 << 20, Memory: 1 << 30}
	r.Dedup.SetDefaults()
	r.Mixture.SetDefaults()
	return r
}

// DedupSpec says what is removed because it is there already. Of several
// documents that of the highest quality stays, and of these that of the lowest
// id.
type DedupSpec struct {
	// Exact removes documents whose final text another one has.
	Exact bool `yaml:"exact" json:"exact"`
	// MinHash removes documents that are nearly another one.
	MinHash *dedup.NearOptions `yaml:"minhash" json:"minhash,omitempty"`
	// Lines removes lines or paragraphs that another document has too.
	Lines *dedup.LineOptions `yaml:"lines" json:"lines,omitempty"`
	// Substrings removes long runs of words that another document has too.
	Substrings *dedup.SubstringOptions `yaml:"substrings" json:"substrings,omitempty"`
}

// SetDefaults sets the values of the keys that a recipe leaves out.
func (d *DedupSpec) SetDefaults() { *d = DedupSpec{Exact: true} }

func (d *DedupSpec) check() error {
	if d.MinHash != nil {
		if err := recipe.Below("minhash", d.MinHash.Check()); err != nil {
			return err
		}
	}
	if d.Lines != nil {
		if err := recipe.Below("lines", d.Lines.Check()); err != nil {
			return err
		}
	}
	if d.Substrings != nil {
		return recipe.Below("substrings", d.Substrings.Check())
	}
	return nil
}
