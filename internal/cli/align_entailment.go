package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/align/grounding"
	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/cli/progress"
)

// entailmentFlags are the flags of polymath align data entailment.
type entailmentFlags struct {
	out, labelled string
	textField     string
	number        int
	worlds        int
	heldOut       float64
	maker         grounding.MakerOptions
}

func (a *app) alignEntailmentCommand() *cobra.Command {
	var o entailmentFlags
	cmd := &cobra.Command{
		Use:   "entailment [SOURCE...]",
		Short: "Make statements that a text supports, and others",
		Long: `Entailment takes passages out of documents, and of each a sentence in slightly
other words, beside one that the passage does not support: with another number
or name, names exchanged, a "not" more or less, a word's opposite, or a sentence
from elsewhere in the document. A reward model that learns these comparisons by
'polymath align reward' tells which statements of an answer a text supports:
'polymath align data rewrites --checker head'. With --labelled statements of
documents that are held out are written too, with their labels, by which
'polymath align grounding' calibrates and measures it.

Statements on made-up worlds, --worlds, are in other words than their texts, and
are exact all the same.

Sources are files, directories, patterns or addresses in every format that a
corpus recipe's sources have. English only.`,
		Example: `  polymath align data entailment books --out pairs.jsonl --labelled held.jsonl
  polymath align data entailment wiki.jsonl.gz --passage 300 --out pairs.jsonl`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 && o.worlds == 0 {
				return usagef("name the texts to make statements of, or --worlds")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.alignEntailment(cmd.Context(), args, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.out, "out", "", "file of comparisons to write, which must not exist")
	f.StringVar(&o.labelled, "labelled", "", "file of labelled statements to write, which must not exist")
	f.Float64Var(&o.heldOut, "held-out", 0.05, "share of the documents whose statements go into --labelled")
	f.StringVar(&o.textField, "text-field", "", "field of JSONL and Parquet that holds the text (default text)")
	f.IntVar(&o.number, "number", 0, "comparisons to write at most; 0 is all")
	f.IntVar(&o.worlds, "worlds", 0, "questions on made-up worlds to make statements of, besides")
	f.IntVar(&o.maker.Passage, "passage", 500, "characters of a passage at most")
	f.IntVar(&o.maker.PerDocument, "per-document", 200, "passages of a document at most; 0 is all")
	f.Uint64Var(&o.maker.Seed, "seed", 1, "what the statements follow from, besides the texts")
	return cmd
}

func (o *entailmentFlags) check() error {
	switch {
	case o.number < 0 || o.worlds < 0 || o.maker.PerDocument < 0:
		return usagef("--number, --worlds and --per-document are no numbers below 0")
	case o.maker.Passage < grounding.SmallestPassage:
		return usagef("--passage is %d at least", grounding.SmallestPassage)
	case o.labelled != "" && !(o.heldOut > 0 && o.heldOut < 1):
		return usagef("--held-out is a share between 0 and 1")
	case o.labelled != "" && filepath.Clean(o.labelled) == filepath.Clean(o.out):
		return usagef("--out and --labelled are one file: name two")
	}
	if o.labelled == "" {
		o.heldOut = 0
	}
	return nil
}

// entailing makes examples and writes them to where they belong.
type entailing struct {
	o        *entailmentFlags
	screen   *progress.Screen
	out      io.Writer
	labelled io.Writer
	pairs    map[grounding.Kind]int
	written  int
	held     int
}

func (a *app) alignEntailment(ctx context.Context, sources []string, o entailmentFlags) error {
	if err := o.check(); err != nil {
		return err
	}
	e := &entailing{o: &o, screen: progress.NewScreen(a.Err), pairs: map[grounding.Kind]int{}}
	defer e.screen.Clear()
	var read *corpus.TextsRead
	err := writeNew(o.out, func(w io.Writer) (err error) {
		e.out = w
		if o.labelled == "" {
			read, err = e.read(ctx, sources)
			return err
		}
		return writeNew(o.labelled, func(w io.Writer) (err error) {
			e.labelled = w
			read, err = e.read(ctx, sources)
			return err
		})
	})
	if err != nil {
		return err
	}
	e.screen.Clear()
	if read.Left > 0 {
		fmt.Fprintf(a.Err, "%s of %s records are left out; the first: %s\n", progress.Count(read.Left), progress.Count(read.Records), progress.Visible(read.Why))
	}
	var kinds []string
	for _, k := range append(slices.Clone(grounding.Kinds), grounding.MadeUp) {
		kinds = append(kinds, fmt.Sprintf("%s %s", k, progress.Count(int64(e.pairs[k]))))
	}
	fmt.Fprintf(a.Out, "%s: %s comparisons (%s)\n", o.out, progress.Count(int64(e.written)), strings.Join(kinds, ", "))
	if o.labelled != "" {
		fmt.Fprintf(a.Out, "%s: %s labelled statements\n", o.labelled, progress.Count(int64(2*e.held)))
		if e.held == 0 {
			fmt.Fprintln(a.Err, "no document was held out: give more documents, or a larger --held-out")
		}
	}
	return nil
}

// errEnough ends the reading where there are as many comparisons as were asked for.
var errEnough = errors.New("enough")

// read makes the examples of all documents.
func (e *entailing) read(ctx context.Context, sources []string) (*corpus.TextsRead, error) {
	out := bufio.NewWriter(e.out)
	if e.o.worlds > 0 {
		if err := grounding.Worlds(e.o.worlds, e.o.maker.Seed, func(x grounding.Example) error { return e.write(out, &x) }); err != nil && !errors.Is(err, errEnough) {
			return nil, err
		}
	}
	read, err := &corpus.TextsRead{}, error(nil)
	if len(sources) > 0 {
		read, err = e.documents(ctx, sources, out)
	}
	if err == nil && e.written == 0 {
		err = errors.New("there is no sentence in the texts that a statement could be made of")
	}
	if err != nil {
		return nil, err
	}
	return read, out.Flush()
}

// documents makes the examples of documents.
func (e *entailing) documents(ctx context.Context, sources []string, out io.Writer) (*corpus.TextsRead, error) {
	maker := grounding.NewMaker(e.o.maker)
	source := corpus.Source{Paths: sources, TextField: e.o.textField}
	documents := int64(0)
	read, err := source.Each(ctx, func(d *document.Document) error {
		documents++
		e.screen.Show(fmt.Sprintf("  %s documents, %s comparisons", progress.Count(documents), progress.Count(int64(e.written))))
		return maker.Document(string(d.Text()), func(x grounding.Example) error { return e.write(out, &x) })
	})
	if errors.Is(err, errEnough) {
		return &corpus.TextsRead{}, nil
	}
	return read, err
}

func (e *entailing) write(out io.Writer, x *grounding.Example) error {
	if x.HeldOut(e.o.heldOut) {
		e.held++
		return grounding.WriteLabelled(e.labelled, x)
	}
	if e.o.number > 0 && e.written == e.o.number {
		return errEnough
	}
	e.written++
	e.pairs[x.Kind]++
	return grounding.WritePair(out, x)
}
