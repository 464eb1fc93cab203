package task

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/polymath-lm/polymath/internal/recipe"
)

// maxCriteria bounds a rubric.
const maxCriteria = 50

// Name returns the grader's name in a task's file, "" if there is none.
func (g *Grading) Name() string {
	name, _ := g.only()
	return name
}

// needsAnswer reports whether the grader compares with an accepted answer.
func (g *Grading) needsAnswer() bool {
	return g.Code == nil && g.Rubric == nil && g.Regex == nil && g.Scene == nil && g.Safety == nil && g.Instructions == nil
}

// Check finds what no grader can be made of. Errors are *recipe.ValueError, with
// keys below that of the grading. Templates are not looked at.
func (g *Grading) Check() error {
	name, number := g.only()
	if number != 1 {
		return recipe.Bad("", "name one grader of exact, numeric, math, f1, regex, set, letter, code, rubric, characters, scene, safety, instructions and grounded; these are %d", number)
	}
	var err error
	switch {
	case g.Exact != nil:
		err = g.Exact.Extract.check()
	case g.Numeric != nil:
		err = firstOf(g.Numeric.Extract.check(), share("tolerance", g.Numeric.Tolerance))
	case g.Math != nil:
		err = firstOf(g.Math.Extract.check(), share("tolerance", g.Math.Tolerance))
	case g.F1 != nil:
		err = g.F1.check()
	case g.Regex != nil:
		err = g.Regex.check()
	case g.Set != nil:
		err = g.Set.check()
	case g.Letter != nil:
		err = g.Letter.check()
	case g.Code != nil:
		err = g.Code.check()
	case g.Rubric != nil:
		err = g.Rubric.check()
	case g.Characters != nil:
		err = g.Characters.Extract.check()
	case g.Scene != nil:
		err = g.Scene.check()
	case g.Safety != nil:
		err = g.Safety.check()
	case g.Instructions != nil:
		err = g.Instructions.check()
	case g.Grounded != nil:
		err = g.Grounded.check()
	}
	return recipe.Below(name, err)
}

// only returns the name of the last grader that is set, and how many are.
func (g *Grading) only() (name string, number int) {
	if g == nil {
		return "", 0
	}
	for _, one := range []struct {
		name string
		set  bool
	}{
		{"exact", g.Exact != nil},
		{"numeric", g.Numeric != nil},
		{"math", g.Math != nil},
		{"f1", g.F1 != nil},
		{"regex", g.Regex != nil},
		{"set", g.Set != nil},
		{"letter", g.Letter != nil},
		{"code", g.Code != nil},
		{"rubric", g.Rubric != nil},
		{"characters", g.Characters != nil},
		{"scene", g.Scene != nil},
		{"safety", g.Safety != nil},
		{"instructions", g.Instructions != nil},
		{"grounded", g.Grounded != nil},
	} {
		if one.set {
			name = one.name
			number++
		}
	}
	return name, number
}

func (e *Extract) check() error {
	for i, after := range e.After {
		if after == "" {
			return recipe.Bad(indexed("extract.after", i), "an empty text is after nothing")
		}
	}
	if e.Pattern != "" {
		pattern, err := regexp.Compile(e.Pattern)
		if err != nil {
			return recipe.Bad("extract.pattern", "%v", err)
		}
		if pattern.NumSubexp() == 0 {
			return recipe.Bad("extract.pattern", "needs a group ( ) that holds the answer")
		}
	}
	for i, pattern := range e.Abstain {
		if _, err := regexp.Compile(pattern); err != nil {
			return recipe.Bad(indexed("extract.abstain", i), "%v", err)
		}
	}
	return nil
}

func (f *F1) check() error {
	if f.Separator != "" && !f.Drop {
		return recipe.Bad("separator", "answers have several spans with drop: true only")
	}
	return f.Extract.check()
}

func (r *Regex) check() error {
	if r.Pattern == "" {
		return recipe.Bad("pattern", "needs a regular expression")
	}
	return r.Extract.check()
}

