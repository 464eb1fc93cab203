package cli

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/plan"
	"github.com/polymath-lm/polymath/plan/cluster"
	"github.com/polymath-lm/polymath/plan/page"
)

// planClusterCommands are the commands under plan that compute with machines.
func (a *app) planClusterCommands() []*cobra.Command {
	return []*cobra.Command{
		a.planSimulateCommand(), a.planSearchCommand(), a.planServeCommand(), a.planValidateCommand(), a.planMachinesCommand(),
	}
}

// trainingFlags say what is trained where.
type trainingFlags struct {
	cluster, layout, precision, price, stragglers, page string
	batch, sequence, keep                               int
	tokens                                              bigCount
	idle                                                float64
	overlap, asJSON, events                             bool
}

func (o *trainingFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.cluster, "cluster", "h100x1024", "accelerators and how many; see 'polymath plan machines'")
	f.IntVar(&o.batch, "batch", 0, "sequences in a step (default: about 4M tokens, 16M from 4096 devices)")
	f.IntVar(&o.sequence, "sequence", 0, "tokens of a sequence (default: the model's window, 8192 at most)")
	f.StringVar(&o.precision, "precision", "bf16", "format of products: bf16, fp16, fp8 or fp4")
	f.Var(&o.tokens, "tokens", "how many tokens training sees, such as 13T (default: as reported)")
	f.StringVar(&o.price, "price", "", "dollars for a device's hour, such as 2 or 1.5-2.5 (default: a guess)")
	f.BoolVar(&o.overlap, "overlap", false, "exchanges of tensor and expert parallelism hide behind products")
	f.BoolVar(&o.asJSON, "json", false, "print one JSON object")
}

// prepared is a command line that was understood.
type prepared struct {
	model  *plan.Model
	c      *cluster.Cluster
	base   cluster.Layout
	prices cluster.Prices
	tokens float64
}

func (o *trainingFlags) prepare(name string) (*prepared, error) {
	m, err := readPlanModel(name)
	if err != nil {
		return nil, err
	}
	c, err := cluster.Parse(o.cluster)
	if err != nil {
		return nil, usagef("--cluster: %v", err)
	}
	p := &prepared{model: m, c: c, tokens: float64(o.tokens)}
	if p.tokens == 0 {
		p.tokens = m.TrainingTokens
	}
	if p.prices, err = parsePrice(o.price); err != nil {
		return nil, err
	}
	p.base.SetDefaults()
	p.base.Precision = cluster.Precision(strings.ToLower(o.precision))
	switch p.base.Precision {
	case cluster.BF16, cluster.FP16, cluster.FP8, cluster.FP4:
	default:
		return nil, usagef("--precision %s: it must be bf16, fp16, fp8 or fp4", o.precision)
	}
	p.base.OverlapTensor, p.base.OverlapExpert = o.overlap, o.overlap
	p.base.Sequence = o.sequence
	if o.sequence == 0 {
		p.base.Sequence = min(m.Context, 8192)
	}
	if p.base.Sequence < 1 || o.batch < 0 || p.base.Sequence > 1<<30 || o.batch > 1<<30 {
		return nil, usagef("--batch and --sequence must be between 1 and %d", 1<<30)
	}
	p.base.Batch = o.batch
	if o.batch == 0 {
		p.base.Batch = usualBatch(p.base.Sequence, c.Devices)
	}
	return p, nil
}

// usualBatch is about 4M tokens, 16M on 4096 devices and more, in sequences: the
// next power of two.
func usualBatch(sequence, devices int) int {
	tokens := 1 << 22
	if devices >= 4096 {
		tokens = 1 << 24
	}
	n := 1
	for n*sequence < tokens {
		n *= 2
	}
	return n
}

// parsePrice reads a price or a range of prices.
func parsePrice(text string) (cluster.Prices, error) {
	if text == "" {
		return cluster.Prices{}, nil
	}
	low, high, both := strings.Cut(text, "-")
	if !both {
		high = low
	}
	x, err1 := strconv.ParseFloat(low, 64)
	y, err2 := strconv.ParseFloat(high, 64)
	if err1 != nil || err2 != nil || !(x >= 0 && y >= x && y < math.MaxFloat32 && y > 0) {
		return cluster.Prices{}, usagef("--price %s: give dollars for an hour, such as 2 or 1.5-2.5", text)
	}
	return cluster.Prices{Low: x, High: y}, nil
}

// parseStragglers reads a share of devices and how much slower they are: 1%:1.3.
func parseStragglers(text string) (cluster.Stragglers, error) {
	if text == "" {
		return cluster.Stragglers{}, nil
	}
	share, factor, _ := strings.Cut(text, ":")
	digits, percent := strings.CutSuffix(share, "%")
	s, err1 := strconv.ParseFloat(digits, 64)
	if percent {
		s /= 100
	}
	f, err2 := strconv.ParseFloat(factor, 64)
	if err1 != nil || err2 != nil || !(s >= 0 && s <= 1 && f >= 1 && f <= 1000) {
		return cluster.Stragglers{}, usagef("--stragglers %s: give a share of devices and a factor, such as 1%%:1.3 or 0.01:1.3", text)
	}
	return cluster.Stragglers{Share: s, Factor: f, Seed: 1}, nil
}

