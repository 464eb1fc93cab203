package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/train"
)

// traceFlags are the flags of polymath corpus trace.
type traceFlags struct {
	text, run            string
	show, within, asJSON bool
}

// maxTraced bounds the documents of which everything is told.
const maxTraced = 20

func (a *app) corpusTraceCommand() *cobra.Command {
	var o traceFlags
	cmd := &cobra.Command{
		Use:   "trace CORPUS [ID|PLACE|TEXT]",
		Short: "Say where a document came from, and what became of it",
		Long: `Trace finds a document of a corpus by its id or that of its text (32 hexadecimal
digits), by its place (FILE#RECORD, a file, or the address or path in its
metadata), or by its text: an argument, a file (--text), or standard input
(--text -). It tells where the document came from, what was cut out of it, which
rule dropped it and on what number, which document stays in its place, which
items of evaluation sets it holds, and where it is in the shards. With --run,
the directory of a training run or the recipe of one, it tells at which steps
that run reads it.

Of a text that no document has it names the documents that are likest to it;
--within finds a passage.

--show reads the record again from its source, if that is still there unchanged,
and shows the text around what was cut. Private data is never shown.`,
		Example: `  polymath corpus trace corpus/demo 9f86d081884c7d659a2feaa0c55ad015
  polymath corpus trace corpus/demo data/pages.warc.gz#12 --show
  polymath corpus trace corpus/demo --text page.txt --run runs/tiny`,
		Args: func(cmd *cobra.Command, args []string) error {
			if o.text != "" {
				return exactly("CORPUS")(cmd, args)
			}
			return exactly("CORPUS", "ID, PLACE or TEXT (or --text FILE)")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.corpusTrace(cmd.Context(), args, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.text, "text", "", "find the text that is in this file; - reads standard input")
	f.StringVar(&o.run, "run", "", "tell the steps at which this run reads it: its directory, or a training recipe")
	f.BoolVar(&o.show, "show", false, "read the record again and show the text around what was cut")
	f.BoolVar(&o.within, "within", false, "find documents that hold the text among other text; reads all texts")
	f.BoolVar(&o.asJSON, "json", false, "print one JSON object")
	return cmd
}

// traced is what --json prints.
type traced struct {
	// Query is what was asked for, and By how it was understood: "id", "place",
	// "address", "path" or "text".
	Query string `json:"query"`
	By    string `json:"by"`
	// Matches is the number of documents that were found; the first are in
	// Documents.
	Matches   int           `json:"matches"`
	Documents []tracedDoc   `json:"documents"`
	Nearest   []corpus.Near `json:"nearest,omitempty"`
	Searched  string        `json:"searched,omitempty"`
}

type tracedDoc struct {
	*corpus.Trace
	Again *corpus.Again  `json:"again,omitempty"`
	Gone  string         `json:"source_problem,omitempty"` // why Again is not there
	Run   *train.Reading `json:"run,omitempty"`
}

func (a *app) corpusTrace(ctx context.Context, args []string, o traceFlags) error {
	c, err := corpus.Open(args[0])
	if err != nil {
		return err
	}
	defer c.Close()
	screen := progress.NewScreen(a.Err)
	defer screen.Clear()
	s := &search{Corpus: c, within: o.within, show: func(done, all int) {
		screen.Show(fmt.Sprintf("  %s segment %d of %d", progress.Bar(float64(done)/float64(max(all, 1)), 24), done, all))
	}}
	numbers, err := s.find(ctx, a.In, args[1:], o.text)
	if err != nil {
		return err
	}
	s.answer.Matches = len(numbers)
	for _, number := range numbers[:min(len(numbers), maxTraced)] {
		d, err := traceOne(ctx, c, number, o)
		if err != nil {
			return err
		}
		s.answer.Documents = append(s.answer.Documents, *d)
	}
	screen.Clear()
	if o.asJSON {
		if err := writeIndented(a.Out, s.answer); err != nil {
			return err
		}
	} else {
		printTraced(a.Out, c, &s.answer, o)
	}
	if len(numbers) == 0 {
		return fmt.Errorf("%s has no such document: %s", args[0], s.answer.Searched)
	}
	return nil
}

// search is a question about a corpus.
type search struct {
	*corpus.Corpus
	answer traced
	within bool
	show   func(done, all int)
}

// find returns the documents that are meant.
func (s *search) find(ctx context.Context, in io.Reader, args []string, file string) ([]uint32, error) {
	if file != "" {
		s.answer.Query = file
		text, err := readText(in, file)
		if err != nil {
			return nil, fmt.Errorf("--text: %w", err)
		}
		return s.byText(ctx, text)
	}
	query := args[0]
	s.answer.Query = query
	if id, err := document.ParseID(query); err == nil {
		s.answer.By, s.answer.Searched = "id", "no content and no text has this id"
		return s.Find(id)
	}
	place, record := corpus.SplitPlace(query)
	numbers, records, known, err := s.FindPlace(ctx, place, record)
	switch {
	case err != nil:
		return nil, err
	case known:
		s.answer.By = "place"
		s.answer.Searched = fmt.Sprintf("the file has %s records, from #0 on", progress.Count(records))
		return numbers, nil
	case isAddress(query):
		s.answer.By, s.answer.Searched = "address", "no input file and no metadata have this address"
		return s.FindAddress(ctx, query, s.show)
	}
	text, err := readText(nil, query)
	switch {
	case err == nil:
		return s.byText(ctx, text)
	case strings.Contains(query, "/") && !strings.ContainsAny(query, " \n\t"):
		s.answer.By, s.answer.Searched = "path", "no input file and no metadata have this path"
		return s.FindAddress(ctx, query, s.show)
	case record >= 0 || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errNoName):
		s.answer.By, s.answer.Searched = "place", "no input file has this path or name"
		return nil, nil
	}
	return s.byText(ctx, []byte(query))
}

// errNoName says that a text cannot be the name of a file.
var errNoName = errors.New("no name of a file")

// maxTextFile bounds the text that is looked for.
const maxTextFile = document.MaxBytes

// readText reads a file, or with "-" standard input.
func readText(in io.Reader, path string) ([]byte, error) {
	if path != "-" || in == nil {
		if len(path) > 1024 || strings.ContainsAny(path, "\n\x00") {
			return nil, errNoName
		}
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxTextFile+1))
	if err == nil && len(text) > maxTextFile {
		err = fmt.Errorf("%s is longer than any document, %s", path, progress.Bytes(maxTextFile))
	}
	return text, err
}

