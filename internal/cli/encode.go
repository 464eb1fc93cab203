package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/modelfile"
	"github.com/polymath-lm/polymath/shard"
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
model's directory or a GGUF file. With --shards it writes token shards instead,
which a training recipe names as data.shards, of the text that the files hold:
of all formats that "polymath corpus build" reads, which filters it too.`,
		Example: `  echo 'Hello, world' | polymath tokenizer encode tokenizer.json
  polymath tokenizer encode tokenizer.json ./docs --shards shards`,
		Args: atLeastOne("TOKENIZER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.shards != "" && len(args) == 1 {
				return usagef("--shards needs the PATH of the text to encode")
			}
			if o.shards != "" && (o.asJSON || o.special) {
				return usagef("--shards writes no JSON, and in it no text is read as special tokens: leave out --json and --special")
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
	documents, err := a.encodeInput(ctx, paths, o.shards == "")
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
		ids = encode(ids[:0], d)
		if err := writeIDs(out, ids, o.asJSON); err != nil {
			return err
		}
	}
	return out.Flush()
}

// encodeInput reads the texts of paths, or the standard input as one.
func (a *app) encodeInput(ctx context.Context, paths []string, raw bool) ([][]byte, error) {
	if len(paths) > 0 {
		return a.readTexts(ctx, paths, raw)
	}
	text, err := a.inputText("-")
	if err != nil {
		return nil, fmt.Errorf("reading the standard input: %w", err)
	}
	return [][]byte{text}, nil
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

var errNoEnd = errors.New("the tokenizer has no end-of-text token, which shards put between documents")

// shardGroup is the number of texts that are encoded at a time.
const shardGroup = 64

// writeShards encodes texts into token shards.
func (a *app) writeShards(ctx context.Context, t *tokenizer.Tokenizer, texts [][]byte, dir string) error {
	if t.EOS() < 0 {
		return errNoEnd
	}
	w, err := shard.NewWriter(dir, shard.Header{TokenizerHash: t.Hash(), VocabSize: t.VocabSize(), EndOfText: t.EOS()})
	if err != nil {
		return err
	}
	defer w.Abort()
	screen := progress.NewScreen(a.Err)
	defer screen.Clear()
	for at := 0; at < len(texts); at += shardGroup {
		if err := ctx.Err(); err != nil {
			return err
		}
		group := texts[at:min(at+shardGroup, len(texts))]
		for i, ids := range t.EncodeAll(group) {
			if err := w.Add(document.NewID(group[i]), ids); err != nil {
				return err
			}
		}
		screen.Show(fmt.Sprintf("  %s encoding", progress.Bar(float64(at)/float64(len(texts)), 30)))
	}
	m, err := w.Close()
	if err != nil {
		return err
	}
	screen.Clear()
	fmt.Fprintf(a.Out, "%s: %s tokens of %s documents, %.2f bytes a token\n", dir, progress.Count(m.Tokens), progress.Count(m.Docs),
		float64(totalBytes(texts))/float64(max(m.Tokens, 1)))
	return nil
}
