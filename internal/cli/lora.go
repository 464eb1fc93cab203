package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/modelfile"
)

const adapterUsage = "directory of an adapter (LoRA) for the model, from 'polymath finetune' or PEFT"

// addAdapter adds the flag that puts an adapter on the model.
func addAdapter(f *pflag.FlagSet, dir *string) { f.StringVar(dir, "adapter", "", adapterUsage) }

func (a *app) loraCommand() *cobra.Command {
	return a.group("lora", "Work with adapters (LoRA)", a.loraMergeCommand())
}

func (a *app) loraMergeCommand() *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "merge MODEL ADAPTER DST",
		Short: "Add an adapter to the model that it was trained on",
		Long: `Merge writes into DST, a new directory, MODEL with ADAPTER added to its weights:
w + scale*B*A, summed in fp32 and rounded to bf16. The result is an ordinary
model, and no slower than MODEL was. MODEL is a directory or a GGUF file,
ADAPTER a directory that 'polymath finetune' or PEFT wrote.

The merged model rounds where model and adapter side by side do not, so it
writes almost, but not to the bit, what they write.`,
		Example: `  polymath lora merge MODEL runs/mine/adapter models/mine
  polymath convert models/mine mine.gguf`,
		Args: exactly("MODEL", "ADAPTER", "DST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.loraMerge(cmd.Context(), args[0], args[1], filepath.Clean(args[2]), dryRun)
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "check all and print what would be made, and stop")
	return cmd
}

func (a *app) loraMerge(ctx context.Context, base, adapter, dst string, dryRun bool) error {
	switch {
	case model.IsGGUF(dst):
		return usagef("%s: merging makes a directory; 'polymath convert' makes a GGUF file of it", dst)
	case model.IsAdapter(base):
		return usagef("%s is an adapter: give the model first, then the adapter", base)
	}
	if err := checkNewDir(dst); err != nil {
		return err
	}
	w, err := model.OpenWeights(base)
	if err != nil {
		return err
	}
	defer w.Close()
	merged, err := model.MergeAdapter(ctx, w, adapter)
	if err != nil {
		return err
	}
	total, _ := w.Config().Params()
	fmt.Fprintf(a.Out, "%s: %s of %s parameters, in bf16 %s\n", dst, w.Config().ModelType, progress.Short(float64(total)), progress.Bytes(2*total))
	if dryRun {
		return nil
	}
	return a.writeMerged(base, adapter, dst, merged)
}

// checkNewDir refuses a destination that is there and no empty directory: where
// writing it fails, all of it is removed.
func checkNewDir(dst string) error {
	entries, err := os.ReadDir(dst)
	switch _, missing := os.Lstat(dst); {
	case errors.Is(missing, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("%w; name a new directory", err)
	case len(entries) > 0:
		return fmt.Errorf("%s is not empty; name a new directory", dst)
	}
	return nil
}

// writeMerged writes the merged model with what belongs to the base. What an
// error or an interruption leaves is removed.
func (a *app) writeMerged(base, adapter, dst string, merged *model.Weights) (err error) {
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dst) // there was nothing in it; err says more
		}
	}()
	files, err := modelfile.Files(base)
	if err != nil {
		return err
	}
	delete(files, "README.md") // it is about the other model
	from := model.Provenance{Version: readVersion()}
	if from.Parent, err = modelfile.Parent(base); err != nil {
		return err
	}
	if man, err := model.ReadManifest(adapter); err == nil {
		from.Recipe, from.Corpus, from.Tokenizer = man.Recipe, man.Corpus, man.Tokenizer
		from.Parent = cmp.Or(from.Parent, man.Parent) // of a base without a manifest
	}
	screen := progress.NewScreen(a.Err)
	defer screen.Clear()
	return model.WriteDir(dst, merged, model.DirOptions{From: from, Extra: files, Progress: func(done, all int64) {
		screen.Show(fmt.Sprintf("%s of %s", progress.Bytes(done), progress.Bytes(all)))
	}})
}
