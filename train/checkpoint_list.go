package train

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// prune removes the oldest checkpoints.
func (t *Trainer) prune(root string) error {
	dirs, err := checkpoints(t.options.RunDir)
	if err != nil {
		return err
	}
	for len(dirs) > t.recipe.Checkpoint.Keep {
		if err := removeCheckpoint(root, dirs[0].path); err != nil {
			return err
		}
		dirs = dirs[1:]
	}
	return nil
}

// removeCheckpoint takes a checkpoint's name away first, so that one half
// removed cannot be taken for a whole one.
func removeCheckpoint(root, dir string) error {
	gone := filepath.Join(root, removingName)
	if err := atomicfile.RemoveAll(gone); err != nil {
		return err
	}
	if err := atomicfile.Rename(dir, gone); err != nil {
		return err
	}
	return atomicfile.RemoveAll(gone)
}

// savedStep is a checkpoint's directory.
type savedStep struct {
	step int
	path string
}

// checkpoints lists the whole checkpoints of a run by step, the newest last.
func checkpoints(runDir string) ([]savedStep, error) {
	root := filepath.Join(runDir, checkpointsDir)
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []savedStep
	for _, e := range entries {
		number, ok := strings.CutPrefix(e.Name(), stepPrefix)
		step, err := strconv.Atoi(number)
		if !ok || err != nil {
			continue
		}
		path := filepath.Join(root, e.Name())
		info, err := os.Stat(path) // a checkpoint may lie elsewhere, behind a link
		if err != nil {
			return nil, err
		}
		if info.IsDir() {
			out = append(out, savedStep{step, path})
		}
	}
	slices.SortFunc(out, func(a, b savedStep) int { return a.step - b.step })
	return out, nil
}

// LastCheckpoint returns the newest checkpoint of a run, "" where it has none.
// It is a model directory that can be loaded.
func LastCheckpoint(runDir string) (string, error) {
	dirs, err := checkpoints(runDir)
	if err != nil || len(dirs) == 0 {
		return "", err
	}
	return dirs[len(dirs)-1].path, nil
}
