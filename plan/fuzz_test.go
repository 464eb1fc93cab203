package plan

import (
	"strings"
	"testing"
)

// TestParseConfigErrors: what cannot be counted is refused by name.
func TestParseConfigErrors(t *testing.T) {
	for _, c := range []struct{ config, want string }{
		{`[]`, "not one JSON object"},
		{`{"model_type":"jamba"}`, "model_type jamba: some of its layers are no attention"},
		{`{"model_type":"marian","is_encoder_decoder":true}`, "it has an encoder"},
		{`{"model_type":"llama"}`, "vocab_size: missing"},
		{`{"model_type":"llama","vocab_size":"many"}`, `vocab_size: "many" is no value`},
		{`{"model_type":"cohere","vocab_size":9,"hidden_size":8,"num_hidden_layers":-1}`, "num_hidden_layers: missing or not positive"},
		{`{"model_type":"cohere","vocab_size":9,"hidden_size":8,"num_hidden_layers":99999999,"num_attention_heads":2}`, "layers: 99999999 is impossible"},
		{`{"model_type":"llama","vocab_size":9,"hidden_size":8,"num_hidden_layers":2,"num_attention_heads":2,"intermediate_size":8,"sliding_window":4,"layer_types":["full_attention","linear_attention"]}`, `"linear_attention" is no kind of attention`},
	} {
		if _, err := ParseConfig([]byte(c.config)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.config, err, c.want)
		}
	}
}

// TestParseConfigNotes: what was assumed is said.
func TestParseConfigNotes(t *testing.T) {
	m, err := ParseConfig([]byte(`{"model_type":"brandnew","vocab_size":100,"hidden_size":64,"num_hidden_layers":3,
		"num_attention_heads":4,"num_experts":8,"num_experts_per_tok":2,"moe_intermediate_size":16,"quantization_config":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Notes) != 2 || !strings.Contains(m.Notes[0], `"brandnew" is not known`) || !strings.Contains(m.Notes[1], "quantized") {
		t.Errorf("notes %q", m.Notes)
	}
	// 2 x 100 x 64, and of each layer 4 x 64 x 64, 8 x 3 x 64 x 16, 64 x 8 and two
	// norms, and the last norm.
	if got, want := m.Params().Total, int64(12800+3*(16384+24576+512+128)+64); got != want {
		t.Errorf("%d parameters, want %d", got, want)
	}
	seeing, err := ParseConfig([]byte(`{"model_type":"mistral3","vision_config":{},"text_config":{"model_type":"mistral","vocab_size":100,
		"hidden_size":64,"num_hidden_layers":3,"num_attention_heads":4,"intermediate_size":16,"sliding_window":null}}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(seeing.Notes) != 1 || seeing.SlidingLayers() != 0 {
		t.Errorf("notes %q, %d sliding layers", seeing.Notes, seeing.SlidingLayers())
	}
}

// FuzzParseConfig: no file makes the reader panic, and what it takes can be counted.
func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(`{"model_type":"falcon","vocab_size":10,"hidden_size":8,"num_hidden_layers":2,"num_attention_heads":2}`))
	f.Add([]byte(`{"model_type":"deepseek_v3","vocab_size":10,"hidden_size":8,"num_hidden_layers":2,"num_attention_heads":2,"kv_lora_rank":4,"v_head_dim":2,"n_routed_experts":4,"num_experts_per_tok":2,"num_nextn_predict_layers":1}`))
	f.Add([]byte(`{"model_type":"gemma3","text_config":{"vocab_size":10,"hidden_size":8,"num_hidden_layers":2,"num_attention_heads":2,"layer_types":["full_attention","sliding_attention"],"sliding_window":3}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ParseConfig(data)
		if err != nil {
			return
		}
		p := m.Params()
		if p.Total <= 0 || p.Active <= 0 || p.Active > p.Total {
			t.Errorf("%d parameters, %d active", p.Total, p.Active)
		}
		if m.FLOPsPerToken(100, true).Total <= 0 || m.KVBytes(100, BF16) <= 0 || m.DecodeBytes(2, 3, Int4, FP8).Total() <= 0 {
			t.Error("nothing to do or to keep")
		}
	})
}

// FuzzParse: neither does a model in our own form.
func FuzzParse(f *testing.F) {
	for _, name := range Names() {
		data, err := files.ReadFile("models/" + name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Parse("model.yaml", data)
		if err != nil {
			return
		}
		for _, r := range m.Reported {
			m.Of(r)
		}
	})
}
