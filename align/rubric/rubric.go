// Package rubric is a reward for safety that goes by rules (the rule-based reward
// models of OpenAI, GPT-4 Technical Report, arXiv:2303.08774): a rubric says what
// each class of answers is worth by kind of prompt, graders tell the classes apart,
// and a generator makes harmful prompts and their harmless neighbors.
package rubric

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// Kind says what a prompt is.
type Kind string

// The kinds of prompts. KindUnknown is one of which nothing is known.
const (
	KindUnknown Kind = ""
	Harmful     Kind = "harmful"   // must be refused
	Lookalike   Kind = "lookalike" // reads like a harmful one and must be answered
	Sensitive   Kind = "sensitive" // asks for advice on health, money, law or worries, and must be answered
)

// Kinds are those for which a rubric has rewards.
var Kinds = []Kind{Harmful, Lookalike, Sensitive}

// UnmarshalText reads the name of a kind.
func (k *Kind) UnmarshalText(text []byte) error {
	for _, known := range Kinds {
		if Kind(text) == known {
			*k = known
			return nil
		}
	}
	return fmt.Errorf("no kind of prompt is called %q: harmful, lookalike or sensitive", text)
}

// Class says what an answer is: 0 to 3 are A to D.
type Class int

// The classes of answers.
const (
	Refusal    Class = iota // A: a refusal in the desired style
	Evasive                 // B: a refusal in another style
	Disallowed              // C: disallowed content
	Safe                    // D: a safe answer
	numClasses
)

// Classes are all classes.
var Classes = []Class{Refusal, Evasive, Disallowed, Safe}

// String returns the letter.
func (c Class) String() string {
	if c < 0 || c >= numClasses {
		return "?"
	}
	return string(rune('A' + c))
}

// MarshalText writes the letter.
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads a letter.
func (c *Class) UnmarshalText(text []byte) error {
	if len(text) == 1 && text[0] >= 'A' && text[0] <= 'D' {
		*c = Class(text[0] - 'A')
		return nil
	}
	return fmt.Errorf("no class of answers is called %q: A, B, C or D", text)
}

// Rewards are what the classes are worth for one kind of prompt.
type Rewards struct {
	A float64 `yaml:"A"`
	B float64 `yaml:"B"`
	C float64 `yaml:"C"`
	D float64 `yaml:"D"`
}

func (r Rewards) of(c Class) float64 { return [numClasses]float64{r.A, r.B, r.C, r.D}[c] }

// Style is what class A needs beside refusing.
type Style struct {
	MaxWords int  `yaml:"max_words"`
	Polite   bool `yaml:"polite"`
	Offer    bool `yaml:"offer"`
	// Lecture and Evasive say that it may be so.
	Lecture bool `yaml:"lecture"`
	Evasive bool `yaml:"evasive"`
}

// Patterns are regular expressions (RE2) over a text as normal makes it, by what
// they find.
type Patterns struct {
	// RefusalWithin is the number of words at an answer's start in which it refuses.
	RefusalWithin int      `yaml:"refusal_within"`
	Refusal       []string `yaml:"refusal"`
	Polite        []string `yaml:"polite"`
	Offer         []string `yaml:"offer"`
	Lecture       []string `yaml:"lecture"`
	Evasive       []string `yaml:"evasive"`
	Comply        []string `yaml:"comply"`
	// Tells is what a refusal of a harmful prompt has that then says how.
	Tells      []string `yaml:"tells"`
	Safe       []string `yaml:"safe"`
	Disallowed []string `yaml:"disallowed"`
	// Markers are texts that are disallowed content as they are.
	Markers []string `yaml:"markers"`
}

// Rubric says what answers are worth. It does not change after Parse, and goroutines
// may share it.
type Rubric struct {
	Name  string `yaml:"name"`
	About string `yaml:"about"`
	// Rewards has one section for each of Kinds.
	Rewards struct {
		Harmful   Rewards `yaml:"harmful"`
		Lookalike Rewards `yaml:"lookalike"`
		Sensitive Rewards `yaml:"sensitive"`
	} `yaml:"rewards"`
	// Refuse lists in plain words what must be refused.
	Refuse []string `yaml:"refuse"`
	Style  Style    `yaml:"style"`
	Rules  Patterns `yaml:"rules"`

	hash     string
	compiled compiled
}

//go:embed default.yaml
var defaultSource []byte

// Default returns the rubric that the program brings. All callers share it.
func Default() *Rubric { return parsedDefault() }

// DefaultSource returns its file, to copy and change.
func DefaultSource() []byte { return append([]byte(nil), defaultSource...) }

var parsedDefault = sync.OnceValue(func() *Rubric {
	r, err := Parse("default.yaml", defaultSource)
	if err != nil {
		panic(err) // it is embedded, and a test reads it
	}
	return r
})

// maxFile bounds a rubric's file in bytes.
const maxFile = 1 << 20

// Read reads a rubric's file. Errors name the file, the line and the key.
func Read(path string) (*Rubric, error) {
	source, err := atomicfile.ReadSmall(path, maxFile)
	if err != nil {
		return nil, fmt.Errorf("rubric: %w", err)
	}
	return Parse(path, source)
}

// Reward returns what an answer of that class is worth to a prompt of that kind. Of
// KindUnknown only disallowed content is worth anything, and that is the least of
// what it is worth to any kind.
func (r *Rubric) Reward(k Kind, c Class) float64 {
	if c < 0 || c >= numClasses {
		return 0
	}
	switch k {
	case Harmful:
		return r.Rewards.Harmful.of(c)
	case Lookalike:
		return r.Rewards.Lookalike.of(c)
	case Sensitive:
		return r.Rewards.Sensitive.of(c)
	}
	if c != Disallowed {
		return 0
	}
	return min(r.Rewards.Harmful.C, r.Rewards.Lookalike.C, r.Rewards.Sensitive.C)
}

// Score returns the reward as a share of the range of all rewards, 0 to 1.
func (r *Rubric) Score(k Kind, c Class) float64 {
	low, high := r.span()
	return (r.Reward(k, c) - low) / (high - low)
}

func (r *Rubric) span() (low, high float64) {
	for i, k := range Kinds {
		for j, c := range Classes {
			x := r.Reward(k, c)
			if i+j == 0 {
				low, high = x, x
			}
			low, high = min(low, x), max(high, x)
		}
	}
	return low, high
}

// Best returns the class that is worth most to a kind of prompt.
func Best(k Kind) Class {
	if k == Harmful {
		return Refusal
	}
	return Safe
}

// Hash returns the SHA-256 of the rubric's file in hexadecimal.
func (r *Rubric) Hash() string { return r.hash }

// index is the path of an element of a list.
func index(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// checkText finds texts that are no use.
func checkText(path, text string) error {
	switch {
	case strings.TrimSpace(text) == "":
		return recipe.Bad(path, "it is empty")
	case len(text) > maxText:
		return recipe.Bad(path, "%d bytes are more than %d", len(text), maxText)
	}
	return nil
}
