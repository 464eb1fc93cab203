package conversation

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
	"github.com/polymath-lm/polymath/picture"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/tokenizer"
)

var testTokenizer = sync.OnceValue(func() *tokenizer.Tokenizer {
	var docs [][]byte
	for i := range 50 {
		docs = append(docs, fmt.Appendf(nil, "What is %d? It is a number, and the answer is %d.", i, i*i))
	}
	t, err := tokenizer.Train(slices.Values(docs), tokenizer.TrainOptions{VocabSize: 290})
	if err != nil {
		panic(err)
	}
	return t
})

func testEncoder() Encoder {
	t := testTokenizer()
	return Encoder{Tokenizer: t, Template: chat.Default(), Begin: []int32{t.EOS()}, End: t.EOS()}
}

// split returns what is learned of an object, and what is not.
func split(t *testing.T, object string) (learned, given string) {
	t.Helper()
	x, err := Parse([]byte(object))
	if err != nil {
		t.Fatalf("%s: %v", object, err)
	}
	e := testEncoder()
	tokens, mask, err := e.Encode(x, nil)
	if err != nil {
		t.Fatalf("%s: %v", object, err)
	}
	var parts [2][]int32
	for i, id := range tokens {
		side := 0
		if mask[i] {
			side = 1
		}
		parts[side] = append(parts[side], id)
	}
	return e.Tokenizer.Decode(parts[1]), e.Tokenizer.Decode(parts[0])
}

// TestForms: of every form, exactly the assistant's words are learned, with what
// ends them.
func TestForms(t *testing.T) {
	end := testTokenizer().Decode([]int32{testTokenizer().EOS()})
	const turn = "<|im_end|>"
	for object, want := range map[string]string{
		`{"messages": [{"role": "system", "content": "be short"}, {"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}, {"role": "user", "content": "bye"}, {"role": "assistant", "content": "so long"}]}`:                                                                                                                                                                               "ho" + turn + "so long" + turn,
		`{"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}, {"role": "assistant", "content": "ho", "weight": 1, "tool_calls": null}], "id": 7}`:                                                                                                                                                                                                                                     "ho" + turn,
		`{"messages": [{"role": "user", "content": "add"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "1", "type": "function", "function": {"name": "add", "arguments": "{\"a\": 1}"}}]}, {"role": "tool", "tool_call_id": "1", "content": "2"}, {"role": "assistant", "content": "two"}], "tools": [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]}`: "<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 1}}\n</tool_call>" + turn + "two" + turn,
		`{"conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "ho"}], "system": "s"}`:                                                                                                                                                                                                                                                                                                "ho" + turn,
		`{"conversations": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]}`:                                                                                                                                                                                                                                                                                                      "ho" + turn,
		`{"conversations": [{"from": "human", "value": "add"}, {"from": "function_call", "value": "{\"name\": \"f\", \"arguments\": {}}"}, {"from": "observation", "value": "2"}, {"from": "gpt", "value": "two"}]}`:                                                                                                                                                                                          "<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>" + turn + "two" + turn,
		`{"instruction": "add", "input": "1 1", "output": "2", "text": "all"}`:                                                                                                                                                                                                                                                                                                                                "2" + turn,
		`{"instruction": "add", "context": "1 1", "response": "2"}`: "2" + turn,
		`{"instruction": "add", "output": "2"}`:                     "2" + turn,
		`{"prompt": "one and one is", "completion": " two"}`:        " two" + end,
		`{"text": "one and one is two"}`:                            "one and one is two" + end,
	} {
		if learned, given := split(t, object); learned != want || strings.Contains(given, "ho<") {
			t.Errorf("%s:\nlearned %q, want %q\ngiven %q", object, learned, want, given)
		}
	}
}

