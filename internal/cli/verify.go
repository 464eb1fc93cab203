package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/align"
	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/modelfile"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/train"
)

func (a *app) verifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify PATH",
		Short: "Check models, corpora and token shards: hashes, structure, weights",
		Long: `Verify reads every model, corpus and set of token shards at PATH or below it:
what a manifest lists is compared with its SHA-256, and of GGUF files and of
models without a manifest, which other programs write, the structure is checked
and that every weight is a finite number. Of a corpus the chain of hashes is
followed from the recipe over all stages to the shards. It says what each model
was made from. The first fault is an error that names the file.`,
		Example: `  polymath verify polymath-quickstart
  polymath verify mixtral.gguf`,
		Args: exactly("PATH"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.verify(cmd.Context(), args[0]) },
	}
}

func (a *app) verify(ctx context.Context, root string) error {
	if info, err := os.Stat(root); err != nil {
		return fmt.Errorf("verify: %w", err)
	} else if !info.IsDir() {
		return a.verifyWeights(ctx, root)
	}
	target, err := filepath.EvalSymlinks(root)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	found := 0
	err = filepath.WalkDir(target, func(path string, entry fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil && entry.IsDir() && path != target && modelfile.IsUnfinished(path) {
			fmt.Fprintf(a.Err, "polymath: %s is left out: it is a conversion that has not ended\n", path)
			return fs.SkipDir
		}
		if err != nil || entry.IsDir() {
			return err
		}
		check := a.checkerOf(target, path)
		if check == nil {
			return nil
		}
		found++
		return check(ctx)
	})
	if err != nil {
		return err
	}
	if found == 0 {
		return fmt.Errorf("verify: nothing below %s can be checked: no %s, no %s, no %s, no config.json and no GGUF file", root, model.ManifestName, corpus.ManifestName, shard.ManifestName)
	}
	return nil
}

// checkerOf returns what checks the thing that a file makes of its directory,
// or the file itself; nil where it makes nothing. The shards of a corpus below root
// are checked with it.
func (a *app) checkerOf(root, path string) func(context.Context) error {
	dir := filepath.Dir(path)
	inTraining := filepath.Base(dir) == trainingDir // checked with the checkpoint that it belongs to
	switch name := filepath.Base(path); {
	case name == model.ManifestName && inTraining && !exists(filepath.Join(filepath.Dir(dir), model.ManifestName)):
		return func(context.Context) error { return a.verifyAlignment(filepath.Dir(dir)) }
	case name == model.ManifestName && dir != root && exists(filepath.Join(filepath.Dir(dir), trainingDir, model.ManifestName)):
		return nil // a model of such a checkpoint
	case name == model.ManifestName && !inTraining:
		return func(context.Context) error { return a.verifyModel(dir) }
	case name == corpus.ManifestName:
		return func(ctx context.Context) error { return a.verifyCorpus(ctx, dir) }
	case name == shard.ManifestName && (dir == root || !exists(filepath.Join(filepath.Dir(dir), corpus.ManifestName))):
		return func(context.Context) error { return a.verifyShards(dir) }
	case name == "config.json" && !inTraining && !exists(filepath.Join(dir, model.ManifestName)) && holdsWeights(dir):
		return func(ctx context.Context) error { return a.verifyWeights(ctx, dir) }
	case model.IsGGUF(name) && !laterPart.MatchString(name):
		return func(ctx context.Context) error { return a.verifyWeights(ctx, path) }
	}
	return nil
}

// holdsWeights tells a model's config.json from those of other programs.
func holdsWeights(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		ext := filepath.Ext(e.Name())
		return ext == ".safetensors" || ext == ".bin" || ext == ".pth"
	})
}

// laterPart is the name of a part of a GGUF model that is not its first.
var laterPart = regexp.MustCompile(`-(0000[2-9]|000[1-9][0-9]|00[1-9][0-9]{2})-of-[0-9]{5}\.[gG][gG][uU][fF]$`)

// verifyWeights checks a model that has no hashes.
func (a *app) verifyWeights(ctx context.Context, path string) error {
	screen := progress.NewScreen(a.Err)
	defer screen.Clear()
	c, err := modelfile.Verify(ctx, path, func(done, total int64) {
		screen.Show(fmt.Sprintf("  %s %s", progress.Bar(float64(done)/float64(max(total, 1)), 30), filepath.Base(path)))
	})
	if err != nil {
		return err
	}
	screen.Clear()
	fmt.Fprintf(a.Out, "%s: %s, %d tensors of the right shape, %s weights, all finite; there are no hashes\n",
		path, c.Kind, c.Tensors, progress.Short(float64(c.Weights)))
	return nil
}

// trainingDir is where a checkpoint keeps what only training needs.
const trainingDir = "training"

func (a *app) verifyModel(dir string) error {
	manifest, err := model.Verify(dir)
	if err != nil {
		return err
	}
	kind := "model"
	if _, err := os.Stat(filepath.Join(dir, trainingDir)); err == nil {
		kind = "checkpoint"
		if err := train.VerifyCheckpoint(dir); err != nil {
			return err
		}
	} else if _, err := model.ReadScalarConfig(dir); err == nil {
		kind = "reward model"
	}
	fmt.Fprintf(a.Out, "%s: %s, %d files as written\n", dir, kind, len(manifest.Files))
	for _, from := range []struct{ name, hash string }{
		{"version", manifest.Version},
		{"corpus", manifest.Corpus},
		{"tokenizer", manifest.Tokenizer},
		{"recipe", manifest.Recipe},
		{"parent", manifest.Parent},
	} {
		if from.hash != "" {
			fmt.Fprintf(a.Out, "    %-10s %s\n", from.name, from.hash)
		}
	}
	return nil
}

// verifyAlignment checks the checkpoint of a run of package align, which holds
// several models.
func (a *app) verifyAlignment(dir string) error {
	if err := align.VerifyCheckpoint(dir); err != nil {
		return err
	}
	fmt.Fprintf(a.Out, "%s: checkpoint, its models and training state as written\n", dir)
	return nil
}

// verifyCorpus follows the chain of a corpus to its shards.
func (a *app) verifyCorpus(ctx context.Context, dir string) error {
	screen := progress.NewScreen(a.Err)
	defer screen.Clear()
	v, err := corpus.Verify(ctx, dir, func(share float64) {
		screen.Show(fmt.Sprintf("  %s %s", progress.Bar(share, 30), dir))
	})
	if err != nil {
		return err
	}
	screen.Clear()
	fmt.Fprintf(a.Out, "%s: corpus, %s files as written, in %s and %s of shards\n    %-10s %s\n", dir, progress.Count(int64(v.Files)),
		plural(int64(v.Segments), "segment"), plural(int64(v.Shards), "file"), "hash", v.Hash)
	return nil
}

func (a *app) verifyShards(dir string) (err error) {
	set, err := shard.OpenSet(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	m := set.Manifest()
	fmt.Fprintf(a.Out, "%s: token shards, %d files as written, %s documents, %s tokens\n    %-10s %s\n    %-10s %s\n",
		dir, len(m.Files), progress.Count(m.Docs), progress.Count(m.Tokens), "hash", m.Hash(), "tokenizer", m.TokenizerHash)
	if p := m.Pictures; p != nil {
		fmt.Fprintf(a.Out, "    %-10s %s different in %s, used %s times\n", "pictures", progress.Count(p.Count), plural(int64(len(p.Files)), "file"), progress.Count(p.Uses))
	}
	return nil
}
