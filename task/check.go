package task

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/internal/records"
)

// Limits of what a task may ask for.
const (
	maxRows    = 1 << 20
	maxShots   = 256
	maxTokens  = 1 << 20
	maxSamples = 1 << 16
	maxList    = 1000 // elements of a list of the file
)

var names = regexp.MustCompile(`^[a-z0-9_]{1,64}$`)

// Check reports the first impossible value as a *recipe.ValueError. It does not
// look at data.
func (t *Task) Check() error {
	switch {
	case !names.MatchString(t.Name):
		return recipe.Bad("name", "%q is no name: it has small letters, digits and underscores, 64 at most", t.Name)
	case t.Method == "":
		return recipe.Bad("method", "name one: choice, explain, cloze, pair, text or generate")
	case !(t.Chance >= 0 && t.Chance < 1):
		return recipe.Bad("chance", "%g is impossible: it must be from 0 to less than 1", t.Chance)
	}
	if err := recipe.Below("data", t.Data.check()); err != nil {
		return err
	}
	for _, check := range []func() error{t.checkMethod, t.checkChoice, t.checkFewShot, t.checkGenerate} {
		if err := check(); err != nil {
			return err
		}
	}
	_, err := t.compile()
	return err
}

// checkMethod finds what a method needs and cannot do without.
func (t *Task) checkMethod() error {
	choices := t.Choice.From != "" || len(t.Choice.List) > 0
	switch t.Method {
	case MethodChoice, MethodExplain, MethodPair:
		if !choices {
			return recipe.Bad("choice", "the method %s needs choices: set choice.from or choice.list", t.Method)
		}
	case MethodGenerate:
		if t.Grader == nil {
			return recipe.Bad("grader", "the method generate needs a grader: exact, numeric, math, f1, regex, set, letter, code, rubric, characters, scene, safety, instructions or grounded")
		}
	}
	if t.Answer == "" && t.needsAnswer() {
		return recipe.Bad("answer", "say what is right: the method %s needs it", t.Method)
	}
	if t.Grader != nil {
		if t.Method != MethodGenerate {
			return recipe.Bad("grader", "the method %s has no use for a grader", t.Method)
		}
		if err := recipe.Below("grader", t.Grader.Check()); err != nil {
			return err
		}
	}
	if t.Prompt == "" && t.Choice.Contexts == "" && t.Method != MethodPair {
		return recipe.Bad("prompt", "say what the model is asked")
	}
	if len(t.Turns) > maxList || len(t.Images) > maxList {
		return recipe.Bad("turns", "more than %d turns or images", maxList)
	}
	return nil
}

// needsAnswer reports whether there is nothing to judge by without one.
func (t *Task) needsAnswer() bool {
	switch t.Method {
	case MethodText:
		return false
	case MethodGenerate:
		return t.Grader.needsAnswer()
	}
	return true
}

func (t *Task) checkChoice() error {
	c := &t.Choice
	switch {
	case c.Contexts != "" && t.Method != MethodChoice:
		return recipe.Bad("choice.contexts", "only the method choice has contexts")
	case c.Contexts != "" && t.Prompt != "":
		return recipe.Bad("choice.contexts", "contexts take the place of the prompt: leave one of them out")
	case c.Contexts != "" && (c.From != "" || len(c.List) != 1):
		return recipe.Bad("choice.list", "one text continues the contexts: write a list of one")
	case c.Contexts != "" && c.Shuffle:
		return recipe.Bad("choice.shuffle", "contexts cannot be shuffled")
	case c.Each != "" && c.From == "":
		return recipe.Bad("choice.each", "there is no choice.from whose elements it is for")
	case len(c.List) > maxChoices:
		return recipe.Bad("choice.list", "%d choices are more than %d", len(c.List), maxChoices)
	case t.Method == MethodCloze && (c.From != "" || len(c.List) > 0):
		return recipe.Bad("choice", "the method cloze has no choices")
	case t.AcceptedFrom != "" && (c.From != "" || len(c.List) > 0):
		return recipe.Bad("accepted_from", "one of the choices is right: leave it out")
	case t.Method == MethodPair && c.From == "" && len(c.List) != 2:
		return recipe.Bad("choice.list", "a pair is two texts, and these are %d", len(c.List))
	case !slices.Contains([]string{"", "index", "letter", "text"}, c.AnswerIs):
		return recipe.Bad("choice.answer_is", "%q is none of index, letter and text", c.AnswerIs)
	case !slices.Contains(Norms, c.Norm):
		return recipe.Bad("choice.norm", "no norm is called %q: none, tokens, bytes or unconditional", c.Norm)
	}
	return nil
}

