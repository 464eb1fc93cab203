package exam

import (
	"bytes"
	"fmt"
	"sync"
	"text/template"

	"github.com/polymath-lm/polymath/task"
)

// form is the task of a section whose items the user has. [[ ]] are filled in here,
// {{ }} for each row.
var form = template.Must(template.New("task").Delims("[[", "]]").Parse(`name: [[.Task]]
title: [[printf "%q" .Title]]
about: The real items. They are yours, exams/[[.Task]].jsonl below the data directory.
license: that of the examination
source: your file
data:
  files: [exams/[[.Task]].jsonl]
  section: '{{if has "section" .}}{{.section}}{{end}}'
  cluster: '{{if has "passage" .}}{{hash .passage}}{{end}}'
[[if .Free]]method: generate
prompt: |-
  {{if has "passage" .}}{{.passage}}

  {{end}}{{.question}}
answer: '{{join "; " .rubric}}'
generate: {max_tokens: 2048, temperature: 0}
grader:
  rubric:
    criteria:
      - name: points
        points: 1
        text: |-
          The answer earns an equal share of the points for each of these that it fulfils:
          {{range .rubric}}- {{.}}
          {{end}}
[[else]]method: explain
prompt: |-
  {{if has "passage" .}}{{.passage}}

  {{end}}{{.question}}
  {{range $i, $choice := .choices}}{{letter $i}}. {{$choice}}
  {{end}}Answer:
choice: {from: choices}
answer: '{{.answer}}'
generate: {max_tokens: 512, temperature: 0.3}
[[end]]`))

// Tasks returns the tasks of the sections of real items among the examinations of
// All: multiple choice as GPT-4 was examined (an explanation at temperature 0.3, then
// a letter), free response by rubric. The package's documentation says what their
// files hold. They are shared: do not change them.
var Tasks = sync.OnceValue(func() []*task.Task {
	var out []*task.Task
	seen := map[string]bool{} // sections of two examinations may have one task
	for _, e := range All() {
		if e.Items != "real" {
			continue
		}
		for _, s := range e.Sections {
			if seen[s.Task] {
				continue
			}
			seen[s.Task] = true
			var source bytes.Buffer
			data := struct {
				Task, Title string
				Free        bool
			}{s.Task, e.Title + ": " + s.Name, s.Free}
			if err := form.Execute(&source, data); err != nil {
				panic(err) // the template is ours
			}
			t, err := task.Parse(fmt.Sprintf("task of %s", e.Name), source.Bytes())
			if err != nil {
				panic(err) // a test makes them all
			}
			out = append(out, t)
		}
	}
	return out
})
