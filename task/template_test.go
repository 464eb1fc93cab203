package task

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// row is a row with one value of each kind.
func row(t testing.TB) Row {
	t.Helper()
	const source = `{"t": " a_b ", "n": 3, "z": 0, "d": 1.50, "big": 12345678901234567890, "yes": true, "null": null,
		"list": ["x", 2, "z"], "deep": {"q": "Q", "list": [{"k": "v"}]}, "odd key": "o", "empty": "", "tex": "so \\boxed{\\frac{1}{2}} or \\boxed{x\\}{y}}."}`
	d := json.NewDecoder(strings.NewReader(source))
	d.UseNumber()
	var fields Row
	if err := d.Decode(&fields); err != nil {
		t.Fatal(err)
	}
	return fields
}

func TestTemplate(t *testing.T) {
	fields := row(t)
	for template, want := range map[string]string{
		"":                                              "",
		"{{/* nothing */}}":                             "",
		"as it is } {":                                  "as it is } {",
		"{{.t}}|{{.n}}|{{.d}}|{{.big}}":                 " a_b |3|1.50|12345678901234567890",
		"{{.yes}} {{true}} {{7}} {{1.5}}":               "true true 7 1.5",
		"{{.deep.q}}{{index . `odd key`}}":              "Qo",
		"{{trim .t | upper}}":                           "A_B",
		"{{.t | trim | replace `_` ` `}}":               "a b",
		"{{lower `ÀB`}}{{capitalize `élan`}}":           "àbÉlan",
		"{{capitalize ``}}":                             "",
		"{{trimRight .t}}|":                             " a_b|",
		"{{trimPrefix `a` `aab`}}":                      "ab",
		"{{trimSuffix `b` `aab`}}":                      "aa",
		"{{before `_` .t}}|{{after `_` .t}}":            " a|b ",
		"{{before `#` .t}}|{{after `#` .t}}":            " a_b |",
		"{{beforeLast `.` `a.b.c`}}":                    "a.b",
		"{{afterLast `.` `a.b.c`}}":                     "c",
		"{{afterLast `#` `a`}}|":                        "|",
		"{{contains `_` .t}}":                           "true",
		"{{hasPrefix `x` .t}}":                          "false",
		"{{hasSuffix ` ` .t}}":                          "true",
		"{{range split `,` `a,b`}}<{{.}}>{{end}}":       "<a><b>",
		"{{find `a(.)b` .t}}{{find `\\d` .d}}":          "_1",
		"{{find `q` .t}}|":                              "|",
		"{{substitute `(.)_(.)` `$2-$1` .t}}":           " b-a ",
		"{{regexquote `a.b`}}":                          `a\.b`,
		"{{hash ``}}":                                   "e3b0c44298fc",
		"{{boxed .tex}}|{{boxed .t}}":                   `x\}{y}|`,
		"{{join `, ` .list}}":                           "x, 2, z",
		"{{join `` (list 1 `b` .d)}}":                   "1b1.50",
		"{{join `` (concat .list (list `q`))}}":         "x2zq",
		"{{first .list}}{{last .list}}":                 "xz",
		"{{index .list .n | default `-`}}":              "!element 3 is wanted of a list of 3",
		"{{index .list 1}}{{index .deep `list` 0 `k`}}": "2v",
		"{{position `z` .list}}{{position 2 .list}}":    "21",
		"{{letters .list}}":                             "A. x\nB. 2\nC. z",
		"{{letter .n}}{{letter 0}}":                     "DA",
		"{{default `other` .null}}{{default `o` .empty}}{{default `o` .z}}": "othero0",
		"{{has `n` .}}{{has `null` .}}{{has `m` .}}":                        "truefalsefalse",
		"{{json .list}}{{json .t}}{{json .d}}{{json .null}}":                `["x",2,"z"]" a_b "1.50null`,
		"{{json `<&>`}}":                                      `"<&>"`,
		"{{int ` 12 `}}{{add .n -1}}":                         "122",
		"{{eq .n 3}}{{eq .d 1.5}}{{ne .n 3}}":                 "truetruefalse",
		"{{eq .t `x` ` a_b `}}{{eq .null 1}}":                 "truefalse",
		"{{lt .d .n}}{{ge .n 3}}{{gt `b` `a`}}":               "truetruetrue",
		"{{le 2 1}}":                                          "false",
		"{{if .z}}a{{else}}b{{end}}{{if .n}}c{{end}}":         "bc",
		"{{if and .n .z}}a{{else}}b{{end}}":                   "b",
		"{{if or .z .null}}a{{else}}b{{end}}":                 "b",
		"{{if (and .z .n)}}a{{else if not .z}}b{{end}}":       "b",
		"{{if .z | or .null}}a{{else}}b{{end}}":               "b",
		"{{with .null}}a{{else}}b{{end}}":                     "b",
		"{{with $x := .z}}a{{else}}b{{end}}":                  "b",
		"{{with .deep}}{{.q}}{{end}}":                         "Q",
		"{{or .z .n}}":                                        "3",
		"{{range $i, $x := .list}}{{letter $i}}{{$x}}{{end}}": "AxB2Cz",
		"{{range .deep.list}}{{.k}}{{else}}-{{end}}":          "v",
		"{{$x := .n}}{{$x}}{{$x = 4}}{{$x}}":                  "34",
		"{{printf `%03d %.1f %s` .n .d .n}}":                  "003 1.5 3",
		"{{print .n .t}}{{println 1}}":                        "3 a_b 1\n",
		"{{len .list}}{{slice `abc` 1 2}}":                    "3b",

		"{{.missing}}":              `!there is no field "missing": the row has big, d, deep`,
		"{{.deep.missing}}":         `!there is no field "missing"`,
		"{{.null}}":                 "!a value is null",
		"{{.null.x}}":               "!what should have the field x is null",
		"{{.list}}":                 "!a value is a list",
		"{{.deep}}":                 "!a value is a section",
		"{{.t.x}}":                  "!can't evaluate field x",
		"{{trim .null}}":            "!a value is null",
		"{{join `,` .t}}":           "!a list is wanted, and this is the text",
		"{{join `,` (list .null)}}": "!element 0: a value is null",
		"{{first (split `,` ``)}}":  "",
		"{{last (list)}}":           "!element -1 is wanted of a list of 0",
		"{{index .list -1}}":        "!no element has the number -1",
		"{{index .list `a`}}":       "!a whole number is wanted",
		"{{index . `none`}}":        `!there is no field "none"`,
		"{{position `q` .list}}":    "!the list does not hold",
		"{{letter 26}}":             "!no letter has the number 26",
		"{{int .d}}":                "!a whole number is wanted, and this is 1.50",
		"{{eq .n `3`}}":             "!3 and the text \"3\" cannot be compared",
		"{{lt .list 1}}":            "!cannot be compared",
		"{{find `(` .t}}":           "!missing closing )",
		"{{printf `%d` .t}}":        "!printf:",
		"{{printf `%s`}}":           "!printf:",
		"{{print .null}}":           "!element 0: a value is null",
	} {
		compiled, err := NewTemplate(template)
		if err != nil {
			t.Errorf("%s: %v", template, err)
			continue
		}
		got, err := compiled.Execute(fields)
		if message, bad := strings.CutPrefix(want, "!"); bad {
			if err == nil || !strings.Contains(err.Error(), message) || strings.Contains(err.Error(), "template:") {
				t.Errorf("%s is %q, %v; want %s", template, got, err, message)
			}
		} else if err != nil || got != want {
			t.Errorf("%s is %q, %v; want %q", template, got, err, want)
		}
	}
}

