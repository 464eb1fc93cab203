package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/polymath-lm/polymath/modelfile"
	"github.com/polymath-lm/polymath/task/long"
)

// parseLengths reads the lengths of long texts.
func parseLengths(texts []string) ([]int, error) {
	var list []int
	for _, text := range texts {
		n, err := parseTokens(text)
		if err == nil && n > long.MostTokens {
			err = fmt.Errorf("texts have at most %d tokens", long.MostTokens)
		}
		if err != nil {
			return nil, usagef("--lengths: %q: %v", text, err)
		}
		list = append(list, n)
	}
	return list, nil
}

// longFor says for whom long texts are made: a model on this machine has a window and a
// tokenizer, one at an address is unknown.
func longFor(model string, o *evalFlags) error {
	var err error
	if o.long.Lengths, err = parseLengths(o.lengths); err != nil || isEndpoint(model) {
		return err
	}
	config, err := readConfig(model)
	if err != nil {
		return err
	}
	o.long.Window = config.MaxPositions
	o.long.Counter = sync.OnceValues(func() (func(string) int, error) {
		t, err := modelfile.Tokenizer(model)
		if err != nil {
			return nil, err
		}
		return tokenCounter(t), nil
	})
	return nil
}

// longBooks returns a reader of the novels in a directory of data; nil where there are
// none.
func longBooks(data string) func() ([]string, error) {
	if data == "" {
		return nil
	}
	files, err := filepath.Glob(filepath.Join(data, "pt_novels", "*.txt"))
	if err != nil || len(files) == 0 { // a pattern in the directory's own name finds none
		return nil
	}
	return func() ([]string, error) {
		var books []string
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			books = append(books, string(text))
		}
		return books, nil
	}
}
