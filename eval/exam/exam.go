// Package exam scores examinations as people sit them: sections with weights, points
// to a scaled score to a percentile by published tables, beside the scores that were
// published of other models.
//
// An examination is data (see the YAML files under data, and ReadFile): it names the
// tasks of its sections. A percentile is given only where the examination says that
// its tasks hold the real items, and all of them were put to the model. The real
// items belong to others and are not here. Whoever has them puts them into the data
// directory as exams/NAME.jsonl, NAME being the task's: one question a line,
//
//	{"question": "...", "choices": ["...", "..."], "answer": "B", "passage": "...", "section": "..."}
//
// with the letter, the number from 0 or the text of the right choice. passage, which
// stands before the question, and section may be left out; questions of one passage
// have it in the same words. A question of a section of free response has a rubric in
// place of choices and answer: a list of texts, each of which earns an equal share of
// the question's points. A judge grades the answers by it. Without the task's file the
// section is not sat.
package exam

import (
	"embed"
	"fmt"
	"io"
	"os"
	"regexp"
	"sync"

	"github.com/polymath-lm/polymath/internal/recipe"
)

// Exam is one examination.
type Exam struct {
	// Name identifies it: small letters, digits and underscores.
	Name  string `yaml:"name"`
	Title string `yaml:"title"`
	About string `yaml:"about"`
	// Items is "real" where the tasks hold the items of the examination itself, or
	// "like" where they are like those. Only real ones give scaled scores.
	Items string `yaml:"items"`
	// Benchmark says that it is a set of items that people do not sit.
	Benchmark bool      `yaml:"benchmark"`
	Sections  []Section `yaml:"sections"`
	// Scale makes a scaled score of points; where every section has a scale instead,
	// the score is their sum. Percentile makes a percentile of the score (of points,
	// where there is no scale). Without a percentile, Why says why there is none.
	Scale      *Scale      `yaml:"scale"`
	Percentile *Percentile `yaml:"percentile"`
	Why        string      `yaml:"why"`
	// Lines are scores that people have to reach.
	Lines *Lines `yaml:"lines"`
	// Note says how its items differ from those of the published scores.
	Note string `yaml:"note"`
	// Published are scores that others published, Source says where.
	Published []Published `yaml:"published"`
	Source    string      `yaml:"source"`
}

// Section is a part of an examination.
type Section struct {
	Name string `yaml:"name"`
	// Task is the name of a task; Section is a section of it, or empty for all.
	Task    string `yaml:"task"`
	Section string `yaml:"section"`
	// Questions is how many there are; 0 if that is not fixed.
	Questions int `yaml:"questions"`
	// Free says that answers are free texts, graded by rubrics.
	Free bool `yaml:"free"`
	// Points are what all right answers together are worth; default 1.
	Points float64 `yaml:"points"`
	// Scale makes a scaled score of the section's points.
	Scale *Scale `yaml:"scale"`
}

// SetDefaults sets what a file may leave out.
func (s *Section) SetDefaults() { s.Points = 1 }

// Published is a score that a model's makers published.
type Published struct {
	Model      string  `yaml:"model"`
	Score      string  `yaml:"score"`
	Share      float64 `yaml:"share"` // in parts of the most that can be had; 0 if that says nothing
	Percentile string  `yaml:"percentile"`
	Setting    string  `yaml:"setting"`
}

// list is a file of examinations.
type list struct {
	Exams []*Exam `yaml:"exams"`
}

// maxFile bounds a file of examinations in bytes.
const maxFile = 1 << 20

//go:embed data/*.yaml
var files embed.FS

// All returns the examinations of this package, those of data, in the order of
// their files. They are shared: do not change them.
var All = sync.OnceValue(func() []*Exam {
	names := []string{"law", "admission", "ap", "contests", "like", "benchmarks"}
	var all []*Exam
	for _, name := range names {
		source, err := files.ReadFile("data/" + name + ".yaml")
		if err != nil {
			panic(err) // the name is ours
		}
		exams, err := parseWith(name+".yaml", source, nil)
		if err != nil {
			panic(err) // a test reads them
		}
		all = append(all, exams...)
	}
	return all
})

// ReadFile reads a YAML file of examinations: a list under the key exams. A mistake is
// an error with file, line and caret.
func ReadFile(path string) ([]*Exam, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	source, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(source) > maxFile {
		return nil, fmt.Errorf("%s: a file of examinations has at most %d bytes", path, maxFile)
	}
	return Parse(path, source)
}

// Parse is ReadFile for a file that is read; name is what errors call it.
func Parse(name string, source []byte) ([]*Exam, error) {
	return parseWith(name, source, All())
}

// parseWith is Parse with the examinations whose tables the file may take.
func parseWith(name string, source []byte, ready []*Exam) ([]*Exam, error) {
	var l list
	places, err := recipe.DecodeAs("a file of examinations", name, source, &l)
	if err != nil {
		return nil, err
	}
	if err := l.check(ready); err != nil {
		return nil, places.Locate(err)
	}
	return l.Exams, nil
}

