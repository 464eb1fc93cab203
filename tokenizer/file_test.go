package tokenizer

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestUnsupported asks for what is not done, and wants the field named.
func TestUnsupported(t *testing.T) {
	const sound = `{"added_tokens":[],"normalizer":null,"pre_tokenizer":null,"post_processor":null,"decoder":{"type":"Fuse"},` +
		`"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"],"unk_token":"b"}}`
	if _, err := Parse([]byte(sound)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{`{"added`, `{"what":1,"added`, `unknown field "what"`},
		{`{"added`, `{"truncation":{"max_length":5},"added`, "truncation: not supported"},
		{`{"added`, `{"padding":{},"added`, "padding: not supported"},
		{`"normalizer":null`, `"normalizer":{"type":"BertNormalizer"}`, `normalizer.type: "BertNormalizer"`},
		{`"normalizer":null`, `"normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Nmt"}]}`, `normalizer.normalizers[1].type: "Nmt"`},
		{`"normalizer":null`, `"normalizer":{"type":"Replace","pattern":{},"content":""}`, "normalizer.pattern: neither"},
		{`"normalizer":null`, `"normalizer":{"type":"Replace","pattern":{"Regex":"[[:alpha:]]"},"content":""}`, "normalizer.pattern.Regex"},
		{`"pre_tokenizer":null`, `"pre_tokenizer":{"type":"BertPreTokenizer"}`, "pre_tokenizer.type"},
		{`"pre_tokenizer":null`, `"pre_tokenizer":{"type":"Metaspace","replacement":"_","str_rep":"_"}`, `"str_rep"`},
		{`"pre_tokenizer":null`, `"pre_tokenizer":{"type":"Metaspace","replacement":"_","prepend_scheme":"x"}`, "pre_tokenizer.prepend_scheme"},
		{`"pre_tokenizer":null`, `"pre_tokenizer":{"type":"Split","pattern":{"Regex":"a{1,3}+"},"behavior":"Isolated","invert":false}`, "pre_tokenizer.pattern.Regex"},
		{`"pre_tokenizer":null`, `"pre_tokenizer":{"type":"Split","pattern":{"String":"a"},"behavior":"Gone","invert":false}`, "pre_tokenizer.behavior"},
		{`"pre_tokenizer":null`, `"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"ByteLevel"},{"type":"Digits"}]}`, "pre_tokenizer.pretokenizers[1]: Digits after ByteLevel"},
		{`"pre_tokenizer":null`, `"pre_tokenizer":{"type":"ByteLevel"}`, "decoder: pre_tokenizer and decoder"},
		{`"decoder":{"type":"Fuse"}`, `"decoder":null`, "decoder: missing"},
		{`"decoder":{"type":"Fuse"}`, `"decoder":{"type":"WordPiece"}`, "decoder.type"},
		{`"decoder":{"type":"Fuse"}`, `"decoder":{"type":"Strip","content":" ","start":1,"stop":0}`, "decoder: only spaces"},
		{`"post_processor":null`, `"post_processor":{"type":"RobertaProcessing"}`, "post_processor.type"},
		{`"post_processor":null`, `"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}}]}`, "post_processor.single[0]"},
		{`"type":"BPE"`, `"type":"Unigram"`, `model.type: "Unigram"`},
		{`"type":"BPE"`, `"type":"BPE","dropout":0.1`, "model.dropout"},
		{`"type":"BPE"`, `"type":"BPE","continuing_subword_prefix":"##"`, "model.continuing_subword_prefix"},
		{`"type":"BPE"`, `"type":"BPE","end_of_word_suffix":"</w>"`, "model.end_of_word_suffix"},
		{`"type":"BPE"`, `"type":"BPE","more":1`, `model: json: unknown field "more"`},
		{`"unk_token":"b"`, `"unk_token":"c"`, "model.unk_token"},
		{`"a b"`, `"a c"`, `model.merges[0]: "c" is not in model.vocab`},
		{`"a b"`, `"a b c"`, "model.merges[0]"},
		{`"b":1`, `"b":0`, "same id"},
		{`"b":1`, `"b":-1`, "model.vocab: the id -1"},
		{`"b":1`, `"b":4000000`, "model.vocab"},
		{`"added_tokens":[]`, `"added_tokens":[{"id":0,"content":"<s>"}]`, `added_tokens[0]: id 0 of "<s>" belongs to "a"`},
		{`"added_tokens":[]`, `"added_tokens":[{"id":5,"content":"a"}]`, "added_tokens[0]"},
		{`"added_tokens":[]`, `"added_tokens":[{"id":5,"content":""}]`, "added_tokens[0].content"},
		{`"model":{`, `"model":[{`, "invalid character"},
	} {
		data := strings.Replace(sound, c.old, c.new, 1)
		if _, err := Parse([]byte(data)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.new, err, c.want)
		}
	}
}

