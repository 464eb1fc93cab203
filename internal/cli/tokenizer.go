package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/modelfile"
	"github.com/polymath-lm/polymath/tokenizer"
)

func (a *app) tokenizerCommand() *cobra.Command {
	return a.group("tokenizer", "Train, apply and compare tokenizers",
		a.tokenizerTrainCommand(), a.tokenizerEncodeCommand(), a.tokenizerDecodeCommand(), a.tokenizerCompareCommand())
}

// patterns are the word-splitting rules that --pattern names.
var patterns = map[string]string{"gpt4": tokenizer.PatternGPT4, "gpt2": tokenizer.PatternGPT2}

func (a *app) tokenizerTrainCommand() *cobra.Command {
	var vocab int
	var out, pattern string
	cmd := &cobra.Command{
		Use:   "train PATH...",
		Short: "Make a vocabulary from text files and directories",
		Long: `Train makes a byte-level BPE vocabulary from the text of the given files and
directories, of all formats that "polymath corpus build" reads, and writes it as
a tokenizer.json. The result depends on the text alone, not on the number of
threads. The last tokens are special: the end of a text, the begin and end of a
turn of a conversation, and the place of a picture.`,
		Example: "  polymath tokenizer train --vocab 8192 --out tokenizer.json ./docs",
		Args:    atLeastOne("PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			split, ok := patterns[pattern]
			if !ok {
				return usagef("--pattern is %q; give gpt4 or gpt2", pattern)
			}
			if _, err := os.Stat(out); err == nil && !cmd.Flags().Changed("out") {
				return fmt.Errorf("%s is there already: --out %s replaces it, or give another file", out, out)
			}
			if err := checkOut(out); err != nil { // before it is learned in vain
				return err
			}
			return a.trainTokenizer(cmd.Context(), args, out, tokenizer.TrainOptions{VocabSize: vocab, Pattern: split, Special: chat.Specials()})
		},
	}
	cmd.Flags().IntVar(&vocab, "vocab", 8192, "number of tokens, the 256 bytes and the special tokens included")
	cmd.Flags().StringVar(&out, "out", "tokenizer.json", "file to write")
	cmd.Flags().StringVar(&pattern, "pattern", "gpt4", "how text is split into words: gpt4 or gpt2")
	return cmd
}

// checkOut refuses a file that could not be written in the end.
func checkOut(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("--out: %s is a directory; name a file", path)
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return fmt.Errorf("--out %s: %w", path, err)
	}
	return nil
}

func (a *app) trainTokenizer(ctx context.Context, paths []string, out string, o tokenizer.TrainOptions) error {
	documents, err := a.readTexts(ctx, paths, false)
	if err != nil {
		return err
	}
	screen := progress.NewScreen(a.Err)
	defer screen.Clear()
	o.Progress = func(p tokenizer.TrainProgress) {
		if p.Tokens == 0 {
			screen.Show(fmt.Sprintf("  counting words: %s, %s different", progress.Bytes(p.Bytes), progress.Count(int64(p.Words))))
			return
		}
		screen.Show(fmt.Sprintf("  %s merging: %s of %s tokens", progress.Bar(float64(p.Tokens)/float64(p.VocabSize), 30),
			progress.Count(int64(p.Tokens)), progress.Count(int64(p.VocabSize))))
	}
	start := time.Now()
	t, err := tokenizer.Train(until(ctx, documents), o)
	if err == nil {
		err = ctx.Err() // what was read before the interruption is no vocabulary to keep
	}
	if err != nil {
		return err
	}
	if err := t.Save(out); err != nil {
		return err
	}
	screen.Clear()
	fmt.Fprintf(a.Out, "%s: %s tokens from %s of text in %s\n", out, progress.Count(int64(t.VocabSize())),
		progress.Bytes(totalBytes(documents)), time.Since(start).Round(time.Millisecond))
	return nil
}

// until hands out texts until ctx ends.
func until(ctx context.Context, texts [][]byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, t := range texts {
			if ctx.Err() != nil || !yield(t) {
				return
			}
		}
	}
}

func (a *app) tokenizerDecodeCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "decode TOKENIZER [ID...]",
		Short:   "Turn token ids, from arguments or the standard input, into text",
		Example: "  polymath tokenizer decode tokenizer.json 72 105",
		Args:    atLeastOne("TOKENIZER"),
		RunE: func(_ *cobra.Command, args []string) error {
			t, err := modelfile.Tokenizer(args[0])
			if err != nil {
				return err
			}
			var words io.Reader = strings.NewReader(strings.Join(args[1:], " "))
			if len(args) == 1 {
				words = a.In
			}
			return decodeIDs(a.Out, t, words)
		},
	}
}

