package align

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// ensemble is reward models that learned apart, such as from other seeds. Where they
// disagree nobody knows what an answer is worth, and what pleases one of them alone
// is worth less (Coste et al., Reward Model Ensembles Help Mitigate Overoptimization,
// arXiv:2310.02743). A model's rewards have a zero and a size of their own, so each
// is first brought to a mean of 0 and a deviation of 1 by its RewardStatistics.
type ensemble struct {
	members    []*scored
	statistics []RewardStatistics
	doubt      float64 // taken off for each deviation among the members
}

// score returns the mean of the members' rewards, less doubt times their deviation.
func (e *ensemble) score(ctx context.Context, rollouts []Rollout) ([]float64, error) {
	each := make([][]float64, len(e.members))
	for k, m := range e.members {
		values, err := m.score(ctx, rollouts)
		if err != nil {
			return nil, err
		}
		s := &e.statistics[k]
		for i := range values {
			values[i] = (values[i] - s.Mean) / s.Std
		}
		each[k] = values
	}
	total, list := make([]float64, len(rollouts)), make([]float64, len(e.members))
	for i := range total {
		for k := range each {
			list[k] = each[k][i]
		}
		center, deviation := spread(list)
		total[i] = center - float64(e.doubt*deviation)
	}
	return total, nil
}

// maxStatistics bounds the reward.json that is read.
const maxStatistics = 1 << 16

// ReadRewardStatistics reads reward.json of a reward model's directory. A model
// without one is an error wrapping fs.ErrNotExist; so is, without wrapping it, one that
// holds anything but finite numbers and a deviation above 0.
func ReadRewardStatistics(dir string) (s RewardStatistics, err error) {
	path := filepath.Join(dir, RewardStatisticsFile)
	text, err := atomicfile.ReadSmall(path, maxStatistics)
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("%s: %w", path, err)
	}
	if !finite(s.Mean) || !finite(s.Std) || s.Std <= 0 {
		return s, fmt.Errorf("%s: a mean of %v and a deviation of %v cannot be", path, s.Mean, s.Std)
	}
	return s, nil
}

// models are the directories of the reward models of a reward, by their keys in the
// recipe.
func (s *RewardSpec) models(key string) (keys, dirs []string) {
	keys, dirs = []string{key + ".model"}, []string{s.Model}
	for i, dir := range s.Ensemble {
		keys, dirs = append(keys, fmt.Sprintf("%s.ensemble[%d]", key, i)), append(dirs, dir)
	}
	return keys, dirs
}

// checkEnsemble refuses models that cannot be brought to a common size.
func (s *RewardSpec) checkEnsemble(key string) error {
	if len(s.Ensemble) == 0 {
		return nil
	}
	keys, dirs := s.models(key)
	for i, dir := range dirs {
		if _, err := ReadRewardStatistics(dir); errors.Is(err, fs.ErrNotExist) {
			return recipe.Bad(keys[i], "%s has no %s, which says how large its rewards are: train it with preferences.held_out", dir, RewardStatisticsFile)
		} else if err != nil {
			return fmt.Errorf("%s: %w", keys[i], err)
		}
	}
	return nil
}

// newEnsemble makes one of models that were opened.
func (s *RewardSpec) newEnsemble(members []*scored) (*ensemble, error) {
	e := &ensemble{members: members, doubt: s.Doubt}
	_, dirs := s.models("")
	for _, dir := range dirs {
		statistics, err := ReadRewardStatistics(dir)
		if err != nil {
			return nil, err
		}
		e.statistics = append(e.statistics, statistics)
	}
	return e, nil
}
