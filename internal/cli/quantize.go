package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/internal/cli/interrupt"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/cli/shell"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/modelfile"
	"github.com/polymath-lm/polymath/quantize"
	"github.com/polymath-lm/polymath/tensor"
)

// quantizeFlags are the flags of polymath quantize.
type quantizeFlags struct {
	bits, tokens                           int
	dtype, method, calibrate               string
	experts, attention, embeddings, output string
	dryRun, asJSON, force, verbose         bool
}

func (a *app) quantizeCommand() *cobra.Command {
	var o quantizeFlags
	cmd := &cobra.Command{
		Use:   "quantize MODEL DST.gguf",
		Short: "Make a model smaller: weights of 8 or 4 bits, calibrated on text",
		Long: `Quantize writes the model as a GGUF file whose products have weights of 8 or 4
bits, and measures on text that it did not calibrate on what that costs.

Text is read from the file or directory --calibrate names: name text like that
which the model will see. Without it the Go toolchain's sources are read, if
they are on this machine. Half of the documents calibrate, the others measure.

Methods: rtn rounds to nearest; gptq makes up for each error in the columns that
follow; awq scales what matters up before; awq+gptq does both. 8-bit weights are
always rounded to nearest. Norms, biases and routers stay F32.

Interrupted with ctrl-C it keeps the layers that are finished in DST.gguf.work;
the same command goes on with them.`,
		Example: `  polymath quantize models/mine mine-q4.gguf --calibrate ./docs
  polymath quantize models/mine mine-q8.gguf --bits 8
  polymath quantize models/mine mine.gguf --dtype q4_k --attention q8_0`,
		Args: exactly("MODEL", "DST.gguf"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("bits") && cmd.Flags().Changed("dtype") {
				return usagef("--bits and --dtype exclude each other")
			}
			return a.quantize(cmd.Context(), args[0], args[1], o)
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.bits, "bits", 4, "4 for q4_0, 8 for q8_0")
	f.StringVar(&o.dtype, "dtype", "", "format of the products instead: q8_0, q4_0, q4_k")
	f.StringVar(&o.method, "method", "auto", "auto (awq+gptq for q4_0, gptq for q4_k), rtn, awq, gptq or awq+gptq")
	f.StringVar(&o.calibrate, "calibrate", "", "file or directory of text to calibrate and measure on")
	f.IntVar(&o.tokens, "tokens", 32768, "tokens to calibrate on, and as many to measure on")
	f.StringVar(&o.experts, "experts", "", "format of the experts")
	f.StringVar(&o.attention, "attention", "", "format of the attention products")
	f.StringVar(&o.embeddings, "embeddings", "", "format of the embedding table (default q8_0)")
	f.StringVar(&o.output, "output", "", "format of the output product (default q8_0)")
	f.BoolVar(&o.dryRun, "dry-run", false, "print what would be made, and stop")
	f.BoolVar(&o.asJSON, "json", false, "print the result as JSON")
	f.BoolVar(&o.force, "force", false, "replace DST.gguf, and quantize a model that is quantized already")
	f.BoolVar(&o.verbose, "verbose", false, "print the error of every product")
	for _, flag := range []string{"dtype", "experts", "attention", "embeddings", "output"} {
		complete(cmd, flag, quantizeFormats())
	}
	complete(cmd, "method", quantizeMethods())
	return cmd
}

// quantization is one run of the command.
type quantization struct {
	*app
	quantizeFlags
	src, dst  string
	precision quantize.Precision
	method    quantize.Method
	weights   *model.Weights
	text      *calibrationText // nil = none
	screen    *progress.Screen
}

func (a *app) quantize(ctx context.Context, src, dst string, o quantizeFlags) error {
	q := &quantization{app: a, quantizeFlags: o, src: src, dst: filepath.Clean(dst), screen: progress.NewScreen(a.Err)}
	if err := q.readFlags(); err != nil {
		return err
	}
	if err := q.checkDestination(); err != nil {
		return err
	}
	w, err := model.OpenWeights(src)
	if err != nil {
		return err
	}
	q.weights = w
	err = q.run(ctx)
	q.screen.Clear()
	if closeErr := w.Close(); err == nil {
		err = closeErr
	}
	return err
}

func (q *quantization) readFlags() error {
	if q.dtype == "" {
		switch q.bits {
		case 4:
			q.dtype = "q4_0"
		case 8:
			q.dtype = "q8_0"
		default:
			return usagef("--bits %d: there are 4 and 8", q.bits)
		}
	}
	d, err := quantizeFormat("--dtype", q.dtype)
	if err != nil {
		return err
	}
	q.precision = quantize.Uniform(d)
	for _, part := range []struct {
		flag, name string
		to         *tensor.DType
	}{
		{"--experts", q.experts, &q.precision.Experts},
		{"--attention", q.attention, &q.precision.Attention},
		{"--embeddings", q.embeddings, &q.precision.Embedding},
		{"--output", q.output, &q.precision.Head},
	} {
		if part.name == "" {
			continue
		}
		if *part.to, err = quantizeFormat(part.flag, part.name); err != nil {
			return err
		}
	}
	q.method = quantize.Method(q.quantizeFlags.method)
	if q.method == "auto" {
		q.method = quantize.Best(&q.precision)
	}
	if !slices.Contains(quantize.Methods, q.method) {
		return usagef("--method %s: there are %s", q.quantizeFlags.method, strings.Join(quantizeMethods(), ", "))
	}
	if q.tokens < 1 {
		return usagef("--tokens %d: it must be 1 or more", q.tokens)
	}
	return nil
}

func quantizeFormat(flag, name string) (tensor.DType, error) {
	if d, err := modelfile.ParseFormat(name); err == nil && slices.Contains(quantize.Formats, d) {
		return d, nil
	}
	return "", usagef("%s: %q is no format to quantize to; there are %s", flag, name, strings.Join(quantizeFormats(), ", "))
}

// quantizeFormats are the names of the formats that a part may get.
func quantizeFormats() []string {
	var names []string
	for _, d := range quantize.Formats {
		names = append(names, strings.ToLower(string(d)))
	}
	return names
}

// quantizeMethods are what --method takes.
func quantizeMethods() []string {
	names := []string{"auto"}
	for _, m := range quantize.Methods {
		names = append(names, string(m))
	}
	return names
}

func (q *quantization) checkDestination() error {
	if !model.IsGGUF(q.dst) {
		return usagef("%s: quantized weights are written as a GGUF file, whose name ends in .gguf", q.dst)
	}
	info, err := os.Stat(q.dst)
	switch {
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return err
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf("%s is no file", q.dst)
	case err == nil && !q.force:
		return fmt.Errorf("%s exists already; --force replaces it", q.dst)
	}
	if _, err := os.Stat(filepath.Dir(q.dst)); err != nil {
		return fmt.Errorf("%s cannot be made: %w", q.dst, err)
	}
	if info == nil {
		return nil
	}
	return modelfile.CheckOwn(q.src, q.dst)
}

// workDir is where finished layers are kept.
func (q *quantization) workDir() string { return q.dst + ".work" }

func (q *quantization) run(ctx context.Context) error {
	cfg := q.weights.Config()
	if err := model.CheckGGUF(cfg); err != nil {
		return fmt.Errorf("%s: %w", q.src, err)
	}
	if err := q.refuseBlocks(); err != nil {
		return err
	}
	meta, err := modelfile.Metadata(q.src, cfg)
	if err != nil {
		return err
	}
	if !q.solves() {
		q.method = quantize.RTN // what the others do for formats that are always rounded
	}
	if err := q.readText(ctx); err != nil {
		return err
	}
	if q.dryRun {
		return q.printPlan()
	}
	r, err := q.make(ctx, meta)
	if interrupt.Alone(err) {
		q.screen.Clear()
		if _, statErr := os.Stat(q.workDir()); statErr != nil {
			return err
		}
		fmt.Fprintf(q.Err, "interrupted; the finished layers are in %s\ngo on with: %s\n", q.workDir(), shell.Command(q.again()...))
		return errInterrupted
	}
	if err != nil {
		return err
	}
	q.screen.Clear()
	return q.print(r)
}

// refuseBlocks refuses a model that was quantized before.
func (q *quantization) refuseBlocks() error {
	if q.force {
		return nil
	}
	for _, t := range q.weights.Tensors() {
		if t.DType.IsBlocked() {
			return fmt.Errorf("%s is quantized already (%s is %s): rounding it again adds a second loss to the first; "+
				"quantize the model that it was made of, or say --force", q.src, t.Name, t.DType)
		}
	}
	return nil
}

// again is the command line that goes on.
func (q *quantization) again() []string {
	args := []string{"quantize", q.src, q.dst, "--dtype", q.dtype, "--method", string(q.method), "--tokens", fmt.Sprint(q.tokens)}
	for _, f := range [][2]string{
		{"--calibrate", q.calibrate},
		{"--experts", q.experts},
		{"--attention", q.attention},
		{"--embeddings", q.embeddings},
		{"--output", q.output},
	} {
		if f[1] != "" {
			args = append(args, f[0], f[1])
		}
	}
	if q.force {
		args = append(args, "--force")
	}
	return args
}
