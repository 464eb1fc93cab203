package quickstart

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"text/template"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/corpus/source"
)

// Draft is what was decided about the corpus before it is complete: an
// interrupted quick start goes on with the same.
type Draft struct {
	Root   string `json:"root"`
	Shape  Shape  `json:"shape"`  // what the vocabulary is made for
	Sample int64  `json:"sample"` // bytes of text that the time allows to use
	// Part is the size of the parts of long files; 0: they stay whole.
	Part int64 `json:"part,omitempty"`
	// HeldOut is the share of the documents; 0 is not decided.
	HeldOut float64 `json:"held_out,omitempty"`
}

// draft decides what can be decided before the text is read.
func (s *session) draft(ctx context.Context) (*Draft, error) {
	d := &Draft{Root: s.Text, Shape: s.expectedShape()}
	d.Sample = s.expectedText(d.Shape)
	if s.Text != "" {
		if size, few := fewFiles(s.Text); few {
			d.divide(size)
		}
		return d, nil
	}
	var err error
	d.Root, err = findGo(ctx)
	return d, err
}

// findText makes sure that there is text to begin with.
func (s *session) findText(ctx context.Context) error {
	if s.Text == "" {
		_, err := findGo(ctx)
		return err
	}
	_, err := source.List(ctx, []string{s.Text}, source.Options{})
	return err
}

// wholeFiles is the number of documents from which on whole ones are held out; of
// fewer, parts.
const wholeFiles = 20

// fewFiles says whether there are fewer files than wholeFiles at a path, as far
// as a look at it tells, and their size.
func fewFiles(path string) (size int64, few bool) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return sizeOf(info, err)
	}
	entries, err := os.ReadDir(path)
	if err != nil || len(entries) >= wholeFiles {
		return 0, false
	}
	for _, e := range entries {
		n, isFile := sizeOf(e.Info())
		if !isFile {
			return 0, false
		}
		size += n
	}
	return size, true
}

func sizeOf(info os.FileInfo, err error) (size int64, isFile bool) {
	if err != nil || !info.Mode().IsRegular() {
		return 0, false
	}
	return info.Size(), true
}

// Sizes of the parts of long files where there are few.
const (
	mostPart  = 256 << 10
	leastPart = 8 << 10
	manyParts = 40 // that a small text is cut into
)

// divide cuts long files into parts, so that some of so much text can be held
// out.
func (d *Draft) divide(bytes int64) {
	d.Part = min(max(min(bytes, d.Sample)/manyParts, leastPart), mostPart)
}

// recipeTemplate is the recipe of the corpus, which its reader may learn from.
var recipeTemplate = template.Must(template.New("recipe").Funcs(template.FuncMap{"quote": quote}).Parse(
	`# The text of a quick start, as "polymath corpus build" makes it from this recipe.
name: quick start
out: {{quote .Out}}
seed: 1
memory: 256 MiB
segment: 16 MiB
sources:
  - name: text
{{- if .Own}}
    path: {{quote .Root}}
    # The format of each file is found out. Pictures, programs and what else holds
    # no text may lie among them, and files that are damaged.
    mixed: true
    max_bad: 1
{{- else}}
    paths:
{{- range .Paths}}
      - {{quote .}}
{{- end}}
    # Test data is no text to learn from: broken programs, tables, foreign formats.
    exclude:
{{- range .Exclude}}
      - {{quote .}}
{{- end}}
{{- end}}
    # Files are read in an order by a hash of their names, until the steps have kept
    # as much as the model can use in its time.
    sample: {{.Sample}}
{{- if .Part}}
    # The files are few: long ones are cut at line ends, and some of the parts are
    # held out.
    part: {{.Part}}
{{- end}}
    pipeline: quick
pipelines:
  # code drops what programs wrote, minified scripts and tables of numbers; secrets
  # replaces keys and passwords{{if .Own}}, private addresses and numbers of persons{{end}}.
  quick: [{{if .Own}}pdf_lines, {{end}}unicode, code, secrets{{if .Own}}, private{{end}}]
dedup: {exact: true}
tokenizer:
  # Neither the tokenizer nor the model learns from documents that are held out. The
  # vocabulary is smaller where the text does not fill it.
  train: {vocab_size: {{.Shape.Vocab}}, sample: 12 MiB, held_out: {{.HeldOut}}, shrink: true}
`))

// quote writes a text as YAML.
func quote(text string) (string, error) {
	b, err := json.Marshal(text)
	return string(b), err
}

// recipe is the recipe of the draft, as it is stored and as it is used.
func (s *session) corpusRecipe(d *Draft) (text []byte, r *corpus.Recipe, err error) {
	var b bytes.Buffer
	err = recipeTemplate.Execute(&b, struct {
		*Draft
		*corpus.Source
		Own bool
		Out string
		// These are of the draft, not of the source.
		Sample, Part int64
	}{d, goSource(d.Root), s.Text != "", s.path(corpusDir), d.Sample, d.Part})
	if err != nil {
		return nil, nil, fmt.Errorf("quick start: %w", err)
	}
	r, err = corpus.ParseRecipe(recipeName, b.Bytes())
	return b.Bytes(), r, err
}