func TestTemplateMistakes(t *testing.T) {
	for template, want := range map[string]string{
		"{{.x":                                   "line 1 of the template: ",
		"a\n{{trimm .x}}":                        `line 2 of the template: function "trimm" not defined; did you mean trim?`,
		`{{define "a"}}x{{end}}`:                 "must not define others",
		`{{template "t"}}`:                       "must not call others",
		`{{if .x}}{{block "a" .}}{{end}}{{end}}`: "must not",
		strings.Repeat("{{if 1}}", 200) + strings.Repeat("{{end}}", 200): "nested too deeply",
		strings.Repeat("{{1}}", maxActions+1):                            "places to fill",
		"{{" + strings.Repeat("(", 20000):                                "line 1",
	} {
		if _, err := NewTemplate(template); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v, want %s", template, err, want)
		}
	}
}

// TestTemplateBounds says that no template writes or loops without end.
func TestTemplateBounds(t *testing.T) {
	fields := Row{"list": make([]any, 1000), "long": strings.Repeat("x", 1<<20)}
	for template, want := range map[string]string{
		"{{range .list}}{{range $.list}}{{range $.list}}{{end}}{{end}}{{end}}": "steps",
		"{{range 1000000000}}{{end}}":                                          "steps",
		"{{.long}}{{.long}}{{.long}}{{.long}}{{.long}}":                        "longer than",
		"{{replace `x` `yyyyyyyyyyyyyy` .long}}":                               "longer than",
		"{{join .long .list}}":                                                 "null",
		"{{join .long (split `x` .long)}}":                                     "longer than",
		"{{substitute `x` `$0$0$0$0$0$0$0$0$0$0$0$0$0$0` .long}}":              "longer than",
		"{{substitute `` .long .long}}":                                        "longer than",
	} {
		compiled, err := NewTemplate(template)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := compiled.Execute(fields); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %d bytes, %v", template, len(got), err)
		}
	}
}

