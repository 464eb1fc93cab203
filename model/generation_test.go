package model

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestReadGeneration: a text ends at the tokens of both files.
func TestReadGeneration(t *testing.T) {
	for _, tt := range []struct {
		file string
		ends []int
		want string
	}{
		{`{}`, []int{3}, ""},
		{`{"eos_token_id": null, "temperature": 0.6}`, []int{3}, ""},
		{`{"eos_token_id": 5}`, []int{3, 5}, ""},
		{`{"eos_token_id": [5, 3, 4, 5]}`, []int{3, 5, 4}, ""},
		{`{"eos_token_id": [5, 97]}`, nil, "eos_token_id is 97, outside the vocabulary of 97"},
		{`{"eos_token_id": -1}`, nil, "eos_token_id is -1"},
		{`{"eos_token_id": "x"}`, nil, "want a token id or a list of them"},
		{`[]`, nil, "array"},
		{`{"eos_token_id": 3`, nil, "no valid JSON"},
		{"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n", nil, "Git LFS pointer"},
	} {
		c := small(t, Qwen3)
		c.VocabSize, c.EOSTokenIDs = 97, []int{3}
		m, err := New(c, 1)
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "m")
		if err := m.Save(dir, Provenance{}, map[string][]byte{generationName: []byte(tt.file)}); err != nil {
			t.Fatal(err)
		}
		got, err := ReadConfig(dir)
		if tt.want != "" {
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), filepath.Join(dir, generationName)) {
				t.Errorf("%s: error %v does not say %q and the file", tt.file, err, tt.want)
			}
			continue
		}
		if err != nil || !slices.Equal(got.EOSTokenIDs, tt.ends) {
			t.Errorf("%s: %v, %v, want %v", tt.file, got, err, tt.ends)
		}
		if err := os.Remove(filepath.Join(dir, generationName)); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadConfig(dir); err != nil || !slices.Equal(got.EOSTokenIDs, []int{3}) {
			t.Errorf("without the file: %v, %v", got, err)
		}
	}
}
