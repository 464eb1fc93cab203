package train

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"

	"github.com/polymath-lm/polymath/model"
)

// Recipe is everything that determines a training run. It is read from one
// YAML file by ReadRecipe; DefaultRecipe gives the value of each key that the
// file leaves out. All paths are relative to the working directory.
type Recipe struct {
	// Name is the title of the run page.
	Name string `yaml:"name" json:"name"`
	// Seed starts the weights and the order of the data.
	Seed uint64 `yaml:"seed" json:"seed"`
	// Model is the shape of a new model, or the directory of one to go on from.
	Model ModelSpec `yaml:"model" json:"model"`
	// Tokenizer is the path of the tokenizer.json that made the shards. Left
	// out, it is that of the model to go on from.
	Tokenizer string `yaml:"tokenizer" json:"tokenizer"`
	// Stages say what is trained when, on what and in which rows; none trains
	// everything to the end. It is one run: the schedule goes on from stage to stage,
	// and so does the data where a stage has none of its own.
	Stages []StageSpec `yaml:"stages" json:"stages,omitempty"`
	// Lora trains an adapter on the model to go on from, and none of its weights.
	Lora LoraSpec `yaml:"lora" json:"lora,omitzero"`
	// Data says what to train on.
	Data DataSpec `yaml:"data" json:"data"`
	// Batch is the size of a step and of its microbatches.
	Batch BatchSpec `yaml:"batch" json:"batch"`
	// Steps is the length of the run in optimizer steps; Tokens gives it in
	// tokens instead, and Epochs in passes over the data, both rounded up to whole
	// steps. Exactly one of them is set, or none where every stage has a length.
	Steps  int     `yaml:"steps" json:"steps"`
	Tokens int64   `yaml:"tokens" json:"tokens"`
	Epochs float64 `yaml:"epochs" json:"epochs,omitzero"`
	// Optimizer names the update rules and their settings.
	Optimizer OptimizerSpec `yaml:"optimizer" json:"optimizer"`
	// Schedule is the learning rate over the steps.
	Schedule ScheduleSpec `yaml:"schedule" json:"schedule"`
	// Clip is the largest global gradient norm; 0 leaves gradients as they are.
	Clip float64 `yaml:"clip" json:"clip"`
	// EMA is the decay per step of the moving average of the weights, such as
	// 0.999; 0 keeps none. With it the finished model holds the average. The
	// router's bias, which is no weight, stays the last one.
	EMA float64 `yaml:"ema" json:"ema"`
	// Spike says which steps are skipped.
	Spike SpikeSpec `yaml:"spike" json:"spike"`
	// Eval measures the held-out loss.
	Eval EvalSpec `yaml:"eval" json:"eval"`
	// Sample writes text as the model learns.
	Sample SampleSpec `yaml:"sample" json:"sample"`
	// Checkpoint says how often the run is saved.
	Checkpoint CheckpointSpec `yaml:"checkpoint" json:"checkpoint"`
}

