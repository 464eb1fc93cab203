package cli

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/cli/quickstart"
	"github.com/polymath-lm/polymath/internal/cli/shell"
)

func (a *app) quickstartCommand() *cobra.Command {
	var o quickstart.Options
	cmd := &cobra.Command{
		Use:   "quickstart",
		Short: "Make a small language model from raw text, in ten minutes",
		Long: `Quickstart reads text, measures the machine, plans for the time it is given,
trains a tokenizer and a mixture-of-experts model, lets it write as it learns,
then learn to see, from drawn scenes and rendered lines of that text, and last
to answer, from questions made of its doc comments, tables, dictionaries and
headings, of names that do not exist, and of what must be refused. It compares
the model with gzip, xz and zstd on text that it never saw, asks it questions
about that text, about pictures that it never saw and about names that it was
not taught, and writes reports with each answer: report.html, sight.html and
assistant.html in --dir. Less than two minutes leave out sight and assistant.

It reads the Go toolchain's own sources unless --text names other text: files
of text, Markdown, HTML, PDF and EPUB, source code, and the records of JSONL,
Parquet and web archives, each also packed by gzip or zstd. What it makes of the
text is a corpus, with the recipe that "polymath corpus build" follows, in
corpus/ of --dir. Interrupted with ctrl-C it saves; the same command goes on
where it was.`,
		Example: `  polymath quickstart
  polymath quickstart --minutes 60 --text ~/notes --dir notes-model`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Version = readVersion()
			o.Out = a.Out
			o.Screen = progress.NewScreen(a.Err)
			o.Log = slog.New(slog.NewTextHandler(a.Err, nil))
			return a.quickstarted(quickstart.Run(cmd.Context(), o), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Dir, "dir", "polymath-quickstart", "directory for everything that is made")
	f.StringVar(&o.Text, "text", "", "file, directory or pattern to learn from (default: the Go toolchain's sources)")
	f.Float64Var(&o.Minutes, "minutes", 10, "time for everything")
	f.BoolVar(&o.DryRun, "dry-run", false, "print the plan, and stop")
	f.BoolVar(&o.Fresh, "fresh", false, "begin anew, and remove what --dir holds of an earlier quick start")
	return cmd
}

// quickstarted says how to go on.
func (a *app) quickstarted(err error, o quickstart.Options) error {
	var option *quickstart.OptionError
	switch {
	case errors.As(err, &option):
		return usageError{err}
	case errors.Is(err, quickstart.ErrInterrupted):
		again := []string{"quickstart", "--dir", o.Dir, "--minutes", fmt.Sprint(o.Minutes)}
		if o.Text != "" {
			again = append(again, "--text", o.Text)
		}
		fmt.Fprintf(a.Err, "polymath: %v\ngo on with: %s\n", err, shell.Command(again...))
		return errInterrupted
	}
	return err
}
