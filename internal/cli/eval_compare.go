package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/eval"
)

func (a *app) evalCompareCommand() *cobra.Command {
	var path string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "compare BEFORE AFTER",
		Short: "Compare two runs, item by item",
		Long: `Compare pairs the answers of two runs to the same items. BEFORE and AFTER are
directories of runs; differences are AFTER less BEFORE, with 95% intervals, the
probability of one as large by chance (corrected for the number of tasks after
Holm), and the difference that the items could have shown. Tasks of which the
runs have other items or settings are not compared.`,
		Example: "  polymath eval compare evals/base-mmlu evals/tuned-mmlu --report both.html",
		Args:    exactly("BEFORE", "AFTER"),
		RunE: func(_ *cobra.Command, args []string) error {
			before, err := eval.OpenRun(args[0])
			if err != nil {
				return err
			}
			after, err := eval.OpenRun(args[1])
			if err != nil {
				return err
			}
			c, err := eval.Compare(before, after)
			if err != nil {
				return err
			}
			var unwritten error
			if path != "" {
				unwritten = writeEvalReport(path, before, after, c)
			}
			if asJSON {
				return errors.Join(json.NewEncoder(a.Out).Encode(c), unwritten)
			}
			printEvalComparison(a.Out, c)
			return unwritten
		},
	}
	cmd.Flags().StringVar(&path, "report", "", "file of a report on both")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func (a *app) evalReportCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "report RUN [AFTER]",
		Short: "Write the report of a run again, or of two runs",
		Long: `Report writes the HTML page of the run in a directory, and the same in Markdown
without the items. With a second run the two are compared, as 'polymath eval
compare' does.`,
		Example: "  polymath eval report evals/mine-clone",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 {
				return nil
			}
			return exactly("RUN")(cmd, args)
		},
		RunE: func(_ *cobra.Command, args []string) error {
			f, err := eval.OpenRun(args[0])
			if err != nil {
				return err
			}
			var after *eval.Finished
			var c *eval.Comparison
			if len(args) == 2 {
				if after, err = eval.OpenRun(args[1]); err != nil {
					return err
				}
				if c, err = eval.Compare(f, after); err != nil {
					return err
				}
			}
			if path == "" {
				path = filepath.Join(f.Dir, "report.html")
			}
			if err := writeEvalReport(path, f, after, c); err != nil {
				return err
			}
			fmt.Fprintf(a.Out, "report: %s\n", path)
			return nil
		},
	}
	cmd.Flags().StringVar(&path, "report", "", "file to write (default: report.html in the run's directory)")
	return cmd
}