// ModelSpec is the shape of the decoder, in the names of Hugging Face's
// config.json. With From set, all other fields but Vision and BiasRate stay unset.
type ModelSpec struct {
	// From is a model, a directory or a GGUF file, whose weights the run continues
	// from.
	From string `yaml:"from" json:"from"`
	// VocabSize is the number of rows of the embedding.
	VocabSize int `yaml:"vocab_size" json:"vocab_size"`
	// HiddenSize is D, the width of the residual stream.
	HiddenSize int `yaml:"hidden_size" json:"hidden_size"`
	// Layers is the number of decoder layers.
	Layers int `yaml:"num_hidden_layers" json:"num_hidden_layers"`
	// Heads is the number of query heads, KVHeads of key and value heads (0:
	// as many as Heads), HeadDim the width of each (0: HiddenSize / Heads).
	Heads   int `yaml:"num_attention_heads" json:"num_attention_heads"`
	KVHeads int `yaml:"num_key_value_heads" json:"num_key_value_heads"`
	HeadDim int `yaml:"head_dim" json:"head_dim"`
	// Experts is the number of experts of each layer and ExpertsPerToken how
	// many work on each token; Experts 0 makes the feed-forward dense.
	Experts         int `yaml:"num_experts" json:"num_experts"`
	ExpertsPerToken int `yaml:"num_experts_per_tok" json:"num_experts_per_tok"`
	// ExpertSize is the hidden width of one expert, DenseSize that of the
	// dense feed-forward.
	ExpertSize int `yaml:"moe_intermediate_size" json:"moe_intermediate_size"`
	DenseSize  int `yaml:"intermediate_size" json:"intermediate_size"`
	// TieEmbeddings makes the head the transposed embedding.
	TieEmbeddings bool `yaml:"tie_word_embeddings" json:"tie_word_embeddings"`
	// RopeTheta is the base of the rotary embedding.
	RopeTheta float64 `yaml:"rope_theta" json:"rope_theta"`
	// NormEps is added to the mean square in RMSNorm.
	NormEps float64 `yaml:"rms_norm_eps" json:"rms_norm_eps"`
	// RopeScaling stretches it from the start; of the layers that see everything
	// alone, where LayerTypes or SlidingTheta is set.
	RopeScaling *model.RopeScaling `yaml:"rope_scaling" json:"rope_scaling,omitempty"`
	// Window is the attention window in tokens; 0 attends to everything.
	Window int `yaml:"sliding_window" json:"sliding_window"`
	// LayerTypes says for each layer whether it has the window (sliding_attention)
	// or attends to everything (full_attention); left out, all have it.
	LayerTypes []string `yaml:"layer_types" json:"layer_types,omitempty"`
	// SlidingTheta is RopeTheta of the layers with the window; 0: the same.
	SlidingTheta float64 `yaml:"sliding_rope_theta" json:"sliding_rope_theta,omitzero"`
	// Context is the longest sequence the finished model promises to read;
	// 0: the sequence length it is trained on.
	Context int `yaml:"max_position_embeddings" json:"max_position_embeddings"`
	// BalanceLoss and ZLoss weigh the router's load-balance loss and z-loss.
	BalanceLoss float64 `yaml:"router_aux_loss_coef" json:"router_aux_loss_coef"`
	ZLoss       float64 `yaml:"router_z_loss_coef" json:"router_z_loss_coef"`
	// BiasRate moves a bias on the choice of experts by that much each step
	// toward experts with less than their share (arXiv:2408.15664); 0 has none, or
	// leaves that of the model to go on from as it is.
	BiasRate float64 `yaml:"router_bias_rate" json:"router_bias_rate"`
	// Capacity drops the rows of an expert beyond Capacity times the even
	// share; 0 drops none.
	Capacity float64 `yaml:"capacity_factor" json:"capacity_factor"`
	// SharedExpertSize is the width of an expert that every token passes.
	SharedExpertSize int `yaml:"shared_expert_intermediate_size" json:"shared_expert_intermediate_size"`
	// OutputZLoss weighs the z-loss of the output logits.
	OutputZLoss float64 `yaml:"z_loss_coef" json:"z_loss_coef"`
	// InitStd is the standard deviation of the matrices at the start.
	InitStd float64 `yaml:"initializer_range" json:"initializer_range"`
	// Vision makes the model see, also one to go on from that does not.
	Vision VisionSpec `yaml:"vision" json:"vision,omitzero"`
}

// LoraSpec is the shape of an adapter (arXiv:2106.09685).
type LoraSpec struct {
	// Rank is the rank of each update; 0 trains no adapter.
	Rank int `yaml:"rank" json:"rank"`
	// Alpha divided by Rank scales the updates, or with RankStable divided by its
	// square root (arXiv:2312.03732). 0: twice the rank.
	Alpha      float64 `yaml:"alpha" json:"alpha"`
	RankStable bool    `yaml:"rank_stable" json:"rank_stable"`
	// Targets are the updated products: q_proj, k_proj, v_proj, o_proj, gate_proj,
	// up_proj, down_proj.
	Targets []string `yaml:"targets" json:"targets"`
}

