package corpus

import (
	"fmt"
	"maps"
	"slices"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// Names of the pipelines that every recipe has.
const (
	webPipeline   = "web"
	textPipeline  = "text"
	codePipeline  = "code"
	booksPipeline = "books"
)

// pipelineOf is the pipeline of documents of a format, where a source names none.
func pipelineOf(f document.Format) string {
	switch f {
	case document.HTML:
		return webPipeline
	case document.PDF, document.EPUB:
		return booksPipeline
	case document.Code:
		return codePipeline
	}
	return textPipeline
}

// stepsOf decodes steps from the text that a recipe would have.
func stepsOf(name, steps string) []Step {
	var r struct {
		Steps []Step `yaml:"steps"`
	}
	if _, err := recipe.Decode(name, []byte("steps: "+steps), &r); err != nil {
		panic(err) // a slip of this package, which its tests find
	}
	return r.Steps
}

// Pipelines returns the pipelines that every recipe has. A recipe that defines
// one of the same name replaces it. Books go through no filter of repetitions: its
// limits are for pages, and a long text repeats more, however good it is.
func Pipelines() map[string][]Step {
	return map[string][]Step{
		webPipeline:   stepsOf(webPipeline, "[unicode, boilerplate_lines, language, gopher_repetition, gopher_quality, c4, fineweb, secrets, private]"),
		textPipeline:  stepsOf(textPipeline, "[unicode, length: {min_words: 5}, secrets, private]"),
		booksPipeline: stepsOf(booksPipeline, "[pdf_lines, unicode, length: {min_words: 50}, secrets, private]"),
		codePipeline:  stepsOf(codePipeline, "[code, secrets]"),
	}
}

// allPipelines are those of the recipe and those that it does not replace.
func (r *Recipe) allPipelines() map[string][]Step {
	all := Pipelines()
	maps.Copy(all, r.Pipelines)
	return all
}

// usedPipelines are the names of the pipelines that sources name, and of those by
// format where a source names none.
func (r *Recipe) usedPipelines() []string {
	used := map[string]bool{}
	for i := range r.Sources {
		for _, name := range r.Sources[i].pipelines() {
			used[name] = true
		}
	}
	return slices.Sorted(maps.Keys(used))
}

// pipelines are the names of those that the source's documents may go through.
func (s *Source) pipelines() []string {
	if s.Pipeline != "" {
		return []string{s.Pipeline}
	}
	return []string{webPipeline, textPipeline, codePipeline, booksPipeline}
}

// pipelinesOf are the names of the steps of the source's pipelines.
func (r *Recipe) pipelinesOf(s *Source) map[string][]string {
	all, out := r.allPipelines(), map[string][]string{}
	for _, name := range s.pipelines() {
		out[name] = []string{}
		for i := range all[name] {
			step, _, _ := all[name][i].chosen() // Check has seen it
			out[name] = append(out[name], step)
		}
	}
	return out
}

// readyPipelines loads the lists and models of all pipelines in use.
func (r *Recipe) readyPipelines(o *Options) (map[string]*pipeline, error) {
	all := r.allPipelines()
	ready := map[string]*pipeline{}
	for _, name := range r.usedPipelines() {
		p := &pipeline{name: name}
		for i := range all[name] {
			if err := all[name][i].ready(p, o); err != nil {
				return nil, recipe.Below(fmt.Sprintf("pipelines.%s[%d]", name, i), err)
			}
		}
		ready[name] = p
	}
	return ready, nil
}
