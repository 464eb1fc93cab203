package task

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/recipe"
)

// wholeTask is a task that has all that the mistakes below are made in.
const wholeTask = `name: whole
data: {files: [w.jsonl], id: '{{.id}}'}
method: generate
prompt: 'Say {{.q}}.'
answer: '{{.a}}'
generate: {max_tokens: 5}
grader: exact
`

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"prompt:", "promt:", `x.yaml:4:1: a task has no key "promt"; did you mean "prompt"?` + "\n    4 | promt: 'Say {{.q}}.'\n      | ^"},
		{"name: whole", "name: W", `x.yaml:1:7: name: "W" is no name`},
		{"method: generate", "method: write", `no method is called "write"`},
		{"method: generate\n", "", "method: name one"},
		{"answer: '{{.a}}'", "answer: {{.a}}", "x.yaml:5:10: could not find flow map content: write a template in single quotes"},
		{"prompt: 'Say {{.q}}.'", "turns: [ {{.a}}]", "x.yaml:4:11: could not find flow map content: write a template in single quotes"},
		{"prompt: 'Say {{.q}}.'", "turns:\n  - {{.a}}", "write a template in single quotes"},
		{"grader: exact\n", "", "the method generate needs a grader"},
		{"grader: exact", "grader: {exact: {}, f1: {}}", "x.yaml:7:1: grader: name one grader"},
		{"grader: exact", "grader: exat", `grader has no key "exat"; did you mean "exact"?`},
		{"grader: exact", "grader: {regex: {pattern: '{{.x'}}", "x.yaml:7:27: grader.regex.pattern: line 1 of the template"},
		{"grader: exact", "grader: {code: {language: perl, program: x}}", "python and go can be run"},
		{"grader: exact", "grader: {code: {language: go, program: x, tests: y}}", "only those of python"},
		{"prompt: 'Say {{.q}}.'\n", "", "prompt: say what the model is asked"},
		{"answer: '{{.a}}'\n", "", "answer: say what is right"},
		{"'Say {{.q}}.'", "'Say {{trin .q}}.'", `x.yaml:4:9: prompt: line 1 of the template: function "trin" not defined; did you mean trim?`},
		{"max_tokens: 5", "max_tokens: 0", "generate.max_tokens: 0 is impossible"},
		{"max_tokens: 5", "temperature: -1", "generate.temperature: -1 is impossible"},
		{"max_tokens: 5", "top_p: 0", "generate.top_p: 0 is impossible"},
		{"max_tokens: 5", "samples: 4", "4 samples at temperature 0 are all alike"},
		{"max_tokens: 5", "samples: 0", "generate.samples: 0 is impossible"},
		{"max_tokens: 5", `stop: [""]`, "generate.stop"},
		{"max_tokens: 5", `choices: [a]`, "generate.choices: it has 2 to "},
		{"max_tokens: 5", `choices: [a, ""]`, "generate.choices: it has 2 to "},
		{"max_tokens: 5", `choices: [a, b, a]`, "generate.choices: two of them are the same"},
		{"files: [w.jsonl]", "files: [../w.jsonl]", "x.yaml:2:16: data.files[0]: \"../w.jsonl\" is not below the data directory"},
		{"files: [w.jsonl]", "files: [/w.jsonl]", "is not below the data directory"},
		{"files: [w.jsonl]", "files: ['a\\b']", "with slashes"},
		{"files: [w.jsonl]", "format: xml, files: [w]", `data.format: "xml" is none of jsonl`},
		{"files: [w.jsonl]", "generator: g", "data.number: say how many rows g makes"},
		{"files: [w.jsonl]", "generator: g, files: [w]", "either made or read"},
		{"files: [w.jsonl]", "files: [w], seed: 3", "for a generator"},
		{"files: [w.jsonl]", "members: x", "data.files: name the files"},
		{"grader: exact", "grader: exact\nchance: 1", "chance: 1 is impossible"},
		{"grader: exact", "grader: exact\nfew_shot: {number: -1}", "few_shot.number: -1 examples are impossible"},
		{"grader: exact", "grader: exact\nfew_shot: {text: x, file: y}", "text and file cannot both"},
		{"grader: exact", "grader: exact\nfew_shot: {text: x, number: 1}", "either fixed"},
		{"grader: exact", "grader: exact\nfew_shot: {after: x}", "no few_shot.text"},
		{"grader: exact", "grader: exact\nfew_shot: {number: 1}\nimages: [x]", "questions with images have no examples"},
		{"grader: exact", "grader: exact\nfew_shot: {number: 1, data: {files: [x], section: y}}", "no data.section"},
		{"grader: exact", "grader: exact\nfew_shot: {number: 1, data: {files: [/x]}}", "few_shot.data.files[0]"},
		{"grader: exact", "grader: exact\nchoice: {from: x, answer_is: number}", "none of index, letter and text"},
		{"grader: exact", "grader: exact\nchoice: {norm: char}", `no norm is called "char"`},
		{"grader: exact", "grader: exact\nchoice: {each: x}", "no choice.from"},
		{"grader: exact", "grader: exact\nchoice: {contexts: x}", "only the method choice has contexts"},
		{"method: generate", "method: choice", "x.yaml: choice: the method choice needs choices"},
		{"method: generate", "method: cloze", "x.yaml:7:9: grader: the method cloze has no use for a grader"},
		{"grader: exact", "grader: exact\ngenerate: {}", "already defined"},
		{"grader: exact", "grader: exact\naccepted_from: x\nchoice: {from: c}", "accepted_from: one of the choices is right"},
	} {
		source := strings.Replace(wholeTask, c.old, c.new, 1)
		if source == wholeTask {
			t.Fatalf("%q changes nothing", c.old)
		}
		_, err := Parse("x.yaml", []byte(source))
		var located *recipe.Error
		if !errors.As(err, &located) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s:\ngot  %v\nwant %s", c.new, err, c.want)
		}
	}
	for method, keys := range map[string]string{
		"choice": "turns: [x]", "pair": "few_shot: {number: 1}", "cloze": "images: [x]", "text": "answer: x", "explain": "turns: [x]",
	} {
		source := "method: " + method + "\ndata: {files: [x]}\nprompt: x\n" + keys + "\n"
		if method == "choice" || method == "pair" || method == "explain" {
			source += "choice: {list: [a, b]}\n"
		}
		if method != "text" {
			source += "answer: '0'\n"
		}
		if _, err := Parse("x.yaml", []byte(source)); err == nil || !strings.Contains(err.Error(), "the method "+method+" has no use for it") {
			t.Errorf("%s: %v", source, err)
		}
	}
	for source, want := range map[string]string{
		"method: choice\ndata: {files: [x]}\nanswer: '0'\nchoice: {contexts: c, list: [a, b]}":             "one text continues the contexts",
		"method: choice\ndata: {files: [x]}\nanswer: '0'\nprompt: p\nchoice: {contexts: c, list: [a]}":     "take the place of the prompt",
		"method: pair\ndata: {files: [x]}\nanswer: '0'\nchoice: {list: [a]}":                               "a pair is two texts, and these are 1",
		"method: cloze\ndata: {files: [x]}\nanswer: '0'\nprompt: p\nchoice: {list: [a]}":                   "has no choices",
		"method: choice\ndata: {files: [x]}\nanswer: '0'\nchoice: {contexts: c, list: [a], shuffle: true}": "cannot be shuffled",
	} {
		if _, err := Parse("x.yaml", []byte(source)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", source, err)
		}
	}
}

