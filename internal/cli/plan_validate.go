package cli

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/plan/cluster"
)

// validation is what plan validate prints as JSON.
type validation struct {
	Constants *cluster.Constants `json:"constants"`
	Verdicts  []cluster.Verdict  `json:"runs"`
	Summary   []cluster.Summary  `json:"summary"`
}

func (a *app) planValidateCommand() *cobra.Command {
	var asJSON, fit bool
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "Compare predictions with published runs",
		Long: `Validate predicts every published run that is built in, from its configuration
alone, and prints it beside what was reported. Half of the publications gave the
constants of the simulation, by a rule over their names (the first byte of the
SHA-256 is even); the other half is held out and set none.

The error is predicted over reported, less one, in the unit of the report.`,
		Args: exactly(),
		RunE: func(*cobra.Command, []string) error { return a.planValidate(asJSON, fit) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	cmd.Flags().BoolVar(&fit, "fit", false, "fit the constants again first; takes minutes")
	return cmd
}

func (a *app) planValidate(asJSON, fit bool) error {
	k := cluster.Fitted()
	var err error
	if fit {
		if k, err = cluster.Fit(k); err != nil {
			return err
		}
	}
	verdicts, err := cluster.Validate(k)
	if err != nil {
		return err
	}
	v := validation{k, verdicts, cluster.Summarize(verdicts)}
	if asJSON {
		return json.NewEncoder(a.Out).Encode(v)
	}
	printValidation(a.Out, &v)
	if fit {
		fmt.Fprintf(a.Out, "\nconstants: %+v\n", *k)
	}
	return nil
}

func printValidation(w io.Writer, v *validation) {
	for _, held := range []bool{false, true} {
		title := "Calibration: these gave the constants"
		if held {
			title = "\nHeld out: these set no constant"
		}
		fmt.Fprintln(w, title)
		rows := [][]string{{"publication", "run", "reported", "predicted", "error", "unit", "layout"}}
		for i := range v.Verdicts {
			r := &v.Verdicts[i]
			if r.Calibration == held {
				continue
			}
			layout := r.Layout
			if !r.Fits {
				layout += " (by our count it does not fit)"
			}
			rows = append(rows, []string{
				r.Group, r.Run, fmt.Sprintf("%.4g", r.Reported), fmt.Sprintf("%.4g", r.Predicted), fmt.Sprintf("%+.1f%%", 100*r.Error), r.What, layout,
			})
		}
		table(w, rows)
	}
	printRunSources(w, v.Verdicts)
	fmt.Fprintln(w)
	rows := [][]string{{"half", "runs", "publications", "median error", "of publications", "within 15%", "worst"}}
	for _, s := range v.Summary {
		rows = append(rows, []string{
			s.Name, fmt.Sprint(s.Number), fmt.Sprint(s.Groups), percent(s.Median), percent(s.GroupMedian), percent(s.Within), percent(s.Worst),
		})
	}
	table(w, rows)
}

// printRunSources names each publication once.
func printRunSources(w io.Writer, list []cluster.Verdict) {
	fmt.Fprintln(w, "\nSources")
	last := ""
	for i := range list {
		if list[i].Group != last {
			last = list[i].Group
			fmt.Fprintf(w, "  %s: %s\n", last, list[i].Source)
		}
	}
}

func (a *app) planMachinesCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "machines",
		Short: "List the accelerators that are built in",
		Args:  exactly(),
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				return json.NewEncoder(a.Out).Encode(cluster.Accelerators())
			}
			rows := [][]string{{"name", "bf16", "fp8", "GB", "GB/s", "link", "joins", "network", "W", "$/h", "accelerator"}}
			for _, m := range cluster.Accelerators() {
				fp8 := ""
				if p := m.Peak[cluster.FP8]; p > 0 {
					fp8 = fmt.Sprintf("%.4g", p/1e12)
				}
				rows = append(rows, []string{
					m.Name, fmt.Sprintf("%.4g", m.Peak[cluster.BF16]/1e12), fp8, fmt.Sprintf("%.4g", m.Memory/1e9), fmt.Sprintf("%.0f", m.Bandwidth/1e9),
					fmt.Sprintf("%.0f", m.Link/1e9), fmt.Sprint(m.Domain), fmt.Sprintf("%.3g", m.Network/1e9), fmt.Sprintf("%.0f", m.Power),
					fmt.Sprintf("%.2g-%.2g", m.PriceLow, m.PriceHigh), m.Title,
				})
			}
			table(a.Out, rows)
			fmt.Fprintln(a.Out, "\nTFLOP/s dense; GB/s of memory, link and network, one direction; prices are guesses.\nSources are in --json.")
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON list")
	return cmd
}
