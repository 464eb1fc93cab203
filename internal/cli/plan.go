package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/plan"
	"github.com/polymath-lm/polymath/plan/cluster"
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
	cluster string
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
  polymath plan gpt-4 --cluster a100x24576 --page gpt-4.html
  polymath plan recipes/moe-226m.yaml`,
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
	f.Var(&o.windows, "window", "lengths of text, with commas between, such as 8k,128k (default: usual ones)")
	f.Var(&o.tokens, "tokens", "how many tokens training sees, such as 13T (default: as reported)")
	f.IntSliceVar(&o.batches, "batch", nil, "how many texts are decoded at once (default 1,16,256)")
	f.BoolVar(&o.explain, "explain", false, "show the arithmetic of each number (default on a terminal)")
	f.BoolVar(&o.asJSON, "json", false, "print one JSON object")
	f.StringVar(&o.page, "page", "", "write a page with drawings to this file")
	f.StringVar(&o.cluster, "cluster", "", "forecast training on it too, as 'polymath plan simulate' does: h100x1024")
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
	out := &planned{Report: m.Report(options)}
	if o.cluster != "" {
		if out.on, err = forecastPlan(name, o); err != nil {
			return err
		}
		out.Forecast = out.on.forecast
	}
	if o.page != "" {
		if err := page.Write(o.page, out.pageData()); err != nil {
			return fmt.Errorf("--page: %w", err)
		}
		fmt.Fprintf(a.Err, "written: %s\n", o.page)
	}
	if o.asJSON {
		return json.NewEncoder(a.Out).Encode(out)
	}
	printPlanReport(a.Out, out.Report, o.explain)
	if on := out.on; on != nil {
		fmt.Fprintln(a.Out)
		printSimulation(a.Out, m, on.cluster, on.forecast, on.tokens > 0)
	}
	return nil
}

// planned is a plan as JSON: the report, and with --cluster the forecast.
type planned struct {
	*plan.Report
	Forecast *cluster.Forecast `json:"forecast,omitempty"`
	on       *forecasted
}

// forecasted is a forecast on the best layouts of a cluster.
type forecasted struct {
	cluster  *cluster.Cluster // as many devices as the best layout uses
	found    []cluster.Found
	forecast *cluster.Forecast
	tokens   float64 // of the run; 0 = not known
}

// forecastPlan searches the layouts of --cluster, and forecasts with the best.
func forecastPlan(name string, o *planFlags) (*forecasted, error) {
	training := trainingFlags{cluster: o.cluster, precision: string(cluster.BF16), tokens: o.tokens}
	p, err := training.prepare(name)
	if err != nil {
		return nil, err
	}
	found, err := cluster.Search(p.model, p.c, p.base, cluster.SearchOptions{Keep: 8, Idle: 0.1})
	if err != nil {
		return nil, err
	}
	on := &forecasted{found: found, tokens: p.tokens}
	c := *p.c
	c.Devices = found[0].Devices
	on.cluster = &c
	tokens := p.tokens
	if tokens == 0 {
		tokens = found[0].Layout.Tokens() // a step
	}
	on.forecast, err = cluster.Foresee(p.model, on.cluster, found[0].Layout, tokens, p.prices, cluster.Options{Events: o.page != ""})
	return on, err
}

// pageData is what the page shows.
func (p *planned) pageData() *page.Data {
	d := &page.Data{Report: p.Report}
	if on := p.on; on != nil {
		d.Cluster, d.Step, d.Layout, d.Found = on.cluster.String(), on.forecast.Step, on.forecast.Layout, on.found
	}
	return d
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
