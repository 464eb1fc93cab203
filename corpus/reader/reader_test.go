package reader

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/source"
)

// got is one outcome of Next and Resolve.
type got struct {
	Origin  document.Origin
	Format  document.Format
	Content string
	Charset string
	Meta    map[string]string
	Bad     string
	Skipped string
}

// step reads one record.
func step(r Reader) (got, error) {
	rec, err := r.Next()
	if err == nil {
		origin := rec.Origin
		if err = rec.Resolve(); err == nil {
			return got{Origin: origin, Format: rec.Format, Content: string(rec.Content), Charset: rec.Charset, Meta: rec.Meta}, nil
		}
	}
	var bad *BadRecord
	var skipped *Skipped
	switch {
	case errors.As(err, &bad):
		return got{Origin: bad.Origin, Bad: bad.Problem}, nil
	case errors.As(err, &skipped):
		return got{Origin: skipped.Origin, Skipped: skipped.Reason}, nil
	}
	return got{}, err
}

// drain reads all records from a place on, with the places after each.
func drain(t testing.TB, f source.File, opt Options, from Position) (all []got, places []Position, err error) {
	t.Helper()
	r, err := Open(context.Background(), f, opt, from)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	for {
		g, err := step(r)
		if err == io.EOF {
			return all, places, nil
		}
		if err != nil {
			return all, places, err
		}
		all = append(all, g)
		places = append(places, r.Position())
	}
}

// file writes a file and lists it.
func file(t testing.TB, name string, content []byte) source.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return listed(t, path)
}

func listed(t testing.TB, path string) source.File {
	t.Helper()
	files, err := source.List(context.Background(), []string{path}, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return files[0]
}

// checkResume reads a file from places between its records on and
// compares with reading it at once.
func checkResume(t *testing.T, f source.File, opt Options) []got {
	t.Helper()
	all, places, err := drain(t, f, opt, Position{})
	stride := 1 + len(places)/25
	for k, p := range places {
		if k%stride != 0 {
			continue
		}
		rest, _, err2 := drain(t, f, opt, p)
		if diff := cmp.Diff(all[k+1:], rest); diff != "" && len(rest)+len(all[k+1:]) > 0 {
			t.Fatalf("%s from %+v, after %d records:\n%s", f.Name, p, k+1, diff)
		}
		if (err == nil) != (err2 == nil) || err != nil && err.Error() != err2.Error() {
			t.Fatalf("%s from %+v: error %v, reading at once %v", f.Name, p, err2, err)
		}
	}
	return all
}
