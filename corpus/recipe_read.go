package corpus

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/recipe"
)

// ReadRecipe reads and checks the recipe at path. A key that does not exist, a
// value of the wrong type or an impossible one is a *recipe.Error with the line
// and a caret.
func ReadRecipe(path string) (*Recipe, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("recipe: %w", err)
	}
	return ParseRecipe(path, source)
}

// ParseRecipe is ReadRecipe on source; name is the file's name in errors, and
// without its directory and ending that of a corpus that has none, in the
// directory corpora.
func ParseRecipe(name string, source []byte) (*Recipe, error) {
	r := DefaultRecipe()
	places, err := recipe.Decode(name, source, r)
	if err != nil {
		return nil, err
	}
	if r.Name == "" {
		r.Name = strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))
	}
	if r.Out == "" {
		r.Out = filepath.Join("corpora", r.Name)
	}
	r.places = places
	if err := r.Check(); err != nil {
		return nil, places.Locate(err)
	}
	if err := r.checkUse(); err != nil {
		return nil, places.Locate(err)
	}
	return r, nil
}

// locate gives an error about a key of the recipe its place in the file.
func (r *Recipe) locate(err error) error {
	if r.places == nil || err == nil {
		return err
	}
	return r.places.Locate(err)
}

const (
	leastSegment = 1 << 16
	mostSegment  = 1 << 30
	leastMemory  = 64 << 20
	mostThreads  = 1024
	mostSources  = 1000
)

// Check reports the first impossible value as a *recipe.ValueError. It looks at
// the recipe alone: whether its files exist is for Build to say.
func (r *Recipe) Check() error {
	switch {
	case len(r.Sources) == 0:
		return recipe.Bad("sources", "name at least one source")
	case len(r.Sources) > mostSources:
		return recipe.Bad("sources", "%d sources are more than %d", len(r.Sources), mostSources)
	case r.Segment < leastSegment || r.Segment > mostSegment:
		return recipe.Bad("segment", "%d bytes are impossible: it must be from 64 KiB to 1 GiB", r.Segment)
	case r.Threads < 0 || r.Threads > mostThreads:
		return recipe.Bad("threads", "%d is impossible: it must be from 0, which takes all cores, to %d", r.Threads, mostThreads)
	case r.Memory < leastMemory:
		return recipe.Bad("memory", "%d bytes are too little: give 64 MiB or more", r.Memory)
	}
	names := []string{}
	for i := range r.Sources {
		s := &r.Sources[i]
		if err := r.checkSource(s, names); err != nil {
			return recipe.Below(fmt.Sprintf("sources[%d]", i), err)
		}
		names = append(names, s.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Pipelines)) {
		if err := checkSteps(r.Pipelines[name]); err != nil {
			return recipe.Below("pipelines."+name, err)
		}
	}
	if err := r.Dedup.check(); err != nil {
		return recipe.Below("dedup", err)
	}
	if err := recipe.Below("mixture", r.Mixture.Check(names)); err != nil {
		return err
	}
	if err := r.checkWeights(); err != nil {
		return err
	}
	return recipe.Below("tokenizer", r.Tokenizer.check())
}

// checkUse refuses a pipeline through which no document goes: most likely its
// source lacks the name.
func (r *Recipe) checkUse() error {
	used := r.usedPipelines()
	for _, name := range slices.Sorted(maps.Keys(r.Pipelines)) {
		if !slices.Contains(used, name) && Pipelines()[name] == nil {
			return recipe.Bad("pipelines."+name, "no source has \"pipeline: %s\": give it to one, or take the pipeline out", name)
		}
	}
	return nil
}

// checkWeights refuses a source that would be read for nothing.
func (r *Recipe) checkWeights() error {
	used := map[string]bool{}
	for _, s := range r.Mixture.Stages {
		for name, w := range s.Weights {
			used[name] = used[name] || w > 0
		}
	}
	weighted, own := false, len(r.Mixture.Stages) == 0
	for _, s := range r.Mixture.Stages {
		own = own || s.Weights == nil
	}
	for _, s := range r.Sources {
		weighted = weighted || s.Weight > 0
	}
	if weighted && r.Mixture.Temperature != 1 {
		return recipe.Bad("mixture.temperature", "temperature has no effect where sources have weights: take it out, or the weights")
	}
	for i, s := range r.Sources {
		if !used[s.Name] && (own && weighted && s.Weight == 0 || !own) {
			return recipe.Bad(fmt.Sprintf("sources[%d]", i),
				"source %s has no weight, and others have: the mixture would not read it; give it a weight, or take it out", s.Name)
		}
	}
	return nil
}

func (r *Recipe) checkSource(s *Source, before []string) error {
	switch {
	case s.Name == "":
		return recipe.Bad("name", "give the source a name")
	case slices.Contains(before, s.Name):
		return recipe.Bad("name", "two sources have the name %q", s.Name)
	case len(s.patterns()) == 0:
		return recipe.Bad("path", "name the files of source %s", s.Name)
	case s.Weight < 0 || s.Weight != s.Weight:
		return recipe.Bad("weight", "%v is impossible: it must not be negative", s.Weight)
	case !(s.Epochs > 0 && s.Epochs <= 1000):
		return recipe.Bad("epochs", "%v is impossible: it must be more than 0 and at most 1000", s.Epochs)
	case s.Sample < 0:
		return recipe.Bad("sample", "%d is impossible: it must not be negative", s.Sample)
	case !(s.MaxBad >= 0 && s.MaxBad <= 1):
		return recipe.Bad("max_bad", "%v is impossible: it is a share from 0 to 1", s.MaxBad)
	}
	if all := r.allPipelines(); s.Pipeline != "" && all[s.Pipeline] == nil {
		names := slices.Sorted(maps.Keys(all))
		if near := recipe.Nearest(s.Pipeline, names); near != "" {
			return recipe.Bad("pipeline", "there is no pipeline %q; did you mean %q?", s.Pipeline, near)
		}
		return recipe.Bad("pipeline", "there is no pipeline %q; there are %s", s.Pipeline, strings.Join(names, ", "))
	}
	reading := s.reading()
	return reading.Check()
}

func checkSteps(steps []Step) error {
	evaluations := 0
	for i := range steps {
		at := fmt.Sprintf("[%d]", i)
		if err := steps[i].check(); err != nil {
			return recipe.Below(at, err)
		}
		if steps[i].Decontaminate != nil {
			evaluations++
		}
		if evaluations > 1 {
			return recipe.Below(at, recipe.Bad("decontaminate", "a pipeline looks for evaluation sets once: name all sets in one step"))
		}
	}
	return nil
}

func (t *TokenizerSpec) check() error {
	switch {
	case t.Path == "" && t.Train == nil:
		return recipe.Bad("", "name the tokenizer.json that makes tokens of the text, or train one: tokenizer: {train: {vocab_size: 32000}}")
	case t.Path != "" && t.Train != nil:
		return recipe.Bad("path", "a tokenizer is read or trained, not both")
	case t.Train != nil && t.Train.VocabSize < 257:
		return recipe.Bad("train.vocab_size", "%d is impossible: it must be at least 257", t.Train.VocabSize)
	case t.Train != nil && !(t.Train.HeldOut >= 0 && t.Train.HeldOut < 1):
		return recipe.Bad("train.held_out", "%v is impossible: it is a share from 0 to less than 1", t.Train.HeldOut)
	case t.Train != nil && t.Train.Sample < 1:
		return recipe.Bad("train.sample", "%d bytes are too few", t.Train.Sample)
	}
	return nil
}
