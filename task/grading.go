package task

import "context"

// A Grader judges the answers of one task. Goroutines may share it.
type Grader interface {
	// Grade judges one answer to the item. An error says that the answer could
	// not be judged; that an answer is wrong or makes no sense is a Verdict.
	Grade(ctx context.Context, item *Item, answer string) (Verdict, error)
}

// Verdict is what a grader found.
type Verdict struct {
	// Score is 0 to 1. Right says that the answer counts as right where a yes or
	// no is needed.
	Score float64 `json:"score"`
	Right bool    `json:"right"`
	// Extracted is what was taken for the answer.
	Extracted string `json:"extracted,omitempty"`
	// Abstained says that the answer declines to answer.
	Abstained bool `json:"abstained,omitempty"`
	// Why says in a few words why, where that is not plain to see: "no number",
	// a test's failure, the reason of a judge.
	Why string `json:"why,omitempty"`
}

// Extract says where in a text the answer stands. All graders of texts have it.
type Extract struct {
	// After are texts after the last of which the answer begins, such as "####" or
	// "The answer is"; the first that is there counts. Without any, the whole text is looked at.
	After []string `yaml:"after"`
	// Pattern is a regular expression whose first group, in its last match, is the answer.
	Pattern string `yaml:"pattern"`
	// Line takes the first line only, as a base model goes on with a next question.
	Line bool `yaml:"line"`
	// Abstain are patterns of answers that decline, such as "(?i)^i don't know".
	Abstain []string `yaml:"abstain"`
}

// Normal says what does not count when texts are compared.
type Normal struct {
	Case        bool `yaml:"case"`        // capital letters are small ones
	Punctuation bool `yaml:"punctuation"` // punctuation is left out
	Articles    bool `yaml:"articles"`    // a, an and the are left out
	Space       bool `yaml:"space"`       // any white space is one space
}

// Exact compares with the accepted answers as texts. Contains is right where the
// text holds one of them as whole words.
type Exact struct {
	Extract  Extract `yaml:"extract"`
	Normal   Normal  `yaml:"normal"`
	Contains bool    `yaml:"contains"`
}

// Numeric compares numbers: 1,234.50 and 1234.5 are equal, and so are 50% and
// 0.5 if Percent says so.
type Numeric struct {
	Extract   Extract `yaml:"extract"`
	Tolerance float64 `yaml:"tolerance"` // relative
	Percent   bool    `yaml:"percent"`
}

// Math compares answers in LaTeX by their value: \frac{1}{2}, 0.5 and 1/2 are
// equal (Hendrycks et al., arXiv:2103.03874).
type Math struct {
	Extract Extract `yaml:"extract"`
}

// F1 is the overlap of words with the best accepted answer (SQuAD: Rajpurkar et
// al., arXiv:1606.05250, 5). Numbers must agree where Drop is set (DROP: Dua et al.,
// arXiv:1903.00161).
type F1 struct {
	Extract Extract `yaml:"extract"`
	Drop    bool    `yaml:"drop"`
}

// Regex is right where the pattern, a template over the row, matches.
type Regex struct {
	Pattern string `yaml:"pattern"`
}

// Set compares sets of answers, whatever their order; the score is their F1 and
// only an equal set is right.
type Set struct {
	Extract   Extract `yaml:"extract"`
	Normal    Normal  `yaml:"normal"`
	Separator string  `yaml:"separator"` // default: comma
}

// Letter takes the letter of a choice out of a text.
type Letter struct {
	Extract Extract `yaml:"extract"`
}

// Code runs what the model wrote with tests.
type Code struct {
	// Language is python or go.
	Language string `yaml:"language"`
	// Program is the template of the file that is run, with {{.answer}} what the
	// model wrote and {{.prompt}} what it continues.
	Program string `yaml:"program"`
	// Timeout in seconds; default 10.
	Timeout float64 `yaml:"timeout"`
}

// Rubric has a judge, a model or a person, give points for each criterion.
type Rubric struct {
	Criteria []Criterion `yaml:"criteria"`
	// Pass is the score from which an answer is right; default 0.5.
	Pass float64 `yaml:"pass"`
}

// Criterion is one thing that a judge looks for.
type Criterion struct {
	Name   string  `yaml:"name"`
	Text   string  `yaml:"text"` // a template over the row
	Points float64 `yaml:"points"`
}
