package modelfile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor/gguf"
)

// hashFiles returns the SHA-256 of every file of the model at path, by name.
func hashFiles(ctx context.Context, path string) (map[string]string, error) {
	names, err := modelFiles(path)
	if err != nil {
		return nil, err
	}
	hashes := map[string]string{}
	for _, name := range names {
		if hashes[filepath.Base(name)], err = hashFile(ctx, name); err != nil {
			return nil, err
		}
	}
	return hashes, nil
}

// hashFile is atomicfile.Hash that can be interrupted.
func hashFile(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	out := io.MultiWriter(sum, stopper{ctx})
	if _, err := io.CopyBuffer(out, struct{ io.Reader }{f}, make([]byte, 1<<18)); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// modelFiles lists the files of the model at path: of a directory those that
// are no program's or system's own, of a GGUF file its parts.
func modelFiles(path string) ([]string, error) {
	dir, file, err := locate(path)
	if err != nil {
		return nil, err
	}
	if file != "" {
		return ggufParts(file)
	}
	entries, err := os.ReadDir(dir) // in order of name
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		info, err := os.Stat(name) // of what a link points to
		if err != nil {
			return nil, err
		}
		hidden := strings.HasPrefix(e.Name(), ".") || atomicfile.IsTemporary(e.Name())
		if info.Mode().IsRegular() && !hidden && e.Name() != model.ManifestName {
			names = append(names, name)
		}
	}
	return names, nil
}

// ggufParts lists the files that hold the tensors of a GGUF file, itself first.
func ggufParts(path string) ([]string, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	names := []string{path}
	seen := map[string]bool{path: true}
	for _, t := range f.Names() {
		at, err := f.Locate(t)
		if err != nil {
			_ = f.Close() // the other error matters
			return nil, err
		}
		if !seen[at.Path] {
			seen[at.Path] = true
			names = append(names, at.Path)
		}
	}
	return names, f.Close()
}