func (a *app) planSimulateCommand() *cobra.Command {
	var o trainingFlags
	cmd := &cobra.Command{
		Use:   "simulate MODEL",
		Short: "Simulate a training step, and forecast the run",
		Long: `Simulate runs one training step, event by event, on a cluster that exists in
numbers only: passes of microbatches through the stages of a pipeline, messages,
sums of gradients, the optimizer. It says where the time goes and what the
fullest device holds, and forecasts the whole run with intervals for time, money
and energy. How far such numbers are off, 'polymath plan validate' shows.

A layout is written in the field's short words, such as
  dp64 tp8 pp16 vp2 ep8 cp1 mb1 zero1 selective
What it leaves out is 1, and data parallelism takes the devices that are left.`,
		Example: `  polymath plan simulate gpt-4 --cluster a100x24576 --sequence 8192
  polymath plan simulate llama-3-405b --cluster h100x8192 --layout "tp8 pp16"`,
		Args: exactly("MODEL"),
		RunE: func(_ *cobra.Command, args []string) error { return a.planSimulate(args[0], &o) },
	}
	o.add(cmd)
	cmd.Flags().StringVar(&o.layout, "layout", "", "how model and batch are divided (default: the best that is found)")
	cmd.Flags().StringVar(&o.stragglers, "stragglers", "", "share of devices that are slower, and by what factor: 1%:1.3")
	cmd.Flags().StringVar(&o.page, "page", "", "write a page with the timeline to this file")
	cmd.Flags().BoolVar(&o.events, "events", false, "list every event in --json")
	return cmd
}

func (a *app) planSimulate(name string, o *trainingFlags) error {
	p, err := o.prepare(name)
	if err != nil {
		return err
	}
	slow, err := parseStragglers(o.stragglers)
	if err != nil {
		return err
	}
	l, err := o.choose(p)
	if err != nil {
		return err
	}
	c := *p.c
	c.Devices = l.Devices()
	tokens := p.tokens
	if tokens == 0 {
		tokens = l.Tokens() // a step
	}
	f, err := cluster.Foresee(p.model, &c, l, tokens, p.prices, cluster.Options{Stragglers: slow, Events: o.page != "" || o.events})
	if err != nil {
		return err
	}
	if o.page != "" {
		d := &page.Data{Report: p.model.Report(plan.Options{Tokens: p.tokens}), Cluster: c.String(), Step: f.Step, Layout: l}
		if err := page.Write(o.page, d); err != nil {
			return err
		}
	}
	if o.asJSON {
		return json.NewEncoder(a.Out).Encode(f)
	}
	printSimulation(a.Out, p.model, &c, f, p.tokens > 0)
	return nil
}

// choose reads the layout, or searches for one.
func (o *trainingFlags) choose(p *prepared) (cluster.Layout, error) {
	if o.layout == "" {
		found, err := cluster.Search(p.model, p.c, p.base, cluster.SearchOptions{Keep: 1, Idle: 0.1})
		if err != nil {
			return p.base, err
		}
		return found[0].Layout, nil
	}
	base := p.base
	base.Data = 0
	l, err := cluster.ParseLayout(o.layout, base)
	if err != nil {
		return l, usagef("--layout: %v", err)
	}
	if l.Data == 0 {
		l.Data = max(1, p.c.Devices/max(1, l.Tensor*l.Pipeline*l.Context))
	}
	if n := l.Devices(); n > p.c.Devices {
		return l, usagef("--layout: it takes %d devices and %s has %d", n, p.c, p.c.Devices)
	}
	return l, nil
}

func (a *app) planSearchCommand() *cobra.Command {
	var o trainingFlags
	cmd := &cobra.Command{
		Use:   "search MODEL",
		Short: "Search the layouts that fit, the cheapest first",
		Long: `Search tries the ways to divide a model and its batch over a cluster: data,
tensor, pipeline, expert and context parallelism, microbatches, interleaving,
recomputation and ZeRO. Those that fit into memory are compared by an estimate,
the best simulated, and the cheapest shown first.`,
		Example: `  polymath plan search gpt-4 --cluster a100x24576 --sequence 8192
  polymath plan search mixtral-8x7b --cluster h100x64 --page layouts.html`,
		Args: exactly("MODEL"),
		RunE: func(_ *cobra.Command, args []string) error { return a.planSearch(args[0], &o) },
	}
	o.add(cmd)
	cmd.Flags().IntVar(&o.keep, "number", 10, "how many are shown")
	cmd.Flags().Float64Var(&o.idle, "idle", 0.1, "share of devices that a layout may leave out")
	cmd.Flags().StringVar(&o.page, "page", "", "write a page with the layouts to this file")
	return cmd
}

func (a *app) planSearch(name string, o *trainingFlags) error {
	p, err := o.prepare(name)
	if err != nil {
		return err
	}
	if o.keep < 1 || o.keep > 1000 || !(o.idle >= 0 && o.idle < 1) {
		return usagef("--number must be between 1 and 1000, --idle from 0 to below 1")
	}
	found, err := cluster.Search(p.model, p.c, p.base, cluster.SearchOptions{Keep: o.keep, Idle: o.idle})
	if err != nil {
		return err
	}
	if o.page != "" {
		if err := writeSearchPage(o.page, p, found); err != nil {
			return err
		}
	}
	if o.asJSON {
		return json.NewEncoder(a.Out).Encode(found)
	}
	fmt.Fprintf(a.Out, "%s on %s, %d x %d tokens a step in %s\n\n", p.model.Name, p.c, p.base.Batch, p.base.Sequence, p.base.Precision)
	printFound(a.Out, p, found)
	return nil
}

// writeSearchPage draws the layouts, and a step of the first.
func writeSearchPage(path string, p *prepared, found []cluster.Found) error {
	c := *p.c
	c.Devices = found[0].Devices
	step, err := cluster.Simulate(p.model, &c, found[0].Layout, cluster.Options{Events: true})
	if err != nil {
		return err
	}
	return page.Write(path, &page.Data{
		Report: p.model.Report(plan.Options{Tokens: p.tokens}), Cluster: c.String(), Step: step, Layout: found[0].Layout, Found: found,
	})
}
