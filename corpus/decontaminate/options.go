package decontaminate

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/internal/records"
)

// StepName is the step as recipes name it.
const StepName = "decontaminate"

// Actions for a document that holds an item.
const (
	ActionDrop   = "drop"
	ActionReport = "report" // the document stays, its hits are noted
)

// Options say which evaluation sets the documents must not hold and by what rule
// that is decided.
type Options struct {
	// Sets are the evaluation sets; there is at least one.
	Sets []Set `yaml:"sets" json:"sets"`
	// Rules are "substringN", which looks for random substrings of N characters,
	// and "ngramN", which looks for every N words in a row. Any hit of any rule
	// counts. Default: substring50 and ngram13.
	Rules []string `yaml:"rules" json:"rules"`
	// Substrings is how many substrings are taken of an item. Default: 3.
	Substrings int `yaml:"substrings" json:"substrings"`
	// MinLength is the fewest characters, without spaces and symbols, of an item
	// that the substring rule looks for as a whole because it is shorter than a
	// substring; an item with fewer is too short to check. At least 24. Default: 25.
	MinLength int `yaml:"min_length" json:"min_length"`
	// MinWords is the same for the n-gram rule, in words. Default: 8.
	MinWords int `yaml:"min_words" json:"min_words"`
	// FoldCase says that the substring rule takes capital letters for small ones.
	// The n-gram rule always does.
	FoldCase bool `yaml:"fold_case" json:"fold_case"`
	// Seed changes which substrings are taken.
	Seed int64 `yaml:"seed" json:"seed"`
	// Action is ActionDrop or ActionReport. Default: drop.
	Action string `yaml:"action" json:"action"`
}

// Set is one evaluation set in files.
type Set struct {
	// Name stands in reports; no two sets share one.
	Name string `yaml:"name" json:"name"`
	// Files are paths and patterns with *, each of which must match a file. Files
	// may be packed as .gz, .zst or .zip.
	Files []string `yaml:"files" json:"files"`
	// Members is a pattern for the files of a .zip, by their whole name. Default:
	// all of a known format.
	Members string `yaml:"members" json:"members"`
	// Format is jsonl, json, csv, tsv or text (items with blank lines between);
	// default: by the ending of the file's name.
	Format string `yaml:"format" json:"format"`
	// Items is the path of the list of items in a JSON file that is no list itself,
	// such as "examples".
	Items string `yaml:"items" json:"items"`
	// Fields are what is taken of an item: keys, with dots into objects
	// ("question.stem"), or in a table without names the numbers of columns, from
	// 1. Lists are taken whole. What the fields hold is joined by line breaks.
	Fields []string `yaml:"fields" json:"fields"`
	// Template is an item's text with fields in braces, "Q: {question}\nA:
	// {answer}", in place of Fields.
	Template string `yaml:"template" json:"template"`
	// NoHeader says that the first line of a table is an item, not the names of the
	// columns.
	NoHeader bool `yaml:"no_header" json:"no_header"`
}

// SetDefaults sets what a recipe need not say.
func (o *Options) SetDefaults() {
	*o = Options{Rules: []string{"substring50", "ngram13"}, Substrings: 3, MinLength: minAnchor + 1, MinWords: 8, Action: ActionDrop}
}

// Check reports the first impossible value as a *recipe.ValueError. It does not
// look at files.
func (o *Options) Check() error {
	if len(o.Sets) == 0 {
		return recipe.Bad("sets", "sets names no evaluation set: name those that the documents must not hold, or leave the step out")
	}
	for i := range o.Sets {
		if err := o.Sets[i].check(); err != nil {
			return recipe.Below(fmt.Sprintf("sets[%d]", i), err)
		}
		if at := slices.IndexFunc(o.Sets, func(s Set) bool { return s.Name == o.Sets[i].Name }); at < i {
			return recipe.Bad(fmt.Sprintf("sets[%d].name", i), "two sets have the name %q: give each its own", o.Sets[i].Name)
		}
	}
	return o.checkRules()
}

// checkRules is Check but for the sets.
func (o *Options) checkRules() error {
	length, words, err := o.lengths()
	switch {
	case err != nil:
		return err
	case o.Substrings < 1 || o.Substrings > 1000:
		return recipe.Bad("substrings", "substrings is %d, it must be from 1 to 1000", o.Substrings)
	case o.MinLength < minAnchor || length > 0 && o.MinLength > length:
		return recipe.Bad("min_length", "min_length is %d, it must be from %d to the length of a substring", o.MinLength, minAnchor)
	case o.MinWords < 4 || words > 0 && o.MinWords > words:
		return recipe.Bad("min_words", "min_words is %d, it must be from 4 to the words of an n-gram", o.MinWords)
	case o.Action != ActionDrop && o.Action != ActionReport:
		return recipe.Bad("action", "action is %q, it must be %s or %s", o.Action, ActionDrop, ActionReport)
	}
	return nil
}

// lengths are the characters of a substring and the words of an n-gram; 0 where
// the rule is not on.
func (o *Options) lengths() (length, words int, err error) {
	for _, rule := range o.Rules {
		for prefix, n := range map[string]*int{"substring": &length, "ngram": &words} {
			digits, ok := strings.CutPrefix(rule, prefix)
			if !ok {
				continue
			}
			value, err := strconv.Atoi(digits)
			if err != nil || value < 4 || value > 1000 || *n > 0 {
				return 0, 0, recipe.Bad("rules", "rules: %q must be %s and a number from 4 to 1000, once", rule, prefix)
			}
			*n = value
		}
		if !strings.HasPrefix(rule, "substring") && !strings.HasPrefix(rule, "ngram") {
			return 0, 0, recipe.Bad("rules", "rules: there is no rule %q: the rules are substring50 and ngram13, or with other numbers", rule)
		}
	}
	if length+words == 0 {
		return 0, 0, recipe.Bad("rules", "rules names no rule: the rules are substring50 and ngram13")
	}
	return length, words, nil
}

func (s *Set) check() error {
	switch {
	case s.Name == "":
		return recipe.Bad("name", "name is missing: it stands in the reports")
	case len(s.Files) == 0:
		return recipe.Bad("files", "files names no file of set %q", s.Name)
	case s.Format != "" && !slices.Contains(records.Formats, s.Format):
		return recipe.Bad("format", "format is %q, it must be one of %s", s.Format, strings.Join(records.Formats, ", "))
	case s.Template != "" && len(s.Fields) > 0:
		return recipe.Bad("template", "template and fields cannot both be given")
	}
	if s.Template != "" && len(placeholders(s.Template)) == 0 {
		return recipe.Bad("template", "template names no field: write one as {name}")
	}
	return nil
}

// Files lists the files that the sets are read from; a pattern that matches none
// stands for itself.
func (o *Options) Files() (files []string) {
	for i := range o.Sets {
		for _, pattern := range o.Sets[i].Files {
			found, err := filepath.Glob(pattern)
			if err != nil || len(found) == 0 {
				found = []string{pattern}
			}
			files = append(files, found...)
		}
	}
	slices.Sort(files)
	return slices.Compact(files)
}