// DataSpec says what to train on: Shards or Conversations.
type DataSpec struct {
	// Shards is the directory of token shards.
	Shards string `yaml:"shards" json:"shards"`
	// Conversations are files of conversations or texts, see package
	// train/conversation: the assistant's words are learned, as the template of the
	// model to go on from marks them, or the one that new models get.
	Conversations Files `yaml:"conversations" json:"conversations,omitempty"`
	// TooLong says what becomes of a conversation that is longer than a row: "cut"
	// learns from its beginning, "drop" leaves it out.
	TooLong string `yaml:"too_long" json:"too_long,omitempty"`
	// SkipBad leaves out lines of the file that cannot be read, instead of refusing
	// the file.
	SkipBad bool `yaml:"skip_bad" json:"skip_bad,omitempty"`
	// Whole keeps each document of Shards that fits a row in one row, and cuts longer
	// ones into rows and a rest. Otherwise all documents are one stream that is cut
	// into rows anywhere, so that nothing is filled up. Conversations are always whole.
	Whole bool `yaml:"whole" json:"whole,omitempty"`
	// HeldOut is the share of the documents that is never trained on and
	// measures the loss, in [0, 0.5], of stages' own data too.
	HeldOut float64 `yaml:"held_out" json:"held_out"`
}

// BatchSpec is the size of a step.
type BatchSpec struct {
	// Tokens is the number of tokens of an optimizer step: a multiple of
	// Rows x Sequence.
	Tokens int `yaml:"tokens" json:"tokens"`
	// Rows is the number of rows of a microbatch, the unit of one forward and
	// backward pass. It enters the bits, through the load-balance loss.
	Rows int `yaml:"rows" json:"rows"`
	// Sequence is the length of a row in tokens.
	Sequence int `yaml:"sequence" json:"sequence"`
	// Recompute keeps only what enters each layer, and computes the rest again in the
	// backward pass: less memory, a third more work, the same bits.
	Recompute bool `yaml:"recompute" json:"recompute,omitempty"`
}

// Update rules.
const (
	AdamW = "adamw"
	Muon  = "muon"
)

// OptimizerSpec names the rule of each group of parameters. Both rules share
// the learning rate: Muon's update is scaled to the size of AdamW's
// (arXiv:2502.16982, 2.2).
type OptimizerSpec struct {
	// LR is the peak learning rate.
	LR float64 `yaml:"lr" json:"lr"`
	// Beta1, Beta2 and Eps are AdamW's (arXiv:1711.05101).
	Beta1 float64 `yaml:"beta1" json:"beta1"`
	Beta2 float64 `yaml:"beta2" json:"beta2"`
	Eps   float64 `yaml:"eps" json:"eps"`
	// WeightDecay is decoupled; norms and biases have none.
	WeightDecay float64 `yaml:"weight_decay" json:"weight_decay"`
	// Momentum is Muon's, with Nesterov's look-ahead.
	Momentum float64 `yaml:"momentum" json:"momentum"`
	// Iterations is the number of Newton-Schulz iterations of Muon.
	Iterations int `yaml:"iterations" json:"iterations"`
	// The groups. Experts holds the dense feed-forward too. Only Attention and
	// Experts may use Muon; Attention does unless told otherwise, which wins at
	// equal time (docs/LOG.md).
	Embeddings GroupSpec `yaml:"embeddings" json:"embeddings"`
	Head       GroupSpec `yaml:"head" json:"head"`
	Attention  GroupSpec `yaml:"attention" json:"attention"`
	Experts    GroupSpec `yaml:"experts" json:"experts"`
	Router     GroupSpec `yaml:"router" json:"router"`
	Norms      GroupSpec `yaml:"norms" json:"norms"`
	// Vision and Projector are all of the tower and of what follows it, where they
	// differ from AdamW at the common rate. Muon in Vision takes the matrices of its
	// layers.
	Vision    *GroupSpec `yaml:"vision" json:"vision,omitempty"`
	Projector *GroupSpec `yaml:"projector" json:"projector,omitempty"`
}

