// Package checkpoint is what the checkpoints of every kind of run share: a
// directory that has its name only when it is whole, hashes over everything in
// it, arrays and state that are read back strictly, and the journal beside it.
//
//	RUN/metrics.jsonl                a Journal: one record per line
//	RUN/checkpoints/step-00000100/   a model directory, or one directory for each part
//	    training/                    Files: arrays, state
//	    training/manifest.json       the Seal, written last
package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/model"
)

// Dir is the directory of a run that holds its checkpoints, and TrainingDir the
// directory of a checkpoint that holds what the run needs beside the model.
const (
	Dir         = "checkpoints"
	TrainingDir = "training"
)

const (
	stepPrefix   = "step-"
	writingName  = ".writing"  // of a directory that is not complete
	removingName = ".removing" // of a checkpoint that goes
	oldName      = ".old"      // of a model that is replaced
)

// Store writes the checkpoints of one run, whose lock the caller holds. It is for
// one goroutine at a time.
type Store struct {
	// RunDir is the run's directory.
	RunDir string
	// Rename is atomicfile.Rename but in tests.
	Rename func(from, to string) error
}

// New returns the store of a run's directory, which it does not touch.
func New(runDir string) *Store { return &Store{RunDir: runDir, Rename: atomicfile.Rename} }

// Lock makes the run's directory with room for checkpoints and makes the caller
// the only one that works in it, until it calls unlock.
func Lock(runDir string) (unlock func() error, err error) {
	if err := os.MkdirAll(runDir, 0o777); err != nil {
		return nil, err
	}
	if unlock, err = atomicfile.Lock(runDir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(runDir, Dir), 0o777); err != nil {
		return nil, errors.Join(err, unlock())
	}
	return unlock, nil
}

// RemoveLeftovers removes what a run that was killed did not finish to write or
// to remove.
func (s *Store) RemoveLeftovers() error {
	for _, name := range []string{writingName, removingName} {
		if err := atomicfile.RemoveAll(filepath.Join(s.root(), name)); err != nil {
			return err
		}
	}
	return atomicfile.RemoveLeftovers(s.RunDir)
}

func (s *Store) root() string { return filepath.Join(s.RunDir, Dir) }

// Name is the name of the checkpoint's directory of a step.
func Name(step int) string { return fmt.Sprintf("%s%08d", stepPrefix, step) }

// Content is what a checkpoint holds.
type Content struct {
	// Models writes the model into dir, which it makes, or those of Parts into
	// directories of these names in dir.
	Models func(dir string) error
	// Parts names the models; nil: the checkpoint is itself the directory of one.
	Parts []string
	// Files are those of TrainingDir.
	Files []File
}

// File writes one file of TrainingDir and returns its SHA-256 in hexadecimal.
type File struct {
	Name  string
	Write func(path string) (sha256hex string, err error)
}

// Write writes the checkpoint of a step and returns its directory and the hash of
// its seal. Every file is read back before it gets its name, and the directory
// gets its own last: what has the name of a checkpoint is a whole one. After an
// error the checkpoints from before are as they were.
func (s *Store) Write(step int, c Content) (dir, sealHash string, err error) {
	writing := filepath.Join(s.root(), writingName)
	if err := atomicfile.RemoveAll(writing); err != nil {
		return "", "", err
	}
	dir = filepath.Join(s.root(), Name(step))
	sealHash, err = c.write(writing)
	if err == nil {
		err = s.Rename(writing, dir)
	}
	if err != nil {
		_ = atomicfile.RemoveAll(writing) // the other error matters
		return "", "", err
	}
	return dir, sealHash, atomicfile.SyncDir(s.root())
}

// write fills a new directory and returns the hash of its seal.
func (c *Content) write(dir string) (sealHash string, err error) {
	if err := c.Models(dir); err != nil {
		return "", err
	}
	training := filepath.Join(dir, TrainingDir)
	if err := os.MkdirAll(training, 0o777); err != nil {
		return "", err
	}
	if err := atomicfile.SyncDir(dir); err != nil { // or a power cut may take training/ away
		return "", err
	}
	seal := Seal{Files: map[string]string{}}
	for _, f := range c.Files {
		if seal.Files[f.Name], err = f.Write(filepath.Join(training, f.Name)); err != nil {
			return "", err
		}
	}
	if err := seal.addModels(dir, c.Parts); err != nil {
		return "", err
	}
	seal.Self = seal.sign()
	return WriteJSON(filepath.Join(training, sealFile), seal)
}

// Prune removes the oldest checkpoints but keep. It takes the name of each away
// first, so that one half removed cannot be taken for a whole one.
func (s *Store) Prune(keep int) error {
	list, err := List(s.RunDir)
	if err != nil {
		return err
	}
	for len(list) > keep {
		if err := s.remove(list[0].Path); err != nil {
			return err
		}
		list = list[1:]
	}
	return nil
}

func (s *Store) remove(dir string) error {
	gone := filepath.Join(s.root(), removingName)
	if err := atomicfile.RemoveAll(gone); err != nil {
		return err
	}
	if err := atomicfile.Rename(dir, gone); err != nil {
		return err
	}
	return atomicfile.RemoveAll(gone)
}

// Replace lets write fill a new directory and gives it the name final, which lies
// in the run's directory. What had the name goes when the new one is durable.
func (s *Store) Replace(final string, write func(dir string) error) error {
	writing, old := final+writingName, final+oldName
	for _, leftover := range []string{writing, old} {
		if err := atomicfile.RemoveAll(leftover); err != nil {
			return err
		}
	}
	if err := write(writing); err != nil {
		_ = atomicfile.RemoveAll(writing) // the other error matters
		return err
	}
	if err := s.Rename(final, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := s.Rename(writing, final); err != nil {
		return err
	}
	if err := atomicfile.SyncDir(s.RunDir); err != nil { // while the old one is there
		return err
	}
	return atomicfile.RemoveAll(old)
}

// Saved is a checkpoint's directory.
type Saved struct {
	Step int
	Path string
}

// List lists the whole checkpoints of a run by step, the newest last. A run that
// has none gives an empty list.
func List(runDir string) ([]Saved, error) {
	root := filepath.Join(runDir, Dir)
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []Saved
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
			out = append(out, Saved{step, path})
		}
	}
	slices.SortFunc(out, func(a, b Saved) int { return a.Step - b.Step })
	return out, nil
}

// Last returns the directory of the newest checkpoint of a run, "" where it has
// none.
func Last(runDir string) (string, error) {
	list, err := List(runDir)
	if err != nil || len(list) == 0 {
		return "", err
	}
	return list[len(list)-1].Path, nil
}

// Advise adds to an error about the newest checkpoint what can be done.
func Advise(runDir string, damage error) error {
	list, err := List(runDir)
	if err != nil {
		return errors.Join(damage, err)
	}
	if len(list) > 1 {
		return fmt.Errorf("%w. Remove this checkpoint to resume from %s", damage, list[len(list)-2].Path)
	}
	return fmt.Errorf("%w. It is the only checkpoint of the run: restore it from a copy, or begin anew in another directory", damage)
}

// ModelHash is the hash of a model directory's manifest, which covers all of it.
func ModelHash(dir string) (sha256hex string, err error) {
	return atomicfile.Hash(filepath.Join(dir, model.ManifestName))
}