func (t *Task) checkFewShot() error {
	f := &t.FewShot
	fixed := f.Text != "" || f.File != ""
	switch {
	case f.Number < 0 || f.Number > maxShots:
		return recipe.Bad("few_shot.number", "%d examples are impossible: from 0 to %d", f.Number, maxShots)
	case f.Text != "" && f.File != "":
		return recipe.Bad("few_shot.file", "text and file cannot both be given")
	case fixed && (f.Number > 0 || f.Data != nil):
		return recipe.Bad("few_shot", "the examples are either fixed, with text or file, or drawn, with number and data")
	case f.After != "" && !fixed:
		return recipe.Bad("few_shot.after", "there is no few_shot.text or few_shot.file from which to leave something out")
	case len(t.Images) > 0 && (f.Number > 0 || fixed):
		return recipe.Bad("few_shot", "questions with images have no examples")
	case f.Data == nil:
		return nil
	case f.Data.Section != "" && t.Data.Section == "":
		return recipe.Bad("few_shot.data.section", "the task has no data.section whose examples these would be")
	}
	return recipe.Below("few_shot.data", f.Data.check())
}

func (t *Task) checkGenerate() error {
	g := &t.Generate
	switch {
	case g.MaxTokens < 1 || g.MaxTokens > maxTokens:
		return recipe.Bad("generate.max_tokens", "%d is impossible: from 1 to %d", g.MaxTokens, maxTokens)
	case !(g.Temperature >= 0 && g.Temperature <= 100):
		return recipe.Bad("generate.temperature", "%g is impossible: from 0 to 100", g.Temperature)
	case !(g.TopP > 0 && g.TopP <= 1):
		return recipe.Bad("generate.top_p", "%g is impossible: more than 0, and at most 1", g.TopP)
	case g.Samples < 1 || g.Samples > maxSamples:
		return recipe.Bad("generate.samples", "%d is impossible: from 1 to %d", g.Samples, maxSamples)
	case g.Samples > 1 && g.Temperature == 0:
		return recipe.Bad("generate.samples", "%d samples at temperature 0 are all alike: set generate.temperature", g.Samples)
	case slices.Contains(g.Stop, "") || len(g.Stop) > 16:
		return recipe.Bad("generate.stop", "it has at most 16 texts, and none is empty")
	case len(g.Choices) > 0 && t.Method != MethodGenerate:
		return recipe.Bad("generate.choices", "they are for the method generate, and this is %s", t.Method)
	case len(g.Choices) == 1 || len(g.Choices) > maxChoices || slices.Contains(g.Choices, ""):
		return recipe.Bad("generate.choices", "it has 2 to %d texts, and none is empty", maxChoices)
	case len(slices.Compact(slices.Sorted(slices.Values(g.Choices)))) < len(g.Choices):
		return recipe.Bad("generate.choices", "two of them are the same")
	}
	return nil
}

// check finds what cannot be read. Keys are below that of the data.
func (d *Data) check() error {
	switch {
	case d.Generator == "" && len(d.Files) == 0:
		return recipe.Bad("files", "name the files, or a generator, that the items are from")
	case d.Copies < 0 || d.Copies > maxList:
		return recipe.Bad("copies", "%d copies of a row are impossible: from 0 to %d", d.Copies, maxList)
	case d.Generator != "" && (len(d.Files) > 0 || d.Members != "" || d.Format != "" || d.Items != "" || d.NoHeader):
		return recipe.Bad("generator", "the rows are either made or read from files")
	case d.Generator != "" && (d.Number < 1 || d.Number > maxRows):
		return recipe.Bad("number", "say how many rows %s makes, from 1 to %d", d.Generator, maxRows)
	case d.Generator == "" && (d.Number != 0 || d.Seed != 0):
		return recipe.Bad("number", "number and seed are for a generator")
	case d.Format != "" && d.Format != formatPaths && !slices.Contains(records.Formats, d.Format):
		return recipe.Bad("format", "%q is none of %s, %s", d.Format, strings.Join(records.Formats, ", "), formatPaths)
	case len(d.Files) > maxList:
		return recipe.Bad("files", "%d files are more than %d: use a pattern", len(d.Files), maxList)
	}
	for i, file := range d.Files {
		if err := checkPath(file); err != nil {
			return recipe.Bad(fmt.Sprintf("files[%d]", i), "%v", err)
		}
	}
	return nil
}

// checkPath says why a path, or the pattern of one, is not below its directory.
func checkPath(path string) error {
	if strings.Contains(path, `\`) {
		return fmt.Errorf("write %q with slashes", path)
	}
	if below := strings.TrimPrefix(path, "./"); !filepath.IsLocal(filepath.FromSlash(below)) {
		return fmt.Errorf("%q is not below the data directory: name a path in it, or with ./ one beside the task's file", path)
	}
	return nil
}
