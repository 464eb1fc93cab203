package align

import "github.com/polymath-lm/polymath/train"

// PreferencesSpec is a set of comparisons, see package align/preference.
type PreferencesSpec struct {
	// Files hold the comparisons.
	Files train.Files `yaml:"files" json:"files,omitempty"`
	// HeldOut is the share of the prompts whose pairs are never trained on and
	// measure, in [0, 0.5].
	HeldOut float64 `yaml:"held_out" json:"held_out"`
	// TooLong says what becomes of a comparison of which a prompt with an answer is
	// longer than batch.sequence: "drop" leaves it out, "cut" leaves out the beginning
	// of its prompt.
	TooLong string `yaml:"too_long" json:"too_long,omitempty"`
	// SkipBad leaves out lines that cannot be read, instead of refusing the file.
	SkipBad bool `yaml:"skip_bad" json:"skip_bad,omitempty"`
}

// RolloutSpec is what the policy is asked, and how it answers.
type RolloutSpec struct {
	// Tasks are names of tasks that the program has, or YAML files of such.
	Tasks []string `yaml:"tasks" json:"tasks,omitempty"`
	// Items is how many items of a task are asked, by the task's name: a sample, in
	// which chance has no part. Of a task that is left out all are. A step has of each
	// task as many prompts as the tasks have items.
	Items map[string]int `yaml:"items" json:"items,omitempty"`
	// Prompts are files of conversations, see package train/conversation: the policy
	// answers where the assistant's last message stands.
	Prompts train.Files `yaml:"prompts" json:"prompts,omitempty"`
	// HeldOut is the share of the items that is never trained on and measures, in
	// [0, 0.5]. Prompts that begin with the same message of the user, as those of one
	// dialogue do, or have the same "group", are on one side.
	HeldOut float64 `yaml:"held_out" json:"held_out"`
	// Answers is how many answers are drawn for each prompt.
	Answers int `yaml:"answers" json:"answers"`
	// MaxTokens is the longest answer.
	MaxTokens int `yaml:"max_tokens" json:"max_tokens"`
	// Temperature divides the logits and TopP keeps the likeliest tokens of that
	// share of the probability. What is learned is the policy's own distribution: at
	// temperature 1 and top_p 1 the answers are drawn from it.
	Temperature float64 `yaml:"temperature" json:"temperature"`
	TopP        float64 `yaml:"top_p" json:"top_p"`
}

// Losses of rankings.
const (
	RankPairs        = "pairs"         // the mean over all pairs (Bradley and Terry; arXiv:2203.02155, equation 1)
	RankPlackettLuce = "plackett-luce" // the probability of the order (Plackett and Luce; arXiv:2305.18290, A.3)
)

// RewardModelSpec are the constants of learning a reward model.
type RewardModelSpec struct {
	// Ranking is the loss of rankings of more than two answers, "pairs" or
	// "plackett-luce". The latter has no margins, rankings with ties are pairs, and a
	// microbatch must be as large as a whole ranking.
	Ranking string `yaml:"ranking" json:"ranking"`
	// ScoreMargin times the difference of two answers' scores is added to the margin
	// by which the better one's reward is to be higher. A margin that the data itself
	// gives always counts.
	ScoreMargin float64 `yaml:"score_margin" json:"score_margin"`
	// Centering weighs the square of the sum of a pair's two rewards, which keeps
	// their mean near 0 (arXiv:2312.09244); 0 leaves it where it goes.
	Centering float64 `yaml:"center_rewards_coefficient" json:"center_rewards_coefficient"`
}

// Losses of direct preference optimization.
const (
	Sigmoid = "sigmoid"
	IPO     = "ipo"
)

// DPOSpec are the constants of direct preference optimization.
type DPOSpec struct {
	// Loss is "sigmoid" (arXiv:2305.18290) or "ipo" (arXiv:2310.12036).
	Loss string `yaml:"loss" json:"loss"`
	// Beta is how dear it is to leave the reference.
	Beta float64 `yaml:"beta" json:"beta"`
	// LabelSmoothing is the share of comparisons that are taken to be the wrong way
	// round, in [0, 0.5), with the loss sigmoid (conservative DPO).
	LabelSmoothing float64 `yaml:"label_smoothing" json:"label_smoothing"`
}

// Ways to average the loss over tokens.
const (
	MeanAnswer = "answer"   // over the tokens of an answer, then over the answers (arXiv:2402.03300)
	MeanToken  = "token"    // over all tokens of the step (DAPO, arXiv:2503.14476)
	MeanLength = "constant" // the sum by rollout.max_tokens, then over the answers (Dr. GRPO, arXiv:2503.20783)
)

// Scales of the advantages of GRPO.
const (
	ScaleGroup = "group" // the deviation of a prompt's answers (arXiv:2402.03300)
	ScaleBatch = "batch" // that of all answers of a step (arXiv:2508.08221)
	ScaleNone  = "none"  // 1 (Dr. GRPO, arXiv:2503.20783)
)

