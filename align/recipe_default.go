package align

import (
	"github.com/polymath-lm/polymath/align/preference"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/train"
)

// DefaultRecipe returns the values of the keys that a recipe of the method leaves
// out: without an adapter, or with one where the recipe has a section lora. Of an
// unknown method they are those that all methods share.
func DefaultRecipe(method string, lora bool) *Recipe {
	r := &Recipe{
		Method: method, Clip: 1,
		Optimizer:  train.FinetuneRecipe(false).Optimizer,
		Schedule:   train.ScheduleSpec{Kind: train.Constant},
		Batch:      BatchSpec{Rows: 4, Sequence: 1024},
		Checkpoint: train.CheckpointSpec{Every: 50, Keep: 1},
		Sample:     SampleSpec{Answers: 2},
	}
	r.Optimizer.LR = 1e-6
	switch method {
	case Reward, DPO:
		r.setPairDefaults()
	case GRPO, PPO:
		r.setRolloutDefaults()
	}
	if lora {
		r.Optimizer.LR *= 10
		r.Lora = train.LoraSpec{Rank: 16, Targets: model.AdapterTargets()}
	}
	return r
}

// defaultEpochs is the length of a run on pairs whose recipe does not say.
const defaultEpochs = 1

func (r *Recipe) setPairDefaults() {
	r.Batch.Pairs = 32
	r.Preferences.HeldOut, r.Preferences.TooLong = 0.05, preference.Drop
	r.Schedule = train.ScheduleSpec{Kind: train.Cosine, WarmupShare: 0.05, Floor: 0.1}
	r.Eval = EvalSpec{Every: 50, Items: 256}
	if r.Method == Reward {
		r.Optimizer.LR = 1e-5
		r.Reward = RewardModelSpec{Ranking: RankPairs}
		return
	}
	r.DPO = DPOSpec{Loss: Sigmoid, Beta: 0.1}
}

func (r *Recipe) setRolloutDefaults() {
	r.Batch.Prompts = 16
	r.Rollout = RolloutSpec{HeldOut: 0.05, Answers: 1, MaxTokens: 256, Temperature: 1, TopP: 1}
	r.Eval = EvalSpec{Every: 20, Items: 128}
	r.Sample.Every = 10
	if r.Method == GRPO {
		r.Rollout.Answers = 8
		r.GRPO = GRPOSpec{ClipRange: 0.2, KLCoef: 0.04, ScaleRewards: ScaleGroup, Mean: MeanAnswer, Epochs: 1, Minibatches: 1}
		return
	}
	r.Batch.Prompts = 64
	r.PPO = PPOSpec{
		Gamma: 1, Lambda: 0.95, ClipRange: 0.2, ClipRangeValue: 0.2, ValueCoef: 0.1,
		KLCoef: 0.05, KLEstimator: K1, KLHorizon: 10000, WhitenAdvantages: true, Epochs: 4, Minibatches: 1,
	}
}
