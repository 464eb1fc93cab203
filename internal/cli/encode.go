package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/cli/source"
	"github.com/polymath-lm/polymath/modelfile"
	"github.com/polymath-lm/polymath/tokenizer"
)

// encodeFlags are the flags of polymath tokenizer encode.
type encodeFlags struct {
	shards  string
	asJSON  bool
	special bool
}

func (a *app) tokenizerEncodeCommand() *cobra.Command {
	var o encodeFlags
	cmd := &cobra.Command{
		Use:   "encode TOKENIZER [PATH...]",
		Short: "Turn text into token ids, or into token shards to train on",
		Long: `Encode prints the token ids of the text files and directories given, or of the
standard input, one line for each text. TOKENIZER is a tokenizer.json, a
model's directory or a GGUF file. With --shards it writes token shards
instead, which a training recipe names as data.shards.`,
		Example: `  echo 'Hello, world' | polymath tokenizer encode tokenizer.json
  polymath tokenizer encode tokenizer.json ./docs --shards shards`,
		Args: atLeastOne("TOKENIZER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.shards != "" && len(args) == 1 {
				return usagef("--shards needs the PATH of the text to encode")
			}
			return a.encode(cmd.Context(), args[0], args[1:], o)
		},
	}
	cmd.Flags().StringVar(&o.shards, "shards", "", "directory to write token shards to")
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "print each text's ids as a JSON array")
	cmd.Flags().BoolVar(&o.special, "special", false, "read the names of special tokens, such as <|endoftext|>, as those tokens")
	return cmd
}

func (a *app) encode(ctx context.Context, path string, paths []string, o encodeFlags) error {
	t, err := modelfile.Tokenizer(path)
	if err != nil {
		return err
	}
	documents, err := a.encodeInput(ctx, paths)
	if err != nil {
		return err
	}
	if o.shards != "" {
		return a.writeShards(ctx, t, documents, o.shards)
	}
	encode := t.AppendEncode
	if o.special {
		encode = t.AppendEncodeSpecial
	}
	out := bufio.NewWriter(a.Out)
	var ids []int32
	for _, d := range documents {
		ids = encode(ids[:0], d.Text)
		if err := writeIDs(out, ids, o.asJSON); err != nil {
			return err
		}
	}
	return out.Flush()
}

// encodeInput reads the documents of paths, or the standard input as one.
func (a *app) encodeInput(ctx context.Context, paths []string) ([]source.Document, error) {
	if len(paths) > 0 {
		return a.readText(ctx, paths)
	}
	text, err := a.inputText("-")
	if err != nil {
		return nil, fmt.Errorf("reading the standard input: %w", err)
	}
	return []source.Document{{Name: "standard input", Text: text}}, nil
}

func writeIDs(out *bufio.Writer, ids []int32, asJSON bool) error {
	if asJSON {
		if ids == nil {
			ids = []int32{}
		}
		return json.NewEncoder(out).Encode(ids)
	}
	var digits []byte
	for i, id := range ids {
		if i > 0 {
			out.WriteByte(' ')
		}
		digits = strconv.AppendInt(digits[:0], int64(id), 10)
		out.Write(digits)
	}
	return out.WriteByte('\n')
}

// writeShards encodes documents into token shards.
func (a *app) writeShards(ctx context.Context, t *tokenizer.Tokenizer, documents []source.Document, dir string) error {
	screen := progress.NewScreen(a.Err)
	defer screen.Clear()
	m, err := source.WriteShards(ctx, dir, t, documents, func(share float64) {
		screen.Show(fmt.Sprintf("  %s encoding", progress.Bar(share, 30)))
	})
	if err != nil {
		return err
	}
	screen.Clear()
	fmt.Fprintf(a.Out, "%s: %s tokens of %s documents, %.2f bytes a token\n", dir, progress.Count(m.Tokens), progress.Count(m.Docs),
		float64(source.Bytes(documents))/float64(max(m.Tokens, 1)))
	return nil
}
