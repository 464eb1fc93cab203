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
	// Judge is what a judge of a rubric said, as it was.
	Judge string `json:"judge,omitempty"`
	// Shares are counts of the answer that are summed over the items: the metric of
	// the name is the sum of the parts by the sum of the wholes.
	Shares []Share `json:"shares,omitempty"`
}

// Share is a part of a whole: 5 of 6 facts true, 2 wrong characters of 24.
type Share struct {
	Name  string `json:"name"`
	Part  int    `json:"part"`
	Whole int    `json:"whole"`
	// Lower says that less is better.
	Lower bool `json:"lower_is_better,omitempty"`
}

// Extract says where in a text the answer stands. All graders of texts have it.
// Texts are compared without the white space around them.
type Extract struct {
	// After are texts after the last of which the answer begins, such as "####" or
	// "The answer is", whatever the case of their letters; the first that is there
	// counts. Without any, the whole text is looked at.
	After []string `yaml:"after"`
	// Line takes the first line that is not empty, as a base model goes on with a
	// next question.
	Line bool `yaml:"line"`
	// Pattern is a regular expression (RE2) whose first group, in its last match, is
	// the answer; a text without a match has none.
	Pattern string `yaml:"pattern"`
	// Abstain are patterns of answers that decline, such as "(?i)^i don't know".
	Abstain []string `yaml:"abstain"`
}

// Normal says what does not count when texts are compared. Composed and
// decomposed characters are equal in any case.
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
// 0.5 if Percent says so; else a percent sign does not count. The number is the
// first one after Extract.After; else that in \boxed, else the last one of the
// text, as is usual for GSM8K (Cobbe et al., arXiv:2110.14168).
type Numeric struct {
	Extract   Extract `yaml:"extract"`
	Tolerance float64 `yaml:"tolerance"` // relative to the accepted answer
	Percent   bool    `yaml:"percent"`
}

// Math compares answers in LaTeX by their value: \frac{1}{2}, 0.5 and 1/2 are
// equal (Hendrycks et al., arXiv:2103.03874). The answer is what the last \boxed
// holds; without one, what follows Extract.After, or "the answer is", or the last
// formula in dollar signs.
type Math struct {
	Extract Extract `yaml:"extract"`
	// Tolerance is the relative difference that two numbers may have, for measured
	// quantities; default 0: equal means equal.
	Tolerance float64 `yaml:"tolerance"`
}

// F1 is the overlap of words with the best accepted answer; what equals one
// counts as right (SQuAD: Rajpurkar et al., arXiv:1606.05250, 5). With Drop, words
// are sets and numbers must agree (DROP: Dua et al., arXiv:1903.00161).
type F1 struct {
	Extract Extract `yaml:"extract"`
	Drop    bool    `yaml:"drop"`
	// Separator, with Drop, stands between the spans of which an answer, accepted
	// or given, may have several; default: it has one.
	Separator string `yaml:"separator"`
}

// Regex is right where the pattern (RE2), a template over the row, matches.
type Regex struct {
	Extract Extract `yaml:"extract"`
	Pattern string  `yaml:"pattern"`
}

// Set compares sets of answers, whatever their order; the score is their F1 and
// only an equal set is right.
type Set struct {
	Extract   Extract `yaml:"extract"`
	Normal    Normal  `yaml:"normal"`
	Separator string  `yaml:"separator"` // default: comma
	// Each is a regular expression (RE2) whose matches in an answer, given or
	// accepted, are its elements, in place of what Separator parts: "[A-E]" for "ABD".
	Each string `yaml:"each"`
}

// SetDefaults sets the values of the keys that a file leaves out.
func (s *Set) SetDefaults() { s.Separator = "," }

// Letter takes the letter of a choice out of a text.
type Letter struct {
	Extract Extract `yaml:"extract"`
	// Number is how many choices there are; default: as many as the item has, and
	// 26 where they stand in its prompt.
	Number int `yaml:"number"`
}

// Code runs what the model wrote with tests.
type Code struct {
	// Language is python or go.
	Language string `yaml:"language"`
	// Program is the template of the file that is run, over the row with {{.answer}},
	// the code that the model wrote, and {{.prompt}}, what it continues: the item's
	// prompt where the row has no such field.
	Program string `yaml:"program"`
	// Tests, of Python, is the template of what runs in a process of its own, which the
	// code of Program can neither see nor change: it calls the functions that Program
	// defines and gets their results as values. Where it is empty, Program has the
	// tests and code may be made to pass them.
	Tests string `yaml:"tests"`
	// Continues says that the answer goes on inside of the function with which the
	// prompt ends. It is cut where that function does. Where it is a whole function
	// instead, as chat models write, {{.prompt}} is without what that replaces.
	Continues bool `yaml:"continues"`
	// Timeout in seconds of processor time; default 10. Waiting, a program may take
	// three times as long.
	Timeout float64 `yaml:"timeout"`
}

