package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/plan"
	"github.com/polymath-lm/polymath/plan/page"
)

// planFlags are the flags of polymath plan.
type planFlags struct {
	windows windowList
	tokens  bigCount
	batches []int
	explain bool
	asJSON  bool
	page    string
}

func (a *app) planCommand() *cobra.Command {
	var o planFlags
	cmd := &cobra.Command{
		Use:   "plan MODEL",
		Short: "Say what a model of any size takes, before it exists",
		Long: `Plan computes what a model takes from its shape alone: parameters by part,
operations for a token by the length of the text, memory of weights, of
training, and of keys and values, what decoding reads, and what training costs.
It shows the arithmetic, and what others reported beside what comes out.

MODEL is a name of 'polymath plan list', such as gpt-4, a config.json or a
directory with one, also of models that this program cannot run, a GGUF file, a
recipe of training, or a YAML file like those in plan/models.`,
		Example: `  polymath plan gpt-4
  polymath plan deepseek-v3 --window 8k,128k --tokens 14.8T
  polymath plan recipes/moe-226m.yaml --page plan.html`,
		Annotations: map[string]string{"argument": "MODEL [flags]"}, // it has commands too
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil // help
			}
			return exactly("MODEL")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			if !cmd.Flags().Changed("explain") {
				o.explain = isTerminal(a.Out)
			}
			return a.plan(args[0], &o)
		},
	}
	f := cmd.Flags()
	f.Var(&o.windows, "window", "lengths of text, with commas between (default 8k,32k,128k and the model's own)")
	f.Var(&o.tokens, "tokens", "how many tokens training sees, such as 13T (default: as reported)")
	f.IntSliceVar(&o.batches, "batch", nil, "how many texts are decoded at once (default 1,16,256)")
	f.BoolVar(&o.explain, "explain", false, "show the arithmetic of each number (default on a terminal)")
	f.BoolVar(&o.asJSON, "json", false, "print one JSON object")
	f.StringVar(&o.page, "page", "", "write a page with drawings to this file")
	cmd.AddCommand(a.planListCommand())
	cmd.AddCommand(a.planClusterCommands()...)
	return cmd
}

// options are those of package plan.
func (o *planFlags) options() (plan.Options, error) {
	for _, n := range o.batches {
		if n < 1 || n > 1<<20 {
			return plan.Options{}, usagef("--batch %d: it must be between 1 and %d", n, 1<<20)
		}
	}
	return plan.Options{Windows: o.windows, Tokens: float64(o.tokens), Batches: o.batches}, nil
}

func (a *app) plan(name string, o *planFlags) error {
	options, err := o.options()
	if err != nil {
		return err
	}
	m, err := readPlanModel(name)
	if err != nil {
		return err
	}
	r := m.Report(options)
	if o.page != "" {
		if err := page.Write(o.page, &page.Data{Report: r}); err != nil {
			return fmt.Errorf("--page: %w", err)
		}
		fmt.Fprintf(a.Err, "written: %s\n", o.page)
	}
	if o.asJSON {
		return json.NewEncoder(a.Out).Encode(r)
	}
	printPlanReport(a.Out, r, o.explain)
	return nil
}

// listedModel is a line of polymath plan list.
type listedModel struct {
	Name   string `json:"name"`
	Title  string `json:"title"`
	Total  int64  `json:"total"`
	Active int64  `json:"active"`
	Source string `json:"source"`
}

func (a *app) planListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the models whose shapes are built in",
		Args:  exactly(),
		RunE: func(*cobra.Command, []string) error {
			var list []listedModel
			for _, name := range plan.Names() {
				m, err := plan.Builtin(name)
				if err != nil {
					return err
				}
				p := m.Params()
				list = append(list, listedModel{name, m.Title, p.Total, p.Active, m.Source})
			}
			if asJSON {
				return json.NewEncoder(a.Out).Encode(list)
			}
			rows := [][]string{{"name", "parameters", "active", "model"}}
			for _, m := range list {
				rows = append(rows, []string{m.Name, billions(float64(m.Total)), billions(float64(m.Active)), m.Title})
			}
			table(a.Out, rows)
			_, err := fmt.Fprintln(a.Out, "\nwhat each was taken from is in plan/models and in --json")
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON list")
	return cmd
}
