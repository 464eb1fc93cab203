package plan

// family is what a model type implies where its config.json is silent.
type family struct {
	gated         bool
	norm          Norm // "" = a weight
	norms         int  // of a layer; 0 = 2
	tied          bool
	learned       bool // positions are
	morePositions int
	embeddingNorm bool
	outputBias    bool // of the logits
	parallel      bool
	headDim       int // 0 = width / heads
	qkNorm        QKNorm
	// Biases: bias on queries, keys and values whatever is written, outBias on the
	// output; bothBias is what attention_bias is by default, which is for both
	// unless inputBiasOnly.
	bias, outBias, bothBias, inputBiasOnly bool
	feedBias                               bool
	// slides: layers have the window; fullEvery as in Attention.
	slides    bool
	window    int
	fullEvery int
	// rest reads what no other family has.
	rest func(*reader, *Model)
}

// refused are model types that would be counted wrong.
var refused = map[string]string{
	"bert": "it is an encoder", "roberta": "it is an encoder", "t5": "it has an encoder", "bart": "it has an encoder",
	"mamba": mixed, "mamba2": mixed, "falcon_mamba": mixed, "jamba": mixed, "bamba": mixed, "falcon_h1": mixed, "nemotron_h": mixed,
	"zamba": mixed, "zamba2": mixed, "rwkv": mixed, "recurrent_gemma": mixed, "qwen3_next": mixed, "qwen3_5": mixed, "qwen3_5_moe": mixed,
	"kimi_linear": mixed, "minimax": mixed, "lfm2": mixed, "lfm2_moe": mixed, "granitemoehybrid": mixed, "olmo_hybrid": mixed, "xlstm": mixed,
	"gemma3n": "its layers read embeddings of their own", "gemma3n_text": "its layers read embeddings of their own",
	"deepseek_v32": "its attention has an index", "deepseek_v4": "its attention has an index", "glm_moe_dsa": "its attention has an index",
}

const mixed = "some of its layers are no attention"

// families are the model types whose counts are checked against transformers
// (testdata/count_parameters.py).
var families = map[string]family{
	"llama":      {gated: true},
	"mistral":    {gated: true, slides: true, window: 4096},
	"ministral3": {gated: true},
	"mixtral":    {gated: true, slides: true},
	"qwen2":      {gated: true, bias: true},
	"qwen2_moe":  {gated: true, bias: true, rest: qwen2MoE},
	"qwen3":      {gated: true, qkNorm: QKNormHead, headDim: 128},
	"qwen3_moe":  {gated: true, qkNorm: QKNormHead},
	"mellum":     {gated: true, qkNorm: QKNormHead},
	"olmo":       {gated: true, norm: NormPlain},
	"olmo2":      {gated: true, qkNorm: QKNormWidth},
	"olmo3":      {gated: true, qkNorm: QKNormWidth, slides: true, window: 4096, fullEvery: 4},
	"olmoe":      {gated: true, qkNorm: QKNormWidth},
	"smollm3":    {gated: true, tied: true},
	"granite":    {gated: true},
	"granitemoe": {gated: true},
	"seed_oss":   {gated: true, bothBias: true, inputBiasOnly: true, rest: seedOSS},
	"phi3":       {gated: true},
	"glm4":       {gated: true, norms: 4, inputBiasOnly: true, headDim: 128},
	"glm4_moe":   {gated: true, inputBiasOnly: true, rest: glm4MoE},
	"dots1":      {gated: true, qkNorm: QKNormHead, rest: balanced},
	"minimax_m2": {gated: true, qkNorm: QKNormWidth, rest: balanced},

	"gemma":       {gated: true, tied: true, headDim: 256},
	"gemma2":      {gated: true, tied: true, headDim: 256, norms: 4, slides: true, window: 4096, fullEvery: 2},
	"gemma3":      {gated: true, tied: true, headDim: 256, norms: 4, qkNorm: QKNormHead, slides: true, window: 4096, fullEvery: 6},
	"gemma3_text": {gated: true, tied: true, headDim: 256, norms: 4, qkNorm: QKNormHead, slides: true, window: 4096, fullEvery: 6},

	"gpt_oss":     {gated: true, bothBias: true, feedBias: true, headDim: 64, slides: true, window: 128, fullEvery: 2, rest: gptOSS},
	"deepseek_v2": {gated: true},
	"deepseek_v3": {gated: true, rest: balanced},
	"kimi_k2":     {gated: true, rest: balanced},

	"gpt2":        {tied: true, learned: true, norm: NormBias, bias: true, outBias: true, feedBias: true},
	"gpt_bigcode": {tied: true, learned: true, norm: NormBias, bias: true, outBias: true, feedBias: true, rest: multiQuery},
	"gpt_neox":    {norm: NormBias, bothBias: true, feedBias: true, parallel: true},
	"gptj":        {norm: NormBias, norms: 1, feedBias: true, outputBias: true, parallel: true},
	"opt":         {tied: true, learned: true, morePositions: 2, norm: NormBias, bias: true, outBias: true, feedBias: true, rest: opt},
	"bloom":       {tied: true, embeddingNorm: true, norm: NormBias, bias: true, outBias: true, feedBias: true},
	"phi":         {norm: NormBias, norms: 1, bias: true, outBias: true, feedBias: true, outputBias: true, parallel: true},
	"starcoder2":  {tied: true, norm: NormBias, bothBias: true, feedBias: true},
	"stablelm":    {gated: true, norm: NormBias, rest: stableLM},
	"cohere":      {gated: true, tied: true, norms: 1, parallel: true},
	"cohere2":     {gated: true, tied: true, norms: 1, parallel: true, slides: true, window: 4096, fullEvery: 4},
	"nemotron":    {norm: NormBias},
	"falcon":      {tied: true, norm: NormBias, rest: falcon},
	"phimoe":      {gated: true, norm: NormBias, rest: phiMoE},
}

