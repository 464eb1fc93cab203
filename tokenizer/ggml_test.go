package tokenizer

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// sameIDs compares two tokenizers on texts of all kinds.
func sameIDs(t *testing.T, a, b *Tokenizer, rounds int) {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 4))
	for range rounds {
		text := noise(r)
		if got, want := b.AppendEncode(nil, text), a.AppendEncode(nil, text); !slices.Equal(got, want) {
			t.Fatalf("%q: %v, want %v", text, got, want)
		}
		if got, want := b.AppendEncodeSpecial(nil, text), a.AppendEncodeSpecial(nil, text); !slices.Equal(got, want) {
			t.Fatalf("%q, special: %v, want %v", text, got, want)
		}
	}
}

// reread is t as it comes back from GGUF.
func reread(t *testing.T, tok *Tokenizer, size int) (*Tokenizer, GGMLVocab) {
	t.Helper()
	v, err := tok.GGML(size)
	if err != nil {
		t.Fatal(err)
	}
	again, err := FromGGML(v)
	if err != nil {
		t.Fatal(err)
	}
	return again, v
}

func TestGGMLTrained(t *testing.T) {
	for pattern, pre := range map[string]string{PatternGPT4: "llama-bpe", PatternQwen: "stablelm2", PatternGPT2: "gpt-2"} {
		tok, err := Train(slices.Values([][]byte{invented(1, 2000)}), TrainOptions{
			VocabSize: 700, Special: []string{EndOfText, "<|user|>"}, Pattern: pattern,
		})
		if err != nil {
			t.Fatal(err)
		}
		again, v := reread(t, tok, 768)
		if v.Pre != pre || v.Model != GGMLBytes || v.Types[700] != GGMLUnused || v.Types[699] != GGMLControl {
			t.Errorf("%s: pre %q, model %q, types of the last tokens %v", pattern, v.Pre, v.Model, v.Types[698:])
		}
		sameIDs(t, tok, again, 500)
		if again.EOS() != tok.EOS() || again.VocabSize() != 700 {
			t.Errorf("eos %d of %d tokens, want %d of 700", again.EOS(), again.VocabSize(), tok.EOS())
		}
		path := filepath.Join(t.TempDir(), "tokenizer.json")
		if err := again.Save(path); err != nil {
			t.Fatal(err)
		}
		saved, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		sameIDs(t, tok, saved, 200)
		if saved.Hash() != again.Hash() {
			t.Error("saving changes the hash")
		}
	}
}

// TestGGMLGolden goes there and back with vocabularies of the ecosystem.
func TestGGMLGolden(t *testing.T) {
	for _, name := range []string{"gpt2", "llama3", "qwen"} {
		tok := loadGolden(t, name)
		again, _ := reread(t, tok, tok.VocabSize()+3)
		sameIDs(t, tok, again, 2000)
		p, s := tok.Template()
		p2, s2 := again.Template()
		if !slices.Equal(p, p2) || !slices.Equal(s, s2) {
			t.Errorf("%s: %v and %v around a text, want %v and %v", name, p2, s2, p, s)
		}
	}
}

// scoredVocab is a small vocabulary with scores, all of them different.
func scoredVocab(r *rand.Rand) GGMLVocab {
	v := GGMLVocab{Model: GGMLScores, BOS: 1, EOS: 2, EOT: -1, Unknown: 0, Padding: -1}
	add := func(text string, score float32, kind int32) {
		v.Tokens, v.Scores, v.Types = append(v.Tokens, text), append(v.Scores, score), append(v.Types, kind)
	}
	add("<unk>", 0, GGMLUnknown)
	add("<s>", 0, GGMLControl)
	add("</s>", 0, GGMLControl)
	for b := range 256 {
		add(fallbackName(byte(b)), 0, GGMLByte)
	}
	pieces := []string{metaspace, "a", "b", "c", "ä"}
	for len(pieces) < 60 {
		if p := pieces[r.IntN(len(pieces))] + pieces[r.IntN(len(pieces))]; !slices.Contains(pieces, p) && len(p) < 30 {
			pieces = append(pieces, p)
		}
	}
	for i, k := range r.Perm(len(pieces)) {
		add(pieces[k], -float32(i), GGMLNormal)
	}
	return v
}

// naiveScores is SentencePiece's algorithm, by its definition: of all
// neighbors that make a token, the one of the highest score merges first, and
// of equal ones the leftmost.
func naiveScores(v *GGMLVocab, text string) (ids []int32) {
	byText := map[string]int32{}
	for id, s := range v.Tokens {
		byText[s] = int32(id)
	}
	parts := strings.Split(metaspace+strings.ReplaceAll(text, " ", metaspace), "")
	for {
		best := -1
		var score float32
		for i := range len(parts) - 1 {
			id, ok := byText[parts[i]+parts[i+1]]
			if ok && (best < 0 || v.Scores[id] > score) {
				best, score = i, v.Scores[id]
			}
		}
		if best < 0 {
			break
		}
		parts[best] += parts[best+1]
		parts = slices.Delete(parts, best+1, best+2)
	}
	for _, p := range parts {
		if id, ok := byText[p]; ok {
			ids = append(ids, id)
			continue
		}
		for _, b := range []byte(p) {
			ids = append(ids, byText[fallbackName(b)])
		}
	}
	return ids
}

