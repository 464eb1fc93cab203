package align

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/recipe"
)

func (r *Recipe) checkRewards() error {
	if len(r.Rewards) == 0 {
		return recipe.Bad("rewards", "say what judges the answers, such as  rewards: [{kind: task}]")
	}
	seen := map[string]bool{}
	for i := range r.Rewards {
		s := &r.Rewards[i]
		key := fmt.Sprintf("rewards[%d]", i)
		if err := recipe.Below(key, s.validate(r.Rollout.MaxTokens)); err != nil {
			return err
		}
		if (s.Kind == RewardTask || s.Kind == RewardHonesty) && len(r.Rollout.Tasks) == 0 {
			return recipe.Bad(key+".kind", "only tasks have a grader: name some as rollout.tasks, or use another reward")
		}
		if seen[s.name()] {
			return recipe.Bad(key+".name", "two rewards are called %s: give this one another name", s.name())
		}
		seen[s.name()] = true
	}
	names := make([]string, len(r.Rewards))
	for i := range r.Rewards {
		names[i] = r.Rewards[i].name()
	}
	for i := range r.Rewards {
		if err := recipe.Below(fmt.Sprintf("rewards[%d]", i), r.Rewards[i].checkConstraint(names)); err != nil {
			return err
		}
	}
	return nil
}

// checkJudged refuses a reward for tasks of which no question is asked.
func checkJudged(rewards []RewardSpec, asked ...[]*question) error {
	of := byTask(slices.Concat(asked...))
	for i := range rewards {
		for k, name := range rewards[i].Tasks {
			if len(of[name]) == 0 {
				return recipe.Bad(fmt.Sprintf("rewards[%d].tasks[%d]", i, k), "%s is none of the tasks that are asked: they are %s", name, strings.Join(slices.Sorted(maps.Keys(of)), ", "))
			}
		}
	}
	return nil
}

// name is that of the reward's measure.
func (s *RewardSpec) name() string {
	if s.Name != "" {
		return s.Name
	}
	return s.Kind
}

// rewardKinds are all kinds.
var rewardKinds = []string{RewardTask, RewardModel, RewardFormat, RewardLength, RewardSafety, RewardHonesty, RewardJudge}

// rewardName is what a reward may be called: it is part of a measure's name.
var rewardName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

func (s *RewardSpec) validate(maxTokens int) error {
	if err := oneOf("kind", s.Kind, rewardKinds...); err != nil {
		return err
	}
	if s.Name != "" && !rewardName.MatchString(s.Name) {
		return recipe.Bad("name", "%q is no name of a measure: use letters, digits, _, - and . alone, 64 at most", s.Name)
	}
	for _, key := range []struct {
		name string
		set  bool
		of   []string // the kinds that have it
	}{
		{"model", s.Model != "", []string{RewardModel}},
		{"ensemble", len(s.Ensemble) > 0, []string{RewardModel}},
		{"doubt", s.Doubt != 0, []string{RewardModel}},
		{"pattern", s.Pattern != "", []string{RewardFormat}},
		{"ended", s.Ended, []string{RewardFormat}},
		{"min_characters", s.MinCharacters != 0, []string{RewardFormat}},
		{"max_characters", s.MaxCharacters != 0, []string{RewardFormat}},
		{"from", s.From != 0, []string{RewardLength}},
		{"rubric", s.Rubric != "", []string{RewardSafety}},
		{"classifier", s.Classifier != "", []string{RewardSafety}},
		{"labelled", s.Labelled != "", []string{RewardSafety}},
		{"confidence", s.Confidence != 0, []string{RewardHonesty}},
		{"confidence_from", s.ConfidenceFrom != "", []string{RewardHonesty}},
		{"judge", s.Judge != "", []string{RewardJudge, RewardSafety}},
		{"judge_model", s.JudgeModel != "", []string{RewardJudge, RewardSafety}},
		{"criteria", len(s.Criteria) > 0, []string{RewardJudge}},
	} {
		if key.set && !slices.Contains(key.of, s.Kind) {
			return recipe.Bad(key.name, "a reward of the kind %s has no %s: remove it", s.Kind, key.name)
		}
	}
	return s.checkKind(maxTokens)
}

func (s *RewardSpec) checkKind(maxTokens int) error {
	switch s.Kind {
	case RewardSafety:
		if err := s.checkSafety(); err != nil {
			return err
		}
	case RewardJudge:
		if err := s.checkJudge(); err != nil {
			return err
		}
	}
	switch {
	case s.Kind == RewardModel && s.Model == "":
		return recipe.Bad("model", "name the directory of the reward model")
	case slices.Contains(s.Ensemble, ""):
		return recipe.Bad("ensemble", "a model without a name: remove it")
	case s.Doubt != 0 && len(s.Ensemble) == 0:
		return recipe.Bad("doubt", "one reward model has no deviation: name more as ensemble, or remove it")
	case s.Kind == RewardFormat && s.Pattern == "" && !s.Ended && s.MinCharacters == 0 && s.MaxCharacters == 0:
		return recipe.Bad("pattern", "give the regular expression that answers are to match, or ended, min_characters or max_characters")
	case s.MaxCharacters > 0 && s.MaxCharacters < s.MinCharacters:
		return recipe.Bad("max_characters", "%d is below min_characters, %d: raise it", s.MaxCharacters, s.MinCharacters)
	}
	if _, err := regexp.Compile(s.Pattern); err != nil {
		return recipe.Bad("pattern", "%v", err)
	}
	return cmp.Or(
		recipe.Between("weight", s.Weight, -1e6, 1e6),
		recipe.Between("confidence", s.Confidence, 0, mostConfidence),
		recipe.Between("doubt", s.Doubt, 0, 1000),
		recipe.Between("min_characters", float64(s.MinCharacters), 0, recipe.MaxSize),
		recipe.Between("max_characters", float64(s.MaxCharacters), 0, recipe.MaxSize),
		recipe.Between("from", float64(s.From), 0, float64(maxTokens-1)),
	)
}