// graded is the whole task with another grader.
func graded(by string) string { return strings.Replace(wholeTask, "grader: exact", "grader: "+by, 1) }

// TestRowErrors says that what is wrong with a row is said with the task's file,
// the key, and the row's file and line.
func TestRowErrors(t *testing.T) {
	const good = `{"id": "r1", "q": "hi", "a": "ho", "c": ["x", "y"]}` + "\n"
	withChoices := strings.Replace(wholeTask, "grader: exact", "grader: letter\nchoice: {from: c}", 1)
	for _, c := range []struct{ task, row, want string }{
		{wholeTask, `{"id": 2, "a": "b"}`, `x.yaml:4:9: prompt: DIR/w.jsonl: line 2: there is no field "q": the row has a, file, id, number`},
		{wholeTask, `{"id": 2, "q": null, "a": "b"}`, "x.yaml:4:9: prompt: DIR/w.jsonl: line 2: a value is null"},
		{wholeTask, `{"id": 2, "q": ["x"], "a": "b"}`, "a value is a list"},
		{wholeTask, `{"id": "r1", "q": "x", "a": "b"}`, `x.yaml:2:30: data.id: DIR/w.jsonl: line 1 and DIR/w.jsonl: line 2 have the same ID "r1"`},
		{wholeTask, `{"id": " ", "q": "x", "a": "b"}`, "data.id: DIR/w.jsonl: line 2: the ID is empty"},
		{wholeTask, `{"id": "a\nb", "q": "x", "a": "b"}`, "line 2: it has line breaks"},
		{wholeTask, `{"id": 2, "q": "x"}`, `x.yaml:5:9: answer: DIR/w.jsonl: line 2: there is no field "a"`},
		{wholeTask, `{`, "x.yaml:2:15: data.files: DIR/w.jsonl: line 2: it is no JSON"},
		{wholeTask, `[]`, "line 2: it is neither an object nor a text"},
		{strings.Replace(wholeTask, "'Say {{.q}}.'", "'{{.q}}'", 1), `{"id": 2, "q": " ", "a": "b"}`, "line 2: the prompt is empty"},
		{strings.Replace(wholeTask, "id: '{{.id}}'", "where: '{{.keep}}'", 1), `{"q": "x"}`, "data.where: DIR/w.jsonl: line 1: there is no field"},
		{strings.Replace(wholeTask, "id: '{{.id}}'", "where: 'no'", 1), `{"q": "x"}`, "there are no rows in w.jsonl"},
		{strings.Replace(wholeTask, "id: '{{.id}}'", "cluster: '{{.q}}'", 1), `{"q": "` + strings.Repeat("x", 600) + `", "a": 1}`, "line 2: it has 600 bytes"},
		{wholeTask + "turns: ['{{.t}}']\n", `{"id": 2}`, `turns[0]: DIR/w.jsonl: line 1: there is no field "t"`},
		{wholeTask + "accepted_from: c.d\n", `{"id": 2}`, `accepted_from: DIR/w.jsonl: line 1: there is no field "c.d"`},
		{wholeTask + "accepted_from: q\n", `{"id": 2}`, "line 1: field q: a list is wanted, and this is the text \"hi\""},
		{withChoices, `{"id": 2}`, `answer: DIR/w.jsonl: line 1: the answer "ho" is none of the 2 choices`},
		{strings.Replace(withChoices, "from: c", "from: d", 1), `{"id": 2}`, `choice.from: DIR/w.jsonl: line 1: there is no field "d"`},
		{strings.Replace(withChoices, "from: c", "from: c, each: '{{.x}}'", 1), `{"id": 2}`, "choice.from: DIR/w.jsonl: line 1: field c: element 0:"},
		{strings.Replace(withChoices, "from: c", "list: ['{{.q}}', ' ']", 1), `{"id": 2}`, "line 1: choice 1 is empty"},
		{wholeTask + "few_shot: {number: 2}\n", `{"id": 2, "q": "x", "a": "b"}`, "few_shot.number: DIR/w.jsonl: line 1: 2 examples are wanted, and 1 of the 2 rows can be one"},
		{wholeTask + "few_shot: {number: 1}\n", `{"id": 2, "q": "hi", "a": "b"}`, "1 examples are wanted, and 0 of the 2 rows"},
		{wholeTask + "few_shot: {file: '{{.q}}.txt'}\n", `{"id": 2}`, "few_shot.file: DIR/w.jsonl: line 1: "},
		{wholeTask + "few_shot: {file: '../{{.q}}'}\n", `{"id": 2}`, "is not below the data directory"},
		{wholeTask + "few_shot: {text: abc, after: d}\n", `{"id": 2}`, `few_shot.after: the text does not hold "d"`},
		{graded("{regex: {pattern: '(('}}"), `{"id": 2}`, "x.yaml:7:27: grader.regex.pattern: DIR/w.jsonl: line 1: error parsing regexp"},
		{graded("{regex: {pattern: '{{.a}}'}}"), `{"id": 2, "q": "x", "a": "["}`, "x.yaml:7:27: grader.regex.pattern: DIR/w.jsonl: line 2: error parsing regexp"},
		{graded("{regex: {pattern: '{{.r}}'}}"), `{"id": 2}`, `grader.regex.pattern: DIR/w.jsonl: line 1: there is no field "r"`},
		{graded("{rubric: {criteria: [{name: n, text: '{{index .c 1}}'}]}}"), `{"id": 2, "q": "x", "a": "b", "c": [1]}`, "grader.rubric.criteria[0].text: DIR/w.jsonl: line 2: "},
		{graded("{rubric: {criteria: [{name: n, text: '{{.a}}'}]}}"), `{"id": 2, "q": "x", "a": " "}`, "line 2: the criterion is empty"},
		{graded("numeric"), `{"id": 2}`, `x.yaml:5:9: answer: DIR/w.jsonl: line 1: the accepted answer "ho" has no number`},
		{wholeTask + "few_shot: {number: 1, data: {files: [v.jsonl]}}\n", `{"id": 2}`, "few_shot.data.files[0]: there is no file"},
	} {
		data := dir(t, "w.jsonl", good+c.row)
		want := strings.ReplaceAll(c.want, "DIR/", data+string(filepath.Separator))
		task, err := Parse("x.yaml", []byte(c.task))
		if err != nil {
			t.Errorf("%s: %v", c.task, err)
			continue
		}
		if _, err = task.Load(LoadOptions{DataDir: data, Shots: -1}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\ngot  %v\nwant %s", c.row, err, want)
		}
	}
}