// SetDefaults sets the values of the keys that a file leaves out.
func (c *Code) SetDefaults() { c.Timeout = 10 }

// Characters counts the characters that must be put in, left out or exchanged to
// make the accepted answer of the text, by the number of its characters: the
// character error rate. The score is what it leaves of 1, and only a text without
// errors is right. Of several accepted answers the nearest counts.
type Characters struct {
	Extract Extract `yaml:"extract"`
	Normal  Normal  `yaml:"normal"`
}

// Scene compares the sentences of a description with what a picture shows, of
// package picture/draw. The score is the harmonic mean of two shares: of the stated
// facts that are true, and of the objects that true facts name with color and shape.
type Scene struct {
	Extract Extract `yaml:"extract"`
	// Shown is the template of the facts of the picture in JSON, as draw.Facts.
	Shown string `yaml:"shown"`
	// Facts and Objects are the shares from which an answer is right.
	Facts   float64 `yaml:"facts"`
	Objects float64 `yaml:"objects"`
}

// SetDefaults sets the values of the keys that a file leaves out.
func (s *Scene) SetDefaults() { s.Facts, s.Objects = 0.85, 0.7 }

// Safety tells by the rules of package align/rubric whether an answer refuses, and
// in which style, answers, or holds what is disallowed. The score is what that is worth
// to a prompt of its kind, as a share of the range of the rubric's rewards; right is
// what is worth most.
type Safety struct {
	// Kind is the template of what the prompt is: harmful, lookalike or sensitive.
	Kind string `yaml:"kind"`
}

// Instructions counts which of the constraints of package task/constraint an answer
// meets. The score is the share that it meets strictly; right is who meets all. What is
// met loosely is counted besides.
type Instructions struct {
	// Constraints is the template of their list in JSON, as constraint.Parse reads it.
	Constraints string `yaml:"constraints"`
}

// Grounded looks whether each statement of an answer is supported by a text, as package
// align/grounding has it. Right is an answer to a question that can be answered, all of
// whose statements are supported, and which supports as much of the accepted answer as
// Covered says. An answer that says nothing but that there is no answer, or that it is
// not known, abstains and is never right, also where the accepted answer says so too:
// then there is nothing to be right about.
type Grounded struct {
	// Source is the template of the text, which may give nothing: then nothing is
	// supported.
	Source string `yaml:"source"`
	// Subject and Attribute are the templates of what was asked, of package task/world:
	// an answer that is a value alone, such as "a baker", is a statement with these.
	Subject   string `yaml:"subject"`
	Attribute string `yaml:"attribute"`
	// Checker is world, which reads texts and answers exactly that are in the forms of
	// package task/world, or judge, who is asked of each statement.
	Checker string `yaml:"checker"`
	// Covered is the share of the statements of the accepted answer that the answer must
	// support, 0 to 1; default 0.5.
	Covered float64 `yaml:"covered"`
}

// The checkers of Grounded.
const (
	CheckWorld = "world"
	CheckJudge = "judge"
)

// SetDefaults sets the values of the keys that a file leaves out.
func (g *Grounded) SetDefaults() { g.Checker, g.Covered = CheckWorld, 0.5 }

// Rubric has a judge, a model or a person, give points for each criterion. The
// score is their sum as a share of all that can be had, at least 0.
type Rubric struct {
	Criteria []Criterion `yaml:"criteria"`
	// Pass is the score from which an answer is right; default 0.5.
	Pass float64 `yaml:"pass"`
}

// SetDefaults sets the values of the keys that a file leaves out.
func (r *Rubric) SetDefaults() { r.Pass = 0.5 }

// Criterion is one thing that a judge looks for.
type Criterion struct {
	Name string `yaml:"name"`
	Text string `yaml:"text"` // a template over the row
	// Points are what it gives where it is met in full; default 1. Points below
	// zero are taken off for what should not be there.
	Points float64 `yaml:"points"`
}

// SetDefaults sets the values of the keys that a file leaves out.
func (c *Criterion) SetDefaults() { c.Points = 1 }
