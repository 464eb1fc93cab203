package modelfile

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/gguf"
)

// TestLlamaCppTokenizes: llama.cpp makes the same tokens of text at random: in
// its own vocabularies, and in ours as we write them to GGUF. The text is in NFC,
// to which the tokenizers of Qwen and MPT bring it, and llama.cpp does not.
func TestLlamaCppTokenizes(t *testing.T) {
	o := startOracle(t)
	texts := randomTexts(rand.New(rand.NewPCG(1, 2)), 200)
	texts = append(texts, withMarks(rand.New(rand.NewPCG(5, 6)), texts)...)
	for i, text := range texts {
		texts[i] = norm.NFC.String(text)
	}
	for name, path := range ourVocabularies(t) {
		t.Run(name, func(t *testing.T) { sameTokens(t, o, "tokenize", path, texts) })
	}
	dir := os.Getenv("POLYMATH_DATA")
	if dir == "" {
		t.Log("without llama.cpp's vocabularies: POLYMATH_DATA is not set")
		return
	}
	for _, name := range []string{"gpt-2", "mpt", "llama-spm", "phi-3", "refact", "deepseek-coder"} {
		t.Run(name, func(t *testing.T) {
			texts := slices.Clone(texts)
			if name == "phi-3" { // a file of that name has </s> eat spaces in llama.cpp, which the file does not say
				texts = slices.DeleteFunc(texts, func(s string) bool { return strings.Contains(s, "</s>") })
			}
			sameTokens(t, o, "tokenize", filepath.Join(dir, "io_llamacpp", "models", "ggml-vocab-"+name+".gguf"), texts)
		})
	}
}

// TestTokenizersTokenize: Hugging Face tokenizers makes the same tokens of text
// at random from a tokenizer.json.
func TestTokenizersTokenize(t *testing.T) {
	o := startOracle(t)
	texts := randomTexts(rand.New(rand.NewPCG(3, 4)), 500)
	texts = append(texts, withMarks(rand.New(rand.NewPCG(7, 8)), texts)...)
	files, err := filepath.Glob("../tokenizer/testdata/golden/*.json")
	if err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("POLYMATH_DATA"); dir != "" {
		for _, name := range []string{"io_tokenizers/gpt2", "io_tokenizers/llama", "io_tokenizers/mptt", "io_torchtune"} {
			files = append(files, filepath.Join(dir, name, "tokenizer.json"))
		}
	}
	checked := 0
	for _, path := range files {
		if slices.Contains([]string{"ids.json", "texts.json"}, filepath.Base(path)) {
			continue
		}
		t.Run(filepath.Base(filepath.Dir(path))+" "+filepath.Base(path), func(t *testing.T) { sameTokens(t, o, "encode", path, texts) })
		checked++
	}
	if checked < 8 {
		t.Errorf("only %d files", checked)
	}
}

// withMarks puts the names of special tokens between the texts, some of which
// each vocabulary has.
func withMarks(rng *rand.Rand, texts []string) []string {
	marks := []string{"<s>", "</s>", "<unk>", "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|begin_of_text|>", "<|eot_id|>", "<fim_prefix>", "<mask>", "<bos>", "<pad>"}
	out := make([]string, len(texts))
	for i, text := range texts {
		for range 1 + rng.IntN(4) {
			text += marks[rng.IntN(len(marks))] + texts[rng.IntN(len(texts))]
		}
		out[i] = text
	}
	return out
}

// sameTokens compares our tokens of the texts with the oracle's. The texts are
// trusted: the names of special tokens become these.
func sameTokens(t *testing.T, o *oracle, ask, path string, texts []string) {
	t.Helper()
	p := *o
	p.t = t
	tok, err := Tokenizer(path)
	if err != nil {
		t.Fatal(err)
	}
	wrong, count := 0, 0
	for i, want := range p.ids(ask, path, texts, true) {
		got := tok.EncodeSpecial(texts[i])
		count += len(got)
		same := len(got) == len(want)
		for j := range want {
			same = same && int(got[j]) == want[j]
		}
		if !same {
			if wrong++; wrong <= 5 {
				t.Errorf("%q: got %v, want %v", texts[i], got, want)
			}
		}
	}
	t.Logf("%d texts, %d tokens, %d texts differ", len(texts), count, wrong)
}