func (l *list) check(ready []*Exam) error {
	if len(l.Exams) == 0 {
		return recipe.Bad("exams", "give a list of examinations")
	}
	seen := map[string]bool{}
	for i, e := range l.Exams {
		key := fmt.Sprintf("exams[%d]", i)
		if p := e.Percentile; p != nil {
			if err := p.take(ready); err != nil {
				return recipe.Below(key+".percentile", err)
			}
		}
		if err := e.Check(); err != nil {
			return recipe.Below(key, err)
		}
		if seen[e.Name] {
			return recipe.Bad(key+".name", "there are two examinations called %s", e.Name)
		}
		seen[e.Name] = true
	}
	return nil
}

var nameRule = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

// Check reports the first impossible value as a *recipe.ValueError.
func (e *Exam) Check() error {
	scaled := e.Scale != nil || e.Percentile != nil || e.Lines != nil || e.sectionScales() > 0
	switch {
	case !nameRule.MatchString(e.Name):
		return recipe.Bad("name", "give a name of small letters, digits and underscores")
	case e.Title == "":
		return recipe.Bad("title", "give a title")
	case e.Benchmark && (scaled || e.Items != ""):
		return recipe.Bad("benchmark", "a benchmark has neither items, scale, percentile nor lines: people do not sit it")
	case !e.Benchmark && e.Items != "real" && e.Items != "like":
		return recipe.Bad("items", "say real if the tasks hold the items of the examination itself, like if they do not")
	case e.Items == "like" && scaled:
		return recipe.Bad("items", "a scaled score, a percentile or lines need real items")
	case !e.Benchmark && e.Why == "" && (e.Percentile == nil || !e.hasScore()):
		return recipe.Bad("why", "say why there is no percentile")
	case len(e.Sections) == 0:
		return recipe.Bad("sections", "give a list of sections")
	case len(e.Published) > 0 && e.Source == "":
		return recipe.Bad("source", "say where the published scores are from")
	}
	for i, s := range e.Sections {
		if err := s.check(); err != nil {
			return recipe.Below(fmt.Sprintf("sections[%d]", i), err)
		}
	}
	for i, p := range e.Published {
		if p.Model == "" || p.Score == "" || !(p.Share >= 0 && p.Share <= 1) {
			return recipe.Bad(fmt.Sprintf("published[%d]", i), "give a model, a score, and a share of 0 to 1 or none")
		}
	}
	return e.checkTables()
}

func (e *Exam) checkTables() error {
	if n := e.sectionScales(); n > 0 && (n < len(e.Sections) || e.Scale != nil) {
		return recipe.Bad("sections", "%d of %d have a scale; give one to all of them, or one to the examination", n, len(e.Sections))
	}
	if e.Scale != nil {
		if err := recipe.Below("scale", e.Scale.check(e.points())); err != nil {
			return err
		}
	}
	if e.Lines != nil {
		if err := recipe.Below("lines", e.Lines.check()); err != nil {
			return err
		}
	}
	if p := e.Percentile; p != nil {
		if p.Of == "score" && (e.Scale != nil || e.sectionScales() > 0) {
			return recipe.Bad("percentile.of", "leave it out: the examination has a scale")
		}
		return recipe.Below("percentile", p.check(e.ends()))
	}
	return nil
}

// sectionScales is how many sections have a scale of their own.
func (e *Exam) sectionScales() int {
	n := 0
	for _, s := range e.Sections {
		if s.Scale != nil {
			n++
		}
	}
	return n
}

// hasScore reports whether points make a score that has a table.
func (e *Exam) hasScore() bool {
	return e.Scale != nil || e.sectionScales() > 0 || e.Percentile != nil && e.Percentile.Of != "score"
}

// ends are the lowest and the highest score.
func (e *Exam) ends() (low, high float64) {
	switch {
	case e.Scale != nil:
		return e.Scale.ends()
	case e.sectionScales() == 0:
		return 0, e.points()
	}
	for _, s := range e.Sections {
		l, h := s.Scale.ends()
		low, high = low+l, high+h
	}
	return low, high
}

func (s *Section) check() error {
	switch {
	case s.Name == "":
		return recipe.Bad("name", "give a name")
	case s.Task == "":
		return recipe.Bad("task", "give the name of a task")
	case s.Questions < 0 || s.Questions > 1e6:
		return recipe.Bad("questions", "give how many there are, or 0 if that is not fixed")
	case !(s.Points > 0 && s.Points <= 1e6):
		return recipe.Bad("points", "give what all right answers are worth, more than 0")
	case s.Scale != nil:
		return recipe.Below("scale", s.Scale.check(s.Points))
	}
	return nil
}

// points are what the whole examination is worth.
func (e *Exam) points() float64 {
	sum := 0.0
	for _, s := range e.Sections {
		sum += s.Points
	}
	return sum
}
