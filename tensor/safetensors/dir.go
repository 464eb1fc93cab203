package safetensors

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/tensor"
)

// The names that the ecosystem gives to a model's files.
const (
	ModelName = "model.safetensors"
	IndexName = "model.safetensors.index.json"
)

// maxIndex bounds the index that is read; the largest models need a few MB.
const maxIndex = maxHeader

// OpenDir maps the model in dir: model.safetensors or, where there is none, all
// files that its index names, with which it must agree on every tensor. An index
// beside model.safetensors is of weights that this file replaced: transformers
// takes the file too.
func OpenDir(dir string) (*File, error) {
	whole, err := Open(filepath.Join(dir, ModelName))
	if !errors.Is(err, fs.ErrNotExist) {
		return whole, err
	}
	path := filepath.Join(dir, IndexName)
	weights, indexErr := readIndex(path)
	if errors.Is(indexErr, fs.ErrNotExist) {
		return nil, cmp.Or(otherWeights(dir), err)
	}
	if indexErr != nil {
		return nil, indexErr
	}
	f := newFile(path)
	if err := f.addAll(dir, weights); err != nil {
		f.closeQuietly()
		return nil, err
	}
	return f, nil
}

// otherWeights returns an error that names weights in another format which lie
// in a directory without model.safetensors, or nil.
func otherWeights(dir string) error {
	for _, pattern := range []string{"*.bin", "*.pt", "*.pth", "*.ckpt", "*.h5", "*.gguf"} {
		files, _ := filepath.Glob(filepath.Join(dir, pattern)) // fails on bad patterns only
		for _, path := range files {
			if what := foreignFile(path); what != "" {
				return fmt.Errorf("%s is missing, and %s: %s", filepath.Join(dir, ModelName), filepath.Base(path), what)
			}
		}
	}
	return nil
}

// foreignFile is tensor.Foreign of the file's beginning.
func foreignFile(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	begin := make([]byte, 64)
	n, _ := io.ReadFull(file, begin) // a short file is one too
	return tensor.Foreign(begin[:n])
}

// addAll maps the files of the index in the order of their names.
func (f *File) addAll(dir string, weights map[string]string) error {
	var files []string
	for _, file := range weights {
		files = append(files, file)
	}
	slices.Sort(files)
	for _, file := range slices.Compact(files) {
		before := len(f.names)
		if err := f.add(filepath.Join(dir, file)); err != nil {
			return err
		}
		for _, name := range f.names[before:] {
			if weights[name] != file {
				return fmt.Errorf("%s: tensor %q is in %s, but the index does not say so", f.path, name, file)
			}
		}
	}
	for name, file := range weights {
		if !f.Has(name) {
			return fmt.Errorf("%s: tensor %q is not in %s, where the index has it", f.path, name, file)
		}
	}
	return nil
}

// readIndex returns which file holds each tensor.
func readIndex(path string) (map[string]string, error) {
	data, err := atomicfile.ReadSmall(path, maxIndex)
	if err != nil {
		return nil, err
	}
	weights, err := parseIndex(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return weights, nil
}

func parseIndex(data []byte) (map[string]string, error) {
	weights := map[string]string{}
	found := false
	dec := json.NewDecoder(bytes.NewReader(data))
	err := object(dec, func(key string) error {
		if key != "weight_map" {
			var skipped json.RawMessage
			return dec.Decode(&skipped)
		}
		found = true
		return stringsOf(dec, weights)
	})
	switch {
	case err != nil:
		return nil, err
	case len(bytes.TrimSpace(data[dec.InputOffset():])) != 0:
		return nil, errors.New("text after the closing brace")
	case !found:
		return nil, errors.New("weight_map is missing")
	}
	for name, file := range weights {
		// A name with a directory in it could reach any file on the machine.
		if file != filepath.Base(file) || !filepath.IsLocal(file) || strings.ContainsAny(file, `/\`) {
			return nil, fmt.Errorf("tensor %q: %q is not the name of a file beside the index", name, file)
		}
	}
	return weights, nil
}

// WriteDir writes a model into dir, in one file or, if that would hold more
// than maxBytes of data, in several with an index, which is written last. It
// returns the SHA-256 of each file it wrote, by name. A tensor is never split,
// so a file may be larger than maxBytes; maxBytes 0 means one file.
//
// dir must exist and hold no weights yet: several files cannot be replaced as
// one, so a caller writes a new directory and renames that.
func WriteDir(dir string, list []Source, metadata map[string]string, maxBytes int64) (sums map[string]string, err error) {
	if err := checkEmpty(dir); err != nil {
		return nil, err
	}
	list = ordered(list)
	parts, total, err := split(list, maxBytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	sums = map[string]string{}
	weights := map[string]string{}
	for i, part := range parts {
		name := ModelName
		if len(parts) > 1 {
			name = fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, len(parts))
		}
		if sums[name], err = WriteSources(filepath.Join(dir, name), part, metadata); err != nil {
			return nil, err
		}
		for _, s := range part {
			if weights[s.Name] != "" {
				return nil, fmt.Errorf("%s: tensor %q: given twice", dir, s.Name)
			}
			weights[s.Name] = name
		}
	}
	if len(parts) > 1 {
		sums[IndexName], err = writeIndex(filepath.Join(dir, IndexName), weights, total)
	}
	return sums, err
}

// checkEmpty sees that dir holds no weights.
func checkEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.Contains(e.Name(), ".safetensors") && !atomicfile.IsTemporary(e.Name()) {
			return fmt.Errorf("%s is there already: write the model into a new directory", filepath.Join(dir, e.Name()))
		}
	}
	return nil
}

// split cuts the list into parts of at most maxBytes, one tensor at least.
func split(list []Source, maxBytes int64) (parts [][]Source, total int64, err error) {
	var size int64
	begin := 0
	for i, s := range list {
		n, err := sizeBytes(s.DType, s.Shape)
		if err != nil {
			return nil, 0, fmt.Errorf("tensor %q: %w", s.Name, err)
		}
		if maxBytes > 0 && i > begin && size+int64(n) > maxBytes {
			parts = append(parts, list[begin:i])
			begin, size = i, 0
		}
		size += int64(n)
		total += int64(n)
	}
	return append(parts, list[begin:]), total, nil
}

func writeIndex(path string, weights map[string]string, total int64) (sha256hex string, err error) {
	type size struct {
		Total int64 `json:"total_size"`
	}
	data, err := json.MarshalIndent(struct {
		Metadata  size              `json:"metadata"`
		WeightMap map[string]string `json:"weight_map"`
	}{size{total}, weights}, "", "  ")
	if err != nil {
		return "", err
	}
	return atomicfile.WriteBytes(path, append(data, '\n'))
}
