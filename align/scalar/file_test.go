package scalar

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tokenizer"
)

// TestFiles: what Save wrote, Load opens: values have the same bits, for use and
// for more training, and the manifest has hashes, the tokenizer's among them.
func TestFiles(t *testing.T) {
	for _, kind := range []string{model.Llama, model.Mistral, model.Mixtral, model.Qwen2, model.Qwen3, model.Qwen3MoE, model.OLMoE} {
		c := small(t, kind)
		c.TieEmbeddings = kind == model.Qwen3
		if kind == model.OLMoE || kind == model.Mixtral {
			c.IntermediateSize = c.MoEIntermediateSize
		}
		s := newScalar(t, c)
		want := mustScore(t, s, someSequences(97))
		dir := filepath.Join(t.TempDir(), "reward")
		from := model.Provenance{Version: "1", Tokenizer: "abc", Parent: "p"}
		if err := s.Save(dir, from, map[string][]byte{"tokenizer.json": []byte("{}")}); err != nil {
			t.Fatal(err)
		}
		man, err := model.Verify(dir)
		if err != nil || man.Tokenizer != "abc" || man.Parent != "p" || man.Version != "1" || len(man.Files) != 3 {
			t.Errorf("%s: manifest %+v, %v", kind, man, err)
		}
		for _, trainable := range []bool{false, true} {
			back, err := Load(dir, trainable)
			if err != nil {
				t.Fatal(err)
			}
			mustEqual(t, kind, mustScore(t, back, someSequences(97)), want)
			if back.TokenizerHash() != "abc" || (len(back.Params()) > 1) != trainable {
				t.Errorf("%s: tokenizer %q, %d Params", kind, back.TokenizerHash(), len(back.Params()))
			}
			again := filepath.Join(t.TempDir(), "again")
			if err := back.Save(again, model.Provenance{}, nil); err != nil {
				t.Fatal(err)
			}
			third, err := Load(again, false)
			if err != nil {
				t.Fatal(err)
			}
			mustEqual(t, kind+" again", mustScore(t, third, someSequences(97)), want)
			if third.TokenizerHash() != "abc" {
				t.Errorf("%s: tokenizer %q in the second file", kind, third.TokenizerHash())
			}
		}
	}
}

// TestConfigFile: config.json says what transformers asks of a classifier with
// one label, and the padding is a token that does not end texts.
func TestConfigFile(t *testing.T) {
	for _, tt := range []struct {
		pad, bos int
		eos      []int
		want     any
	}{
		{-1, -1, []int{2}, 0.0},
		{-1, 5, []int{2}, 5.0},
		{-1, 5, []int{5, 0, 1}, 2.0},
		{9, 5, []int{9}, 9.0},
	} {
		c := small(t, model.Qwen3MoE)
		c.PadTokenID, c.BOSTokenID, c.EOSTokenIDs = tt.pad, tt.bos, tt.eos
		s := newScalar(t, c)
		dir := t.TempDir()
		if err := s.Save(dir, model.Provenance{}, nil); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(dir, "config.json"))
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatal(err)
		}
		names, _ := got["architectures"].([]any)
		labels, _ := got["id2label"].(map[string]any)
		if len(names) != 1 || names[0] != "Qwen3MoeForSequenceClassification" || len(labels) != 1 || got["pad_token_id"] != tt.want || got["problem_type"] != nil {
			t.Errorf("%+v: %s", tt, data)
		}
		if s.Decoder().Config().PadTokenID != tt.pad {
			t.Error("saving changes the model")
		}
	}
}

