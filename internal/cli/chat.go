package cli

import (
	"context"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/cli/terminal"
)

func (a *app) chatCommand() *cobra.Command {
	var o terminal.Options
	var lines, noHistory bool
	var weights byteSize
	var adapter string
	cmd := &cobra.Command{
		Use:   "chat MODEL",
		Short: "Talk with a model in the terminal",
		Long: `Chat talks with the model at MODEL, a directory or a GGUF file. Enter sends a
message, alt-enter or ctrl-J begins a new line, ctrl-C stops the answer and
ctrl-D quits; /help lists the commands. The same messages, settings and seed
give the same answers on every machine. A model that sees is shown images, in
JPEG, PNG, GIF or WebP: with /image FILE, or with --image, which works in a pipe
too.

Where the standard input or output is no terminal, all of the input is one
message, or with --lines each line, and the answers are written as they come.

What was typed is kept in $XDG_STATE_HOME/polymath/chat_history (by default
below ~/.local/state), readable by its owner alone.`,
		Example: `  polymath chat polymath-quickstart/run/model
  polymath chat MODEL --system 'Answer in one sentence.' --continue talk.json
  echo 'What is a monoid?' | polymath chat MODEL
  echo 'What time is it?' | polymath chat MODEL --image clock.png`,
		Args: exactly("MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			cmd.Flags().Visit(func(f *pflag.Flag) { o.Explicit = append(o.Explicit, f.Name) })
			if !noHistory {
				o.HistoryFile = historyFile()
			}
			return a.chat(cmd.Context(), args[0], o, adapter, weights, lines)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.System, "system", "", "system message: how the model shall behave")
	f.StringVar(&o.File, "continue", "", "go on with the conversation in this file, and keep it there")
	addSampling(f, &o.Settings, 1024, 0.7)
	addWeightsMemory(f, &weights)
	addAdapter(f, &adapter)
	addImages(cmd, &o.Images, "show the model this image with the first message; may be given several times")
	f.BoolVar(&lines, "lines", false, "without a terminal: take each line of the input as a message")
	f.BoolVar(&noHistory, "no-history", false, "do not keep what is typed")
	return cmd
}

func (a *app) chat(ctx context.Context, dir string, o terminal.Options, adapter string, weights byteSize, lines bool) error {
	m, err := polymath.Open(dir, polymath.WithWeightsMemory(int64(weights)), polymath.WithAdapter(adapter))
	if err != nil {
		return err
	}
	defer m.Close()
	tellWeights(a.Err, dir, m)
	o.Name = dir
	o.Settings.ShrinkToWindow = true
	in, ok := a.In.(*os.File)
	if ok && isTerminal(in) && isTerminal(a.Out) && os.Getenv("TERM") != "dumb" {
		return wrongSetting(terminal.Run(ctx, m, o, in, a.Out))
	}
	show := func(text string) string { return text }
	if isTerminal(a.Out) {
		show = progress.Visible
	}
	reading := progress.NewPrompt(a.Err)
	o.Reading = showReading(reading)
	defer reading.Clear()
	return wrongSetting(terminal.Plain(ctx, m, o, lines || ok && isTerminal(in), a.In, a.Out, show))
}

// showReading returns what shows on p how much of a prompt is read; nil is none.
func showReading(p *progress.Prompt) func(*polymath.Progress) {
	return func(r *polymath.Progress) {
		if r == nil {
			p.Clear()
			return
		}
		p.Show(r.Read, r.Total, r.Cached, r.Time)
	}
}

// historyFile is where the chat keeps what was typed; empty without a home.
func historyFile() string {
	state := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) { // as the XDG base directory specification has it
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		state = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(state, "polymath", "chat_history")
}
