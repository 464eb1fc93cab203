package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/model"
)

// maxConfig bounds the file that is read; real ones have a few thousand bytes.
const maxConfig = 16 << 20

// ReadConfig reads the shape of a published model: a config.json, or the one in a
// directory. Unlike model.ReadConfig it takes decoders that this program cannot
// run, and ignores what does not change a count.
func ReadConfig(path string) (*Model, error) {
	if filepath.Ext(path) != ".json" {
		path = filepath.Join(path, "config.json")
	}
	data, err := atomicfile.ReadSmall(path, maxConfig)
	if err != nil {
		return nil, err
	}
	m, err := ParseConfig(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m.Source = path
	return m, nil
}

// ParseConfig is ReadConfig for the content of the file. A model type that is not
// known is read by the usual names as a decoder like Llama, with a note that says
// so; one with layers that are not attention is an error.
func ParseConfig(data []byte) (*Model, error) {
	if c, err := model.ParseConfig(data); err == nil {
		if c.Scalar {
			return nil, errors.New("it gives a number and no text (a reward model): plan the decoder that it was made from")
		}
		return FromConfig(c), nil
	}
	var whole map[string]json.RawMessage
	dec := json.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&whole); err != nil || whole == nil || dec.More() {
		return nil, errors.New("not one JSON object")
	}
	r := &reader{fields: whole}
	m := r.model()
	if r.err != nil {
		return nil, r.err
	}
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("read as a shape: %w", err)
	}
	return m, nil
}

// reader takes numbers from a config.json and keeps the first error.
type reader struct {
	fields map[string]json.RawMessage
	err    error
	notes  []string
}

// find returns the first member of those names that is there and not null.
func (r *reader) find(names []string) (string, json.RawMessage) {
	for _, name := range names {
		if raw, ok := r.fields[name]; ok && string(raw) != "null" {
			return name, raw
		}
	}
	return "", nil
}

// read decodes the first member of those names and reports whether there is one.
func (r *reader) read(dst any, names ...string) bool {
	name, raw := r.find(names)
	if raw == nil || r.err != nil {
		return false
	}
	if err := json.Unmarshal(raw, dst); err != nil {
		if len(raw) > 40 {
			raw = append(slices.Clone(raw[:40]), "..."...)
		}
		r.err = fmt.Errorf("%s: %s is no value for it", name, raw)
		return false
	}
	return true
}

// number reads an integer; absent is otherwise.
func (r *reader) number(otherwise int, names ...string) int {
	var n int
	if !r.read(&n, names...) {
		return otherwise
	}
	return n
}

// need is number for one without which there is no model.
func (r *reader) need(names ...string) int {
	n := r.number(0, names...)
	if n <= 0 && r.err == nil {
		r.err = fmt.Errorf("%s: missing or not positive", names[0])
	}
	return n
}

func (r *reader) flag(otherwise bool, names ...string) bool {
	var b bool
	if !r.read(&b, names...) {
		return otherwise
	}
	return b
}

// text reads a string, "" where it is absent.
func (r *reader) text(name string) string {
	var s string
	r.read(&s, name)
	return s
}

func (r *reader) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// into makes the members of an object those that are read, if there is one.
func (r *reader) into(name string) bool {
	var in map[string]json.RawMessage
	if !r.read(&in, name) || in == nil {
		return false
	}
	if _, ok := in["model_type"]; !ok {
		in["model_type"] = r.fields["model_type"]
	}
	r.fields = in
	return true
}

// model reads the whole.
func (r *reader) model() *Model {
	if (r.has("vision_config") || r.has("text_config")) && r.into("text_config") {
		r.note("The decoder alone is counted, without the towers by which it sees or hears.")
	}
	kind := r.text("model_type")
	if r.err != nil {
		return nil
	}
	if why := refused[kind]; why != "" || r.flag(false, "is_encoder_decoder") {
		if why == "" {
			why = "it has an encoder"
		}
		r.err = fmt.Errorf("model_type %s: %s; plan counts decoders whose layers are attention and a feed-forward", kind, why)
		return nil
	}
	f, known := families[kind]
	if !known {
		f = family{gated: true}
		r.note("model_type %q is not known: it is read by the usual names as a decoder like Llama.", kind)
	}
	m := &Model{}
	m.SetDefaults()
	r.sizes(m, f)
	r.attention(m, f)
	r.feedForward(m, f)
	r.experts(m)
	if f.rest != nil && r.err == nil {
		f.rest(r, m)
	}
	if r.has("quantization_config") {
		r.note("The checkpoint is quantized; sizes in bytes are those of the formats named.")
	}
	m.Notes = r.notes
	return m
}

func (r *reader) has(name string) bool {
	_, raw := r.find([]string{name})
	return raw != nil
}