func TestGGMLScores(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	same, all := 0, 0
	for range 40 {
		v := scoredVocab(r)
		tok, err := FromGGML(v)
		if err != nil {
			t.Fatal(err)
		}
		for range 50 {
			var text strings.Builder
			for range 1 + r.IntN(12) {
				text.WriteString([]string{"a", "b", "c", "ä", " ", "é"}[r.IntN(6)])
			}
			all++
			if slices.Equal(tok.Encode(text.String()), naiveScores(&v, text.String())) {
				same++
			}
			if got := tok.Decode(tok.Encode(text.String())); got != text.String() {
				t.Fatalf("%q decodes to %q", text.String(), got)
			}
		}
		again, w := reread(t, tok, len(v.Tokens))
		sameIDs(t, tok, again, 50)
		if !slices.Equal(w.Types, v.Types) || !slices.Equal(w.Tokens, v.Tokens) {
			t.Fatal("tokens or types changed")
		}
	}
	// Where a token can be made in several ways, the ecosystem's converter
	// fixes an order that SentencePiece does not have.
	if same < all*98/100 {
		t.Errorf("%d of %d texts as SentencePiece has them", same, all)
	}
}

func TestGGMLSpaces(t *testing.T) {
	v := scoredVocab(rand.New(rand.NewPCG(7, 8)))
	no := false
	v.AddSpacePrefix, v.AddBOS = &no, &no
	tok, err := FromGGML(v)
	if err != nil {
		t.Fatal(err)
	}
	if got := tok.Decode(tok.Encode(" é")); got != " é" {
		t.Errorf("decodes to %q", got)
	}
	if p, _ := tok.Template(); len(p) != 0 || !tok.HasTemplate() {
		t.Errorf("%v goes before a text", p)
	}
	if ids := tok.Encode("<s>"); slices.Contains(ids, 1) {
		t.Errorf("a user's text becomes a control token: %v", ids)
	}
	again, w := reread(t, tok, len(v.Tokens))
	if *w.AddSpacePrefix {
		t.Error("a space prefix came")
	}
	sameIDs(t, tok, again, 100)
}

// TestGGMLEnds: what ends a turn is special, whatever the file calls it.
func TestGGMLEnds(t *testing.T) {
	v := scoredVocab(rand.New(rand.NewPCG(11, 12)))
	for _, text := range []string{"<|end|>", "<mine>", "<own>"} {
		v.Tokens, v.Scores, v.Types = append(v.Tokens, text), append(v.Scores, 0), append(v.Types, GGMLUserDefined)
	}
	v.EOS = int32(len(v.Tokens) - 1)
	v.Types[2] = GGMLUserDefined // </s>
	tok, err := FromGGML(v)
	if err != nil {
		t.Fatal(err)
	}
	for text, special := range map[string]bool{"<|end|>": true, "</s>": true, "<own>": true, "<mine>": false} {
		id := int32(slices.Index(v.Tokens, text))
		if tok.IsSpecial(id) != special || slices.Contains(tok.Encode("a"+text), id) == special || !slices.Contains(tok.EncodeSpecial("a"+text), id) {
			t.Errorf("%s: special %t, in a user's text %v", text, tok.IsSpecial(id), tok.Encode("a"+text))
		}
	}
}