func isAddress(text string) bool {
	scheme, _, ok := strings.Cut(text, "://")
	return ok && scheme != "" && !strings.ContainsAny(text, " \n\t")
}

// byText finds documents of that text, or the likest ones.
func (s *search) byText(ctx context.Context, text []byte) ([]uint32, error) {
	s.answer.By = "text"
	if s.within {
		s.answer.Searched = "no text of a document that the filters kept holds this one"
		return s.FindWithin(ctx, text, s.show)
	}
	s.answer.Searched = "no content and no final text is this text"
	numbers, err := s.FindText(text)
	if err != nil || len(numbers) > 0 {
		return numbers, err
	}
	s.answer.Nearest, err = s.FindNear(ctx, text, s.show)
	switch {
	case errors.Is(err, corpus.ErrNoBands):
		s.answer.Searched += ", and it cannot be compared with others: it has too few words, or the recipe has no dedup.minhash"
		return nil, nil
	case err == nil && len(s.answer.Nearest) == 0:
		s.answer.Searched += ", and none is nearly the same"
	case err == nil:
		s.answer.Searched += "; the likest are named above"
	}
	return nil, err
}

// traceOne gathers all that is known of a document.
func traceOne(ctx context.Context, c *corpus.Corpus, number uint32, o traceFlags) (*tracedDoc, error) {
	t, err := c.Trace(ctx, number)
	if err != nil {
		return nil, err
	}
	d := &tracedDoc{Trace: t}
	if o.show && t.Record.Bad == "" {
		switch d.Again, err = c.Again(ctx, t); {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err != nil: // the source, or a list or a model of a step, is not there any more
			d.Gone = err.Error()
		}
	}
	if o.run == "" || len(t.Shards) == 0 {
		return d, nil
	}
	id, err := document.ParseID(t.Record.Text)
	if err != nil {
		return nil, err
	}
	if d.Run, err = train.StepsOf(o.run, id); err != nil {
		return nil, fmt.Errorf("--run: %w", err)
	}
	if d.Run.Shards != c.Manifest.Shards {
		return nil, fmt.Errorf("--run: %s reads shards of the hash %s, and those of the corpus have %s", o.run, d.Run.Shards, c.Manifest.Shards)
	}
	return d, nil
}