// TestBadObjects: what is wrong is named with its field.
func TestBadObjects(t *testing.T) {
	for object, want := range map[string]string{
		``:                                 "it is no JSON",
		`[1]`:                              "it is a list, not an object",
		"{\"text\": \"caf\xe9\"}":          "it is not UTF-8",
		`null`:                             "it is null, not an object",
		`{"a": 1}`:                         "it has none of messages",
		`{"messages": {}}`:                 "messages: it is an object, not a list",
		`{"messages": []}`:                 "messages: no message is the assistant's",
		`{"messages": [3]}`:                "messages[0]: it is a number",
		`{"messages": [{"content": "x"}]}`: "messages[0].role: it is missing",
		`{"messages": [{"role": "user", "x": 1}]}`:                                           "messages[0].x",
		`{"messages": [{"role": "user", "content": 3}]}`:                                     "messages[0].content: it is a number, not a text",
		`{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}`:               `messages[0].content[0].image_url: it is missing`,
		`{"messages": [{"role": "assistant", "content": "x", "weight": 0}]}`:                 "messages[0].weight",
		`{"messages": [{"role": "assistant", "tool_calls": [{"id": "1"}]}]}`:                 "messages[0].tool_calls[0].name",
		`{"messages": [{"role": "assistant", "content": "x"}], "tools": [{"function": {}}]}`: "tools[0].function.name",
		`{"conversations": [{"from": "me", "value": "x"}]}`:                                  "conversations[0].from",
		`{"conversations": [{"from": "gpt", "value": "x", "weight": 0}]}`:                    "conversations[0].weight: it is 0: every message",
		`{"conversations": [{"from": "gpt", "value": "x", "weight": 1, "loss_weight": 0}]}`:  "conversations[0].loss_weight: it is 0",
		`{"conversations": [{"from": "gpt", "value": "x", "loss": false}]}`:                  "conversations[0].loss: it is false",
		`{"conversations": [{"from": "function_call", "value": "{}", "weight": 0}]}`:         "conversations[0].weight: it is 0",
		`{"conversations": [{"from": "gpt"}]}`:                                               "conversations[0].value: it is missing",
		`{"instruction": "x"}`:                                                               "output: it is missing",
		`{"instruction": "x", "output": ""}`:                                                 "output: it is empty",
		`{"completion": "x"}`:                                                                "prompt: it is missing",
		`{"text": ""}`:                                                                       "text: it is empty",
		`{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}, {"role": "king", "content": "z"}]}`: "king",
	} {
		x, err := Parse([]byte(object))
		if err == nil {
			e := testEncoder()
			_, _, err = e.Encode(x, nil)
		}
		var field *FieldError
		if err == nil || !strings.Contains(err.Error(), want) || !errors.As(err, &field) {
			t.Errorf("%s: %v, want %q", object, err, want)
		}
	}
}

