package align

import (
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/recipe"
)

// uses lists what each key that not every method has is for.
var uses = []struct {
	key     string
	methods []string
}{
	{"preferences", []string{Reward, DPO}},
	{"epochs", []string{Reward, DPO}},
	{"batch.pairs", []string{Reward, DPO}},
	{"rollout", []string{GRPO, PPO}},
	{"rewards", []string{GRPO, PPO}},
	{"batch.prompts", []string{GRPO, PPO}},
	{"eval.tasks", []string{GRPO, PPO}},
	{"eval.samples", []string{GRPO, PPO}},
	{"sample", []string{GRPO, PPO}},
	{"reference", []string{DPO, GRPO, PPO}},
	{"reward", []string{Reward}},
	{"dpo", []string{DPO}},
	{"grpo", []string{GRPO}},
	{"ppo", []string{PPO}},
}

// foreignKeys lists the keys that a method does not have.
func foreignKeys(method string) []string {
	var keys []string
	for _, use := range uses {
		if !slices.Contains(use.methods, method) {
			keys = append(keys, use.key)
		}
	}
	return keys
}

// foreign says what a key of another method is for.
func foreign(method, key string) error {
	for _, use := range uses {
		if use.key == key {
			return recipe.Bad(key, "%s is for %s, and this is a recipe for %s: remove it", key, strings.Join(use.methods, " and "), method)
		}
	}
	return nil
}
