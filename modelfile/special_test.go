package modelfile

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor/gguf"
	"github.com/polymath-lm/polymath/tokenizer"
)

// special are the tokens of specialModel, in the order of their ids.
var special = []string{tokenizer.EndOfText, "<|end_of_text|>", "<|eom_id|>", "<|eot_id|>", "<|pad|>", "<s>", "<odd>"}

const firstSpecial = 264

// id returns the id of a token of special.
func id(text string) int { return firstSpecial + slices.Index(special, text) }

func ids(texts ...string) (list []int) {
	for _, text := range texts {
		list = append(list, id(text))
	}
	return list
}

// specialModel saves a model whose template prints its special tokens.
func specialModel(t *testing.T, ends []int, config string) string {
	t.Helper()
	tok, err := tokenizer.Train(slices.Values([][]byte{[]byte(probe)}), tokenizer.TrainOptions{VocabSize: firstSpecial + len(special), Special: special})
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := tok.Special("<odd>"); int(got) != id("<odd>") {
		t.Fatalf("<odd> has the id %d", got)
	}
	text, err := tok.JSON()
	if err != nil {
		t.Fatal(err)
	}
	cfg := smallConfig(t, model.Llama)
	cfg.EOSTokenIDs = ends
	m, err := model.New(cfg, 7)
	if err != nil {
		t.Fatal(err)
	}
	const template = "{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}{{ eos_token }}{{ pad_token }}{{ unk_token }}{% endfor %}"
	dir := filepath.Join(t.TempDir(), "special")
	if err := m.Save(dir, model.Provenance{}, map[string][]byte{
		tokenizerName: text, tokenizerConfigName: []byte(fmt.Sprintf(config, quoted(template))),
	}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// rendered is a conversation by the template of the model at path.
func rendered(t *testing.T, path string) string {
	t.Helper()
	template, err := Template(path)
	if err != nil {
		t.Fatal(err)
	}
	segments, err := template.Render(chat.Conversation{Messages: []chat.Message{chat.Text(chat.User, "hi"), chat.Text(chat.Assistant, "yes")}}, chat.RenderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, s := range segments {
		all.WriteString(s.Text)
	}
	return all.String()
}

// TestConvertSpecial: a GGUF file has the special tokens of tokenizer_config.json
// first, and its template writes what the directory's does, there and back.
func TestConvertSpecial(t *testing.T) {
	dir := specialModel(t, ids("<|end_of_text|>", "<|eom_id|>", "<|eot_id|>"), `{"bos_token": "<s>", "chat_template": %s,
 "eos_token": {"content": "<|eot_id|>", "lstrip": false}, "pad_token": "<|pad|>", "unk_token": "<odd>"}`)
	want := "<s>[user]hi<|eot_id|><|pad|><odd>[assistant]yes<|eot_id|><|pad|><odd>"
	file, again, back := filepath.Join(t.TempDir(), "m.gguf"), filepath.Join(t.TempDir(), "n.gguf"), filepath.Join(t.TempDir(), "back")
	convert(t, dir, file, Options{})
	convert(t, file, again, Options{})
	convert(t, file, back, Options{})
	for _, path := range []string{dir, file, again, back} {
		if got := rendered(t, path); got != want {
			t.Errorf("%s writes %q, want %q", path, got, want)
		}
		cfg, err := model.ReadConfig(path)
		if err != nil {
			t.Fatal(err)
		}
		if ends := slices.Sorted(slices.Values(cfg.EOSTokenIDs)); !slices.Equal(ends, ids("<|end_of_text|>", "<|eom_id|>", "<|eot_id|>")) {
			t.Errorf("%s: texts end at %v", path, ends)
		}
	}
	for _, path := range []string{file, again} {
		checkKeys(t, path, map[string]int{
			keyBOS: id("<s>"), keyEOS: id("<|eot_id|>"), keyEOT: id("<|end_of_text|>"), keyEOM: id("<|eom_id|>"),
			keyPadding: id("<|pad|>"), keyUnknown: id("<odd>"),
		})
	}
}

// checkKeys sees that a file has these ids, -1 being none.
func checkKeys(t *testing.T, path string, want map[string]int) {
	t.Helper()
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := &reader{meta: f.Metadata()}
	for key, n := range want {
		if got := r.id(key, -1); int(got) != n || r.meta.Has(key) != (n >= 0) {
			t.Errorf("%s: %s is %d, want %d", path, key, got, n)
		}
	}
}

// TestSpecialEnds: which token is eos, eot and eom.
func TestSpecialEnds(t *testing.T) {
	const plain = `{"chat_template": %s}`
	named := func(text string) string { return `{"chat_template": %s, "eos_token": ` + quoted(text) + `}` }
	for _, tt := range []struct {
		config        string
		ends          []int
		eos, eot, eom string
	}{
		{plain, ids("<|eot_id|>"), "<|eot_id|>", "", ""},
		{plain, ids("<|end_of_text|>", "<|eom_id|>", "<|eot_id|>"), "<|end_of_text|>", "<|eot_id|>", "<|eom_id|>"},
		{plain, ids("<|end_of_text|>", "<|eom_id|>"), "<|end_of_text|>", "", "<|eom_id|>"},
		{plain, nil, tokenizer.EndOfText, "", ""},
		{named("<odd>"), nil, "<odd>", "", ""},
		{named("<odd>"), ids("<odd>", "<odd>"), "<odd>", "", ""},
		{named("<odd>"), ids("<|eom_id|>"), "<odd>", "", "<|eom_id|>"},
		{named("<odd>"), ids("<|pad|>", "<|eot_id|>"), "<odd>", "<|eot_id|>", "<|pad|>"},
		{named("not in the vocabulary"), ids("<|pad|>", "<s>"), "<|pad|>", "<s>", ""},
		{`{"chat_template": %s, "eos_token": null}`, ids("<s>"), "<s>", "", ""},
	} {
		file := filepath.Join(t.TempDir(), "m.gguf")
		convert(t, specialModel(t, tt.ends, tt.config), file, Options{Unchecked: true})
		want := map[string]int{}
		for key, text := range map[string]string{keyEOS: tt.eos, keyEOT: tt.eot, keyEOM: tt.eom} {
			if want[key] = -1; text != "" {
				want[key] = id(text)
			}
		}
		checkKeys(t, file, want)
	}
}

// TestSpecialLeftOut: more ends than GGUF has names for are noted.
func TestSpecialLeftOut(t *testing.T) {
	dir, file := specialModel(t, ids("<s>", "<|pad|>", "<|eot_id|>"), `{"chat_template": %s, "eos_token": "<odd>"}`), filepath.Join(t.TempDir(), "m.gguf")
	c, err := NewConversion(dir, file, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	want := []string{fmt.Sprintf("eos_token_id %d is left out: GGUF names 3 tokens that end a text", id("<|pad|>"))}
	if !slices.Equal(c.Plan().Notes, want) {
		t.Errorf("notes %q, want %q", c.Plan().Notes, want)
	}
	if notes := endsLeftOut([]gguf.Pair{{Key: keyEOS, Value: int32(4)}}, &model.Config{EOSTokenIDs: []int{4}}); notes != nil {
		t.Errorf("of a file's own: notes %q", notes)
	}
	if _, err := c.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkKeys(t, file, map[string]int{keyEOS: id("<odd>"), keyEOT: id("<|eot_id|>"), keyEOM: id("<s>")})
}

// TestSpecialRefuses: a token that is neither text nor an object of one.
func TestSpecialRefuses(t *testing.T) {
	dir := specialModel(t, ids("<s>"), `{"chat_template": %s, "pad_token": 3}`)
	_, err := Convert(t.Context(), dir, filepath.Join(t.TempDir(), "m.gguf"), Options{})
	if want := filepath.Join(dir, tokenizerConfigName); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

// TestConvertGeneration: the file has the ends that generation_config.json adds.
func TestConvertGeneration(t *testing.T) {
	dir := specialModel(t, ids("<|end_of_text|>"), `{"chat_template": %s, "eos_token": "<|eot_id|>"}`)
	if err := os.Remove(filepath.Join(dir, model.ManifestName)); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, filepath.Join(dir, generationName), fmt.Sprintf(`{"eos_token_id": [%d, %d]}`, id("<|end_of_text|>"), id("<|eom_id|>")))
	file := filepath.Join(t.TempDir(), "m.gguf")
	convert(t, dir, file, Options{})
	checkKeys(t, file, map[string]int{keyEOS: id("<|eot_id|>"), keyEOT: id("<|end_of_text|>"), keyEOM: id("<|eom_id|>")})
}
