package task

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// manual is docs/tasks.md by its headings, with what stands below each.
func manual(t *testing.T) (text string, sections map[string]string) {
	t.Helper()
	source, err := os.ReadFile("../docs/tasks.md")
	if err != nil {
		t.Fatal(err)
	}
	sections = map[string]string{}
	for _, part := range regexp.MustCompile(`(?m)^#+ `).Split(string(source), -1) {
		heading, body, _ := strings.Cut(part, "\n")
		sections[strings.Trim(heading, "`")] = body
	}
	return string(source), sections
}

// TestManualHasKeys says that the manual has every key of a task, with its
// default.
func TestManualHasKeys(t *testing.T) {
	_, sections := manual(t)
	checkKeys(t, sections, "Keys of a task", reflect.TypeFor[Task](), map[reflect.Type]bool{})
}

func checkKeys(t *testing.T, sections map[string]string, heading string, of reflect.Type, seen map[reflect.Type]bool) {
	t.Helper()
	if seen[of] {
		return
	}
	seen[of] = true
	body, ok := sections[heading]
	if !ok {
		t.Errorf("the manual has no section %s", heading)
		return
	}
	value := reflect.New(of)
	if d, ok := value.Interface().(interface{ SetDefaults() }); ok {
		d.SetDefaults()
	}
	rows := 0
	for i := range of.NumField() {
		field := of.Field(i)
		key := field.Tag.Get("yaml")
		if key == "" {
			continue
		}
		rows++
		row := regexp.MustCompile("(?m)^\\| `" + key + "` \\|.*$").FindString(body)
		if row == "" {
			t.Errorf("section %s of the manual lacks the key %s", heading, key)
			continue
		}
		cells := strings.Split(strings.Trim(row, "| "), " | ")
		if want := shown(defaultOf(heading, key, value.Elem().Field(i))); !strings.Contains(cells[len(cells)-1], want) {
			t.Errorf("section %s of the manual: the default of %s is %s", heading, key, want)
		}
		inner := field.Type
		for inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			checkKeys(t, sections, key, inner, seen)
		}
	}
	if got := len(regexp.MustCompile("(?m)^\\| `[a-z_0-9]+` \\|").FindAllString(body, -1)); got != rows {
		t.Errorf("section %s of the manual has %d keys, there are %d", heading, got, rows)
	}
}

// defaultOf is the value of a key that a file leaves out. Those of the sections of
// a task are set with it.
func defaultOf(heading, key string, value reflect.Value) any {
	var t Task
	t.SetDefaults()
	sections := map[string]any{"choice": t.Choice, "few_shot": t.FewShot, "generate": t.Generate}
	if section, ok := sections[heading]; ok {
		of := reflect.ValueOf(section)
		for i := range of.NumField() {
			if of.Type().Field(i).Tag.Get("yaml") == key {
				return of.Field(i).Interface()
			}
		}
	}
	return value.Interface()
}

// shown is a default as the manual writes it; "" where it is nothing to speak of.
func shown(value any) string {
	v := reflect.ValueOf(value)
	switch {
	case v.Kind() == reflect.Pointer || v.Kind() == reflect.Struct || v.IsZero():
		return ""
	case v.Kind() == reflect.String && v.Type() == reflect.TypeFor[string]():
		return "`" + strconv.Quote(v.String()) + "`"
	}
	return fmt.Sprint(value)
}

// TestManualHasFunctions says the same of the functions of templates, and of what
// there is no more.
func TestManualHasFunctions(t *testing.T) {
	_, sections := manual(t)
	said := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| (`.*?`) \\|").FindAllStringSubmatch(sections["Templates"], -1) {
		for _, call := range strings.Split(m[1], ", ") {
			name, _, _ := strings.Cut(strings.Trim(call, "`"), " ")
			said[name] = true
		}
	}
	for _, name := range Functions() {
		if !said[name] {
			t.Errorf("the manual lacks the function %s", name)
		}
		delete(said, name)
	}
	for name := range said {
		t.Errorf("the manual has the function %s, which there is not", name)
	}
}

// TestManualExamples says that the manual's tasks are tasks.
func TestManualExamples(t *testing.T) {
	text, _ := manual(t)
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(text, -1)
	if len(examples) < 4 {
		t.Fatalf("%d examples", len(examples))
	}
	for _, example := range examples {
		if _, err := Parse("example.yaml", []byte(example[1])); err != nil {
			t.Error(err)
		}
	}
	row := regexp.MustCompile("(?s)```json\n(.*?)```").FindStringSubmatch(text)[1]
	task := parsed(t, examples[0][1])
	items, err := task.Load(LoadOptions{DataDir: dir(t, "capitals/test.jsonl", row)})
	if err != nil {
		t.Fatal(err)
	}
	if got := items[0]; !strings.Contains(text, strings.ReplaceAll("\n"+got.Prompt, "\n", "\n    ")) || got.Choices[got.Gold] != "Lima" || got.Before != " " {
		t.Errorf("%+v", got)
	}
}
