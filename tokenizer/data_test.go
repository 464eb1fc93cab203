package tokenizer

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// dataDir returns the directory that holds the unpacked data archives.
func dataDir(t testing.TB) string {
	dir := os.Getenv("POLYMATH_DATA")
	if dir == "" {
		t.Skip("needs the data archives: set POLYMATH_DATA to the directory that holds their content")
	}
	return dir
}

func loadRanks(t testing.TB, dir string, s Scheme) *Tokenizer {
	tok, err := LoadTiktoken(filepath.Join(dir, "io_tiktoken", "assets", s.Name+".tiktoken"), s)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// TestData compares the ids of the files in the data archives, binary ones read
// as Latin-1, with hashes of what tiktoken and Hugging Face tokenizers made of
// them (bench/peers/tokenizer_golden_data.py).
func TestData(t *testing.T) {
	dir := dataDir(t)
	golden, err := os.ReadFile("testdata/data_golden.tsv")
	if err != nil {
		t.Fatal(err)
	}
	tokenizers := make(map[string]*Tokenizer)
	for _, s := range []Scheme{CL100K(), P50K(), R50K()} {
		tokenizers[s.Name] = loadRanks(t, dir, s)
	}
	for _, name := range []string{"io_tokenizers/gpt2", "io_tokenizers/llama", "io_tokenizers/mptt", "io_torchtune"} {
		if tokenizers[name], err = Load(filepath.Join(dir, name, "tokenizer.json")); err != nil {
			t.Fatal(err)
		}
	}
	for line := range strings.Lines(string(golden)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Fields(line)
		t.Run(f[0]+"/"+f[1], func(t *testing.T) {
			got := hashFolder(t, filepath.Join(dir, f[0]), tokenizers[f[1]])
			if want := strings.Join(f[2:], " "); got != want {
				t.Errorf("files, bytes, tokens, hash: %s, want %s", got, want)
			}
		})
	}
}

func hashFolder(t *testing.T, dir string, tok *Tokenizer) string {
	var paths []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(paths)
	size, count, sum := 0, 0, sha256.New()
	var ids []int32
	var raw []byte
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(text) {
			var b bytes.Buffer
			for _, c := range text {
				b.WriteRune(rune(c))
			}
			text = b.Bytes()
		}
		ids = tok.AppendEncode(ids[:0], text)
		raw = raw[:0]
		for _, id := range ids {
			raw = binary.LittleEndian.AppendUint32(raw, uint32(id))
		}
		size, count = size+len(text), count+len(ids)
		sum.Write(raw)
	}
	return fmt.Sprintf("%d %d %d %x", len(paths), size, count, sum.Sum(nil))
}
