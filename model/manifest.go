package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// ManifestName is the file of a model directory that vouches for the others.
const ManifestName = "manifest.json"

// Provenance is what a saved model's manifest says about where it came from.
// Hashes are SHA-256 in hexadecimal; empty = unknown or none.
type Provenance struct {
	Version string `json:"version"`          // of the program
	Corpus  string `json:"corpus,omitempty"` // hash of the shards' manifest
	// Stages are the hashes of the shards that stages of the run trained on besides.
	Stages    []string `json:"stage_corpora,omitempty"`
	Tokenizer string   `json:"tokenizer,omitempty"` // hash of tokenizer.json
	Recipe    string   `json:"recipe,omitempty"`
	Parent    string   `json:"parent,omitempty"` // hash of the parent model's manifest
	// Recipes is set where a run was resumed with a changed recipe: all of
	// them, in order, Recipe being the last.
	Recipes []RecipeFrom `json:"recipes,omitempty"`
	// HeldOut is the share of the shards' documents, see shard.HeldOut, that no step
	// was trained on. The documents of a smaller share are among those of a larger one.
	HeldOut float64 `json:"held_out,omitempty"`
}

// RecipeFrom says that a recipe held from a training step on, the first being
// step 1.
type RecipeFrom struct {
	Step   int    `json:"step"`
	Recipe string `json:"recipe"` // its hash
	// HeldOut is the share of documents that it held out.
	HeldOut float64 `json:"held_out,omitempty"`
}

// Manifest is the content of manifest.json: the SHA-256 in hexadecimal of every
// other file of the model, by name, and the model's provenance.
type Manifest struct {
	Files map[string]string `json:"files"`
	Provenance
}

// maxManifest bounds the file that is read; a model of a thousand files needs
// 100 kB.
const maxManifest = 16 << 20

// ReadManifest reads the manifest of a model directory. A directory without
// one gives an error that wraps fs.ErrNotExist.
func ReadManifest(dir string) (*Manifest, error) {
	path := filepath.Join(dir, ManifestName)
	data, err := atomicfile.ReadSmall(path, maxManifest)
	if err != nil {
		return nil, err
	}
	man, err := parseManifest(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return man, nil
}

func parseManifest(data []byte) (*Manifest, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var man Manifest
	if err := dec.Decode(&man); err != nil {
		return nil, err
	}
	if dec.More() {
		return nil, errors.New("more than one JSON value")
	}
	if len(man.Files) == 0 {
		return nil, errors.New("it lists no files")
	}
	for name := range man.Files {
		if !filepath.IsLocal(name) {
			return nil, fmt.Errorf("it lists %q, which is outside of the directory", name)
		}
	}
	return &man, nil
}

// Verify reads every file that the directory's manifest lists and returns an
// error that names the first whose hash differs or which is missing. A
// directory without a manifest, which other programs write, gives an error that
// wraps fs.ErrNotExist.
func Verify(dir string) (*Manifest, error) {
	man, err := ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(man.Files)) {
		path := filepath.Join(dir, name)
		sum, err := atomicfile.Hash(path)
		if err != nil {
			return nil, fmt.Errorf("%s is in the manifest, but: %w", path, err)
		}
		if sum != man.Files[name] {
			return nil, fmt.Errorf("%s: SHA-256 is %s, but the manifest says %s: the file was changed or is damaged", path, sum, man.Files[name])
		}
	}
	return man, nil
}

// verifyIfPresent is Verify, but content with a directory without a manifest.
func verifyIfPresent(dir string) error {
	_, err := os.Lstat(filepath.Join(dir, ManifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	_, err = Verify(dir)
	return err
}
