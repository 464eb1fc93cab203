package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/tensor"
)

// readGeneration adds to the tokens that end a text those that the directory's
// generation_config.json names, if it is there: transformers stops at these.
func (c *Config) readGeneration(dir string) error {
	path := filepath.Join(dir, generationName)
	data, err := atomicfile.ReadSmall(path, maxConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if what := tensor.Foreign(data); what != "" {
		return fmt.Errorf("%s: %s", path, what)
	}
	if !json.Valid(data) {
		return fmt.Errorf("%s: no valid JSON: cut off, or damaged", path)
	}
	var said struct {
		EOS tokenIDs `json:"eos_token_id"`
	}
	if err := json.Unmarshal(data, &said); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	known := map[int]bool{}
	for _, id := range c.EOSTokenIDs {
		known[id] = true
	}
	for _, id := range said.EOS {
		if id < 0 || id >= c.VocabSize {
			return fmt.Errorf("%s: eos_token_id is %d, outside the vocabulary of %d", path, id, c.VocabSize)
		}
		if !known[id] {
			known[id] = true
			c.EOSTokenIDs = append(c.EOSTokenIDs, id)
		}
	}
	return nil
}

// tokenIDs are tokens that a file names as one number or as a list; null is none.
type tokenIDs []int

// UnmarshalJSON reads either form.
func (t *tokenIDs) UnmarshalJSON(data []byte) error {
	var one *int
	if json.Unmarshal(data, &one) == nil {
		if *t = nil; one != nil {
			*t = tokenIDs{*one}
		}
		return nil
	}
	if err := json.Unmarshal(data, (*[]int)(t)); err != nil {
		return fmt.Errorf("want a token id or a list of them: %w", err)
	}
	return nil
}