func (s *Set) check() error {
	if s.Separator == "" {
		return recipe.Bad("separator", "needs a text that stands between answers")
	}
	if _, err := regexp.Compile(s.Each); err != nil {
		return recipe.Bad("each", "%v", err)
	}
	return s.Extract.check()
}

func (l *Letter) check() error {
	if l.Number < 0 || l.Number == 1 || l.Number > 26 {
		return recipe.Bad("number", "choices have letters where there are 2 to 26 of them, not %d", l.Number)
	}
	return l.Extract.check()
}

func (c *Code) check() error {
	if c.Language != "python" && c.Language != "go" {
		return recipe.Bad("language", "python and go can be run, not %q", c.Language)
	}
	if c.Program == "" {
		return recipe.Bad("program", "needs the template of the file that is run")
	}
	if c.Tests != "" && c.Language != "python" {
		return recipe.Bad("tests", "only those of python run in a process of their own; put those of %s into program", c.Language)
	}
	if !(c.Timeout > 0 && c.Timeout <= 3600) {
		return recipe.Bad("timeout", "must be more than 0 and at most 3600 seconds, not %g", c.Timeout)
	}
	return nil
}

func (r *Rubric) check() error {
	if len(r.Criteria) == 0 || len(r.Criteria) > maxCriteria {
		return recipe.Bad("criteria", "a rubric has 1 to %d criteria, not %d", maxCriteria, len(r.Criteria))
	}
	names := map[string]bool{}
	most := 0.0
	for i, c := range r.Criteria {
		key := indexed("criteria", i)
		switch {
		case c.Name == "":
			return recipe.Bad(key+".name", "needs a name")
		case names[c.Name]:
			return recipe.Bad(key+".name", "another criterion is called %q", c.Name)
		case c.Text == "":
			return recipe.Bad(key+".text", "needs to say what is looked for")
		case c.Points == 0 || math.IsNaN(c.Points) || math.Abs(c.Points) > 1e6:
			return recipe.Bad(key+".points", "must be a number other than 0 and at most a million, not %g", c.Points)
		}
		names[c.Name] = true
		most += max(0, c.Points)
	}
	if most == 0 {
		return recipe.Bad("criteria", "no criterion gives points, so that no answer can score")
	}
	if !(r.Pass >= 0 && r.Pass <= 1) {
		return recipe.Bad("pass", "must be 0 to 1, not %g", r.Pass)
	}
	return nil
}

func (s *Scene) check() error {
	if s.Shown == "" {
		return recipe.Bad("shown", "needs the template of what the picture shows, such as '{{json .facts}}'")
	}
	return firstOf(s.Extract.check(), share("facts", s.Facts), share("objects", s.Objects))
}

func (s *Safety) check() error {
	if s.Kind == "" {
		return recipe.Bad("kind", "needs the template of what the prompt is: %s", strings.Join(promptKinds, ", "))
	}
	return nil
}

func (i *Instructions) check() error {
	if i.Constraints == "" {
		return recipe.Bad("constraints", "needs the template of what the answer must meet, such as '{{json .constraints}}'")
	}
	return nil
}

func (g *Grounded) check() error {
	switch {
	case g.Source == "":
		return recipe.Bad("source", "needs the template of the text that supports answers, such as '{{.passage}}'")
	case g.Checker != CheckWorld && g.Checker != CheckJudge:
		return recipe.Bad("checker", "statements are checked by %s or %s, not %q", CheckWorld, CheckJudge, g.Checker)
	case (g.Subject == "") != (g.Attribute == ""):
		return recipe.Bad("attribute", "subject and attribute go together: give both, or neither")
	}
	return share("covered", g.Covered)
}

func share(key string, value float64) error {
	if !(value >= 0 && value <= 1) {
		return recipe.Bad(key, "must be 0 to 1, not %g", value)
	}
	return nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func indexed(key string, i int) string { return key + "[" + strconv.Itoa(i) + "]" }
