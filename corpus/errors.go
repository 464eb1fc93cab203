package corpus

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// ChangedError says that a directory holds a build of other sources or steps.
type ChangedError struct {
	Dir string
	// Changes are what differs, each as a sentence.
	Changes []string
}

// Error lists the first changes.
func (e *ChangedError) Error() string {
	const shown = 5
	text := fmt.Sprintf("%s holds a corpus that was read differently:", e.Dir)
	for _, c := range e.Changes[:min(shown, len(e.Changes))] {
		text += "\n  " + c
	}
	if more := len(e.Changes) - shown; more > 0 {
		text += fmt.Sprintf("\n  and %d more", more)
	}
	return text + "\nname another directory with --out, or remove what is there with --fresh"
}

// TooManyBad says that too much of a source cannot be read.
type TooManyBad struct {
	Source  string
	Problem string
	MaxBad  float64
	// Example is one of the reasons.
	Example string
}

// Error says what to do.
func (e *TooManyBad) Error() string {
	return fmt.Sprintf("source %s: %s, more than the max_bad of %v; one of them: %s\nmend the files, or raise max_bad of the source and build again, which goes on here",
		e.Source, e.Problem, e.MaxBad, e.Example)
}

// explain says what to do about errors of the disk.
func explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%w\nthe disk is full: free some space and build again, which goes on where it was", err)
	case errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w\nyour quota of the disk is used up: free some space and build again, which goes on where it was", err)
	case errors.Is(err, syscall.EROFS), errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%w\nname a directory with --out in which you may write, or change its permissions; building again goes on where it was", err)
	}
	return err
}
