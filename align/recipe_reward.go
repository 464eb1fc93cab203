package align

import "github.com/polymath-lm/polymath/train"

// Kinds of reward.
const (
	RewardTask   = "task"   // what the task's grader gives the answer
	RewardModel  = "model"  // a reward model's score
	RewardFormat = "format" // 1 where the answer has the form that is asked for, else 0
	RewardLength = "length" // -1 for an answer of rollout.max_tokens, 0 up to From, linear between (DAPO, arXiv:2503.14476, 3.4)
	RewardSafety = "safety" // what a rubric gives the class of the answer, by the kind of prompt (see package align/rubric)
	// RewardHonesty is 1 for a right answer, 0 for one that says that it is not known, and
	// -t/(1-t) for a wrong one: who is right with more than the probability t gains by
	// answering, and no one else.
	RewardHonesty = "honesty"
	RewardJudge   = "judge" // the points that a model behind an API gives by written criteria, as a share
)

// RewardSpec is one number that judges an answer.
type RewardSpec struct {
	// Kind is one of the constants RewardTask, RewardModel, ...
	Kind string `yaml:"kind" json:"kind"`
	// Name is what the measure "reward/NAME" is called; left out, it is the kind. No
	// two rewards have one name.
	Name string `yaml:"name" json:"name,omitempty"`
	// Weight multiplies it in the sum; 0: it is measured and no more.
	Weight float64 `yaml:"weight" json:"weight"`
	// Tasks are those whose answers it judges, by their names, of rollout.tasks and
	// eval.tasks; an answer to another prompt gains nothing by it. Left out, it judges
	// all answers. So two rewards of one kind may ask for different things.
	Tasks []string `yaml:"tasks" json:"tasks,omitempty"`
	// Constraint puts a multiplier in the place of Weight, which rises until what is
	// asked for holds.
	Constraint *ConstraintSpec `yaml:"constraint" json:"constraint,omitempty"`
	// Model is the directory of the reward model, of the kind model.
	Model string `yaml:"model" json:"model,omitempty"`
	// Ensemble are more of them, which learned apart, for instance from other seeds. The
	// reward is then the mean of what all of them give less Doubt times the deviation
	// between them, after each was brought to a mean of 0 and a deviation of 1 by what
	// its reward.json says (arXiv:2310.02743).
	Ensemble train.Files `yaml:"ensemble" json:"ensemble,omitempty"`
	Doubt    float64     `yaml:"doubt" json:"doubt,omitempty"`
	// Pattern, of the kind format, is a regular expression in Go's syntax that must
	// match somewhere. Ended asks for an answer that max_tokens did not cut off, and
	// MinCharacters and MaxCharacters (0: any number) for one of some length.
	Pattern       string `yaml:"pattern" json:"pattern,omitempty"`
	Ended         bool   `yaml:"ended" json:"ended,omitempty"`
	MinCharacters int    `yaml:"min_characters" json:"min_characters,omitempty"`
	MaxCharacters int    `yaml:"max_characters" json:"max_characters,omitempty"`
	// From, of the kind length, is the number of tokens that cost nothing.
	From int `yaml:"from" json:"from,omitempty"`
	// Rubric, of the kind safety, is the rubric's file; left out, it is the one that
	// the program brings. Rules tell the classes of answers, or the file of a
	// Classifier, or a Judge. Labelled is a file of labelled answers by which it is
	// measured how often they are right, before the first step.
	Rubric     string `yaml:"rubric" json:"rubric,omitempty"`
	Classifier string `yaml:"classifier" json:"classifier,omitempty"`
	Labelled   string `yaml:"labelled" json:"labelled,omitempty"`
	// Confidence, of the kind honesty, is t, from 0 on and below 1; 0 leaves it at 0.75.
	// ConfidenceFrom is the field of a task's rows that has it, where the prompt says how
	// sure to be; rows without one, or with 0, have Confidence.
	Confidence     float64 `yaml:"confidence" json:"confidence,omitempty"`
	ConfidenceFrom string  `yaml:"confidence_from" json:"confidence_from,omitempty"`
	// Judge, of the kinds judge and safety, is the address of a model behind an API,
	// and JudgeModel its name there. What it says is kept in the run's directory, and
	// it is asked once.
	Judge      string `yaml:"judge" json:"judge,omitempty"`
	JudgeModel string `yaml:"judge_model" json:"judge_model,omitempty"`
	// Criteria are what the kind judge gives points for.
	Criteria []CriterionSpec `yaml:"criteria" json:"criteria,omitempty"`
}

// CriterionSpec is one thing that a judge looks for.
type CriterionSpec struct {
	Name string `yaml:"name" json:"name"`
	Text string `yaml:"text" json:"text"`
	// Points are what it gives where it is met in full. Points below zero are taken
	// off for what should not be there.
	Points float64 `yaml:"points" json:"points"`
}

// SetDefaults is a criterion of one point.
func (s *CriterionSpec) SetDefaults() { s.Points = 1 }

// ConstraintSpec asks that a measure hold a bound. The multiplier is the dual variable
// of it: after each step it grows by Rate times what the measure is on the wrong side
// by, or shrinks by that on the right side, and stays between 0 and Max
// (arXiv:2310.12773). It is the measure "multiplier/NAME".
type ConstraintSpec struct {
	// Measure is a measure of the step, such as "share/disallowed"; left out, it is the
	// mean of this reward. A step without it leaves the multiplier as it is.
	Measure string `yaml:"measure" json:"measure,omitempty"`
	// AtMost or AtLeast is the bound.
	AtMost  *float64 `yaml:"at_most" json:"at_most,omitempty"`
	AtLeast *float64 `yaml:"at_least" json:"at_least,omitempty"`
	// Rate is how fast it moves, Start its value before the first step, Max the largest.
	Rate  float64 `yaml:"rate" json:"rate,omitempty"`
	Start float64 `yaml:"start" json:"start,omitempty"`
	Max   float64 `yaml:"max" json:"max,omitempty"`
}

// SetDefaults begins at the weight of other rewards.
func (s *ConstraintSpec) SetDefaults() { s.Rate, s.Start, s.Max = 1, 1, 20 }

// SetDefaults is a reward that counts once.
func (s *RewardSpec) SetDefaults() { s.Weight = 1 }
