package task

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/recipe"
)

// maxFile bounds the file of a task in bytes.
const maxFile = 1 << 20

// ReadFile reads and checks the task at path. A key that does not exist, a value
// of the wrong type or an impossible one is a *recipe.Error with the line and a
// caret.
func ReadFile(path string) (*Task, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("task: %w", err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("task: %s is a directory: name the task's file in it", path)
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, fmt.Errorf("task: %s is no file of at most %d bytes", path, maxFile)
	}
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("task: %w", err)
	}
	t, err := Parse(path, source)
	if err != nil {
		return nil, err
	}
	t.dir = filepath.Dir(path)
	return t, nil
}

// Parse is ReadFile on source; name is the file's name in errors, and without its
// directory and ending that of a task that has none. Such a task has no data
// files beside it.
func Parse(name string, source []byte) (*Task, error) {
	t := new(Task)
	t.SetDefaults()
	places, err := recipe.DecodeAs("a task", name, source, t)
	if err != nil {
		return nil, err
	}
	if t.Name == "" {
		t.Name = strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))
	}
	if t.Method == MethodExplain {
		if !places.Has("generate.max_tokens") {
			t.Generate.MaxTokens = 512
		}
		if !places.Has("generate.temperature") {
			t.Generate.Temperature = 0.3
		}
	}
	t.places = places
	if err := t.Check(); err != nil {
		return nil, places.Locate(err)
	}
	if err := t.checkUse(places.Has); err != nil {
		return nil, places.Locate(err)
	}
	return t, nil
}

// SetDefaults sets what a file need not say.
func (t *Task) SetDefaults() {
	*t = Task{
		Choice:   Choice{Before: " ", Unconditional: "Answer:", Norm: NormNone},
		FewShot:  FewShot{Separator: "\n\n"},
		Generate: Generate{MaxTokens: 256, TopP: 1, Samples: 1},
	}
}

// methodKeys are the keys that some methods alone use.
var methodKeys = map[string][]Method{
	"turns":         {MethodGenerate},
	"system":        {MethodGenerate, MethodExplain},
	"images":        {MethodGenerate, MethodExplain},
	"generate":      {MethodGenerate, MethodExplain},
	"grader":        {MethodGenerate},
	"accepted_from": {MethodGenerate, MethodCloze},
	"few_shot":      {MethodGenerate, MethodExplain, MethodChoice, MethodCloze},
	"by_position":   {MethodText},
	"whole":         {MethodGenerate, MethodExplain, MethodChoice, MethodCloze, MethodPair},
	"choice":        {MethodGenerate, MethodExplain, MethodChoice, MethodCloze, MethodPair},
}

// checkUse finds keys of a file that nothing would read.
func (t *Task) checkUse(has func(string) bool) error {
	for _, key := range slices.Sorted(maps.Keys(methodKeys)) {
		if has(key) && !slices.Contains(methodKeys[key], t.Method) {
			return recipe.Bad(key, "the method %s has no use for it: leave it out", t.Method)
		}
	}
	if t.Method == MethodText && has("answer") {
		return recipe.Bad("answer", "the method text has no use for it: leave it out")
	}
	return nil
}

// locate gives an error about a key, and not nil, its place in the task's file, or the task's
// name if it has none.
func (t *Task) locate(err error) error {
	if t.places == nil {
		return fmt.Errorf("task %s: %w", t.Name, err)
	}
	return t.places.Locate(err)
}
