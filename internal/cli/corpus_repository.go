package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/corpus/filter"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/dialogue"
	"github.com/polymath-lm/polymath/modelfile"
	"github.com/polymath-lm/polymath/task/long"
	"github.com/polymath-lm/polymath/tokenizer"
)

// repositoryFlags are the flags of polymath corpus repository.
type repositoryFlags struct {
	out, tokenizer   string
	length           tokenCount
	shards, licensed bool
}

func (a *app) corpusRepositoryCommand() *cobra.Command {
	var o repositoryFlags
	cmd := &cobra.Command{
		Use:   "repository DIR... --out DIR",
		Short: "Make a long document of each repository, in the order of imports",
		Long: `Repository makes documents of whole source trees, so that a model learns from
one file what another is built on. What a file imports stands before it: for Go
by packages, for Python, JavaScript, TypeScript, C and C++ by the files that it
names; all else is in the order of paths, each file below its name. A repository
is one document, or with --length several, cut between files; a file that is
longer is a document of its own.

What Git ignores, code from elsewhere, generated and minified files are left
out, and secrets are replaced, as 'polymath corpus build' does for code.`,
		Example: `  polymath corpus repository ~/src/* --out repositories
  polymath corpus repository . --out shards --shards --tokenizer t.json \
      --length 128k`,
		Args: atLeastOne("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.corpusRepository(cmd.Context(), args, &o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.out, "out", "", "directory to write, which must be empty or not exist")
	f.Var(&o.length, "length", "longest document in tokens, such as 128k (default: a whole repository, up to 2M)")
	f.StringVar(&o.tokenizer, "tokenizer", "", "tokenizer.json, model or GGUF file that tokens are counted with (default: 4 bytes are one)")
	f.BoolVar(&o.licensed, "licensed", false, "leave files out whose license is not known to be permissive")
	f.BoolVar(&o.shards, "shards", false, "write token shards in place of JSON lines")
	return cmd
}

func (a *app) corpusRepository(ctx context.Context, dirs []string, o *repositoryFlags) error {
	switch {
	case o.out == "":
		return usagef("--out is missing: name the directory to write")
	case o.shards && o.tokenizer == "":
		return usagef("--shards needs the --tokenizer of the model that reads them")
	}
	if err := emptyDir(o.out); err != nil {
		return err
	}
	count := func(text string) int { return (len(text) + 3) / 4 }
	var t *tokenizer.Tokenizer
	if o.tokenizer != "" {
		var err error
		if t, err = modelfile.Tokenizer(o.tokenizer); err != nil {
			return err
		}
		count = tokenCounter(t)
	}
	documents, err := a.readRepositories(ctx, dirs, o, count)
	if err != nil {
		return err
	}
	if o.shards {
		texts := make([][]byte, len(documents))
		for i := range documents {
			texts[i] = []byte(documents[i].Text)
		}
		return a.writeShards(ctx, t, texts, o.out)
	}
	if err := os.MkdirAll(o.out, 0o777); err != nil {
		return err
	}
	path := filepath.Join(o.out, "repositories.jsonl")
	_, err = atomicfile.Write(path, func(w io.Writer) error {
		return dialogue.Lines(w, func(add func(any) error) error {
			for i := range documents {
				if err := add(&documents[i]); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err == nil {
		fmt.Fprintf(a.Out, "%s: %s\n", path, plural(int64(len(documents)), "document"))
	}
	return err
}

// readRepositories reads the trees and says what of each there is.
func (a *app) readRepositories(ctx context.Context, dirs []string, o *repositoryFlags, count func(string) int) ([]repositoryDocument, error) {
	var licenses *filter.LicensesOptions
	if o.licensed {
		licenses = &filter.LicensesOptions{}
		licenses.SetDefaults()
	}
	var all []repositoryDocument
	for _, dir := range dirs {
		r, err := corpus.ReadRepository(ctx, dir, licenses)
		if err != nil {
			return nil, err
		}
		documents := documentsOf(r, int(o.length), count)
		all = append(all, documents...)
		fmt.Fprintf(a.Err, "%s: %s in %s", progress.Visible(r.Name), plural(int64(len(r.Files)), "file"), plural(int64(len(documents)), "document"))
		if r.Read.Left > 0 {
			fmt.Fprintf(a.Err, "; %s left out, such as %s", progress.Count(r.Read.Left), progress.Visible(r.Read.Why))
		}
		for _, rule := range slices.Sorted(maps.Keys(r.Dropped)) {
			fmt.Fprintf(a.Err, "; %s dropped by %s", progress.Count(int64(r.Dropped[rule])), rule)
		}
		fmt.Fprintln(a.Err)
	}
	return all, nil
}

// repositoryDocument is a line of what is written.
type repositoryDocument struct {
	Text       string   `json:"text"`
	Repository string   `json:"repository"`
	Files      []string `json:"files"`
}

// documentsOf joins the files to documents of up to so many tokens; 0 is all in one, as
// far as a text can be.
func documentsOf(r *corpus.Repository, length int, count func(string) int) []repositoryDocument {
	if length == 0 {
		length = long.MostTokens
	}
	head := "Repository: " + r.Name + "\n"
	var list []repositoryDocument
	var text strings.Builder
	var files []string
	size := 0
	end := func() {
		if len(files) > 0 {
			list = append(list, repositoryDocument{text.String(), r.Name, files})
		}
		text.Reset()
		files, size = nil, 0
	}
	for i := range r.Files {
		f := &r.Files[i]
		part := "\nFile: " + f.Path + "\n\n" + strings.TrimRight(string(f.Text), " \t\r\n") + "\n"
		n := count(part) + 1 // and one where two meet
		if size > 0 && size+n > length-1 {
			end()
		}
		if size == 0 {
			text.WriteString(head)
			size = count(head)
		}
		text.WriteString(part)
		files, size = append(files, f.Path), size+n
	}
	end()
	return list
}