// decodeIDs writes the text of ids that spaces, commas or brackets divide.
func decodeIDs(w io.Writer, t *tokenizer.Tokenizer, ids io.Reader) error {
	out := bufio.NewWriter(w)
	words := bufio.NewScanner(ids)
	words.Split(splitIDs)
	decoder := t.NewDecoder()
	for words.Scan() {
		id, err := strconv.ParseInt(words.Text(), 10, 32)
		if err != nil || id < 0 || int(id) >= t.VocabSize() {
			return fmt.Errorf("%q is not a token id: the tokenizer has 0 to %d", words.Text(), t.VocabSize()-1)
		}
		out.WriteString(decoder.Next(int32(id)))
	}
	if err := words.Err(); err != nil {
		return fmt.Errorf("reading token ids: %w", err)
	}
	out.WriteString(decoder.Flush())
	return out.Flush()
}

// splitIDs finds words between spaces, commas and brackets, so that a JSON
// array of ids reads as well as a plain list.
func splitIDs(data []byte, atEOF bool) (advance int, token []byte, err error) {
	divides := func(b byte) bool { return strings.IndexByte(" \t\r\n,[]", b) >= 0 }
	start := 0
	for start < len(data) && divides(data[start]) {
		start++
	}
	for end := start; end < len(data); end++ {
		if divides(data[end]) {
			return end + 1, data[start:end], nil
		}
	}
	if atEOF && start < len(data) {
		return len(data), data[start:], nil
	}
	return start, nil, nil
}

// comparison is one tokenizer's result on one text.
type comparison struct {
	Name       string  `json:"name"`
	Value      float64 `json:"value"`
	Unit       string  `json:"unit"`
	Vocabulary int     `json:"vocabulary"`
	Tokens     int     `json:"tokens"`
	Bytes      int64   `json:"bytes"`
	MBytesPerS float64 `json:"megabytes_per_second"`
}

func (a *app) tokenizerCompareCommand() *cobra.Command {
	var asJSON bool
	var text []string
	cmd := &cobra.Command{
		Use:     "compare TOKENIZER... --text PATH",
		Short:   "Measure how well and how fast tokenizers encode a text",
		Example: "  polymath tokenizer compare small.json large.json --text ./docs",
		Args:    atLeastOne("TOKENIZER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(text) == 0 {
				return usagef("name the text to compare on with --text PATH")
			}
			documents, err := a.readTexts(cmd.Context(), text, false)
			if err != nil {
				return err
			}
			return a.compareTokenizers(args, documents, asJSON)
		},
	}
	cmd.Flags().StringSliceVar(&text, "text", nil, "file or directory with text; may be given several times")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per tokenizer")
	return cmd
}

func (a *app) compareTokenizers(paths []string, documents [][]byte, asJSON bool) error {
	for i, path := range paths {
		t, err := modelfile.Tokenizer(path)
		if err != nil {
			return err
		}
		c := compare(path, t, documents)
		if asJSON {
			if err := json.NewEncoder(a.Out).Encode(c); err != nil {
				return err
			}
			continue
		}
		if i == 0 {
			fmt.Fprintf(a.Out, "%-32s %10s %12s %12s %10s\n", "tokenizer", "vocabulary", "tokens", "bytes/token", "MB/s")
		}
		fmt.Fprintf(a.Out, "%-32s %10d %12d %12.3f %10.1f\n", path, c.Vocabulary, c.Tokens, c.Value, c.MBytesPerS)
	}
	return nil
}

// compare encodes documents on one thread.
func compare(name string, t *tokenizer.Tokenizer, documents [][]byte) comparison {
	var ids []int32
	tokens := 0
	start := time.Now()
	for _, d := range documents {
		ids = t.AppendEncode(ids[:0], d)
		tokens += len(ids)
	}
	seconds := time.Since(start).Seconds()
	size := totalBytes(documents)
	return comparison{
		Name: name, Value: float64(size) / float64(tokens), Unit: "bytes/token",
		Vocabulary: t.VocabSize(), Tokens: tokens, Bytes: size, MBytesPerS: float64(size) / 1e6 / seconds,
	}
}

// inputText reads the file, or the standard input where it is "" or "-".
func (a *app) inputText(path string) ([]byte, error) {
	if path == "" || path == "-" {
		return io.ReadAll(a.In)
	}
	return os.ReadFile(path)
}
