package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/internal/cli/interrupt"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/cli/shell"
	"github.com/polymath-lm/polymath/modelfile"
	"github.com/polymath-lm/polymath/tensor"
)

// convertFlags are the flags of polymath convert.
type convertFlags struct {
	dtype, experts, attention, embeddings, output string
	shard                                         byteSize
	dryRun, force, noCheck, asJSON                bool
}

func (a *app) convertCommand() *cobra.Command {
	var o convertFlags
	cmd := &cobra.Command{
		Use:   "convert SRC DST",
		Short: "Turn a model's directory into a GGUF file, or back",
		Long: `Convert writes the model SRC, a directory or a GGUF file, as DST: a GGUF file
where the name ends in .gguf, else a directory that transformers and vLLM open.

--dtype names the format of the weights; keep leaves them as they are. Formats
of blocks, q8_0 and below, are for GGUF files, in which parts of the model may
have their own; such weights become bf16 in a directory. Norms, biases and
routers are f32 in every GGUF file. Rounding is to nearest; 'polymath quantize'
loses less at 4 bits.

What was written is read back and compared with SRC, by hashes, by every weight
and by the logits of a short text. DST appears when it is whole. Interrupted
with ctrl-C, convert keeps the weights that it has encoded in DST.part, and the
same command goes on with them.`,
		Example: `  polymath convert models/mine mine.gguf --dtype q8_0
  polymath convert mixtral.gguf models/mixtral --shard-size 4GiB
  polymath convert models/mine mine.gguf --dtype q4_k --attention q8_0 --dry-run`,
		Args: exactly("SRC", "DST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.convert(cmd.Context(), args[0], args[1], o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.dtype, "dtype", modelfile.Keep, "format of the weights: "+strings.Join(modelfile.Formats(), ", "))
	f.StringVar(&o.experts, "experts", "", "format of the experts (default as --dtype)")
	f.StringVar(&o.attention, "attention", "", "format of the attention products")
	f.StringVar(&o.embeddings, "embeddings", "", "format of the embedding table")
	f.StringVar(&o.output, "output", "", "format of the output product")
	f.Var(&o.shard, "shard-size", "most that one file of a directory's weights holds; 0 is all in one")
	f.BoolVar(&o.dryRun, "dry-run", false, "print what would be made, and stop")
	f.BoolVar(&o.force, "force", false, "replace the model DST")
	f.BoolVar(&o.noCheck, "no-check", false, "do not compare what was written with SRC")
	f.BoolVar(&o.asJSON, "json", false, "print the result as JSON")
	for _, flag := range []string{"dtype", "experts", "attention", "embeddings", "output"} {
		complete(cmd, flag, modelfile.Formats())
	}
	return cmd
}

// options reads the formats.
func (o *convertFlags) options() (modelfile.Options, error) {
	options := modelfile.Options{
		MaxShardBytes: int64(o.shard), Force: o.force, Unchecked: o.noCheck, Version: readVersion(),
	}
	for _, f := range []struct {
		flag, name string
		to         *tensor.DType
	}{
		{"--dtype", o.dtype, &options.DType},
		{"--experts", o.experts, &options.Experts},
		{"--attention", o.attention, &options.Attention},
		{"--embeddings", o.embeddings, &options.Embeddings},
		{"--output", o.output, &options.Output},
	} {
		if f.name == "" {
			continue
		}
		d, err := modelfile.ParseFormat(f.name)
		if err != nil {
			return options, usageError{fmt.Errorf("%s: %w", f.flag, err)}
		}
		*f.to = d
	}
	return options, nil
}

func (a *app) convert(ctx context.Context, src, dst string, o convertFlags) error {
	options, err := o.options()
	if err != nil {
		return err
	}
	screen := progress.NewScreen(a.Err)
	defer screen.Clear()
	options.Progress = showStages(screen, slog.New(slog.NewTextHandler(a.Err, nil)))
	c, err := modelfile.NewConversion(src, dst, options)
	if err != nil {
		return sayForce(err)
	}
	defer c.Close()
	if o.dryRun {
		return o.printConvertPlan(a.Out, c.Plan())
	}
	result, err := c.Run(ctx)
	screen.Clear()
	if err != nil && interrupt.Alone(err) {
		fmt.Fprintf(a.Err, "interrupted; what is done is in %s\ngo on with: %s\n", c.WorkDir(), shell.Command(o.again(src, dst)...))
		return errInterrupted
	}
	if err != nil {
		return sayForce(err)
	}
	return o.printConverted(a.Out, c.Plan(), result)
}

// sayForce adds to the error of a destination that exists what replaces it.
func sayForce(err error) error {
	var exists *modelfile.ExistsError
	if errors.As(err, &exists) {
		return fmt.Errorf("%w; --force replaces it", err)
	}
	return err
}

// showStages draws a bar for each stage, and where there is no terminal logs now
// and then how far it is.
func showStages(screen *progress.Screen, log *slog.Logger) func(stage modelfile.Stage, done, total int64) {
	const logEvery = 10 * time.Second
	logged := time.Now()
	return func(stage modelfile.Stage, done, total int64) {
		share := float64(done) / float64(max(total, 1))
		screen.Show(fmt.Sprintf("  %s %s", progress.Bar(share, 30), stage))
		if !screen.Live() && time.Since(logged) > logEvery {
			logged = time.Now()
			log.Info(string(stage), "done", fmt.Sprintf("%.0f%%", 100*share))
		}
	}
}

// again is the command line that goes on.
func (o *convertFlags) again(src, dst string) []string {
	args := []string{"convert", src, dst}
	for _, f := range [][2]string{
		{"--dtype", strings.TrimPrefix(o.dtype, modelfile.Keep)},
		{"--experts", o.experts},
		{"--attention", o.attention},
		{"--embeddings", o.embeddings},
		{"--output", o.output},
	} {
		if f[1] != "" {
			args = append(args, f[0], f[1])
		}
	}
	if o.shard > 0 {
		args = append(args, "--shard-size", o.shard.String())
	}
	if o.force {
		args = append(args, "--force")
	}
	if o.noCheck {
		args = append(args, "--no-check")
	}
	return args
}

// planJSON is what --dry-run --json prints.
type planJSON struct {
	From       string         `json:"from"`
	To         string         `json:"to"`
	ModelType  string         `json:"model_type"`
	Parameters int64          `json:"parameters"`
	Parts      []planPartJSON `json:"parts"`
	Bytes      int64          `json:"bytes"`
	DiskBytes  int64          `json:"disk_bytes"` // needed until the end, Bytes among them
	Notes      []string       `json:"notes"`
}

type planPartJSON struct {
	Role     string `json:"role"`
	Elements int64  `json:"elements"`
	From     string `json:"from"`
	To       string `json:"to"`
	Bytes    int64  `json:"bytes"`
}

func (o *convertFlags) printConvertPlan(w io.Writer, p *modelfile.Plan) error {
	if o.asJSON {
		out := planJSON{
			From: p.From, To: p.To, ModelType: p.ModelType, Parameters: p.Parameters,
			Bytes: p.Bytes, DiskBytes: p.Bytes + p.WorkBytes, Notes: append([]string{}, p.Notes...),
		}
		for _, part := range p.Parts {
			out.Parts = append(out.Parts, planPartJSON(part))
		}
		return json.NewEncoder(w).Encode(out)
	}
	fmt.Fprintf(w, "%s -> %s\n%s, %s parameters\n", p.From, p.To, p.ModelType, progress.Short(float64(p.Parameters)))
	for _, part := range p.Parts {
		fmt.Fprintf(w, "  %-13s %8s  %-10s -> %-10s %10s\n", part.Role, progress.Short(float64(part.Elements)), part.From, part.To, progress.Bytes(part.Bytes))
	}
	for _, note := range p.Notes {
		fmt.Fprintf(w, "note: %s\n", note)
	}
	fmt.Fprintf(w, "weights       %s\ndisk needed   %s until it is done, %s of it in %s.part\n",
		progress.Bytes(p.Bytes), progress.Bytes(p.Bytes+p.WorkBytes), progress.Bytes(p.WorkBytes), p.To)
	return nil
}

// convertJSON is what --json prints.
type convertJSON struct {
	Path        string            `json:"path"`
	Bytes       int64             `json:"bytes"`
	Files       map[string]string `json:"files"` // SHA-256 by name
	ReusedBytes int64             `json:"reused_bytes"`
	Notes       []string          `json:"notes"` // choices that could not be kept, and why
	Check       *checkJSON        `json:"check"` // null with --no-check
}

type checkJSON struct {
	Exact              bool    `json:"exact"`
	Weights            int64   `json:"weights"`
	Changed            int64   `json:"weights_changed"`
	Tokens             int     `json:"tokens"`
	Skipped            string  `json:"logits_skipped,omitempty"`
	MaxDifference      float64 `json:"max_logit_difference"`
	MeanDifference     float64 `json:"mean_logit_difference"`
	CrossEntropyBefore float64 `json:"cross_entropy_before"`
	CrossEntropyAfter  float64 `json:"cross_entropy_after"`
}

func (o *convertFlags) printConverted(w io.Writer, p *modelfile.Plan, r *modelfile.Result) error {
	if o.asJSON {
		out := convertJSON{Path: r.Path, Bytes: p.Bytes, Files: r.Files, ReusedBytes: r.Reused, Notes: append([]string{}, p.Notes...)}
		if c := r.Compare; c != nil {
			out.Check = &checkJSON{
				c.Exact, c.Weights, c.Changed, c.Tokens, c.Skipped,
				c.MaxDifference, c.MeanDifference, c.CrossEntropyBefore, c.CrossEntropyAfter,
			}
		}
		return json.NewEncoder(w).Encode(out)
	}
	fmt.Fprintf(w, "%s: %s of weights", r.Path, progress.Bytes(p.Bytes))
	if r.Reused > 0 {
		fmt.Fprintf(w, ", %s of them from before", progress.Bytes(r.Reused))
	}
	fmt.Fprintln(w)
	for _, note := range p.Notes {
		fmt.Fprintf(w, "note: %s\n", note)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Files)) {
		fmt.Fprintf(w, "  %s  %s\n", r.Files[name], name)
	}
	printComparison(w, r.Compare)
	return nil
}

func printComparison(w io.Writer, c *modelfile.Comparison) {
	if c == nil {
		fmt.Fprintln(w, "not compared with the source")
		return
	}
	switch {
	case c.Exact && c.Tokens > 0:
		fmt.Fprintf(w, "the same model: every weight, and the logits of %d tokens, to the bit\n", c.Tokens)
	case c.Exact:
		fmt.Fprintln(w, "every weight is the same to the bit")
	default:
		fmt.Fprintf(w, "weights rounded: %.1f%% of %s\n", 100*float64(c.Changed)/float64(c.Weights), progress.Short(float64(c.Weights)))
	}
	if c.Skipped != "" {
		fmt.Fprintf(w, "logits not compared: %s\n", c.Skipped)
	} else if !c.Exact {
		fmt.Fprintf(w, "logits of %d tokens: differ by %.4g on average, %.4g at most\ncross-entropy: %.4f nats a token, %.4f before (%+.4f)\n",
			c.Tokens, c.MeanDifference, c.MaxDifference, c.CrossEntropyAfter, c.CrossEntropyBefore, c.CrossEntropyAfter-c.CrossEntropyBefore)
	}
}