// TestAdapterMerged: an adapter is saved merged, which moves values by no more
// than the rounding of weights to bf16, while without it they are others.
func TestAdapterMerged(t *testing.T) {
	base := filepath.Join(t.TempDir(), "base")
	c := small(t, model.Qwen3MoE)
	if err := newDecoder(t, c).Save(base, model.Provenance{}, nil); err != nil {
		t.Fatal(err)
	}
	m, err := model.Load(base, false)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(m, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*model.Param{s.Head()} { // values of size one
		for i := range p.Master {
			p.Master[i] *= 10
		}
	}
	s.Sync()
	plain := mustScore(t, s, someSequences(97))
	if err := m.AddAdapter(model.AdapterConfig{Rank: 2, Alpha: 2, Targets: []string{"o_proj", "v_proj"}}, 5); err != nil {
		t.Fatal(err)
	}
	for _, p := range m.AdapterParams() {
		if strings.HasSuffix(p.Name, ".lora_B.weight") {
			q := *p
			q.InitStd = 0.3
			q.Init(11)
		}
	}
	s.Sync()
	want := mustScore(t, s, someSequences(97))
	dir := t.TempDir()
	if err := s.Save(dir, model.Provenance{}, nil); err != nil {
		t.Fatal(err)
	}
	back, err := Load(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	got := mustScore(t, back, someSequences(97))
	off, moved := 0.0, 0.0
	for i := range want {
		off += float64(got[i]-want[i]) * float64(got[i]-want[i])
		moved += float64(plain[i]-want[i]) * float64(plain[i]-want[i])
	}
	if !(off < moved/100) || moved == 0 {
		t.Errorf("merged values are off by %v (squared); the adapter moves them by %v", off, moved)
	}
}

// change is what is done to a saved directory, by file.
type change func(t *testing.T, path string)

func replaced(old, with string) change {
	return func(t *testing.T, path string) {
		data, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(data), old) {
			t.Fatalf("%s has no %q: %v", path, old, err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(data), old, with)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLoadRefuses: what is no reward model says so with the file and the field.
func TestLoadRefuses(t *testing.T) {
	saved := t.TempDir()
	if err := newScalar(t, small(t, model.Llama)).Save(saved, model.Provenance{Tokenizer: "x"}, nil); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		file   string
		change change
		bare   bool // without the manifest, which would see the change first
		want   string
	}{
		{"config.json", replaced(`"0": "LABEL_0"`, `"0": "LABEL_0", "1": "LABEL_1"`), true, "config.json: id2label: a classifier with 2 labels; a reward model has 1"},
		{"config.json", replaced(`ForSequenceClassification`, `ForCausalLM`), true, "is no reward model: architectures in its config.json names no ...ForSequenceClassification"},
		{"config.json", replaced(`"hidden_size": 40`, `"hidden_size": 80`), true, "shape"},
		{"config.json", replaced(`"hidden_size": 40`, `"hidden_size": 80`), false, "config.json: SHA-256"},
		{"model.safetensors", replaced(`"score.weight"`, `"scare.weight"`), true, "tensor score.weight is missing"},
		{"model.safetensors", replaced(`"score.weight":{"dtype":"BF16","shape":[1,40]`, `"score.weight":{"dtype":"BF16","shape":[40,1]`), true, "tensor score.weight has shape [40 1]; the configuration asks for [1 40]"},
		{"model.safetensors", func(t *testing.T, path string) { os.Remove(path) }, true, "model.safetensors"},
		{"manifest.json", replaced(`"files"`, `"filed"`), false, "manifest.json"},
	} {
		dir := t.TempDir()
		for _, name := range []string{"config.json", "model.safetensors", "manifest.json"} {
			data, err := os.ReadFile(filepath.Join(saved, name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		tt.change(t, filepath.Join(dir, tt.file))
		if tt.bare {
			os.Remove(filepath.Join(dir, "manifest.json"))
		}
		if _, err := Load(dir, false); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: error %v does not say %q of %s", tt.file, err, tt.want, dir)
		}
	}
	if _, err := model.Load(saved, false); !errors.Is(err, model.ErrScalar) {
		t.Errorf("as a language model: %v", err)
	}
}

// TestTokenizerHash: without a manifest it is the hash of the tokenizer that is
// there, and Save takes it of the file that it writes; what is no tokenizer has
// none.
func TestTokenizerHash(t *testing.T) {
	own, err := tokenizer.Train(slices.Values([][]byte{[]byte("the quick brown fox, the lazy dog")}), tokenizer.TrainOptions{VocabSize: 258})
	if err != nil {
		t.Fatal(err)
	}
	text, err := own.JSON()
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{string(text): own.Hash(), "{}": ""} {
		dir := t.TempDir()
		if err := newScalar(t, small(t, model.Llama)).Save(dir, model.Provenance{}, map[string][]byte{"tokenizer.json": []byte(file)}); err != nil {
			t.Fatal(err)
		}
		for _, gone := range []string{"", "manifest.json", "tokenizer.json"} {
			if gone != "" {
				os.Remove(filepath.Join(dir, gone))
			}
			if gone == "tokenizer.json" {
				want = ""
			}
			s, err := Load(dir, false)
			if err != nil || s.TokenizerHash() != want {
				t.Errorf("without %q: %q, not %q, %v", gone, s.TokenizerHash(), want, err)
			}
		}
	}
}

// TestDisk: whatever fails while a model is written, what was there before stays
// or is told from a whole one.
func TestDisk(t *testing.T) {
	c := small(t, model.Llama)
	old, next := newScalar(t, c), newScalar(t, c)
	next.Head().Init(99)
	next.Sync()
	sequences := someSequences(97)[:2]
	were, will := mustScore(t, old, sequences), mustScore(t, next, sequences)
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	dir := t.TempDir()
	if err := next.Save(dir, model.Provenance{}, nil); err != nil {
		t.Fatal(err)
	}
	for op := range disk.Ops() {
		disk.Reset()
		if err := old.Save(dir, model.Provenance{}, nil); err != nil {
			t.Fatal(err)
		}
		disk.FailOp(op, syscall.ENOSPC)
		saved := next.Save(dir, model.Provenance{}, nil)
		disk.Reset()
		s, err := Load(dir, false)
		if err != nil {
			if saved == nil || !strings.Contains(err.Error(), dir) {
				t.Errorf("operation %d: %v after %v", op, err, saved)
			}
			continue
		}
		want := were
		if saved == nil {
			want = will
		}
		if got := mustScore(t, s, sequences); !slices.Equal(got, want) && !slices.Equal(got, will) {
			t.Errorf("operation %d: values %v after %v", op, got, saved)
		}
	}
}