func TestGGMLErrors(t *testing.T) {
	bytes, err := small().GGML(small().VocabSize())
	if err != nil {
		t.Fatal(err)
	}
	scores := scoredVocab(rand.New(rand.NewPCG(9, 10)))
	for _, c := range []struct {
		want   string
		from   GGMLVocab
		change func(v *GGMLVocab)
	}{
		{`tokenizer.ggml.model: "bert" is not supported`, bytes, func(v *GGMLVocab) { v.Model = "bert" }},
		{`tokenizer.ggml.pre: how "laguna" splits`, bytes, func(v *GGMLVocab) { v.Pre = "laguna" }},
		{`tokenizer.ggml.tokens is empty`, bytes, func(v *GGMLVocab) { v.Tokens = nil }},
		{`tokenizer.ggml.token_type has 3 entries`, bytes, func(v *GGMLVocab) { v.Types = v.Types[:3] }},
		{`tokenizer.ggml.bos_token_id: 701 is not among`, bytes, func(v *GGMLVocab) { v.BOS = 701 }},
		{`tokenizer.ggml.eos_token_id: -2 is not among`, bytes, func(v *GGMLVocab) { v.EOS = -2 }},
		{`tokenizer.ggml.merges[1]: "x" is not two tokens`, bytes, func(v *GGMLVocab) { v.Merges = []string{v.Merges[0], "x"} }},
		{`tokenizer.ggml.merges[0]: "xyzzy" is not in`, bytes, func(v *GGMLVocab) { v.Merges = []string{"xyzzy a"} }},
		{`"e" is there twice, as 101 and as 300`, bytes, func(v *GGMLVocab) { v.Tokens = slices.Clone(v.Tokens); v.Tokens[300] = "e"; v.Merges = nil }},
		{`tokenizer.ggml.tokens[5]: "\xff" is not UTF-8`, bytes, func(v *GGMLVocab) { v.Tokens = slices.Clone(v.Tokens); v.Tokens[5] = "\xff" }},
		{`add_bos_token is true, and tokenizer.ggml.bos_token_id names no token`, bytes, func(v *GGMLVocab) { yes := true; v.AddBOS, v.BOS = &yes, -1 }},
		{`tokenizer.ggml.scores has 2 entries`, scores, func(v *GGMLVocab) { v.Scores = v.Scores[:2] }},
		{`is there twice`, scores, func(v *GGMLVocab) { v.Tokens = slices.Clone(v.Tokens); v.Tokens[280] = v.Tokens[281] }},
		{`at most 512 are supported`, scores, func(v *GGMLVocab) { v.Tokens = slices.Clone(v.Tokens); v.Tokens[280] = strings.Repeat("a", 2000) }},
	} {
		v := c.from
		c.change(&v)
		if _, err := FromGGML(v); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

// TestGGMLUnsayable lists tokenizers that GGUF cannot express.
func TestGGMLUnsayable(t *testing.T) {
	train := func(o TrainOptions) *Tokenizer {
		o.VocabSize, o.Special = 400, []string{EndOfText}
		tok, err := Train(slices.Values([][]byte{invented(1, 200)}), o)
		if err != nil {
			t.Fatal(err)
		}
		return tok
	}
	changed := func(change func(t *Tokenizer)) *Tokenizer {
		tok := train(TrainOptions{})
		change(tok)
		return tok
	}
	for _, c := range []struct {
		want string
		tok  *Tokenizer
		size int
	}{
		{`pre_tokenizer: GGUF has no name for the split by \w+|\W`, train(TrainOptions{Pattern: `\w+|\W`}), 400},
		{`pre_tokenizer: GGUF has no name`, train(TrainOptions{Pattern: PatternTiktoken}), 400},
		{`the tokenizer has 400 tokens, and the model only 399`, train(TrainOptions{}), 399},
		{`added_tokens: GGUF has no word for lstrip of "<|endoftext|>"`, changed(func(t *Tokenizer) { t.added[0].LStrip = true }), 400},
		{`GGUF has one token before a text and one after it, not 2 and 0`, changed(func(t *Tokenizer) { t.prefix = []int32{1, 2} }), 400},
		{`pre_tokenizer: GGUF has only Metaspace`, loadGolden(t, "gemma"), 1 << 20},
		{`added_tokens: GGUF has no word for lstrip of "<mask>"`, loadGolden(t, "starcoder"), 1 << 20},
		{`model.merges: "e" and "re" make "ere", but not by the merges here`, loadGolden(t, "llama2"), 1 << 20},
	} {
		if _, err := c.tok.GGML(c.size); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

// FuzzFromGGML makes vocabularies of lines: what is accepted can be saved,
// encodes and comes back.
func FuzzFromGGML(f *testing.F) {
	f.Add("gpt2", "gpt-2", "a\nb\nab\n<x>", "a b", "\x01\x01\x01\x03", int32(-1))
	f.Add("llama", "", "<unk>\na\nb\nab", "", "\x02\x01\x01\x01", int32(0))
	f.Add("gpt2", "llama-bpe", "a\na\n\nĠ", "a a\n", "", int32(1))
	f.Fuzz(func(t *testing.T, model, pre, tokens, merges, types string, eos int32) {
		v := GGMLVocab{Model: model, Pre: pre, Tokens: strings.Split(tokens, "\n"), BOS: -1, EOS: eos, EOT: -1, Unknown: -1, Padding: -1}
		if merges != "" {
			v.Merges = strings.Split(merges, "\n")
		}
		for i := range types {
			v.Types = append(v.Types, int32(types[i]))
		}
		for i := range v.Tokens {
			v.Scores = append(v.Scores, float32(i*7%5))
		}
		tok, err := FromGGML(v)
		if err != nil {
			return
		}
		text := tokens + "\x00é " + merges
		ids := tok.EncodeSpecial(text)
		for _, id := range ids {
			if id < 0 || int(id) >= tok.VocabSize() {
				t.Fatalf("%q gives the id %d of %d", text, id, tok.VocabSize())
			}
		}
		again, err := Parse(tok.appendJSON(nil))
		if err != nil {
			t.Fatalf("what was made of %q cannot be parsed: %v", tokens, err)
		}
		if !utf8.ValidString(text) {
			return // invalid bytes are characters of their own kind in a vocabulary over characters
		}
		if got := again.EncodeSpecial(text); !slices.Equal(got, ids) {
			t.Fatalf("%q: %v, and after saving %v", text, ids, got)
		}
	})
}