// GroupSpec is the update rule of one group of parameters.
type GroupSpec struct {
	// Rule is "adamw" or "muon".
	Rule string `yaml:"rule" json:"rule"`
	// Scale multiplies the learning rate.
	Scale float64 `yaml:"scale" json:"scale"`
}

// SetDefaults is AdamW at the common rate.
func (g *GroupSpec) SetDefaults() { *g = GroupSpec{Rule: AdamW, Scale: 1} }

// Kinds of schedule.
const (
	WSD      = "wsd"
	Cosine   = "cosine"
	Constant = "constant"
)

// ScheduleSpec is the learning rate over the steps.
type ScheduleSpec struct {
	// Kind is "wsd" (warmup, stable, linear decay; arXiv:2404.06395),
	// "cosine" or "constant".
	Kind string `yaml:"kind" json:"kind"`
	// Warmup is the number of steps in which the rate rises linearly: no more
	// than the run has.
	Warmup int `yaml:"warmup" json:"warmup"`
	// WarmupShare gives the warmup as a share of all steps, where Warmup is 0 or
	// left out.
	WarmupShare float64 `yaml:"warmup_share" json:"warmup_share,omitzero"`
	// Decay is the share of all steps in which a wsd schedule falls, of all tokens
	// where stages have batches of their own.
	Decay float64 `yaml:"decay" json:"decay"`
	// Floor is the last rate as a share of the peak.
	Floor float64 `yaml:"floor" json:"floor"`
}

// SpikeSpec says which steps are skipped: the data is passed over and the
// weights and the optimizer's state stay as they were. A step whose loss or
// gradient is not finite is always skipped.
type SpikeSpec struct {
	// Window is the number of last good steps that a step is compared with; 0
	// compares with none.
	Window int `yaml:"window" json:"window"`
	// Sigma skips a step whose loss exceeds the window's mean by more than
	// that many standard deviations (and by 0.1 nats at least).
	Sigma float64 `yaml:"sigma" json:"sigma"`
	// Norm skips a step whose gradient norm exceeds that many times the
	// window's largest.
	Norm float64 `yaml:"norm" json:"norm"`
	// MaxSkips is how many steps in a row may be skipped. After that a finite
	// step is taken and the window begins anew; one that is not finite stops
	// the run.
	MaxSkips int `yaml:"max_skips" json:"max_skips"`
}

// EvalSpec measures the held-out loss.
type EvalSpec struct {
	// Every is the number of steps between measurements; 0 measures at the end
	// only.
	Every int `yaml:"every" json:"every"`
	// Rows is the number of held-out rows to measure on; 0 takes all.
	Rows int `yaml:"rows" json:"rows"`
}

// SampleSpec writes text as the model learns.
type SampleSpec struct {
	// Every is the number of steps between samples; 0 writes none but at the
	// end.
	Every int `yaml:"every" json:"every"`
	// Prompts are continued one by one. The model has to have positions for all of
	// each.
	Prompts []string `yaml:"prompts" json:"prompts"`
	// Tokens is the length of each sample.
	Tokens int `yaml:"tokens" json:"tokens"`
	// Temperature divides the logits; 0 always takes the likeliest token.
	Temperature float64 `yaml:"temperature" json:"temperature"`
}

// CheckpointSpec says how often the run is saved.
type CheckpointSpec struct {
	// Every is the number of steps between checkpoints; 0 saves at the end and
	// on interruption only.
	Every int `yaml:"every" json:"every"`
	// Keep is how many checkpoints stay; older ones go after a new one has
	// been read back.
	Keep int `yaml:"keep" json:"keep"`
}

