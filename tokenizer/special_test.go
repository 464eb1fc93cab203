package tokenizer

import (
	"slices"
	"testing"
)

// TestWithSpecial: a tokenizer with one more special token encodes everything else
// as before, and recognizes the token only where special tokens are.
func TestWithSpecial(t *testing.T) {
	before, err := Train(slices.Values([][]byte{[]byte("a banana and an ananas, a banana and an ananas")}), TrainOptions{VocabSize: 260})
	if err != nil {
		t.Fatal(err)
	}
	after, err := before.WithSpecial("<image>")
	if err != nil {
		t.Fatal(err)
	}
	id, ok := after.Special("<image>")
	if !ok || id != 260 || after.VocabSize() != 261 || after.EOS() != before.EOS() || after.Hash() == before.Hash() {
		t.Errorf("id %d of %d, %v", id, after.VocabSize(), ok)
	}
	const text = "a banana <image> and<|endoftext|>"
	if !slices.Equal(before.Encode(text), after.Encode(text)) {
		t.Error("text is encoded otherwise")
	}
	if n := slices.Index(after.EncodeSpecial(text), id); n < 0 {
		t.Error("the token is not recognized")
	}
	if again, err := after.WithSpecial("<image>"); err != nil || again != after {
		t.Errorf("%v", err)
	}
	if _, err := before.WithSpecial("a"); err == nil {
		t.Error("an ordinary token became special")
	}
	if _, ok := before.Special("<image>"); ok {
		t.Error("the first tokenizer changed")
	}
}
