package align

import (
	"cmp"

	"github.com/polymath-lm/polymath/internal/recipe"
)

// mostUpdates bounds how often a step's answers are learned from.
const mostUpdates = 1 << 16

func (s *RewardModelSpec) validate() error {
	if err := oneOf("reward.ranking", s.Ranking, RankPairs, RankPlackettLuce); err != nil {
		return err
	}
	return cmp.Or(
		recipe.Between("reward.score_margin", s.ScoreMargin, 0, 1e6),
		recipe.Between("reward.center_rewards_coefficient", s.Centering, 0, 100),
	)
}

func (s *DPOSpec) validate() error {
	if err := oneOf("dpo.loss", s.Loss, Sigmoid, IPO); err != nil {
		return err
	}
	if s.Loss == IPO && s.LabelSmoothing != 0 {
		return recipe.Bad("dpo.label_smoothing", "the loss ipo has no label smoothing: remove it, or use %s", Sigmoid)
	}
	return cmp.Or(
		recipe.Between("dpo.beta", s.Beta, 1e-6, 1000),
		recipe.Between("dpo.label_smoothing", s.LabelSmoothing, 0, 0.49),
	)
}

func (s *GRPOSpec) validate() error {
	if err := cmp.Or(
		oneOf("grpo.mean", s.Mean, MeanAnswer, MeanToken, MeanLength),
		oneOf("grpo.scale_rewards", s.ScaleRewards, ScaleGroup, ScaleBatch, ScaleNone),
	); err != nil {
		return err
	}
	if s.ClipRangeHigh != 0 && s.ClipRangeHigh < s.ClipRange {
		return recipe.Bad("grpo.clip_range_high", "%v is below clip_range, %v: raise it, or remove it for the same bound", s.ClipRangeHigh, s.ClipRange)
	}
	return cmp.Or(
		recipe.Between("grpo.clip_range", s.ClipRange, 1e-6, below1),
		recipe.Between("grpo.clip_range_high", s.ClipRangeHigh, 0, 1000),
		recipe.Between("grpo.kl_coef", s.KLCoef, 0, 1000),
		recipe.Between("grpo.entropy_coef", s.EntropyCoef, -1000, 1000),
		recipe.Between("grpo.dynamic_sampling", float64(s.DynamicSampling), 0, mostUpdates),
		recipe.Between("grpo.num_epochs", float64(s.Epochs), 1, mostUpdates),
		recipe.Between("grpo.num_minibatches", float64(s.Minibatches), 1, mostUpdates),
	)
}

func (s *PPOSpec) validate() error {
	if err := oneOf("ppo.kl_estimator", s.KLEstimator, K1, K2, K3); err != nil {
		return err
	}
	if s.KLTarget > 0 && s.KLCoef == 0 {
		return recipe.Bad("ppo.kl_target", "it moves kl_coef, which is 0 and stays so: give kl_coef a value to begin with")
	}
	return cmp.Or(
		recipe.Between("ppo.critic_lr", s.CriticLR, 0, 10),
		recipe.Between("ppo.gamma", s.Gamma, 0, 1),
		recipe.Between("ppo.lambda", s.Lambda, 0, 1),
		recipe.Between("ppo.clip_range", s.ClipRange, 1e-6, below1),
		recipe.Between("ppo.clip_range_value", s.ClipRangeValue, 1e-6, 1e6),
		recipe.Between("ppo.vf_coef", s.ValueCoef, 0, 1000),
		recipe.Between("ppo.entropy_coef", s.EntropyCoef, -1000, 1000),
		recipe.Between("ppo.kl_coef", s.KLCoef, 0, 1000),
		recipe.Between("ppo.kl_target", s.KLTarget, 0, 1e6),
		recipe.Between("ppo.kl_horizon", s.KLHorizon, 1, 1e12),
		recipe.Between("ppo.target_kl", s.TargetKL, 0, 1e6),
		recipe.Between("ppo.missing_eos_penalty", s.MissingEnd, 0, 1e6),
		recipe.Between("ppo.num_epochs", float64(s.Epochs), 1, mostUpdates),
		recipe.Between("ppo.num_minibatches", float64(s.Minibatches), 1, mostUpdates),
	)
}
