package cli

import (
	"context"
	"fmt"
	"iter"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/quality"
	"github.com/polymath-lm/polymath/corpus/words"
	"github.com/polymath-lm/polymath/internal/cli/progress"
)

// qualityFlags are the flags of polymath corpus quality train.
type qualityFlags struct {
	good, poor []string
	textField  string
	out        string
	asJSON     bool
	options    quality.TrainOptions
}

func (a *app) corpusQualityCommand() *cobra.Command {
	return a.group("quality", "Train the classifier that scores documents", a.corpusQualityTrainCommand())
}

func (a *app) corpusQualityTrainCommand() *cobra.Command {
	var o qualityFlags
	o.options.SetDefaults()
	cmd := &cobra.Command{
		Use:   "train --good PATH --poor PATH --out FILE",
		Short: "Train a classifier from good and poor documents",
		Long: `Train makes a linear classifier on hashed words and pairs of words that tells
how likely a document is one of the good ones, for the step quality of a recipe.
Paths are files, directories, patterns or addresses in every format that a
recipe's sources have. A tenth of the documents calibrates the scores, and
another tenth measures them; which ones is decided by their text alone. The same
documents give the same file, byte for byte.`,
		Example: `  polymath corpus quality train --good books --good wiki.jsonl.gz \
      --poor crawl.warc.gz --out quality.model`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case len(o.good) == 0:
				return usagef("name good documents with --good")
			case len(o.poor) == 0:
				return usagef("name poor documents with --poor")
			case o.out == "":
				return usagef("name the file to write with --out")
			}
			return a.trainQuality(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.good, "good", nil, "documents that are good; may be given several times")
	f.StringArrayVar(&o.poor, "poor", nil, "documents that are poor; may be given several times")
	f.StringVar(&o.textField, "text-field", "", "field of JSONL and Parquet that holds the text (default text)")
	f.StringVar(&o.out, "out", "", "file to write")
	f.IntVar(&o.options.Epochs, "epochs", o.options.Epochs, "how often the documents are gone through")
	f.IntVar(&o.options.NGram, "ngram", o.options.NGram, "words of the longest n-grams")
	f.Uint64Var(&o.options.Seed, "seed", o.options.Seed, "starts the order of training")
	f.BoolVar(&o.asJSON, "json", false, "print the report as one JSON object")
	return cmd
}

// qualityJSON is what --json prints.
type qualityJSON struct {
	*quality.Report
	File   string            `json:"file"`
	SHA256 string            `json:"sha256"`
	Read   *corpus.TextsRead `json:"good_read"`
	Poor   *corpus.TextsRead `json:"poor_read"`
}

func (a *app) trainQuality(ctx context.Context, o qualityFlags) error {
	if err := o.options.Check(); err != nil {
		return err
	}
	if err := checkOut(o.out); err != nil {
		return err
	}
	screen := progress.NewScreen(a.Err)
	defer screen.Clear()
	e := examples{ctx: ctx, screen: screen, textField: o.textField}
	m, report, err := quality.Train(o.options, e.of(o.good, o.poor))
	screen.Clear()
	for i, r := range e.read {
		if r.Left > 0 {
			fmt.Fprintf(a.Err, "%s of %s %s records are left out; the first: %s\n", progress.Count(r.Left), progress.Count(r.Records),
				[2]string{"good", "poor"}[i], progress.Visible(r.Why))
		}
	}
	if err != nil {
		return err
	}
	if err := m.Write(o.out); err != nil {
		return err
	}
	if o.asJSON {
		return writeIndented(a.Out, qualityJSON{report, o.out, m.Hash(), e.read[0], e.read[1]})
	}
	fmt.Fprint(a.Out, report)
	fmt.Fprintf(a.Out, "%s: name it in a recipe as the model of the step quality\n", o.out)
	return nil
}

// examples reads documents to learn from.
type examples struct {
	ctx    context.Context
	screen *progress.Screen
	// textField is that of records with fields.
	textField string
	read      []*corpus.TextsRead
	docs      int64
	bytes     int64
}

// of yields the good documents and then the poor ones.
func (e *examples) of(good, poor []string) iter.Seq2[quality.Example, error] {
	return func(yield func(quality.Example, error) bool) {
		var list words.List
		for i, patterns := range [][]string{good, poor} {
			stopped := false
			source := corpus.Source{Paths: patterns, TextField: e.textField}
			r, err := source.Each(e.ctx, func(d *document.Document) error {
				text := d.Text()
				list.Split(text)
				e.docs++
				e.bytes += int64(len(text))
				e.screen.Show(fmt.Sprintf("  reading: %s documents, %s", progress.Count(e.docs), progress.Bytes(e.bytes)))
				if !yield(quality.Example{ID: document.NewID(text), Good: i == 0, Words: &list}, nil) {
					stopped = true
					return errInterrupted
				}
				return nil
			})
			if stopped {
				return
			}
			if err != nil {
				yield(quality.Example{}, fmt.Errorf("--%s: %w", [2]string{"good", "poor"}[i], err))
				return
			}
			e.read = append(e.read, r)
		}
		e.screen.Show(fmt.Sprintf("  training on %s documents", progress.Count(e.docs)))
	}
}
