package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Begin finds what a run in runDir begins with: the directory of the newest
// checkpoint, or "" for a new run. finals are the names that finished models have
// in runDir, and saved says whether the run that is there has had a checkpoint, as
// its own file tells.
//
// Without resume a directory that holds a run is refused. With it one is refused
// that has lost its checkpoints; a run that was killed before the first has nothing
// to lose and begins anew.
func Begin(runDir string, resume bool, saved func() (bool, error), finals ...string) (last string, err error) {
	if last, err = Last(runDir); err != nil {
		return "", err
	}
	switch {
	case last != "" && resume:
		return last, nil
	case last != "":
		return "", holdsRun(runDir)
	case resume:
		return "", mustNotBeLost(runDir, saved, finals)
	}
	return "", mustBeNew(runDir, finals)
}

func holdsRun(dir string) error {
	return fmt.Errorf("%s holds a run already: go on with it by --resume, or name another directory", dir)
}

// mustNotBeLost refuses to begin a run anew whose checkpoints are gone.
func mustNotBeLost(dir string, saved func() (bool, error), finals []string) error {
	lost, err := saved()
	if err != nil {
		return err
	}
	for _, name := range finals {
		there, err := exists(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		lost = lost || there
	}
	if lost {
		return fmt.Errorf("%s holds a run whose checkpoints are gone: put one back into %s to resume it, or name another directory to begin anew", dir, filepath.Join(dir, Dir))
	}
	return nil
}

// mustBeNew refuses to write over another run.
func mustBeNew(dir string, finals []string) error {
	for _, name := range append([]string{MetricsFile}, finals...) {
		there, err := exists(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if there {
			return holdsRun(dir)
		}
	}
	return nil
}

func exists(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
