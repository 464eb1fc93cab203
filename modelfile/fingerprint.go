package modelfile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/model"
)

// Fingerprint returns 64 hexadecimal digits that identify the model at path:
// the SHA-256 of a GGUF file, or of the names and hashes of its parts; of a directory that of its manifest.json, which
// holds those of all files, or without one of config.json and the names and
// sizes of the files.
func Fingerprint(path string) (string, error) {
	dir, file, err := locate(path)
	if err != nil {
		return "", err
	}
	if file != "" {
		return hashGGUF(file)
	}
	manifest, err := atomicfile.ReadSmall(filepath.Join(dir, model.ManifestName), maxText)
	if err == nil {
		sum := sha256.Sum256(manifest)
		return hex.EncodeToString(sum[:]), nil
	}
	if !os.IsNotExist(err) {
		return "", err
	}
	return fingerprintBare(dir)
}

// Parent returns what a model made of the one at path names as its parent: the
// hash of manifest.json, "" for a directory without one, or the hash of a GGUF
// file.
func Parent(path string) (string, error) {
	dir, file, err := locate(path)
	if err != nil {
		return "", err
	}
	if file != "" {
		return hashGGUF(file)
	}
	hash, err := atomicfile.Hash(filepath.Join(dir, model.ManifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return hash, err
}

// ContentHash returns 64 hexadecimal digits that identify the model at path by
// what it holds, for work that goes on later: the hash of manifest.json, which
// has those of all files and which model.OpenWeights verifies, or of what the
// files hold. Unlike Fingerprint it reads all of a directory without a manifest.
// Ending ctx ends it with an error.
func ContentHash(ctx context.Context, path string) (string, error) {
	dir, _, err := locate(path)
	if err != nil {
		return "", err
	}
	if dir != "" {
		if hash, err := Parent(dir); err != nil || hash != "" {
			return hash, errors.Join(err, ctx.Err())
		}
	}
	return hashContent(ctx, path)
}

// hashGGUF hashes a GGUF file and, where it is in several, all parts.
func hashGGUF(path string) (string, error) {
	parts, err := ggufParts(path)
	if err != nil {
		return "", err
	}
	if len(parts) == 1 {
		return atomicfile.Hash(path)
	}
	return hashContent(context.Background(), path)
}

// fingerprintBare is Fingerprint of a directory without a manifest.
func fingerprintBare(dir string) (string, error) {
	config, err := atomicfile.ReadSmall(filepath.Join(dir, configName), maxText)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	h.Write(config)
	entries, err := os.ReadDir(dir) // in order of name
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		info, err := os.Stat(filepath.Join(dir, e.Name())) // of what a link points to
		if err != nil {
			return "", err
		}
		if info.Mode().IsRegular() && !strings.HasPrefix(e.Name(), ".") {
			fmt.Fprintf(h, "%q %d\n", e.Name(), info.Size())
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// hashContent identifies a model by what all its files hold.
func hashContent(ctx context.Context, path string) (string, error) {
	hashes, err := hashFiles(ctx, path)
	if err != nil {
		return "", err
	}
	data, err := json.Marshal(hashes) // keys in order
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}
