package cli

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/internal/visible"
	"github.com/polymath-lm/polymath/sandbox"
)

// errSandbox ends a command that has said what is missing.
var errSandbox = errors.New("code that models write is not run on this machine")

// sandboxReport is what polymath eval sandbox prints with --json.
type sandboxReport struct {
	Ready     bool          `json:"ready"`
	Why       string        `json:"why,omitempty"` // it is not ready
	Layers    []sandboxLine `json:"layers"`
	Languages []sandboxLine `json:"languages"`
	Tests     []sandboxLine `json:"tests"`
}

type sandboxLine struct {
	Name   string `json:"name"`
	Have   bool   `json:"have"`
	Detail string `json:"detail"`
	Remedy string `json:"remedy,omitempty"`
}

func (a *app) evalSandboxCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Say whether code that models write can be run here, and try it",
		Long: `Sandbox says what isolation this machine has for the code that models write,
what is missing and how to install it, and which languages there are. Then it
runs programs that try what they must not be able to do: reach the network,
read files, take time, memory or output without end. Where the isolation is not
to be had, no such code is ever run, and its tasks are left out.

For Go the standard library is compiled once, which takes up to minutes.`,
		Example: "  polymath eval sandbox",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.evalSandbox(cmd, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func (a *app) evalSandbox(cmd *cobra.Command, asJSON bool) error {
	found := sandbox.Check()
	report := sandboxReport{Ready: found.Missing == nil, Layers: lines(found.Layers), Languages: lines(found.Languages), Tests: []sandboxLine{}}
	if !asJSON {
		a.printLines("", report.Layers)
		a.printLines("language ", report.Languages)
	}
	failure := found.Missing
	if report.Ready {
		s, err := sandbox.New(sandbox.Options{})
		if err != nil {
			return err
		}
		tests, err := s.SelfTest(cmd.Context())
		if err != nil {
			return err
		}
		report.Tests = lines(tests)
		for _, t := range report.Tests {
			if !t.Have {
				report.Ready, failure = false, errors.New("a program did not end as it must")
			}
		}
	}
	if failure != nil {
		report.Why = failure.Error()
	}
	if asJSON {
		if err := json.NewEncoder(a.Out).Encode(report); err != nil {
			return err
		}
	} else {
		a.printLines("a program in ", report.Tests)
	}
	if failure != nil {
		return fmt.Errorf("%w: %w", errSandbox, failure)
	}
	return nil
}

func lines(layers []sandbox.Layer) []sandboxLine {
	out := make([]sandboxLine, len(layers))
	for i, l := range layers {
		out[i] = sandboxLine{l.Name, l.Have, l.Detail, l.Remedy}
	}
	return out
}

func (a *app) printLines(prefix string, lines []sandboxLine) {
	for _, l := range lines {
		mark := "ok     "
		if !l.Have {
			mark = "MISSING"
		}
		fmt.Fprintf(a.Out, "%s  %-20s %s\n", mark, prefix+l.Name, visible.Text(l.Detail))
		if l.Remedy != "" {
			fmt.Fprintf(a.Out, "%31s%s\n", "", l.Remedy)
		}
	}
}
