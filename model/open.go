package model

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/polymath-lm/polymath/internal/glob"
	"github.com/polymath-lm/polymath/tensor/gguf"
	"github.com/polymath-lm/polymath/tensor/safetensors"
)

// OpenWeights opens the model at path: a directory in the ecosystem's format, a
// GGUF file, or a directory that holds one GGUF file and no config.json. With a
// manifest.json every file's hash is verified first, and a file that is missing
// or does not match is an error naming it. So is a tensor that is missing, has
// another shape or a format that is not read, or is not known to the decoder. A
// reward model, which is for OpenScalar, is an error that wraps ErrScalar.
func OpenWeights(path string) (*Weights, error) { return openWeights(path, true) }

// openWeights is OpenWeights, with or without verification.
func openWeights(path string, verify bool) (*Weights, error) {
	file, err := findGGUF(path)
	if err != nil {
		return nil, err
	}
	if file != "" {
		return openGGUF(file)
	}
	return openDir(path, verify, ReadConfig)
}

// findGGUF returns the GGUF file that path means, or "" if it is a directory in
// the ecosystem's format.
func findGGUF(path string) (string, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s: there is no such model: %w", path, fs.ErrNotExist)
	}
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		switch filepath.Ext(path) {
		case ".json", ".safetensors", ".bin", ".pt", ".pth":
			return "", fmt.Errorf("%s is a file of a model's directory; give the directory", path)
		}
		return path, nil
	}
	if _, err := os.Lstat(filepath.Join(path, configName)); !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return "", err
	}
	var found []string
	for _, e := range entries {
		if IsGGUF(e.Name()) && !e.IsDir() {
			found = append(found, e.Name())
		}
	}
	switch len(found) {
	case 0:
		if exists(filepath.Join(path, ManifestName)) {
			return "", nil // it names what is missing
		}
		return "", noModel(path)
	case 1:
		return filepath.Join(path, found[0]), nil
	}
	return "", fmt.Errorf("%s holds %d GGUF files (%s, ...); name the one to open", path, len(found), found[0])
}

// noModel says what a directory without a model is instead. The error is that of
// a file that does not exist.
func noModel(dir string) error {
	hint, adapter := "", filepath.Join(dir, "adapter")
	switch inside, _ := filepath.Glob(filepath.Join(glob.Escape(dir), "*", configName)); {
	case IsAdapter(dir):
		hint = "; it is an adapter, which goes with the model that it was trained on"
	case IsAdapter(adapter):
		hint = "; " + adapter + " is an adapter, which goes with the model that it was trained on"
	case len(inside) == 1:
		hint = "; did you mean " + filepath.Dir(inside[0]) + "?"
	}
	return &missingError{fmt.Sprintf("%s holds no model: there is no %s and no GGUF file%s", dir, configName, hint)}
}

// missingError says in its own words that something does not exist.
type missingError struct{ text string }

func (e *missingError) Error() string { return e.text }

func (e *missingError) Is(target error) bool { return target == fs.ErrNotExist }

// IsGGUF reports whether path is named as a GGUF file is.
func IsGGUF(path string) bool { return strings.EqualFold(filepath.Ext(path), ".gguf") }

// openDir opens a directory in the ecosystem's format, whose configuration read
// returns.
func openDir(dir string, verify bool, read func(dir string) (*Config, error)) (*Weights, error) {
	if verify {
		if err := verifyIfPresent(dir); err != nil {
			return nil, err
		}
	}
	cfg, err := read(dir)
	if err != nil {
		return nil, err
	}
	file, err := safetensors.OpenDir(dir)
	if err != nil {
		return nil, explainMissing(dir, err)
	}
	if err := cfg.plausible(len(file.Names())); err != nil {
		_ = file.Close() // the other error is being returned
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	w := newWeights(cfg)
	w.path, w.isDir, w.file = dir, true, file
	names := w.fileNames(file.Has)
	w.raw = func(name string) (stored, error) {
		t, err := file.Mapped(names[name])
		if err != nil {
			return stored{}, err
		}
		at, err := file.Locate(names[name])
		return stored{Tensor: t, at: at}, err
	}
	used := make(map[string]bool, len(names))
	for _, name := range names {
		used[name] = true
	}
	err = w.check(func(name string) string { return names[name] }, func(name string) bool {
		return used[name] || redundant(cfg, name)
	})
	return w.orClose(err)
}

// plausible is an error where a model has so many more matrices than its file
// has tensors that it is not worth the memory to name the first that is missing.
func (c *Config) plausible(tensors int) error {
	const few = 1 << 12
	n := c.NumLayers * (7 + 3*c.NumExperts)
	if c.Vision != nil {
		n += 16 * c.Vision.NumLayers
	}
	if n > few && n/8 > tensors {
		return fmt.Errorf("the configuration asks for about %d tensors, and there are %d", n, tensors)
	}
	return nil
}

// redundant reports whether a tensor says nothing new: tables that older
// programs saved, and the second name of tied embeddings.
func redundant(cfg *Config, name string) bool {
	if cfg.Vision != nil {
		if redundantSight(name) {
			return true
		}
		name = plainName(name)
	}
	return strings.HasSuffix(name, ".rotary_emb.inv_freq") || cfg.TieEmbeddings && name == headName
}

// explainMissing says what a directory without the expected files holds instead,
// and what to do.
func explainMissing(dir string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if exists(filepath.Join(dir, indexName)) {
		var missing *fs.PathError
		if errors.As(err, &missing) {
			return fmt.Errorf("%s is missing, and %s names it; get that file too", missing.Path, indexName)
		}
		return err
	}
	for _, kind := range []struct{ pattern, what string }{
		{"model-*.safetensors", "is there, but not " + indexName + ", which says what is where; get that file too"},
		{"*.gguf", "is beside a config.json without weights; name the file to open it"},
		{"*.bin", pickled},
		{"*.pth", pickled},
		{"*.pt", pickled},
	} {
		if found, _ := filepath.Glob(filepath.Join(glob.Escape(dir), kind.pattern)); len(found) > 0 {
			return fmt.Errorf("%s %s", found[0], kind.what)
		}
	}
	return err
}

const pickled = "is a Python pickle, which can run any program when it is read, so this program does not read it; " +
	"get the model's safetensors files, or save it anew with save_pretrained of transformers"

// openGGUF opens a GGUF file.
func openGGUF(path string) (*Weights, error) {
	file, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	w, err := ggufWeights(path, file)
	if err != nil {
		_ = file.Close() // the other error is being returned
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return w, nil
}

// orClose returns w, or err after closing w.
func (w *Weights) orClose(err error) (*Weights, error) {
	if err == nil {
		return w, nil
	}
	_ = w.Close() // the other error is being returned
	return nil, fmt.Errorf("%s: %w", w.path, err)
}