func balanced(r *reader, m *Model) {
	if m.Experts != nil {
		m.Experts.RouterBias = true
	}
}

func qwen2MoE(r *reader, m *Model) {
	if m.Experts != nil && m.Experts.Shared > 0 {
		m.Experts.SharedGate = true
	}
}

func seedOSS(r *reader, m *Model) {
	m.Attention.OutputBias = r.flag(false, "attention_out_bias")
}

func glm4MoE(r *reader, m *Model) {
	balanced(r, m)
	if r.flag(false, "use_qk_norm") {
		m.Attention.QKNorm = QKNormHead
	}
}

func gptOSS(r *reader, m *Model) {
	m.Attention.Sinks = true
	balanced(r, m)
}

func multiQuery(r *reader, m *Model) {
	if r.flag(true, "multi_query") {
		m.Attention.KVHeads = 1
	}
}

// opt has no biases where enable_bias is false, and a projection where its
// embedding is narrower, which a Model cannot say.
func opt(r *reader, m *Model) {
	if w := r.number(m.Width, "word_embed_proj_dim"); w != m.Width {
		r.note("The embedding is %d wide and projected; it is counted as wide as the layers.", w)
	}
	if !r.flag(true, "enable_bias") {
		m.Attention.Bias, m.Attention.OutputBias, m.FeedForward.Bias = false, false, false
	}
}

func stableLM(r *reader, m *Model) {
	m.Attention.Bias = r.flag(false, "use_qkv_bias")
	m.Attention.OutputBias = false
	if r.flag(false, "use_parallel_residual") {
		m.Parallel, m.NormsPerLayer = true, 1
	}
	if r.flag(false, "qk_layernorm") {
		m.Attention.QKNorm = QKNormWidth
	}
}

// falcon has one head of keys and values, as many as said in the newer
// architecture, or all; and one norm or two.
func falcon(r *reader, m *Model) {
	a := &m.Attention
	newer := r.flag(false, "new_decoder_architecture")
	switch {
	case newer:
		a.KVHeads = r.number(a.Heads, "num_kv_heads", "n_head_kv")
	case r.flag(true, "multi_query"):
		a.KVHeads = 1
	default:
		a.KVHeads = a.Heads
	}
	m.Parallel = newer || r.flag(true, "parallel_attn")
	switch {
	case newer:
		m.NormsPerLayer = r.number(2, "num_ln_in_parallel_attn")
	case m.Parallel:
		m.NormsPerLayer = 1
	}
	bias := r.flag(false, "bias")
	a.Bias, a.OutputBias, m.FeedForward.Bias = bias, bias, bias
}

func phiMoE(r *reader, m *Model) {
	m.OutputBias = r.flag(false, "lm_head_bias")
}
