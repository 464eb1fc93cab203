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

// With --fresh nothing is removed where the text to begin anew with is not there.
func TestFreshNeedsText(t *testing.T) {
	s := testSession(t, 10)
	model := s.path(runDir, "model")
	if err := errors.Join(os.MkdirAll(model, 0o777), os.WriteFile(s.path(stateName), []byte("{}"), 0o666)); err != nil {
		t.Fatal(err)
	}
	s.Fresh, s.Text = true, filepath.Join(t.TempDir(), "typo")
	if err := Run(t.Context(), s.Options); err == nil || !strings.Contains(err.Error(), "typo") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(model); err != nil {
		t.Error(err)
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

// Two quick starts in one directory would remove each other's files.
func TestOneQuickStartAtATime(t *testing.T) {
	s := testSession(t, 10)
	if err := s.open(); err != nil {
		t.Fatal(err)
	}
	if err := Run(t.Context(), s.Options); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second one: %v", err)
	}
	if err := s.release(); err != nil {
		t.Fatal(err)
	}
	again := &session{Options: s.Options}
	if err := again.open(); err != nil {
		t.Error(err)
	}
	if err := again.release(); err != nil {
		t.Error(err)
	}
}

// A resumed quick start may be on another machine: its limit is measured anew.
func TestMachineIsMeasuredEachSession(t *testing.T) {
	s := testSession(t, 10)
	s.state.Machine = &Machine{CPU: "abacus", Peak: 1}
	s.Text = filepath.Join(t.TempDir(), "missing") // ends it after the first stage
	if err := s.run(t.Context()); err == nil || s.state.Machine.CPU == "abacus" {
		t.Errorf("%+v, %v", s.state.Machine, err)
	}
}
