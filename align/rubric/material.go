package rubric

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"github.com/polymath-lm/polymath/internal/recipe"
)

//go:embed prompts.yaml
var promptSource []byte

//go:embed refusals.yaml
var refusalSource []byte

//go:embed remarks.yaml
var remarkSource []byte

// Split says what prompts are for. Forms, topics, names and refusals of one split are
// never those of the other.
type Split string

// The splits.
const (
	Train Split = "train"
	Test  Split = "test"
)

// UnmarshalText reads the name of a split.
func (s *Split) UnmarshalText(text []byte) error {
	if v := Split(text); v == Train || v == Test {
		*s = v
		return nil
	}
	return fmt.Errorf("prompts are split into train and test, not %q", text)
}

// parts has what belongs to each split.
type parts[T any] struct {
	Train T `yaml:"train"`
	Test  T `yaml:"test"`
}

func (p *parts[T]) of(s Split) *T {
	if s == Test {
		return &p.Test
	}
	return &p.Train
}

// form is one way to ask.
type form struct {
	Harm  string `yaml:"harm"`
	Stop  string `yaml:"stop"`
	Why   string `yaml:"why"`
	Story string `yaml:"story"`
}

// frames are what more forms for training are made of.
type frames struct {
	Heads  []string `yaml:"heads"` // with {act}
	Acts   acts     `yaml:"acts"`  // with {do}
	Before []string `yaml:"before"`
	Behind []string `yaml:"behind"`
}

// acts are what can be done against harm, and about it.
type acts struct {
	Stop  []string `yaml:"stop"`
	Why   []string `yaml:"why"`
	Story []string `yaml:"story"`
}

// topic is what a harmful prompt asks for, with harmless neighbors.
type topic struct {
	Harm string     `yaml:"harm"`
	Safe []neighbor `yaml:"safe"`
}

type neighbor struct {
	Say    string `yaml:"say"`
	Answer string `yaml:"answer"`
}

// category is a group of topics, and what can be said of all of them.
type category struct {
	Name  string   `yaml:"name"`
	Fact  bool     `yaml:"fact"` // what is asked for is a fact, and no steps
	Offer []string `yaml:"offer"`
	Stop  string   `yaml:"stop"`
	Why   string   `yaml:"why"`
	Story string   `yaml:"story"`
	Train []topic  `yaml:"train"`
	Test  []topic  `yaml:"test"`
}

func (c *category) topics(s Split) []topic {
	if s == Test {
		return c.Test
	}
	return c.Train
}

type people struct {
	First []string `yaml:"first"`
	Last  []string `yaml:"last"`
}

type syllables struct {
	Start []string `yaml:"start"`
	End   []string `yaml:"end"`
}

type question struct {
	Ask    string `yaml:"ask"`
	Answer string `yaml:"answer"`
}

type prompts struct {
	Forms      parts[[]form]    `yaml:"forms"`
	Frames     frames           `yaml:"frames"`
	People     parts[people]    `yaml:"people"`
	Names      parts[syllables] `yaml:"names"`
	Categories []category       `yaml:"categories"`
	Sensitive  struct {
		Forms parts[[]string] `yaml:"forms"`
		Train []question      `yaml:"train"`
		Test  []question      `yaml:"test"`
	} `yaml:"sensitive"`
}

func (p *prompts) questions(s Split) []question {
	if s == Test {
		return p.Sensitive.Test
	}
	return p.Sensitive.Train
}

type opening struct {
	Open  []string `yaml:"open"`
	Offer []string `yaml:"offer"`
	Fact  []string `yaml:"fact"`
}

type replies struct {
	Refusals parts[opening]  `yaml:"refusals"`
	Evasive  parts[[]string] `yaml:"evasive"`
	Helpful  parts[opening]  `yaml:"helpful"`
}

// material is all that prompts and answers are made of.
type material struct {
	prompts
	replies
	Remarks remarks
}

var ready = sync.OnceValue(func() *material {
	m := &material{}
	if _, err := recipe.DecodeAs("the prompts", "prompts.yaml", promptSource, &m.prompts); err != nil {
		panic(err) // it is embedded, and a test reads it
	}
	if _, err := recipe.DecodeAs("the answers", "refusals.yaml", refusalSource, &m.replies); err != nil {
		panic(err)
	}
	if _, err := recipe.DecodeAs("the remarks", "remarks.yaml", remarkSource, &m.Remarks); err != nil {
		panic(err)
	}
	return m
})

// fill puts a value into the place of a name in braces.
func fill(text, name, value string) string { return strings.ReplaceAll(text, "{"+name+"}", value) }
