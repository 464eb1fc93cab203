package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/gcs"   // gs://
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/local" // paths
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/s3"    // s3://

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// path is that of a file of the job.
func (j *Job) path(name string) string {
	if isRemote(j.Work) {
		return strings.TrimSuffix(j.Work, "/") + "/" + name
	}
	return filepath.Join(j.Work, name)
}

func isRemote(path string) bool { return strings.Contains(path, "://") }

// write writes a file of some parts, whole or not at all. Machines that write the
// same file at the same time write the same.
func write(ctx context.Context, path string, parts ...[]byte) error {
	if !isRemote(path) {
		_, err := atomicfile.Write(path, func(w io.Writer) error { return writeParts(w, parts) })
		return err
	}
	fs, err := filesystem.New(ctx, path)
	if err != nil {
		return err
	}
	defer fs.Close()
	ctx, stop := context.WithCancel(ctx)
	defer stop() // a file whose writing was canceled does not appear
	w, err := fs.OpenWrite(ctx, path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := writeParts(w, parts); err != nil {
		stop()
		return fmt.Errorf("%s: %w", path, errors.Join(err, w.Close()))
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func writeParts(w io.Writer, parts [][]byte) error {
	for _, p := range parts {
		if _, err := w.Write(p); err != nil {
			return err
		}
	}
	return nil
}

// readAll reads a whole file.
func readAll(ctx context.Context, path string) (data []byte, err error) {
	err = copyTo(ctx, path, func(r io.Reader) error {
		data, err = io.ReadAll(r)
		return err
	})
	return data, err
}

// copyTo gives do a file to read.
func copyTo(ctx context.Context, path string, do func(io.Reader) error) error {
	fs, err := filesystem.New(ctx, path)
	if err != nil {
		return err
	}
	defer fs.Close()
	r, err := fs.OpenRead(ctx, path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	err = do(r)
	if err := errors.Join(err, r.Close()); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// list returns the names of the files that a pattern names.
func list(ctx context.Context, pattern string) ([]string, error) {
	fs, err := filesystem.New(ctx, pattern)
	if err != nil {
		return nil, err
	}
	defer fs.Close()
	paths, err := fs.List(ctx, pattern)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", pattern, err)
	}
	names := make([]string, len(paths))
	for i, p := range paths {
		names[i] = p[strings.LastIndexAny(p, `/\`)+1:]
	}
	return names, nil
}

// Begin makes the directory of work, where that is one on this machine.
func Begin(j Job) error {
	if isRemote(j.Work) {
		return nil
	}
	return os.MkdirAll(j.Work, 0o777)
}

// Clean removes what the machines wrote.
func Clean(ctx context.Context, j Job) error {
	if !isRemote(j.Work) {
		return atomicfile.RemoveAll(j.Work)
	}
	names, err := list(ctx, j.path("*"))
	if err != nil {
		return err
	}
	fs, err := filesystem.New(ctx, j.Work)
	if err != nil {
		return err
	}
	defer fs.Close()
	r, ok := fs.(filesystem.Remover)
	if !ok {
		return errors.New("files there cannot be removed from here")
	}
	for _, name := range names {
		if err := r.Remove(ctx, j.path(name)); err != nil {
			return err
		}
	}
	return nil
}
