package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/internal/cli/bench"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/spelling"
)

// benchFlags are the flags of polymath bench.
type benchFlags struct {
	asJSON, quick bool
	images        bool
	text, html    string
	data          string
	threads       []int
	synthetic     byteSize
}

// benchNames are the benchmarks in the order of the help.
var benchNames = []string{"gemm", "attention", "train", "decode", "long", "weights", "tokenizer", "serve", "eval", "corpus", "align", "moe"}

func (a *app) benchCommand() *cobra.Command {
	var o benchFlags
	cmd := &cobra.Command{
		Use:   "bench NAME [MODEL...]",
		Short: "Measure speed beside the machine's own limit",
		Long: `Bench measures one part of the program, and by turns with it, in the same run,
what the machine can do: a product loop in registers for compute, a streaming
read for memory. Values are medians; the fraction is the median of ratios.

  gemm       matrix products: forward, weight gradient, grouped over experts
  attention  causal attention, forward and backward
  train      training steps of a model with 226M parameters, 42M active; with
             --images of a small one that sees, on drawn pictures, and how much
             of the time it waits for them
  decode     generation at batch 1 from weights beyond the caches
  long       prompts of 1k to 128k tokens: reading, answering, memory, a second
             question; of a random model or of MODEL
  weights    prompts and generation with weights in blocks of 8 and 4 bits, of
             random models or of each MODEL, a GGUF file or a directory
  tokenizer  training, encoding and decoding
  serve      completions over HTTP at 1, 8 and 32 streams, and with a schema
  eval       items a second of an examination, of random models or of each MODEL
  corpus     the stages of a corpus build, and builds from text and web pages
  align      steps of grpo and ppo, and how fast they answer, of a random model
             or of each MODEL
  moe        trains a mixture of experts beside dense models of the same active
             and total size at equal compute and time: moe [RECIPES [RUNS]],
             else recipes/moe-claim and runs/moe-claim`,
		Example:     "  polymath bench gemm --json",
		Annotations: map[string]string{"argument": "NAME [MODEL...] [flags]"}, // it has a command too
		ValidArgs:   benchNames,
		Args:        benchArguments,
		RunE:        func(cmd *cobra.Command, args []string) error { return a.bench(cmd.Context(), args, o) },
	}
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "print one JSON object per result")
	cmd.Flags().BoolVar(&o.quick, "quick", false, "smaller sizes and fewer repeats")
	cmd.Flags().BoolVar(&o.images, "images", false, "for train: a model that sees, on drawn pictures")
	cmd.Flags().StringVar(&o.text, "text", "", "text for tokenizer, serve, corpus and align (default: the Go toolchain's sources)")
	cmd.Flags().StringVar(&o.html, "html", "", "web pages for corpus (default: made of the text)")
	cmd.Flags().StringVar(&o.data, "data", "", "directory with ARC for eval (default: questions about the Go library)")
	cmd.Flags().IntSliceVar(&o.threads, "threads", []int{1, 2}, "numbers of threads for corpus")
	cmd.Flags().Var(&o.synthetic, "synthetic", "for corpus: build one of so much text that is made while it is read")
	cmd.AddCommand(a.soakCommand())
	return cmd
}

// benchArguments takes a name, and models behind the one that measures them.
func benchArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 1 && (args[0] == "weights" || args[0] == "eval" || args[0] == "align") {
		return nil
	}
	if len(args) == 2 && args[0] == "long" || len(args) > 1 && len(args) <= 3 && args[0] == "moe" {
		return nil
	}
	return exactly("NAME")(cmd, args)
}

func (a *app) bench(ctx context.Context, args []string, o benchFlags) error {
	if o.images && args[0] != "train" && slices.Contains(benchNames, args[0]) {
		return usagef("--images is for the benchmark train: %s has none", args[0])
	}
	var failed error
	write := bench.WriteText
	if o.asJSON {
		write = bench.WriteJSON
	}
	options := bench.Options{Quick: o.quick, Emit: func(r bench.Result) {
		if err := write(a.Out, r); err != nil {
			failed = err
		}
	}}
	err := a.runBench(ctx, args[0], args[1:], options, o)
	if err == nil {
		err = failed
	}
	return err
}

