package align

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// judgeHash identifies what a step hangs on beside the policy and no checkpoint holds:
// the models of rewards, the files that these go by, and what a critic begins as. It is
// "" where there is nothing.
func (r *Run) judgeHash(ctx context.Context) (string, error) {
	all := slices.Clone(r.sources)
	add := func(key, path string) error {
		hash, err := parentHash(ctx, path)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		all = append(all, hash)
		return nil
	}
	for i := range r.recipe.Rewards {
		s := &r.recipe.Rewards[i]
		if s.Kind != RewardModel {
			continue
		}
		keys, dirs := s.models(fmt.Sprintf("rewards[%d]", i))
		for k := range dirs {
			if err := add(keys[k], dirs[k]); err != nil {
				return "", err
			}
		}
	}
	if path := r.recipe.criticPath(); r.recipe.Method == PPO && path != r.recipe.Model {
		if err := add("ppo.critic", path); err != nil {
			return "", err
		}
	}
	if len(all) == 0 {
		return "", nil
	}
	sum := sha256.Sum256([]byte(strings.Join(all, "\n")))
	return hex.EncodeToString(sum[:]), nil
}