func TestNoData(t *testing.T) {
	task := parsed(t, wholeTask)
	for dir, want := range map[string]string{
		"":          "w.jsonl is below the data directory, and none is given",
		t.TempDir(): "there is no file",
	} {
		_, err := task.Load(LoadOptions{DataDir: dir})
		var located *recipe.Error
		if !errors.Is(err, ErrNoData) || !errors.As(err, &located) || !strings.Contains(err.Error(), "x.yaml:2:16: data.files[0]: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%v", err)
		}
	}
	if _, err := task.Load(LoadOptions{DataDir: dir(t, "w.jsonl", "{")}); err == nil || errors.Is(err, ErrNoData) {
		t.Errorf("broken data are missing data: %v", err)
	}
	odd := filepath.Join(dir(t, "a[b]*/w.jsonl", `{"id": 1, "q": "x", "a": "y"}`), "a[b]*")
	if items, err := task.Load(LoadOptions{DataDir: odd}); err != nil || len(items) != 1 {
		t.Errorf("a directory's name is taken for a pattern: %v", err)
	}
	for _, o := range []LoadOptions{{Limit: -1}, {Shots: -2}, {Shots: maxShots + 1}} {
		if _, err := task.Load(o); err == nil || !strings.Contains(err.Error(), "impossible") {
			t.Error(err)
		}
	}
	if _, err := ReadFile(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Error(err)
	}
	built := &Task{}
	built.SetDefaults()
	built.Name, built.Method, built.Prompt, built.Data.Generator, built.Data.Number = "built", MethodText, "x", "g", 1
	if _, err := built.Load(LoadOptions{}); err == nil || err.Error() != `task built: data.generator: there is no generator "g"` {
		t.Error(err)
	}
}

func TestResolve(t *testing.T) {
	for _, c := range []struct {
		answer, is string
		choices    string
		want       int
	}{
		{"0", "", "x y", 0},
		{"1", "", "x y", 1},
		{"2", "", "x y", -1},
		{"-1", "", "x y", -1},
		{"1.0", "", "x y", -1},
		{"B", "", "x y", 1},
		{"(b)", "", "x y", 1},
		{"B.", "", "x y", 1},
		{"C", "", "x y", -1},
		{"y", "", "x y", 1},
		{"A", "", "B A", -1},
		{"A", "text", "B A", 1},
		{"A", "letter", "B A", 0},
		{"1", "", "1 2", -1},
		{"1", "index", "1 2", 1},
		{"1", "text", "1 2", 0},
		{"1", "", "0 1", 1},
		{"x", "", "x x", -1},
		{"0", "", "x x", 0},
		{"x", "index", "x y", -1},
		{"", "", "x y", -1},
	} {
		got, err := resolve(c.answer, strings.Fields(c.choices), c.is)
		if err != nil {
			got = -1
		}
		if got != c.want {
			t.Errorf("%q as %q of %s is %d, %v", c.answer, c.is, c.choices, got, err)
		}
	}
}
