package plan

import (
	"strings"
	"testing"
)

// TestValidate: values that mean nothing in a model of four layers are errors that name
// their fields.
func TestValidate(t *testing.T) {
	for want, change := range map[string]func(m *Model){
		"experts.shared_hidden":           func(m *Model) { m.Experts.Shared = 3 },
		"experts.dense: there is no":      func(m *Model) { m.Experts.Dense = []int{77} },
		"attention.full_layers: there is": func(m *Model) { m.Attention.FullLayers = []int{0, 4} },
		"training_tokens: -5":             func(m *Model) { m.TrainingTokens = -5 },
		"reported: there is no figure":    func(m *Model) { m.Reported = []Reported{{What: "totall"}} },
		"":                                func(*Model) {},
	} {
		m := &Model{
			Vocabulary: 100, Width: 64, Layers: 4, Context: 64, Norm: NormWeight,
			Attention:   Attention{Heads: 2, KVHeads: 1, HeadDim: 32},
			FeedForward: FeedForward{Hidden: 128},
			Experts:     &Experts{Number: 4, Active: 2, Hidden: 32},
		}
		change(m)
		err := m.Validate()
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestRewardModel: what gives a number is not counted as if it gave text.
func TestRewardModel(t *testing.T) {
	const config = `{"architectures": ["Qwen3ForSequenceClassification"], "model_type": "qwen3", "num_labels": 1, "vocab_size": 1000,
		"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 32, "intermediate_size": 128}`
	if _, err := ParseConfig([]byte(config)); err == nil || !strings.Contains(err.Error(), "reward model") {
		t.Errorf("%v", err)
	}
	if _, err := ParseConfig([]byte(strings.Replace(config, "SequenceClassification", "CausalLM", 1))); err != nil {
		t.Error(err)
	}
}
