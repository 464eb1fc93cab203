package align

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/polymath-lm/polymath/train"
)

// Methods. Learning from conversations, the stage before them, is package train's
// own fine-tuning.
const (
	Reward = "reward" // a reward model, from comparisons of answers (Bradley and Terry)
	DPO    = "dpo"    // the policy itself, from comparisons (arXiv:2305.18290)
	GRPO   = "grpo"   // the policy, from rewards compared within a group of answers (arXiv:2402.03300)
	PPO    = "ppo"    // the policy and a critic, from rewards (arXiv:1707.06347)
)

// Methods lists them in the order in which they are used.
func Methods() []string { return []string{Reward, DPO, GRPO, PPO} }

// Recipe is everything that determines a run. It is read from one YAML file by
// ReadRecipe; DefaultRecipe gives the value of each key that the file leaves out.
// All paths are relative to the working directory.
type Recipe struct {
	// Method is one of Methods. The file does not say it: who reads the file does.
	Method string `yaml:"-" json:"method"`
	// Name is the title of the run page.
	Name string `yaml:"name" json:"name"`
	// Seed starts new heads and adapters, the order of the data and what is drawn
	// in rollouts.
	Seed uint64 `yaml:"seed" json:"seed"`
	// Model is the policy to go on from, or the model that a reward model begins
	// as: a directory or a GGUF file.
	Model string `yaml:"model" json:"model"`
	// Reference is the policy that dpo, grpo and ppo stay close to. Left out, it is
	// Model.
	Reference string `yaml:"reference" json:"reference,omitempty"`
	// Lora trains an adapter on Model, and none of its weights.
	Lora train.LoraSpec `yaml:"lora" json:"lora,omitzero"`
	// Preferences is what reward and dpo learn from.
	Preferences PreferencesSpec `yaml:"preferences" json:"preferences,omitzero"`
	// Rollout is what grpo and ppo ask the policy, and how it answers.
	Rollout RolloutSpec `yaml:"rollout" json:"rollout,omitzero"`
	// Rewards judge the answers in grpo and ppo. The reward of an answer is their
	// weighted sum.
	Rewards []RewardSpec `yaml:"rewards" json:"rewards,omitempty"`
	// The constants of each method: the section of another one is refused.
	Reward RewardModelSpec `yaml:"reward" json:"reward,omitzero"`
	DPO    DPOSpec         `yaml:"dpo" json:"dpo,omitzero"`
	GRPO   GRPOSpec        `yaml:"grpo" json:"grpo,omitzero"`
	PPO    PPOSpec         `yaml:"ppo" json:"ppo,omitzero"`
	// Batch is the size of a step and of its microbatches.
	Batch BatchSpec `yaml:"batch" json:"batch"`
	// Steps is the length of the run. Epochs gives it in passes over the pairs of
	// reward and dpo instead, rounded up to whole steps.
	Steps  int     `yaml:"steps" json:"steps"`
	Epochs float64 `yaml:"epochs" json:"epochs,omitzero"`
	// Optimizer, Schedule and Clip, the largest global norm of a gradient, are as in
	// a recipe of package train. The rate is a function of the step, the same for
	// all updates within one.
	Optimizer train.OptimizerSpec `yaml:"optimizer" json:"optimizer"`
	Schedule  train.ScheduleSpec  `yaml:"schedule" json:"schedule"`
	Clip      float64             `yaml:"clip" json:"clip"`
	// Eval measures on what is held out.
	Eval EvalSpec `yaml:"eval" json:"eval"`
	// Sample records answers in full.
	Sample SampleSpec `yaml:"sample" json:"sample"`
	// Checkpoint says how often the run is saved.
	Checkpoint train.CheckpointSpec `yaml:"checkpoint" json:"checkpoint"`
}

// BatchSpec is the size of a step.
type BatchSpec struct {
	// Pairs is how many comparisons a step of reward or dpo learns from.
	Pairs int `yaml:"pairs" json:"pairs,omitempty"`
	// Prompts is how many prompts a step of grpo or ppo has answered, each
	// rollout.answers times.
	Prompts int `yaml:"prompts" json:"prompts,omitempty"`
	// Rows and Sequence bound a microbatch, the unit of one forward and backward
	// pass: rows of that many tokens, into which whole conversations are packed. A
	// conversation longer than Sequence does not fit.
	Rows     int `yaml:"rows" json:"rows"`
	Sequence int `yaml:"sequence" json:"sequence"`
	// Recompute keeps only what enters each layer, and computes the rest again in the
	// backward pass: less memory, more work, the same bits.
	Recompute bool `yaml:"recompute" json:"recompute,omitempty"`
}

// EvalSpec measures on what is held out.
type EvalSpec struct {
	// Every is the number of steps between measurements; 0 measures at the end only.
	Every int `yaml:"every" json:"every"`
	// Items is how many pairs or prompts are measured on; 0 takes all.
	Items int `yaml:"items" json:"items"`
	// Tasks are further tasks that grpo and ppo measure on, as in rollout.tasks, such
	// as longer problems than those that are trained on.
	Tasks []string `yaml:"tasks" json:"tasks,omitempty"`
	// Samples is how many answers grpo and ppo draw of each item, beside the one
	// without chance, for the majority's answer and the one that the rewards like
	// best; 0 draws none.
	Samples int `yaml:"samples" json:"samples,omitempty"`
}

// SampleSpec records answers in full, for people to read.
type SampleSpec struct {
	// Every is the number of steps between records; 0 writes none.
	Every int `yaml:"every" json:"every"`
	// Answers is how many of the step's answers are recorded.
	Answers int `yaml:"answers" json:"answers"`
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
		panic("align: a recipe that JSON cannot hold: " + err.Error())
	}
	return b
}
