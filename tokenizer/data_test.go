package tokenizer

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io/fs"
	"iter"
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
			texts := fuzzTexts(20000)
			if f[0] != "fuzz" {
				texts = folderTexts(t, filepath.Join(dir, f[0]))
			}
			got := hashIDs(texts, tokenizers[f[1]])
			if want := strings.Join(f[2:], " "); got != want {
				t.Errorf("files, bytes, tokens, hash: %s, want %s", got, want)
			}
		})
	}
}

// folderTexts yields the files below dir in the order of their paths.
func folderTexts(t *testing.T, dir string) iter.Seq[[]byte] {
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
	return func(yield func([]byte) bool) {
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !utf8.Valid(text) {
				latin := make([]byte, 0, 2*len(text))
				for _, c := range text {
					latin = utf8.AppendRune(latin, rune(c))
				}
				text = latin
			}
			if !yield(text) {
				return
			}
		}
	}
}

// fuzzTexts yields the texts of fuzzed in tokenizer_golden_data.py.
func fuzzTexts(count int) iter.Seq[[]byte] {
	pieces := []string{
		"'s", "'T", "'re", "'VE", "'ll", "'M", "'D", "'\u017f", " the", "  ",
		"\n", "\r\n", "\t", "\u00a0", "\u3000", "123", "==",
	}
	return func(yield func([]byte) bool) {
		state := uint64(1)
		draw := func(n int) rune {
			state = state*6364136223846793005 + 1442695040888963407
			return rune((state >> 33) % uint64(n))
		}
		for range count {
			var text []byte
			for range draw(200) {
				switch kind := draw(8); {
				case kind < 2:
					text = append(text, pieces[draw(len(pieces))]...)
				case kind == 2:
					text = utf8.AppendRune(text, draw(0xd800))
				case kind == 3:
					text = utf8.AppendRune(text, 0xe000+draw(0x110000-0xe000))
				case kind == 4:
					text = utf8.AppendRune(text, draw(0x250))
				default:
					text = utf8.AppendRune(text, ' '+draw(95))
				}
			}
			if !yield(text) {
				return
			}
		}
	}
}

func hashIDs(texts iter.Seq[[]byte], tok *Tokenizer) string {
	num, size, count, sum := 0, 0, 0, sha256.New()
	var ids []int32
	var raw []byte
	for text := range texts {
		ids = tok.AppendEncode(ids[:0], text)
		raw = raw[:0]
		for _, id := range ids {
			raw = binary.LittleEndian.AppendUint32(raw, uint32(id))
		}
		num, size, count = num+1, size+len(text), count+len(ids)
		sum.Write(raw)
	}
	return fmt.Sprintf("%d %d %d %x", num, size, count, sum.Sum(nil))
}

// TestDataGGML goes to GGUF and back with whole vocabularies of the ecosystem.
func TestDataGGML(t *testing.T) {
	dir := dataDir(t)
	for _, name := range []string{"gpt2", "llama", "mptt"} {
		tok, err := Load(filepath.Join(dir, "io_tokenizers", name, "tokenizer.json"))
		if err != nil {
			t.Fatal(err)
		}
		v, err := tok.GGML(tok.VocabSize() + 64)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		again, err := FromGGML(v)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want, got := hashIDs(fuzzTexts(5000), tok), hashIDs(fuzzTexts(5000), again)
		if want != got {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
