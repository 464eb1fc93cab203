package task

import "github.com/polymath-lm/polymath/internal/recipe"

// templates are those of a task by their keys.
type templates map[string]*Template

// compile reads all templates of the task. Those that it does not name are not
// in it.
func (t *Task) compile() (templates, error) {
	all := templates{}
	for _, one := range t.sources() {
		if one.text == "" {
			continue
		}
		template, err := NewTemplate(one.text)
		if err != nil {
			return nil, recipe.Bad(one.key, "%v", err)
		}
		all[one.key] = template
	}
	return all, nil
}

// source is the text of a template with its key.
type source struct{ key, text string }

func (t *Task) sources() []source {
	list := []source{{"prompt", t.Prompt}, {"answer", t.Answer}, {"choice.each", t.Choice.Each}}
	list = append(list, sourcesOf("turns", t.Turns)...)
	list = append(list, sourcesOf("images", t.Images)...)
	list = append(list, sourcesOf("choice.list", t.Choice.List)...)
	f := &t.FewShot
	list = append(list, source{"few_shot.intro", f.Intro}, source{"few_shot.file", f.File}, source{"few_shot.answer", f.Answer})
	list = append(list, t.Data.sources("data")...)
	if f.Data != nil {
		list = append(list, f.Data.sources("few_shot.data")...)
	}
	if g := t.Grader; g != nil {
		switch {
		case g.Regex != nil:
			list = append(list, source{"grader.regex.pattern", g.Regex.Pattern})
		case g.Code != nil:
			list = append(list, source{"grader.code.program", g.Code.Program}, source{"grader.code.tests", g.Code.Tests})
		case g.Scene != nil:
			list = append(list, source{"grader.scene.shown", g.Scene.Shown})
		case g.Safety != nil:
			list = append(list, source{"grader.safety.kind", g.Safety.Kind})
		case g.Instructions != nil:
			list = append(list, source{"grader.instructions.constraints", g.Instructions.Constraints})
		case g.Grounded != nil:
			const key = "grader.grounded."
			list = append(list, source{key + "source", g.Grounded.Source}, source{key + "subject", g.Grounded.Subject}, source{key + "attribute", g.Grounded.Attribute})
		case g.Rubric != nil:
			for i := range g.Rubric.Criteria {
				list = append(list, source{indexed("grader.rubric.criteria", i) + ".text", g.Rubric.Criteria[i].Text})
			}
		}
	}
	return list
}

func sourcesOf(key string, texts []string) (list []source) {
	for i, text := range texts {
		list = append(list, source{indexed(key, i), text})
	}
	return list
}

func (d *Data) sources(key string) []source {
	return []source{{key + ".where", d.Where}, {key + ".present", d.Present}, {key + ".id", d.ID}, {key + ".section", d.Section}, {key + ".cluster", d.Cluster}}
}
