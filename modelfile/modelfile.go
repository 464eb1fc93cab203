// Package modelfile handles complete models as others store them: directories
// in the ecosystem's format and GGUF files, each with weights, configuration,
// tokenizer and chat template. It finds these parts, converts one kind of model
// into the other, and says what a model holds and whether it is sound.
package modelfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/polymath-lm/polymath/internal/glob"
)

// The files of a model directory that this package reads and writes.
const (
	configName          = "config.json"
	tokenizerName       = "tokenizer.json"
	tokenizerConfigName = "tokenizer_config.json"
	generationName      = "generation_config.json"
	jinjaName           = "chat_template.jinja"
)

// ggufMagic begins every GGUF file.
const ggufMagic = "GGUF"

// locate says what path is: a model's directory, or the GGUF file that it names
// or, as a directory without config.json, holds alone.
func locate(path string) (dir, file string, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", fmt.Errorf("%s: there is no such file or model: %w", path, fs.ErrNotExist)
	}
	if err != nil {
		return "", "", err
	}
	if !info.IsDir() {
		return "", path, nil
	}
	if _, err := os.Lstat(filepath.Join(path, configName)); !errors.Is(err, fs.ErrNotExist) {
		return path, "", err
	}
	found, err := filepath.Glob(filepath.Join(glob.Escape(path), "*.[gG][gG][uU][fF]"))
	if err != nil {
		return "", "", err
	}
	if len(found) == 1 {
		return "", found[0], nil
	}
	return path, "", nil
}

// beginsAsGGUF reports whether the file at path has GGUF's first bytes.
func beginsAsGGUF(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	var magic [len(ggufMagic)]byte
	_, err = io.ReadFull(f, magic[:])
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", path, err)
	}
	return string(magic[:]) == ggufMagic, nil
}