func (a *app) runBench(ctx context.Context, name string, models []string, options bench.Options, o benchFlags) error {
	switch name {
	case "gemm":
		return bench.Gemm(ctx, options)
	case "attention":
		return bench.Attention(ctx, options)
	case "train":
		if o.images {
			return bench.TrainImages(ctx, options)
		}
		return bench.Train(ctx, options)
	case "decode":
		return bench.Decode(ctx, options)
	case "long":
		return bench.Long(ctx, options, strings.Join(models, ""))
	case "weights":
		return bench.Weights(ctx, options, models)
	case "align":
		return benchAlign(ctx, options, models, o.text)
	case "tokenizer", "serve", "eval":
		texts, err := benchText(ctx, o.text, options.Quick)
		if err != nil {
			return err
		}
		switch name {
		case "serve":
			return bench.Serve(ctx, options, texts)
		case "eval":
			return bench.Eval(ctx, options, bench.EvalOptions{Models: models, Texts: texts, Data: o.data})
		}
		return bench.Tokenizer(ctx, options, texts)
	case "corpus":
		return benchCorpus(ctx, options, o)
	case "moe":
		return a.benchMoe(ctx, options, models, o.asJSON)
	}
	similar := slices.DeleteFunc(slices.Clone(benchNames), func(s string) bool { return spelling.Distance(s, name) > 2 })
	if len(similar) > 0 {
		return usagef("no benchmark is called %q; did you mean %s?", name, strings.Join(similar, " or "))
	}
	return usagef("no benchmark is called %q; there are %s", name, strings.Join(benchNames, ", "))
}

// benchMoe compares by the recipes and in the directory of runs that args name.
func (a *app) benchMoe(ctx context.Context, options bench.Options, args []string, asJSON bool) error {
	where := bench.MoeOptions{Recipes: "recipes/moe-claim", Runs: "runs/moe-claim"}
	if len(args) > 0 {
		where.Recipes = args[0]
	}
	if len(args) > 1 {
		where.Runs = args[1]
	}
	rows, err := bench.Moe(ctx, options, where)
	if err != nil {
		return err
	}
	if asJSON {
		for _, r := range rows {
			options.Emit(r.Result())
		}
		return nil
	}
	t := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\nrun\tparameters\tactive\ttokens\tFLOP\tseconds\theld-out loss\ttraining tok/s\tdecode tok/s\tweights\ttraining memory\t")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%.3g\t%.0f\t%.4f\t%.0f\t%.0f\t%s\t%s\t\n", r.Name, progress.Short(float64(r.Parameters)), progress.Short(float64(r.Active)),
			progress.Short(float64(r.Tokens)), r.FLOPs, r.Seconds, r.Loss, r.TrainRate, r.DecodeRate, progress.Bytes(r.ModelBytes), progress.Bytes(r.TrainBytes))
	}
	return t.Flush()
}

func benchAlign(ctx context.Context, options bench.Options, models []string, text string) error {
	a := bench.AlignOptions{Models: models}
	if len(models) == 0 {
		texts, err := benchText(ctx, text, options.Quick)
		if err != nil {
			return err
		}
		a.Texts = texts
	}
	return bench.Align(ctx, options, a)
}

func benchCorpus(ctx context.Context, options bench.Options, o benchFlags) error {
	if len(o.threads) == 0 || slices.Min(o.threads) < 1 {
		return usagef("--threads is a list of numbers from 1 on, such as 1,2")
	}
	c := bench.CorpusOptions{Text: o.text, HTML: o.html, Threads: o.threads, Synthetic: int64(o.synthetic)}
	if o.text == "" && o.synthetic == 0 {
		texts, err := benchText(ctx, "", options.Quick)
		if err != nil {
			return err
		}
		c.Texts = texts
	}
	return bench.Corpus(ctx, options, c)
}

// benchText reads 8 MiB of text, an eighth of that if quick.
func benchText(ctx context.Context, path string, quick bool) ([][]byte, error) {
	limit := int64(8 << 20)
	if quick {
		limit = 1 << 20
	}
	return sampleTexts(ctx, path, limit)
}
