// Package cli is the command line: the only place where the stages of the
// system are wired together. Each command has its own file.
package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/internal/kernel"
)

// Streams are the standard streams of a command.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Run executes one command line (without the program's name) and returns the
// exit status: 0 done, 1 failed, 2 wrong usage. Ending ctx interrupts long
// work, which saves what it has. Errors and panics become a message on s.Err.
func Run(ctx context.Context, s Streams, args []string) (status int) {
	a := &app{Streams: s}
	defer func() {
		if p := recover(); p != nil {
			status = reportPanic(s.Err, p, args)
		}
	}()
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	return a.report(err)
}

// app is what the commands of one command line share.
type app struct {
	Streams
	started bool // the command line was right; what fails now is no wrong usage
}

// root builds the command tree.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "polymath",
		Short: "Build, examine and run mixture-of-experts language models",
		Long: `Polymath trains and runs mixture-of-experts language models in pure Go: one
program, no Python, no GPU.

Start with:  polymath quickstart`,
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.RunE = chooseCommand
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.SetFlagErrorFunc(flagError)
	root.SetUsageTemplate(usageTemplate)
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		a.started = true
		if err := kernel.CheckCPU(); err != nil {
			return err
		}
		if calculates[cmd.CommandPath()] {
			a.warnSlow(kernel.CPU(), kernel.Paths())
		}
		return nil
	}
	root.AddCommand(
		a.quickstartCommand(), a.corpusCommand(), a.trainCommand(), a.finetuneCommand(), a.alignCommand(), a.loraCommand(), a.generateCommand(), a.chatCommand(), a.serveCommand(),
		a.tokenizerCommand(), a.quantizeCommand(), a.upcycleCommand(), a.convertCommand(), a.inspectCommand(), a.verifyCommand(), a.predictCommand(), a.evalCommand(), a.benchCommand(),
		a.planCommand(), a.versionCommand(), a.manCommand(),
	)
	return root
}

// calculates are the commands whose speed depends on the CPU path.
var calculates = map[string]bool{
	"polymath quickstart": true, "polymath train": true, "polymath generate": true,
	"polymath chat": true, "polymath serve": true, "polymath bench": true,
	"polymath convert": true, "polymath finetune": true, "polymath align sft": true,
	"polymath align reward": true, "polymath align dpo": true, "polymath align grpo": true, "polymath align ppo": true, "polymath quantize": true, "polymath eval": true,
}

// warnSlow says that portable Go is in use, and who chose it.
func (a *app) warnSlow(cpu string, paths []string) {
	switch {
	case cpu != "portable":
	case paths[0] != cpu:
		fmt.Fprintf(a.Err, "polymath: POLYMATH_CPU=portable chooses the slow path; this machine has %s\n", paths[0])
	default:
		fmt.Fprintln(a.Err, "polymath: this processor has no AMX, AVX-512, AVX2 or NEON: everything works, many times slower than with them")
	}
}

// complete lets the shell complete a flag that takes one of some words.
func complete(cmd *cobra.Command, flag string, words []string) {
	err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // there is no such flag: a slip of this package
	}
}

// group is a command that only holds others.
func (a *app) group(use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs, RunE: chooseCommand}
	cmd.AddCommand(commands...)
	return cmd
}

// chooseCommand answers a command line that names no command: with help where
// it is empty, else with what may have been meant.
func chooseCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	cmd.SuggestionsMinimumDistance = 2
	hint := fmt.Sprintf("'%s --help' lists the commands", cmd.CommandPath())
	if similar := cmd.SuggestionsFor(args[0]); len(similar) > 0 {
		hint = fmt.Sprintf("did you mean '%s %s'?", cmd.CommandPath(), strings.Join(similar, "' or '"))
	}
	return usagef("%s has no command %q; %s", cmd.CommandPath(), args[0], hint)
}

// usageTemplate is cobra's, less the line that calls a group runnable.
const usageTemplate = `Usage:
  {{if .HasAvailableSubCommands}}{{.CommandPath}} {{with index .Annotations "argument"}}{{.}}{{else}}COMMAND{{end}}{{else}}{{.UseLine}}{{end}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}

Commands:{{range .Commands}}{{if (or .IsAvailableCommand (eq .Name "help"))}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsagesWrapped 80 | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableSubCommands}}

'{{.CommandPath}} COMMAND --help' says more about a command.{{end}}
`
