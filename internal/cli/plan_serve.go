package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/plan/cluster"
)

// servingFlags say what is served, where, and to whom.
type servingFlags struct {
	cluster, weights, keys, price string
	data, expert, batch           int
	mix                           cluster.Mix
	asJSON                        bool
}

// servedPlan is what plan serve prints as JSON.
type servedPlan struct {
	Model, Cluster string
	*cluster.Served
	// Dollars for a million tokens that come out, at both prices.
	DollarsLow  float64 `json:"dollars_per_million_low"`
	DollarsHigh float64 `json:"dollars_per_million_high"`
	// Joules for a token that comes out, at the boards' full power.
	Joules float64 `json:"joules_per_token"`
}

func (a *app) planServeCommand() *cobra.Command {
	var o servingFlags
	cmd := &cobra.Command{
		Use:   "serve MODEL",
		Short: "Simulate a server under a mix of requests",
		Long: `Serve simulates a server pass by pass: requests arrive, wait until the cache has
room for them, and their prompts are read in pieces beside the sequences that
decode. It says how many tokens come out, how long users wait and what a token
costs.`,
		Example: `  polymath plan serve mixtral-8x7b --cluster h100x2 --weights fp8 --rate 10
  polymath plan serve gpt-4 --cluster a100x128 --data 16 --expert 16 --rate 5`,
		Args: exactly("MODEL"),
		RunE: func(_ *cobra.Command, args []string) error { return a.planServe(args[0], &o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.cluster, "cluster", "h100x8", "accelerators and how many; see 'polymath plan machines'")
	f.IntVar(&o.data, "data", 1, "copies of attention; the devices of one divide it among them")
	f.IntVar(&o.expert, "expert", 1, "devices that experts lie on (1: as attention)")
	f.StringVar(&o.weights, "weights", "bf16", "format of weights and products: bf16, fp16, fp8, int8 or fp4")
	f.StringVar(&o.keys, "keys", "", "format of keys and values (default: that of weights)")
	f.IntVar(&o.batch, "batch", 0, "most sequences in flight (default: 2048 for each copy)")
	f.Float64Var(&o.mix.Rate, "rate", 0, "requests in a second (0: all at once)")
	f.IntVar(&o.mix.Requests, "requests", 2000, "how many there are")
	f.IntVar(&o.mix.Input, "input", 1000, "tokens of a prompt, on average")
	f.IntVar(&o.mix.Output, "output", 500, "tokens of an answer, on average")
	f.Float64Var(&o.mix.Spread, "spread", 0.5, "standard deviation of lengths as a share of the average")
	f.Uint64Var(&o.mix.Seed, "seed", 1, "seed of arrivals and lengths")
	f.StringVar(&o.price, "price", "", "dollars for a device's hour, such as 2 or 1.5-2.5 (default: a guess)")
	f.BoolVar(&o.asJSON, "json", false, "print one JSON object")
	return cmd
}

func (a *app) planServe(name string, o *servingFlags) error {
	m, err := readPlanModel(name)
	if err != nil {
		return err
	}
	c, err := cluster.Parse(o.cluster)
	if err != nil {
		return usagef("--cluster: %v", err)
	}
	prices, err := parsePrice(o.price)
	if err != nil {
		return err
	}
	if prices.High == 0 {
		prices = cluster.Prices{Low: c.PriceLow, High: c.PriceHigh}
	}
	s := cluster.Server{Model: m, Cluster: c, Data: o.data, Expert: o.expert, MaxBatch: o.batch}
	for _, f := range []struct {
		flag, text string
		into       *cluster.Precision
	}{{"weights", o.weights, &s.Weights}, {"keys", o.keys, &s.Keys}} {
		if *f.into = cluster.Precision(strings.ToLower(f.text)); f.text != "" && !f.into.Known() {
			return usagef("--%s %s: it must be bf16, fp16, fp8, int8 or fp4", f.flag, f.text)
		}
	}
	served, err := s.Serve(o.mix)
	if err != nil {
		return err
	}
	p := servedPlan{Model: m.Name, Cluster: c.String(), Served: served}
	if served.OutputRate > 0 {
		perMillion := float64(c.Devices) / 3600 / served.OutputRate * 1e6
		p.DollarsLow, p.DollarsHigh = perMillion*prices.Low, perMillion*prices.High
		p.Joules = float64(c.Devices) * c.Power * c.Overhead / served.OutputRate
	}
	if o.asJSON {
		return json.NewEncoder(a.Out).Encode(p)
	}
	a.printServed(&p, o)
	return nil
}

func (a *app) printServed(p *servedPlan, o *servingFlags) {
	s := p.Served
	arrive := "all at once"
	if o.mix.Rate > 0 {
		arrive = fmt.Sprintf("%g a second", o.mix.Rate)
	}
	fmt.Fprintf(a.Out, "%s on %s, weights in %s: %d requests, %s, of %d + %d tokens\n\n",
		p.Model, p.Cluster, o.weights, o.mix.Requests, arrive, o.mix.Input, o.mix.Output)
	table(a.Out, [][]string{
		{"", "median", "95%", "99%"},
		{"seconds to the first token", seconds3(s.FirstToken.Median), seconds3(s.FirstToken.P95), seconds3(s.FirstToken.P99)},
		{"milliseconds for each token", seconds3(1e3 * s.EachToken.Median), seconds3(1e3 * s.EachToken.P95), seconds3(1e3 * s.EachToken.P99)},
	})
	fmt.Fprintf(a.Out, "\ntokens out   %s/s, in %s/s; %.3g requests/s\n", billions(s.OutputRate), billions(s.InputRate), s.RequestRate)
	fmt.Fprintf(a.Out, "batch        %.0f sequences decode together on average\n", s.Batch)
	fmt.Fprintf(a.Out, "cache        %s of %s tokens at the most\n", billions(float64(s.Peak)), billions(float64(s.Capacity)))
	fmt.Fprintf(a.Out, "cost         %.3g to %.3g dollars and %.3g kWh for a million tokens that come out\n", p.DollarsLow, p.DollarsHigh, p.Joules*1e6/3.6e6)
	if s.Refused > 0 {
		fmt.Fprintf(a.Out, "refused      %d requests are longer than the cache\n", s.Refused)
	}
}

func seconds3(v float64) string { return fmt.Sprintf("%.3g", v) }