// TestNumbersAsWritten says that any number of JSON comes out as it stands, and
// compares as itself.
func TestNumbersAsWritten(t *testing.T) {
	write, err := NewTemplate("{{.n}}")
	if err != nil {
		t.Fatal(err)
	}
	same, err := NewTemplate("{{eq .n .n}}{{if eq .n 0}}{{not .n}}{{else}}true{{end}}")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,8})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "number")
		fields := Row{"n": json.Number(text)}
		if got, err := write.Execute(fields); err != nil || got != text {
			t.Fatalf("%s is written %s, %v", text, got, err)
		}
		if got, err := same.Execute(fields); err != nil || got != "truetrue" {
			t.Fatalf("%s: %s, %v", text, got, err)
		}
	})
}

func FuzzTemplate(f *testing.F) {
	for _, text := range []string{
		"{{.t}} {{range $i, $x := .list}}{{letter $i}}. {{$x}}\n{{end}}", "{{if and .n (or .z .d)}}{{else if .t}}{{else}}{{end}}",
		"{{with .deep}}{{(index .list 0).k}}{{end}}", "{{printf `%*d` 10 .n}}", "{{range 10}}{{break}}{{end}}", "{{substitute `(a)` `$1` .t | find `b` | json}}",
		"{{call .t}}", "{{slice .t 1}}", "{{html .t}}", "{{_show .null}}", "{{$x := .}}{{$x.t}}", "{{and}}", "{{or 1 2 | and}}", "{{has `t` .}}",
	} {
		f.Add(text)
	}
	fields := row(f)
	f.Fuzz(func(t *testing.T, text string) {
		compiled, err := NewTemplate(text)
		if err != nil {
			return
		}
		got, err := compiled.Execute(fields)
		if err == nil && (len(got) > maxText || strings.Contains(got, "<no value>") && !strings.Contains(text, "<no value>")) {
			t.Fatalf("%q is %q", text, got)
		}
		again, err2 := compiled.Execute(fields)
		if again != got || (err == nil) != (err2 == nil) {
			t.Fatalf("%q: %q and %q, %v and %v", text, got, again, err, err2)
		}
	})
}