// DefaultRecipe returns the values of the keys that a recipe leaves out.
func DefaultRecipe() *Recipe {
	adamw, muon := GroupSpec{Rule: AdamW, Scale: 1}, GroupSpec{Rule: Muon, Scale: 1}
	return &Recipe{
		Model: ModelSpec{
			RopeTheta: 10000, NormEps: 1e-6, BalanceLoss: 0.01, ZLoss: 0.001, InitStd: 0.02,
		},
		Data:  DataSpec{HeldOut: 0.01},
		Batch: BatchSpec{Tokens: 32768, Rows: 8, Sequence: 1024},
		Optimizer: OptimizerSpec{
			LR: 1e-3, Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.1,
			Momentum: 0.95, Iterations: 5,
			Embeddings: adamw, Head: adamw, Attention: muon,
			Experts: adamw, Router: adamw, Norms: adamw,
		},
		Schedule:   ScheduleSpec{Kind: WSD, Warmup: 100, Decay: usualDecay},
		Clip:       1,
		Spike:      SpikeSpec{Window: 64, Sigma: 8, Norm: 10, MaxSkips: 8},
		Eval:       EvalSpec{Every: 100, Rows: 64},
		Sample:     SampleSpec{Tokens: 64, Temperature: 0.8},
		Checkpoint: CheckpointSpec{Every: 200, Keep: 1},
	}
}

// FinetuneRecipe returns the values of the keys that a recipe leaves out which
// has a section lora, or data.conversations for a model that is there already:
// small steps with AdamW, three epochs, and a twentieth of the data held out.
func FinetuneRecipe(lora bool) *Recipe {
	r := DefaultRecipe()
	adamw := GroupSpec{Rule: AdamW, Scale: 1}
	r.Data = DataSpec{HeldOut: 0.05}
	r.Batch = BatchSpec{Tokens: 8192, Rows: 4, Sequence: 1024}
	r.Optimizer.LR, r.Optimizer.Beta2, r.Optimizer.WeightDecay, r.Optimizer.Attention = 2e-5, 0.999, 0, adamw
	r.Schedule = ScheduleSpec{Kind: Cosine, WarmupShare: 0.05, Floor: 0.1}
	r.Eval, r.Checkpoint = EvalSpec{Every: 50, Rows: 64}, CheckpointSpec{Every: 100, Keep: 1}
	if lora {
		r.Optimizer.LR = 2e-4
		r.Lora = LoraSpec{Rank: 16, Targets: model.AdapterTargets()}
	}
	return r
}

// defaultEpochs is the length of fine-tuning whose recipe does not say.
const defaultEpochs = 3

// Adapter is the shape of the adapter, of rank 0 for none.
func (l *LoraSpec) Adapter() model.AdapterConfig {
	c := model.AdapterConfig{Rank: l.Rank, Alpha: l.Alpha, RankStable: l.RankStable, Targets: l.Targets}
	if c.Alpha == 0 {
		c.Alpha = 2 * float64(c.Rank)
	}
	return c
}

// TotalSteps is the length of the run in optimizer steps, 0 where it is given in
// epochs: Plan.Steps knows it then.
func (r *Recipe) TotalSteps() int { return r.stepsFor(0) }

// stepsFor is the length of the run on data of so many rows an epoch.
func (r *Recipe) stepsFor(rows int64) int {
	if len(r.Stages) > 0 {
		return r.stagedSteps(rows)
	}
	switch per := int64(r.Batch.Tokens); {
	case r.Tokens > 0:
		return int((r.Tokens + per - 1) / per)
	case r.Epochs > 0:
		return int(math.Ceil(r.Epochs * float64(rows) / float64(r.Batch.rowsPerStep())))
	}
	return r.Steps
}

// Microbatches is the number of forward and backward passes of a step.
func (r *Recipe) Microbatches() int {
	return r.Batch.Tokens / (r.Batch.Rows * r.Batch.Sequence)
}

// Hash is the SHA-256 of the recipe with all defaults filled in, in hex.
// Comments and the order of keys in the file do not enter it.
func (r *Recipe) Hash() string {
	sum := sha256.Sum256(r.encode())
	return hex.EncodeToString(sum[:])
}

// encode is the canonical form: JSON in the order of the fields.
func (r *Recipe) encode() []byte {
	b, err := json.Marshal(r)
	if err != nil {
		panic("train: a recipe that JSON cannot hold: " + err.Error())
	}
	return b
}
