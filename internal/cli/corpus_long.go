package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/dialogue"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/modelfile"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/task/long"
	"github.com/polymath-lm/polymath/tokenizer"
)

// longFlags are the flags of polymath corpus long.
type longFlags struct {
	out, tokenizer   string
	kinds, texts     []string
	length, shortest tokenCount
	number           int
	shards           bool
	writing          long.Writing
}

func (a *app) corpusLongCommand() *cobra.Command {
	o := longFlags{length: 8 << 10}
	kinds := textsOf(long.TrainingKinds)
	cmd := &cobra.Command{
		Use:   "long --out DIR --tokenizer FILE",
		Short: "Make long documents with questions on what stands in them",
		Long: `Long makes documents that teach a model to find what is far back: a pass key,
values of keys, several needles, numbers that stand before their names, chains
of variables, how often something is said, needles that are nearly alike, and
what one of many documents says. Each has many questions with their exact
answers, half of them in the text and half at its end. Lengths are those of
--tokenizer; --shortest makes shorter ones too, each octave as often. The kind
repeat asks nothing: its documents are lists said over and over, from which a
model that begins at nothing learns to copy.

What is between the statements is prose of its own, or for a part of the
documents the texts that --text names, such as books. Names and values, and but
for key_value the wordings too, are never those of the suite 'long' of 'polymath
eval'. The directory gets JSON lines, a document in the field text of each, or
with --shards token shards to train on. The same flags give the same files.`,
		Example: `  polymath corpus long --out long --tokenizer t.json --length 8k --number 10000
  polymath corpus long --out shards --shards --tokenizer t.json --length 128k \
      --shortest 8k --number 500 --text books --prose 0.3`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.corpusLong(cmd.Context(), &o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.out, "out", "", "directory to write, which must be empty or not exist")
	f.Var(&o.length, "length", "length of the documents in tokens, such as 8192 or 128k")
	f.Var(&o.shortest, "shortest", "length of the shortest documents (default: --length)")
	f.IntVar(&o.number, "number", 1000, "number of documents")
	f.StringSliceVar(&o.kinds, "kinds", nil, "what documents are of: "+strings.Join(kinds, ", ")+" (default: all that ask something, books only with --text)")
	f.StringVar(&o.tokenizer, "tokenizer", "", "tokenizer.json, model or GGUF file that tokens are counted with (default: 4 bytes are one)")
	f.IntVar(&o.writing.Questions, "questions", 0, "questions of a document at most (default: one for 128 tokens, up to 64)")
	f.StringArrayVar(&o.texts, "text", nil, "put statements into these documents; may be given several times")
	f.Float64Var(&o.writing.Prose, "prose", 0.5, "share of the documents that have prose of the program besides --text")
	f.BoolVar(&o.shards, "shards", false, "write token shards in place of JSON lines")
	f.Uint64Var(&o.writing.Seed, "seed", 1, "what the documents follow from")
	complete(cmd, "kinds", kinds)
	return cmd
}

func (a *app) corpusLong(ctx context.Context, o *longFlags) error {
	switch {
	case o.out == "":
		return usagef("--out is missing: name the directory to write")
	case o.shards && o.tokenizer == "":
		return usagef("--shards needs the --tokenizer of the model that reads them")
	case o.number < 1:
		return usagef("--number must be at least 1")
	}
	w := &o.writing
	w.Longest, w.Shortest = int(o.length), int(o.shortest)
	if w.Shortest == 0 {
		w.Shortest = w.Longest
	}
	for _, k := range o.kinds {
		w.Kinds = append(w.Kinds, long.Kind(k))
	}
	if err := w.Check(); err != nil {
		return usageError{err}
	}
	if err := emptyDir(o.out); err != nil {
		return err
	}
	var t *tokenizer.Tokenizer
	if o.tokenizer != "" {
		var err error
		if t, err = modelfile.Tokenizer(o.tokenizer); err != nil {
			return err
		}
		w.Count = tokenCounter(t)
	}
	if err := a.longTexts(ctx, o); err != nil {
		return err
	}
	if o.shards {
		return a.longShards(ctx, t, o)
	}
	return a.longLines(ctx, o)
}

// emptyDir refuses a directory that holds something.
func emptyDir(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil && len(entries) > 0 {
		err = fmt.Errorf("%s is not empty: name another directory, or remove it", dir)
	}
	return err
}

// tokenCounter counts the tokens of a text; goroutines may share it.
func tokenCounter(t *tokenizer.Tokenizer) func(string) int {
	pool := sync.Pool{New: func() any { return new([]int32) }}
	return func(text string) int {
		ids := pool.Get().(*[]int32)
		defer pool.Put(ids)
		*ids = t.AppendEncode((*ids)[:0], []byte(text))
		return len(*ids)
	}
}

// longTexts reads what statements are put into.
func (a *app) longTexts(ctx context.Context, o *longFlags) error {
	if len(o.texts) == 0 {
		return nil
	}
	source := corpus.Source{Paths: o.texts}
	read, err := source.Each(ctx, func(d *document.Document) error {
		if len(bytes.TrimSpace(d.Text())) > 0 {
			o.writing.Texts = append(o.writing.Texts, string(d.Text()))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("--text: %w", err)
	}
	if read.Left > 0 {
		fmt.Fprintf(a.Err, "--text: %s of %s records are left out; the first: %s\n", progress.Count(read.Left), progress.Count(read.Records), progress.Visible(read.Why))
	}
	if len(o.writing.Texts) == 0 {
		return fmt.Errorf("--text: there is no text in %s", strings.Join(o.texts, ", "))
	}
	return nil
}

// longBatch is how many tokens of documents are made at a time, by all threads.
const longBatch = 2 << 20

// longEach makes the documents and passes them on in order.
func (a *app) longEach(ctx context.Context, o *longFlags, from, to int, screen *progress.Screen, add func(text string) error) error {
	batch := max(longBatch/o.writing.Longest, 8)
	for ; from < to; from += batch {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(batch, to-from)
		texts, errs := make([]string, n), make([]error, n)
		par.For(n, func(_, i int) { texts[i], errs[i] = o.writing.Document(from + i) })
		for _, err := range errs {
			if err != nil { // one tells enough
				return err
			}
		}
		for _, text := range texts {
			if err := add(text); err != nil {
				return err
			}
		}
		done := float64(from+n) / float64(o.number)
		screen.Show(fmt.Sprintf("  %s %s of %s documents", progress.Bar(done, 24), progress.Count(int64(from+n)), progress.Count(int64(o.number))))
	}
	return nil
}

// longFile is about how many tokens a file of JSON lines has.
const longFile = 1 << 24

func (a *app) longLines(ctx context.Context, o *longFlags) error {
	if err := os.MkdirAll(o.out, 0o777); err != nil {
		return err
	}
	screen := progress.NewScreen(a.Err)
	defer screen.Clear()
	each := min(max(longFile/o.writing.Longest, 1), 4096)
	var size int64
	for from := 0; from < o.number; from += each {
		path := filepath.Join(o.out, fmt.Sprintf("long-%05d.jsonl", from/each))
		_, err := atomicfile.Write(path, func(out io.Writer) error {
			return dialogue.Lines(out, func(add func(any) error) error {
				return a.longEach(ctx, o, from, min(from+each, o.number), screen, func(text string) error {
					size += int64(len(text))
					return add(struct {
						Text string `json:"text"`
					}{text})
				})
			})
		})
		if err != nil {
			return err
		}
	}
	screen.Clear()
	fmt.Fprintf(a.Out, "%s: %s, %s of text in %s\n", o.out, plural(int64(o.number), "document"), progress.Bytes(size), plural(int64((o.number+each-1)/each), "file"))
	return nil
}

func (a *app) longShards(ctx context.Context, t *tokenizer.Tokenizer, o *longFlags) error {
	if t.EOS() < 0 {
		return errNoEnd
	}
	w, err := shard.NewWriter(o.out, shard.Header{TokenizerHash: t.Hash(), VocabSize: t.VocabSize(), EndOfText: t.EOS()})
	if err != nil {
		return err
	}
	defer w.Abort()
	screen := progress.NewScreen(a.Err)
	defer screen.Clear()
	var ids []int32
	err = a.longEach(ctx, o, 0, o.number, screen, func(text string) error {
		ids = t.AppendEncode(ids[:0], []byte(text))
		return w.Add(document.NewID([]byte(text)), ids)
	})
	if err != nil {
		return err
	}
	m, err := w.Close()
	if err != nil {
		return err
	}
	screen.Clear()
	fmt.Fprintf(a.Out, "%s: %s tokens of %s\n", o.out, progress.Count(m.Tokens), plural(m.Docs, "document"))
	return nil
}
