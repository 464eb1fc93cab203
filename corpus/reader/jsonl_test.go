package reader

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/polymath-lm/polymath/internal/recipe"
	"pgregory.net/rapid"
)

func TestJSONL(t *testing.T) {
	lines := []string{
		"\ufeff" + `{"text":"one","url":"http://a","n":1}`,
		`{"metadata":{"license":"MIT","deep":{"text":"not this"}},"text":"zwei \u00fc \ud83d\ude00 \n"}`,
		``,
		`  {"text": "drei", "title": null, "author": "\"A\"", "date": 2024, "path": true, "language": ["en"]}` + "\r",
		`{"text": 3}`,
		`{"body": "no text"}`,
		`{"text": "broken`,
		`["text"]`,
		`{"text":"x"} {"text":"y"}`,
		`{"text":"` + strings.Repeat("long ", 100) + `"}`,
		`{"text":"lone \ud800 surrogate"}`,
		`{"text":"twice","text":"the last"}`,
		`{"text":null}`,
		`{"text":"no end of line"}`,
	}
	f := file(t, "a.jsonl", []byte(strings.Join(lines, "\n")))
	all := checkResume(t, f, Options{MaxRecord: 300})
	want := []string{
		"one", "zwei ü 😀 \n", "drei",
		"!line 5: field \"text\" holds a number instead of text",
		"!line 6 has no field \"text\"; name the one with the text in text_field",
		"!line 7 is not a JSON object: ",
		"!line 8 is not a JSON object: it is an array",
		"!line 9 is not a JSON object: something follows the object",
		"!line 10 is longer than 300 bytes; raise max_record to read it",
		"lone \ufffd surrogate", "the last",
		"!line 13: field \"text\" holds null instead of text",
		"no end of line",
	}
	if len(all) != len(want) {
		t.Fatalf("%d records, want %d: %+v", len(all), len(want), all)
	}
	for i, w := range want {
		if bad, ok := strings.CutPrefix(w, "!"); ok && !strings.HasPrefix(all[i].Bad, bad) || !ok && all[i].Content != w {
			t.Errorf("record %d is %+v, want %s", i, all[i], w)
		}
	}
	if diff := cmp.Diff(map[string]string{"author": `"A"`, "date": "2024", "path": "true", "language": `["en"]`}, all[2].Meta); diff != "" {
		t.Error(diff)
	}
	if o := all[2].Origin; o.Record != 3 || o.Offset != int64(len(lines[0])+len(lines[1])+3) {
		t.Errorf("the third record is at %+v", o)
	}
}

func TestJSONLFields(t *testing.T) {
	line := `{"doc":{"body":{"text":"deep"},"n":{"x":1}},"a.b":"dotted","meta":{"lic":"CC0","deep":{"u":"http://u"}}}`
	f := file(t, "a.jsonl", []byte(line))
	for path, want := range map[string]string{"doc.body.text": "deep", "a.b": "dotted", "meta.deep.u": "http://u"} {
		all, _, err := drain(t, f, Options{TextField: path, MetaFields: []string{"license=meta.lic", "url=meta.deep.u", "doc.n", "none"}}, Position{})
		if err != nil || all[0].Content != want {
			t.Fatalf("%s: %+v, %v", path, all, err)
		}
		if diff := cmp.Diff(map[string]string{"license": "CC0", "url": "http://u", "doc.n": `{"x":1}`}, all[0].Meta); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
}

// TestJSONLAgainstEncodingJSON compares with the standard library.
func TestJSONLAgainstEncodingJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := map[string]any{}
		for _, key := range []string{"text", "url", "x", "m"} {
			switch rapid.IntRange(0, 3).Draw(t, key) {
			case 0:
				value[key] = rapid.String().Draw(t, "string")
			case 1:
				value[key] = rapid.Float64().Draw(t, "number")
			case 2:
				value[key] = map[string]any{"text": rapid.String().Draw(t, "inner"), "url": []any{1.5, nil, true}}
			}
		}
		line, _ := json.Marshal(value)
		if rapid.Bool().Draw(t, "cut") && len(line) > 2 {
			line = line[:rapid.IntRange(1, len(line)).Draw(t, "at")]
		}
		var back map[string]any
		valid := json.Unmarshal(line, &back) == nil
		text, isText := back["text"].(string)
		r := &Record{Content: bytes.Clone(line)}
		err := newFields(Options{TextField: "text"}).resolve(r)
		if (err == nil) != (valid && isText) {
			t.Fatalf("%s: %v, valid %v, text %v", line, err, valid, isText)
		}
		if err == nil && string(r.Content) != text {
			t.Fatalf("%s: %q, want %q", line, r.Content, text)
		}
		if url, ok := back["url"].(string); err == nil && ok && r.Meta["url"] != url {
			t.Fatalf("%s: url %q, want %q", line, r.Meta["url"], url)
		}
	})
}

func BenchmarkJSONL(b *testing.B) {
	text := strings.Repeat("The quick brown fox jumps over the lazy dog. \"Quoted\", and\na new line; ", 50)
	line, _ := json.Marshal(map[string]any{"text": text, "url": "http://example.com/a/b", "meta": map[string]any{"n": 1, "list": []int{1, 2, 3}}})
	content := bytes.Repeat(append(line, '\n'), 2000)
	f := file(b, "a.jsonl", content)
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		all, err := count(f, Options{MaxRecord: recipe.Bytes(1 << 20)})
		if err != nil || all != 2000 {
			b.Fatal(all, err)
		}
	}
}

func ExampleBadRecord() {
	fmt.Println(&BadRecord{Problem: "line 1 is not a JSON object: it is a number"})
	// Output: : record 0 at byte 0: line 1 is not a JSON object: it is a number
}

// TestJSONLWithin: a field that is kept does not hide what lies in it, not even the
// text.
func TestJSONLWithin(t *testing.T) {
	line := `{"metadata":{"license":"MIT","deep":{"a":1}},"data":{"text":"one","n":{"a":2}},"n":3}`
	f := file(t, "a.jsonl", []byte(line))
	for _, c := range []struct {
		opt  Options
		want map[string]string
	}{
		{Options{MetaFields: []string{"metadata", "license=metadata.license"}}, map[string]string{"metadata": `{"license":"MIT","deep":{"a":1}}`, "license": "MIT"}},
		{Options{MetaFields: []string{"x=metadata.deep.a", "metadata.deep", "n", "data"}}, map[string]string{"x": "1", "metadata.deep": `{"a":1}`, "n": "3", "data": `{"text":"one","n":{"a":2}}`}},
		{Options{MetaFields: []string{"data.n", "data.n.a"}}, map[string]string{"data.n": `{"a":2}`, "data.n.a": "2"}},
	} {
		c.opt.TextField = "data.text"
		all, _, err := drain(t, f, c.opt, Position{})
		if err != nil || len(all) != 1 || all[0].Content != "one" {
			t.Fatalf("%+v, error %v", all, err)
		}
		if diff := cmp.Diff(c.want, all[0].Meta); diff != "" {
			t.Error(diff)
		}
	}
}