func TestTemplate(t *testing.T) {
	prefix, suffix := loadGolden(t, "llama2").Template()
	if !slices.Equal(prefix, []int32{1}) || suffix != nil {
		t.Errorf("template %v and %v", prefix, suffix)
	}
}

func TestTiktokenFile(t *testing.T) {
	tok, err := Train(slices.Values([][]byte{invented(1, 500)}), TrainOptions{VocabSize: 500})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ranks")
	if err := tok.SaveTiktoken(path); err != nil {
		t.Fatal(err)
	}
	again, err := LoadTiktoken(path, Scheme{Pattern: PatternGPT4, Special: map[string]int32{EndOfText: 499}})
	if err != nil {
		t.Fatal(err)
	}
	if again.Hash() != tok.Hash() {
		t.Error("a rank file has another hash")
	}
	text := invented(2, 500)
	if !slices.Equal(tok.AppendEncode(nil, text), again.AppendEncode(nil, text)) {
		t.Error("a rank file gives other ids")
	}
	if err := loadGolden(t, "llama2").SaveTiktoken(path); err == nil {
		t.Error("a vocabulary of characters became a rank file")
	}
	if err := loadGolden(t, "qwen").SaveTiktoken(path); err == nil {
		t.Error("a vocabulary with a normalizer became a rank file")
	}
}

// TestSharedRanks has a token, abc, that no two tokens before it make.
func TestSharedRanks(t *testing.T) {
	var file strings.Builder
	data, err := os.ReadFile("testdata/golden/small.tiktoken")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(data), "\n")
	file.WriteString(strings.Join(lines[:256], ""))
	for i, code := range []string{"YWJj", "YmM=", "YWI=", "eHl6eA==", "eHg="} { // abc bc ab xyzx xx
		fmt.Fprintf(&file, "%s %d\n", code, 256+i)
	}
	tok, err := ParseTiktoken([]byte(file.String()), Scheme{Pattern: PatternGPT4})
	if err != nil {
		t.Fatal(err)
	}
	// Where abc is not the whole word, bc comes first, and then a and bc merge.
	if got := pieceNames(tok, tok.Encode("abc xabcab")); !slices.Equal(got, []string{"abc", " ", "x", "abc", "ab"}) {
		t.Errorf("got %q", got)
	}
	if err := tok.Save(filepath.Join(t.TempDir(), "x.json")); err == nil || len(tok.Hash()) != 64 {
		t.Error("a tokenizer.json cannot express this")
	}
}

func TestSaveIsAtomic(t *testing.T) {
	dir := t.TempDir()
	if err := small().Save(filepath.Join(dir, "no", "such", "dir")); err == nil {
		t.Error("saved into a directory that is not there")
	}
	path := filepath.Join(dir, "tokenizer.json")
	for range 2 {
		if err := small().Save(path); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
	if _, err := Load(path + ".txt"); err == nil {
		t.Error("loaded what is not there")
	}
	if err := os.WriteFile(path, []byte(`{"model":`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("the error does not name the file: %v", err)
	}
}

// TestHash pins the form that Hash is computed from: changing it would make
// every shard and model refuse its own tokenizer.
func TestHash(t *testing.T) {
	const want = "8669bd5770a910cc4d1f08b8a41f00b3468584bd830de1eade94a89fbcd5bfae"
	if got := loadGolden(t, "llama3").Hash(); got != want {
		t.Errorf("hash %s, want %s", got, want)
	}
}