// ourVocabularies writes the tokenizers that package tokenizer tests as GGUF
// files without weights.
func ourVocabularies(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	sources := map[string]string{}
	for _, name := range []string{"gpt2", "llama2", "llama3", "qwen", "starcoder", "gemma"} {
		sources[name] = filepath.Join("../tokenizer/testdata/golden", name+".json")
	}
	if dir := os.Getenv("POLYMATH_DATA"); dir != "" {
		for _, name := range []string{"gpt2", "llama", "mptt"} {
			sources["whole "+name] = filepath.Join(dir, "io_tokenizers", name, "tokenizer.json")
		}
	}
	for name, path := range sources {
		dir := t.TempDir()
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "tokenizer.json"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		tok, err := Tokenizer(dir)
		if err != nil {
			t.Fatal(err)
		}
		c, err := model.Default(model.Llama)
		if err != nil {
			t.Fatal(err)
		}
		c.VocabSize, c.EOSTokenIDs = tok.VocabSize(), []int{tok.VocabSize() - 1}
		pairs, err := Metadata(dir, c)
		if err != nil { // GGUF has no word for all that a tokenizer.json may say
			t.Logf("%s: %v", name, err)
			continue
		}
		files["ours "+name] = filepath.Join(dir, "vocabulary.gguf")
		own := []gguf.Pair{
			{Key: "general.architecture", Value: "llama"},
			{Key: "llama.context_length", Value: uint32(64)},
			{Key: "llama.embedding_length", Value: uint32(32)},
			{Key: "llama.block_count", Value: uint32(1)},
			{Key: "llama.feed_forward_length", Value: uint32(32)},
			{Key: "llama.attention.head_count", Value: uint32(2)},
			{Key: "llama.attention.layer_norm_rms_epsilon", Value: float32(1e-5)},
			{Key: "llama.vocab_size", Value: uint32(c.VocabSize)},
		}
		if _, err := gguf.Write(files["ours "+name], append(own, pairs...), []tensor.Source{}); err != nil {
			t.Fatal(err)
		}
	}
	if len(files) < 3 {
		t.Errorf("only %d of our vocabularies can be written", len(files))
	}
	return files
}

// randomTexts draws texts of words, numbers, spaces, marks and rare characters.
func randomTexts(rng *rand.Rand, n int) []string {
	pieces := []string{
		"the", " the", "The", " model", "'s", "'T", "'re", " don't", "I'LL", "  ", "   ", "\n", "\n\n", "\r\n", "\t", " \n ", "123", " 7", "1234567", "3.14",
		"==", "---", "...", "!?", "(x)", "{\n\t", "éà", "ß", "Ω", "日本語", "です", "한국어", "слово", " слова", "مرحبا", "हिंदी", "🦙", "👨‍👩‍👧", "\u00a0", "\u3000", "e\u0301", "ﬁ",
	}
	texts := make([]string, n)
	for i := range texts {
		var b strings.Builder
		for range rng.IntN(40) {
			switch rng.IntN(6) {
			case 0:
				b.WriteRune(rune(32 + rng.IntN(95)))
			case 1:
				b.WriteRune(rune(0xa1 + rng.IntN(0x600)))
			case 2:
				fmt.Fprintf(&b, " w%c%c", 'a'+rng.IntN(26), 'a'+rng.IntN(26))
			default:
				b.WriteString(pieces[rng.IntN(len(pieces))])
			}
		}
		texts[i] = b.String()
	}
	return texts
}
