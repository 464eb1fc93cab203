package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// golden is testdata/golden/ids.json: what Hugging Face tokenizers and
// tiktoken made of texts.json (bench/peers/tokenizer_golden.py).
type golden struct {
	Tools []string
	Cases []goldenCase
}

type goldenCase struct {
	Name    string
	IDs     [][]int32       // without special tokens
	Special map[int][]int32 // with them, where it differs
	Decoded map[int]string  // of IDs, where it is not the text
}

func readGolden(t testing.TB) (texts []string, g golden) {
	readJSON(t, "texts.json", &texts)
	readJSON(t, "ids.json", &g)
	return texts, g
}

func readJSON(t testing.TB, name string, v any) {
	data, err := os.ReadFile(filepath.Join("testdata", "golden", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(name, err)
	}
}

// loadGolden returns the tokenizer of a golden case.
func loadGolden(t testing.TB, name string) *Tokenizer {
	dir := filepath.Join("testdata", "golden")
	var tok *Tokenizer
	var err error
	switch name {
	case "cl100k_base":
		tok, err = LoadTiktoken(filepath.Join(dir, "small.tiktoken"), Scheme{Pattern: PatternTiktoken})
	case "r50k_base":
		tok, err = LoadTiktoken(filepath.Join(dir, "small.tiktoken"), Scheme{Pattern: PatternGPT2})
	default:
		tok, err = Load(filepath.Join(dir, name+".json"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestGolden(t *testing.T) {
	texts, g := readGolden(t)
	for _, c := range g.Cases {
		t.Run(c.Name, func(t *testing.T) {
			tok := loadGolden(t, c.Name)
			checkGolden(t, tok, texts, c)
			// The same tokenizer, saved and loaded.
			path := filepath.Join(t.TempDir(), "tokenizer.json")
			if err := tok.Save(path); err != nil {
				t.Fatal(err)
			}
			again, err := Load(path)
			if err != nil {
				t.Fatal(err)
			}
			if again.Hash() != tok.Hash() {
				t.Error("saving changed the hash")
			}
			checkGolden(t, again, texts, c)
		})
	}
}

func checkGolden(t *testing.T, tok *Tokenizer, texts []string, c goldenCase) {
	t.Helper()
	for i, text := range texts {
		want := c.IDs[i]
		if got := tok.Encode(text); !slices.Equal(got, want) {
			t.Errorf("text %d %q:\n got %v %q\nwant %v %q", i, text, got, pieceNames(tok, got), want, pieceNames(tok, want))
		}
		special, differs := c.Special[i]
		if !differs {
			special = want
		}
		if got := tok.EncodeSpecial(text); !slices.Equal(got, special) {
			t.Errorf("text %d %q with special tokens:\n got %v\nwant %v", i, text, got, special)
		}
		decoded, differs := c.Decoded[i]
		if !differs {
			decoded = text
		}
		if got := strings.ToValidUTF8(tok.Decode(want), "\ufffd"); got != decoded {
			t.Errorf("text %d: decoded %q, want %q", i, got, decoded)
		}
	}
}

func pieceNames(t *Tokenizer, ids []int32) (s []string) {
	for _, id := range ids {
		s = append(s, string(t.Bytes(id)))
	}
	return s
}
