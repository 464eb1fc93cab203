package modelfile

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tokenizer"
)

// TestConvertMetaspace: a tokenizer of which GGUF cannot say when a text gets a space is
// converted all the same, and the plan says what differs.
func TestConvertMetaspace(t *testing.T) {
	v := tokenizer.GGMLVocab{Model: tokenizer.GGMLScores, BOS: 1, EOS: 2, EOT: -1, Unknown: 0, Padding: -1}
	add := func(token string, score float32, kind int32) {
		v.Tokens, v.Scores, v.Types = append(v.Tokens, token), append(v.Scores, score), append(v.Types, kind)
	}
	add("<unk>", 0, tokenizer.GGMLUnknown)
	add("<s>", 0, tokenizer.GGMLControl)
	add("</s>", 0, tokenizer.GGMLControl)
	for b := range 256 {
		add(fmt.Sprintf("<0x%02X>", b), 0, tokenizer.GGMLByte)
	}
	add("▁a", -1, tokenizer.GGMLNormal)
	add("▁", -2, tokenizer.GGMLNormal)
	add("a", -3, tokenizer.GGMLNormal)
	tok, err := tokenizer.FromGGML(v)
	if err != nil {
		t.Fatal(err)
	}
	text, err := tok.JSON()
	if err != nil {
		t.Fatal(err)
	}
	at, end := bytes.Index(text, []byte(`"normalizer":`)), bytes.Index(text, []byte(`"post_processor":`))
	const first = `"normalizer":null,"pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":false},`
	text = slices.Concat(text[:at], []byte(first), text[end:])
	cfg := smallConfig(t, model.Llama)
	cfg.VocabSize, cfg.EOSTokenIDs = len(v.Tokens), []int{2}
	m, err := model.New(cfg, 7)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "first")
	if err := m.Save(dir, model.Provenance{}, map[string][]byte{tokenizerName: text}); err != nil {
		t.Fatal(err)
	}
	c, err := NewConversion(dir, filepath.Join(t.TempDir(), "m.gguf"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if want := []string{"tokenizer: texts that begin with a space or follow a special token get one more space than by prepend_scheme first"}; !slices.Equal(c.Plan().Notes, want) {
		t.Errorf("notes %q, want %q", c.Plan().Notes, want)
	}
}