func (r *reader) sizes(m *Model, f family) {
	m.Vocabulary = r.need("vocab_size")
	m.Width = r.need("hidden_size", "n_embd", "d_model")
	m.Layers = r.need("num_hidden_layers", "n_layer", "n_layers", "num_layers")
	m.Context = r.number(2048, "max_position_embeddings", "n_positions", "max_sequence_length", "max_seq_len", "seq_length", "n_ctx")
	m.Tied = r.flag(f.tied, "tie_word_embeddings")
	m.Predictors = r.number(0, "num_nextn_predict_layers")
	m.Parallel, m.EmbeddingNorm, m.OutputBias = f.parallel, f.embeddingNorm, f.outputBias
	if f.norm != "" {
		m.Norm = f.norm
	}
	if f.norms > 0 {
		m.NormsPerLayer = f.norms
	}
	if f.learned {
		m.Positions = m.Context + f.morePositions
	}
}

func (r *reader) attention(m *Model, f family) {
	a := &m.Attention
	a.Heads = r.need("num_attention_heads", "n_head", "n_heads")
	a.KVHeads = r.number(a.Heads, "num_key_value_heads", "n_head_kv")
	if r.err != nil {
		return
	}
	a.HeadDim = f.headDim
	if a.HeadDim == 0 {
		a.HeadDim = m.Width / a.Heads
	}
	a.HeadDim = r.number(a.HeadDim, "head_dim")
	if a.HeadDim == 0 {
		a.HeadDim = m.Width / a.Heads
	}
	both := r.flag(f.bothBias, "attention_bias", "use_bias")
	a.Bias, a.OutputBias = f.bias || both, f.outBias || both && !f.inputBiasOnly
	a.QKNorm = f.qkNorm
	r.windows(m, f)
	if r.has("kv_lora_rank") {
		a.Latent = &Latent{
			QueryRank: r.number(0, "q_lora_rank"), KVRank: r.need("kv_lora_rank"), RopeDim: r.number(0, "qk_rope_head_dim"),
			PlainDim: r.number(0, "qk_nope_head_dim"), ValueDim: r.need("v_head_dim"),
		}
		a.KVHeads, a.HeadDim = 0, 0
	}
}

// windows reads which layers see how much.
func (r *reader) windows(m *Model, f family) {
	a := &m.Attention
	window := f.window
	if raw, ok := r.fields["sliding_window"]; ok && string(raw) == "null" {
		window = 0
	}
	window = r.number(window, "sliding_window")
	if !r.flag(true, "use_sliding_window") || window == 0 {
		return
	}
	var kinds []string
	if r.read(&kinds, "layer_types") && len(kinds) == m.Layers {
		for l, kind := range kinds {
			switch kind {
			case "sliding_attention":
				a.Window = window
			case "full_attention":
				a.FullLayers = append(a.FullLayers, l)
			default:
				r.err = fmt.Errorf("layer_types: %q is no kind of attention that plan counts", kind)
			}
		}
		if a.Window == 0 {
			a.FullLayers = nil
		}
		return
	}
	if f.slides {
		a.Window, a.FullEvery = window, r.number(f.fullEvery, "sliding_window_pattern")
	}
}

func (r *reader) feedForward(m *Model, f family) {
	m.FeedForward = FeedForward{Gated: f.gated, Bias: r.flag(f.feedBias, "mlp_bias", "use_bias")}
	m.FeedForward.Hidden = r.number(4*m.Width, "intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size")
}

// experts reads a mixture, whatever it is called.
func (r *reader) experts(m *Model) {
	n := r.number(0, "num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")
	if n == 0 || r.err != nil {
		return
	}
	x := &Experts{Number: n, Active: r.need("num_experts_per_tok", "experts_per_token", "moe_k", "num_experts_per_token")}
	x.Hidden = r.number(m.FeedForward.Hidden, "moe_intermediate_size")
	x.DenseLayers = r.number(0, "first_k_dense_replace", "moe_layer_start_index")
	x.Every = r.number(0, "decoder_sparse_step")
	x.Shared = r.number(0, "n_shared_experts", "num_shared_experts", "moe_num_shared_experts")
	x.SharedHidden = x.Hidden
	if width := r.number(0, "shared_expert_intermediate_size"); width > 0 {
		x.Shared, x.SharedHidden = 1, width
	}
	if x.Shared == 0 {
		x.SharedHidden = 0
	}
	r.read(&x.Dense, "mlp_only_layers")
	var kinds []string
	if r.read(&kinds, "mlp_layer_types") {
		for l, kind := range kinds {
			if kind == "dense" && l >= x.DenseLayers {
				x.Dense = append(x.Dense, l)
			}
		}
	}
	m.Experts = x
}
