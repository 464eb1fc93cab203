package quickstart

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A directory that no quick start made keeps what it holds, whatever the names
// and whether --fresh is given: here that of a clone of this repository.
func TestForeignDirectoriesAreLeftAlone(t *testing.T) {
	for _, name := range madeNames {
		for _, fresh := range []bool{false, true} {
			s := testSession(t, 10)
			s.Fresh = fresh
			mine := filepath.Join(s.path(name), "mine.go")
			if err := os.MkdirAll(filepath.Dir(mine), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(mine, []byte("package mine"), 0o666); err != nil {
				t.Fatal(err)
			}
			var option *OptionError
			if err := Run(t.Context(), s.Options); !errors.As(err, &option) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s, fresh %v: %v", name, fresh, err)
			}
			if _, err := os.Stat(mine); err != nil {
				t.Errorf("%s, fresh %v: %v", name, fresh, err)
			}
			if _, err := os.Stat(s.path(stateName)); err == nil {
				t.Errorf("%s: the directory was claimed", name)
			}
		}
	}
}

// A disk that fills up while an interrupted run is saved is not reported as
// saved.
func TestInterruptionHidesNoFailure(t *testing.T) {
	s := testSession(t, 10)
	if err := s.interrupted(context.Canceled); !errors.Is(err, ErrInterrupted) || !strings.Contains(err.Error(), "everything so far is in") {
		t.Errorf("alone: %v", err)
	}
	err := s.interrupted(errors.Join(context.Canceled, fs.ErrPermission))
	if !errors.Is(err, ErrInterrupted) || !errors.Is(err, fs.ErrPermission) || strings.Contains(err.Error(), "everything so far") {
		t.Errorf("with a failure: %v", err)
	}
}