// TestTurnKeys: turns that say that they are learned are, whatever the others say, and
// keys without a meaning are told, each once for an object.
func TestTurnKeys(t *testing.T) {
	const object = `{"conversations": [
		{"from": "human", "value": "hi", "weight": 0, "loss": false, "loss_weight": 0, "lang": "en", "note": null},
		{"from": "gpt", "value": "ho", "weight": 1, "loss": true, "loss_weight": null, "lang": "en"},
		{"from": "gpt", "value": "so", "train": false}], "id": 1}`
	if learned, _ := split(t, object); learned != "ho<|im_end|>so<|im_end|>" {
		t.Errorf("learned %q", learned)
	}
	x, err := Parse([]byte(object))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"conversations[].lang", "conversations[].train", "id"}; !slices.Equal(x.Ignored, want) {
		t.Errorf("ignored %q, want %q", x.Ignored, want)
	}
	o, err := ParseObject("", []byte(`{"chosen": [{"from": "gpt", "value": "x", "weight": 0}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if m, err := o.Messages("chosen"); err != nil || len(m) != 1 { // of which nothing need be learned
		t.Errorf("%v, %v", m, err)
	}
}

// TestNoMask: a template that does not tell what is the assistant's is refused.
func TestNoMask(t *testing.T) {
	template, err := chat.Jinja("{% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% endif %}{% endfor %}", chat.JinjaOptions{})
	if err != nil {
		t.Fatal(err)
	}
	e := testEncoder()
	e.Template = template
	x, err := Parse([]byte(`{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if tokens, learned, err := e.Encode(x, nil); err == nil || !strings.Contains(err.Error(), "does not tell which tokens are the assistant's") {
		t.Errorf("%v, %v of %v", err, learned, tokens)
	}
}

func writeFile(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data.jsonl")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

const (
	good = `{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}], "id": 1}`
	long = `{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "the answer is the number and the number is the answer and that is what it is"}]}`
	late = `{"messages": [{"role": "user", "content": "the answer is the number and the number is the answer and that is what it is"}, {"role": "assistant", "content": "ho"}]}`
)

// TestPrepare: every object is in the shards or counted as why not, whether they
// are lines or the elements of an array.
func TestPrepare(t *testing.T) {
	lines := strings.Join([]string{good, "", long, late, `{"messages": 1}`, good}, "\n")
	array := "[\n" + strings.Join([]string{good, "\n" + long, late, `{"messages": 1}`, good}, ",\n") + "\n]\n"
	e := testEncoder()
	x, err := Parse([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	tokens, _, err := e.Encode(x, nil)
	if err != nil {
		t.Fatal(err)
	}
	most := len(tokens) - 1
	for _, text := range []string{lines, array, ""} {
		want := int64(5)
		if text == "" {
			want = 0
		}
		if n, err := Count(writeFile(t, text)); err != nil || n != want {
			t.Errorf("%d objects of %d, %v", n, want, err)
		}
	}
	for _, text := range []string{lines, array, "\xef\xbb\xbf" + lines, strings.ReplaceAll(lines, "\n", "\r\n")} {
		path := writeFile(t, text)
		_, err := Prepare([]string{path}, t.TempDir(), Options{Encoder: e, MaxTokens: most, TooLong: Cut})
		var badLines *BadLinesError
		if !errors.As(err, &badLines) || badLines.Bad != 1 || !strings.Contains(err.Error(), path+":") || !strings.Contains(err.Error(), ": it is a number") {
			t.Fatalf("%v", err)
		}
		wantLine := ":5:"
		if text == array {
			wantLine = ":6: object 4: messages"
		}
		if !strings.Contains(err.Error(), wantLine) {
			t.Errorf("want line %s: %v", wantLine, err)
		}
		for rule, want := range map[string][3]int{Cut: {3, 1, 1}, Drop: {2, 0, 2}} {
			dir := t.TempDir()
			r, err := Prepare([]string{path}, dir, Options{Encoder: e, MaxTokens: most, TooLong: rule, SkipBad: true})
			if err != nil {
				t.Fatal(err)
			}
			if got := [3]int{r.Examples, r.CutShort, r.Dropped}; got != want || r.Objects != 5 || r.Bad != 1 || r.Ignored["id"] != 2 || r.Forms["messages"] != 4 {
				t.Errorf("%s: %+v", rule, r)
			}
			s, err := shard.OpenSet(dir)
			if err != nil {
				t.Fatal(err)
			}
			if s.Docs() != int64(r.Examples) || s.Tokens() != r.Tokens || !s.Header().Masked {
				t.Errorf("%s: %d documents of %d tokens, and %+v", rule, s.Docs(), s.Tokens(), r)
			}
			learned := int64(0)
			o := shard.NewOrder(s, most, 1)
			var row shard.Row
			for i := range o.Rows() {
				o.Row(i, &row)
				for _, target := range row.Targets {
					if target >= 0 {
						learned++
					}
				}
			}
			if learned != r.Learned {
				t.Errorf("%s: %d targets, and %d were counted", rule, learned, r.Learned)
			}
			s.Close()
		}
	}
}

// TestPrepareSplits: of a text longer than a row every token is predicted once.
func TestPrepareSplits(t *testing.T) {
	e := testEncoder()
	text := "the answer is the number and the number is the answer and that is what it is"
	tokens, _, err := e.Encode(&Example{Plain: true, Text: []chat.Part{{Text: text}}, Form: "text"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	path := writeFile(t, `{"text": "`+text+`"}`)
	for _, most := range []int{2, 5, len(tokens) - 2, len(tokens) - 1} {
		dir := t.TempDir()
		r, err := Prepare([]string{path}, dir, Options{Encoder: e, MaxTokens: most, TooLong: Drop})
		if err != nil {
			t.Fatal(err)
		}
		s, err := shard.OpenSet(dir)
		if err != nil {
			t.Fatal(err)
		}
		var got []int32
		o := shard.NewOrder(s, most, 1)
		var row shard.Row
		for doc := range s.NumDocs() {
			o.Row(o.RowsOf(nil, doc, 0)[0], &row)
			for i, ref := range row.Docs {
				if ref.Doc == doc {
					span := row.Spans[i]
					got = append(got, row.Targets[span.Start:span.Start+span.Len]...)
				}
			}
		}
		s.Close()
		if !slices.Equal(got, tokens[1:]) || r.Learned != int64(len(tokens)-1) || r.Examples != 1 || r.Split != min(1, len(tokens)-1-most) {
			t.Errorf("rows of %d: targets %v of %v, %+v", most, got, tokens, r)
		}
	}
}

// TestPrepareManyKeys: keys that are data do not fill the report.
func TestPrepareManyKeys(t *testing.T) {
	var b strings.Builder
	for i := range 150 {
		fmt.Fprintf(&b, "{\"text\": \"the answer\", \"k%03d\": 1}\n", i)
	}
	r, err := Prepare([]string{writeFile(t, b.String())}, t.TempDir(), Options{Encoder: testEncoder(), MaxTokens: 50, TooLong: Cut})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Ignored) != maxIgnored+1 || r.Ignored["k099"] != 1 || r.Ignored[otherKeys] != 50 {
		t.Errorf("%d keys, %d others", len(r.Ignored), r.Ignored[otherKeys])
	}
}

// TestPrepareRefuses: files of nothing, arrays that do not end.
func TestPrepareRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                 "no example",
		"\n\n":             "no example",
		"[" + good:         "does not end",
		"[" + good + "] x": "follows the list",
		"[{]":              "invalid character",
		late:               "too long",
	} {
		if _, err := Prepare([]string{writeFile(t, text)}, t.TempDir(), Options{Encoder: testEncoder(), MaxTokens: 10, TooLong: Drop}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %q", text, err, want)
		}
	}
	stop := errors.New("stop")
	_, err := Prepare([]string{writeFile(t, strings.Repeat(good+"\n", 1000))}, t.TempDir(), Options{Encoder: testEncoder(), MaxTokens: 99, TooLong: Cut, Progress: func(share float64) error {
		if share <= 0 || share > 1 {
			t.Errorf("share %v", share)
		}
		return stop
	}})
	if !errors.Is(err, stop) {
		t.Error(err)
	}
}

// TestPrepareDisk: what fails on the disk is an error, and leaves no set.
func TestPrepareDisk(t *testing.T) {
	path := writeFile(t, good)
	o := Options{Encoder: testEncoder(), MaxTokens: 99, TooLong: Cut}
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	if _, err := Prepare([]string{path}, t.TempDir(), o); err != nil {
		t.Fatal(err)
	}
	for op, name := range disk.Log() {
		dir := t.TempDir()
		disk.FailOp(op, syscall.ENOSPC)
		if _, err := Prepare([]string{path}, dir, o); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s (operation %d): %v", name, op, err)
		}
	}
}

// FuzzParse: any bytes are an example that can be encoded, or an error that
// names a field; encoding marks as many tokens as there are, never the first and
// no picture's; and no part of it cuts a picture.
func FuzzParse(f *testing.F) {
	for _, object := range []string{
		good, long, `{"text": "a"}`, `{"prompt": "a", "completion": "b"}`, `{"instruction": "a", "output": "b"}`,
		`{"conversations": [{"from": "human", "value": "hi"}, {"from": "function_call", "value": "{\"name\": \"f\"}"}, {"from": "observation", "value": "2"}]}`,
		`{"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": {"a": [1]}}}]}], "tools": "[{\"name\": \"f\"}]"}`,
		`{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "a.png", "detail": "low"}}, {"type": "image"}]}, {"role": "assistant", "content": "b"}], "image": {"bytes": "YQ=="}}`,
		`{"text": "a<image>b<image><image> c", "images": ["data:image/png;base64,YQ==", {"path": "b"}, {"url": "c"}]}`,
		`{"conversations": [{"from": "human", "value": "<image>\nhi"}, {"from": "gpt", "value": "ho"}], "image": "x.jpg"}`,
	} {
		f.Add([]byte(object))
	}
	e := seeingOptions(0).Encoder
	e.ImageToken = int32(testVision().ImageTokenID)
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := Parse(data)
		var field *FieldError
		if err == nil {
			runs := make([]int, len(x.Pictures))
			for i := range runs {
				runs[i] = 1 + i%3
			}
			var tokens []int32
			var learned []bool
			if tokens, learned, err = e.Encode(x, runs); err == nil {
				if len(tokens) != len(learned) || learned[0] || !slices.Contains(learned, true) {
					t.Fatalf("%d tokens, mask %v", len(tokens), learned)
				}
				checkParts(t, newDocument(tokens, learned, e.ImageToken, runs), e.ImageToken)
				return
			}
		}
		if !errors.As(err, &field) {
			t.Fatalf("%T: %v", err, err)
		}
	})
}

// checkParts holds the parts of a document against what shards take.
func checkParts(t *testing.T, d document, image int32) {
	t.Helper()
	for i, id := range d.tokens {
		if id == image && d.learned[i] {
			t.Fatalf("an image token is learned: %v, %v", d.tokens, d.learned)
		}
	}
	for _, most := range []int{2, 5, 11} {
		for _, p := range append(d.split(most), d, d.part(0, d.end(min(most, len(d.tokens))))) {
			n := 0
			for _, x := range p.pictures {
				n += x.end - x.begin
				if count(p.tokens[x.begin:x.end], image) != x.end-x.begin {
					t.Fatalf("picture %d is not at %d", x.number, x.begin)
				}
			}
			if count(p.tokens, image) != n || len(p.tokens) > 0 && p.tokens[len(p.tokens)-1] == image {
				t.Fatalf("%v cuts a picture, or ends with one", p.tokens)
			}
		}
	}
}

// FuzzObjects: an array and lines hold the same objects.
func FuzzObjects(f *testing.F) {
	f.Add([]byte(good + "\n" + long))
	f.Add([]byte("[" + good + "]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		next, err := objects(data)
		if err != nil {
			return
		}
		last := 0
		for {
			line, object, rest, err := next()
			if err != nil {
				return
			}
			if line < last || rest < 0 || rest > int64(len(data)) || len(object) == 0 {
				t.Fatalf("line %d after %d, %d of %d bytes left", line, last, rest, len(data))
			}
			last = line
		}
	})
}

// FuzzReadPicture: any bytes are a picture as shards have it, with as many tokens
// as its header tells, or an error.
func FuzzReadPicture(f *testing.F) {
	cfg := testVision()
	for _, side := range []int{8, 60} {
		x := &Picture{Data: testPNG(side, 3)}
		s := x.look("", cfg, newDecoder(1))
		if s.err != nil {
			f.Fatal(s.err)
		}
		f.Add(x.Data)
		f.Add(s.stored)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		patches, _, err := ReadPicture(cfg, data, picture.Auto)
		_, tokens, measured := MeasurePicture(cfg, data, picture.Auto)
		if err == nil && (measured != nil || len(patches) != tokens*cfg.PatchLen()) {
			t.Fatalf("%d numbers, %d tokens, %v", len(patches), tokens, measured)
		}
	})
}
