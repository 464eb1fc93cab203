package cli

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/polymath-lm/polymath/internal/cli/interrupt"
	"github.com/polymath-lm/polymath/internal/spelling"
)

// Exit statuses.
const (
	statusDone   = 0
	statusFailed = 1
	statusUsage  = 2
)

// usageError is a wrong command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// errInterrupted ends a command that was interrupted and has said so itself.
var errInterrupted = errors.New("interrupted")

// report prints err as one message and returns the exit status.
func (a *app) report(err error) int {
	var usage usageError
	switch {
	case err == nil:
		return statusDone
	case errors.Is(err, errInterrupted):
		return statusFailed
	case interrupt.Alone(err):
		fmt.Fprintln(a.Err, "polymath: interrupted")
		return statusFailed
	case errors.As(err, &usage) || !a.started:
		fmt.Fprintf(a.Err, "polymath: %v\n", err)
		return statusUsage
	}
	fmt.Fprintf(a.Err, "polymath: %v\n", err)
	return statusFailed
}

// flagError names a flag that does not exist, and the ones it resembles, or what
// a flag takes; or a command that does not exist, whose flags none can know.
func flagError(cmd *cobra.Command, err error) error {
	if words := cmd.Flags().Args(); len(words) > 0 && cmd.HasAvailableSubCommands() && cmd.Annotations["argument"] == "" {
		return chooseCommand(cmd, words)
	}
	hint := fmt.Sprintf("'%s --help' lists the flags", cmd.CommandPath())
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		if number, ok := invalid.Unwrap().(*strconv.NumError); ok {
			return usagef("invalid argument %q for %q: %s; %s", invalid.GetValue(), "--"+invalid.GetFlag().Name, wanted(number), hint)
		}
	}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return usagef("%w; %s", err, hint)
	}
	if similar := similarFlags(cmd, unknown.GetSpecifiedName()); len(similar) > 0 {
		hint = fmt.Sprintf("did you mean %s?", strings.Join(similar, " or "))
	}
	return usagef("%w; %s", err, hint)
}

// wanted says what a flag takes instead of what could not be read.
func wanted(err *strconv.NumError) string {
	if errors.Is(err, strconv.ErrRange) {
		return "the number is too large"
	}
	switch err.Func {
	case "ParseInt":
		return "give a whole number"
	case "ParseUint":
		return "give a whole number, 0 or more"
	case "ParseBool":
		return "give true or false"
	}
	return "give a number"
}

// similarFlags returns the command's flags that look like name, in order.
func similarFlags(cmd *cobra.Command, name string) []string {
	var similar []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		near := spelling.Distance(name, f.Name) <= 2 || len(name) > 1 && strings.HasPrefix(f.Name, name)
		if near && !f.Hidden {
			similar = append(similar, "--"+f.Name)
		}
	})
	slices.Sort(similar)
	return similar
}

// exactly wants the named arguments, no more and no fewer.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return usagef("%s needs %s; see '%s --help'", cmd.CommandPath(), names[len(args)], cmd.CommandPath())
		case len(args) > len(names):
			return usagef("%s does not know what to do with %q; quote arguments that hold spaces", cmd.CommandPath(), args[len(names)])
		}
		return nil
	}
}

// reportPanic asks for a report of what can only be a bug.
func reportPanic(w io.Writer, p any, args []string) int {
	stack := strings.Split(strings.TrimSpace(string(debug.Stack())), "\n")
	const shown = 40
	fmt.Fprintf(w, `polymath: a bug in the program: %v
Please report it at %s with these lines:
  command: polymath %s
  version: %s
%s
`, p, issuesURL, strings.Join(args, " "), readVersion(), strings.Join(stack[:min(shown, len(stack))], "\n"))
	return statusFailed
}

// atLeastOne wants one argument or more of a kind.
func atLeastOne(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usagef("%s needs %s; see '%s --help'", cmd.CommandPath(), name, cmd.CommandPath())
		}
		return nil
	}
}
