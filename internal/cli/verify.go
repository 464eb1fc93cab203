package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/train"
)

func (a *app) verifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify DIR",
		Short: "Check every model and token shard below a directory against its hashes",
		Long: `Verify reads every file that a manifest in DIR or below it lists, and compares
its SHA-256. It says what each model was made from. The first file that does
not match is an error that names it.`,
		Example: "  polymath verify polymath-quickstart",
		Args:    exactly("DIR"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.verify(cmd.Context(), args[0]) },
	}
}

func (a *app) verify(ctx context.Context, root string) error {
	if info, err := os.Stat(root); err != nil {
		return fmt.Errorf("verify: %w", err)
	} else if !info.IsDir() {
		return fmt.Errorf("verify: %s is not a directory; name the one that holds manifest.json or shards.json", root)
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
		if err != nil || entry.IsDir() {
			return err
		}
		dir := filepath.Dir(path)
		switch entry.Name() {
		case model.ManifestName:
			if filepath.Base(dir) == trainingDir {
				return nil // checked with the checkpoint that it belongs to
			}
			found++
			return a.verifyModel(dir)
		case shard.ManifestName:
			found++
			return a.verifyShards(dir)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if found == 0 {
		return fmt.Errorf("verify: nothing below %s has hashes to check: no %s and no %s", root, model.ManifestName, shard.ManifestName)
	}
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

func (a *app) verifyShards(dir string) (err error) {
	set, err := shard.OpenSet(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	m := set.Manifest()
	fmt.Fprintf(a.Out, "%s: token shards, %d files as written, %s documents, %s tokens\n    %-10s %s\n    %-10s %s\n",
		dir, len(m.Files), progress.Count(m.Docs), progress.Count(m.Tokens), "hash", m.Hash(), "tokenizer", m.TokenizerHash)
	return nil
}