// GRPOSpec are the constants of group relative policy optimization.
type GRPOSpec struct {
	// ClipRange bounds the change of a token's probability in one step, as a ratio;
	// ClipRangeHigh is the bound upward where it is another, 0: the same.
	ClipRange     float64 `yaml:"clip_range" json:"clip_range"`
	ClipRangeHigh float64 `yaml:"clip_range_high" json:"clip_range_high"`
	// KLCoef weighs the divergence from the reference in the loss; 0 needs no
	// reference.
	KLCoef float64 `yaml:"kl_coef" json:"kl_coef"`
	// EntropyCoef weighs the entropy of the policy, which is raised.
	EntropyCoef float64 `yaml:"entropy_coef" json:"entropy_coef"`
	// ScaleRewards divides the advantages by the standard deviation of the rewards of the
	// "group", of all answers of the step ("batch"), or not ("none"). By the group, as much
	// is learned of every prompt, however little its answers differ by.
	ScaleRewards string `yaml:"scale_rewards" json:"scale_rewards"`
	// Mean says how the loss is averaged: "answer", "token" or "constant".
	Mean string `yaml:"mean" json:"mean"`
	// DynamicSampling leaves out the prompts whose answers all have the same reward,
	// of which nothing is learned, and asks others in their place, so many times at
	// most in a step (DAPO, arXiv:2503.14476, 3.2). 0: they stay.
	DynamicSampling int `yaml:"dynamic_sampling" json:"dynamic_sampling"`
	// Epochs is how often a step's answers are learned from, and Minibatches the
	// number of updates each time.
	Epochs      int `yaml:"num_epochs" json:"num_epochs"`
	Minibatches int `yaml:"num_minibatches" json:"num_minibatches"`
}

// Estimators of the divergence from log-probabilities alone.
const (
	K1 = "k1" // log p - log q
	K2 = "k2" // half its square
	K3 = "k3" // q/p - 1 - log q/p
)

// PPOSpec are the constants of proximal policy optimization.
type PPOSpec struct {
	// Critic is the model that the critic begins as. Left out, it is the first reward
	// model that counts, or the policy with a new head where there is none.
	Critic string `yaml:"critic" json:"critic,omitempty"`
	// CriticLR is the critic's peak learning rate; 0: optimizer.lr.
	CriticLR float64 `yaml:"critic_lr" json:"critic_lr"`
	// Gamma discounts later rewards and Lambda weighs longer estimates of an
	// advantage (GAE, arXiv:1506.02438).
	Gamma  float64 `yaml:"gamma" json:"gamma"`
	Lambda float64 `yaml:"lambda" json:"lambda"`
	// ClipRange bounds the change of a token's probability in one step, as a ratio,
	// and ClipRangeValue that of the critic's value.
	ClipRange      float64 `yaml:"clip_range" json:"clip_range"`
	ClipRangeValue float64 `yaml:"clip_range_value" json:"clip_range_value"`
	// ValueCoef weighs the critic's loss.
	ValueCoef float64 `yaml:"vf_coef" json:"vf_coef"`
	// EntropyCoef weighs the entropy of the policy, which is raised.
	EntropyCoef float64 `yaml:"entropy_coef" json:"entropy_coef"`
	// KLCoef weighs the divergence from the reference, taken from each token's
	// reward by the estimator KLEstimator: "k1", "k2" or "k3".
	KLCoef      float64 `yaml:"kl_coef" json:"kl_coef"`
	KLEstimator string  `yaml:"kl_estimator" json:"kl_estimator"`
	// KLTarget moves KLCoef so that the divergence of an answer comes to it, over
	// KLHorizon answers (arXiv:1909.08593, 2.2); 0 leaves KLCoef as it is.
	KLTarget  float64 `yaml:"kl_target" json:"kl_target"`
	KLHorizon float64 `yaml:"kl_horizon" json:"kl_horizon"`
	// TargetKL ends a step's updates once the policy is further than that, in nats of
	// a token, from where the step began; 0 never does.
	TargetKL float64 `yaml:"target_kl" json:"target_kl"`
	// ScaleRewards divides the rewards of answers by their deviation over the run so
	// far, so that their size does not matter.
	ScaleRewards bool `yaml:"scale_rewards" json:"scale_rewards"`
	// WhitenRewards and WhitenAdvantages bring them to a deviation of 1 in a step,
	// the advantages to a mean of 0 too.
	WhitenRewards    bool `yaml:"whiten_rewards" json:"whiten_rewards"`
	WhitenAdvantages bool `yaml:"whiten_advantages" json:"whiten_advantages"`
	// MissingEnd is taken from the reward of an answer that max_tokens cut off.
	MissingEnd float64 `yaml:"missing_eos_penalty" json:"missing_eos_penalty"`
	// Epochs is how often a step's answers are learned from, and Minibatches the
	// number of updates each time.
	Epochs      int `yaml:"num_epochs" json:"num_epochs"`
	Minibatches int `yaml:"num_minibatches" json:"num_minibatches"`
}
