package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/modelfile"
)

func (a *app) upcycleCommand() *cobra.Command {
	var o model.UpcycleOptions
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "upcycle DENSE DST",
		Short: "Make a mixture of experts of a dense model, to train on",
		Long: `Upcycle writes a mixture of experts whose experts are copies of the dense
model's feed-forward networks, with a random router. Without --noise it begins
as the same function; training makes the experts differ. Llama and Mistral
become Mixtral, Qwen3 becomes Qwen3-MoE. DST is a new directory, in bf16; a
recipe goes on from it with model.from.

With --granularity G each copy is cut into G smaller experts that begin as one.`,
		Example: `  polymath upcycle models/dense models/mixture --experts 16 --top-k 2
  polymath upcycle dense.gguf models/mixture --granularity 4 --noise 0.02`,
		Args: exactly("DENSE", "DST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.upcycle(cmd.Context(), args[0], filepath.Clean(args[1]), o, dryRun)
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.Experts, "experts", 8, "copies of each feed-forward network")
	f.IntVar(&o.TopK, "top-k", 2, "copies that work on a token")
	f.IntVar(&o.Granularity, "granularity", 1, "experts that each copy is cut into, a power of two")
	f.Float64Var(&o.Noise, "noise", 0, "noise on the experts' weights, as a share of their root mean square")
	f.Float64Var(&o.NoiseShare, "noise-share", 1, "share of the weights that get noise")
	f.Float64Var(&o.RouterStd, "router-std", 0, "standard deviation of the router's weights (default: the model's initializer_range)")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of router and noise")
	f.BoolVar(&dryRun, "dry-run", false, "print what would be made, and stop")
	return cmd
}

func (a *app) upcycle(ctx context.Context, src, dst string, o model.UpcycleOptions, dryRun bool) error {
	if o.Noise > 0 && o.NoiseShare == 0 { // which the options take for all
		return usagef("--noise-share 0: no weight would get noise; give more than 0, or leave --noise out")
	}
	if model.IsGGUF(dst) {
		return usagef("%s: upcycling makes a directory to train on; 'polymath convert' makes GGUF files", dst)
	}
	if err := checkNewDir(dst); err != nil {
		return err
	}
	w, err := model.OpenWeights(src)
	if err != nil {
		return err
	}
	up, err := model.Upcycle(ctx, w, o)
	if err == nil {
		a.printUpcycle(src, dst, w, up)
		if !dryRun {
			err = a.writeUpcycled(src, dst, up)
		}
	}
	if closeErr := w.Close(); err == nil {
		err = closeErr
	}
	return err
}

func (a *app) printUpcycle(src, dst string, from, to *model.Weights) {
	c := to.Config()
	total, active := c.Params()
	dense, _ := from.Config().Params()
	fmt.Fprintf(a.Out, "from      %s, %s of %s parameters\n", src, from.Config().ModelType, progress.Short(float64(dense)))
	fmt.Fprintf(a.Out, "to        %s, %s of %s parameters, %s active per token: %d experts of width %d, of which %d work on a token\n",
		dst, c.ModelType, progress.Short(float64(total)), progress.Short(float64(active)), c.NumExperts, c.MoEIntermediateSize, c.NumExpertsPerTok)
	fmt.Fprintf(a.Out, "size      %s\n", progress.Bytes(to.SizeBytes()))
}

// writeUpcycled writes the mixture with the dense model's tokenizer and what
// else belongs to it. What an error or an interruption leaves is removed.
func (a *app) writeUpcycled(src, dst string, up *model.Weights) (err error) {
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dst) // there was nothing in it; err says more
		}
	}()
	files, err := modelfile.Files(src)
	if err != nil {
		return err
	}
	from := model.Provenance{Version: readVersion()}
	if from.Parent, err = modelfile.Parent(src); err != nil {
		return err
	}
	if t, err := modelfile.Tokenizer(src); err == nil {
		from.Tokenizer = t.Hash()
	}
	screen := progress.NewScreen(a.Err)
	defer screen.Clear()
	return model.WriteDir(dst, up, model.DirOptions{From: from, Extra: files, Progress: func(done, total int64) {
		screen.Show(fmt.Sprintf("  %s writing", progress.Bar(float64(done)/float64(max(total, 1)), 30)))
	}})
}
