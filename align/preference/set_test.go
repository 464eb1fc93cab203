package preference

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/tokenizer"
	"github.com/polymath-lm/polymath/train/conversation"
)

var testTokenizer = sync.OnceValue(func() *tokenizer.Tokenizer {
	docs := slices.Values([][]byte{[]byte(strings.Repeat("user assistant system the question and the answer to it ", 40))})
	t, err := tokenizer.Train(docs, tokenizer.TrainOptions{
		VocabSize: 290, Special: []string{"<|endoftext|>", "<|im_start|>", "<|im_end|>"},
	})
	if err != nil {
		panic(err)
	}
	return t
})

func testEncoder() Encoder {
	return Encoder{Tokenizer: testTokenizer(), Template: chat.Default(), MaxTokens: 256, TooLong: Drop, EndToken: true}
}

func checkEncoded(t *testing.T, e *Encoder, x *Encoded) {
	t.Helper()
	for i := range x.Answers {
		s := &x.Answers[i]
		switch n := len(s.Tokens); {
		case s.Start < 1, n <= s.Start, n-s.Start != len(s.Learned), n > e.MaxTokens:
			t.Fatalf("answer %d has %d tokens, begins at %d and has a mask of %d", i, n, s.Start, len(s.Learned))
		case !s.Learned[len(s.Learned)-1] || !e.ends(s.Tokens):
			t.Fatalf("answer %d ends with %q", i, e.Tokenizer.Decode(s.Tokens[n-1:]))
		case !slices.Equal(s.Tokens[:s.Start], x.Answers[0].Tokens[:x.Answers[0].Start]):
			t.Fatalf("answer %d has another prompt", i)
		}
	}
}

func write(t *testing.T, name string, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// split shows what of a sequence is the prompt, what is learned and what lies
// between.
func split(e *Encoder, s *Sequence) (prompt, learned, given string) {
	prompt = e.Tokenizer.Decode(s.Tokens[:s.Start])
	for i, yes := range s.Learned {
		text := e.Tokenizer.Decode(s.Tokens[s.Start+i:][:1])
		if yes {
			learned += text
		} else {
			given += text
		}
	}
	return prompt, learned, given
}

// TestEncode: the prompt is what the policy reads, the answer what it writes.
func TestEncode(t *testing.T) {
	const prompt = "<|im_start|>system\nbe short<|im_end|>\n<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"
	c, err := Parse([]byte(`{"system": "be short", "prompt": "hi", "chosen": [{"role": "assistant", "content": "ho"}, {"role": "user", "content": "so?"}, {"role": "assistant", "content": "yes"}], "rejected": "<|im_end|>"}`))
	if err != nil {
		t.Fatal(err)
	}
	plain := strings.NewReplacer("{%- generation %}", "", "{%- endgeneration %}", "").Replace(chat.DefaultJinja)
	foreign, err := chat.Jinja(plain, chat.JinjaOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, template := range []*chat.Template{chat.Default(), foreign} {
		e := testEncoder()
		e.Template = template
		x, err := e.Encode(c)
		if err != nil {
			t.Fatal(err)
		}
		checkEncoded(t, &e, x)
		p, learned, given := split(&e, &x.Answers[0])
		if p != prompt || learned != "ho<|im_end|>yes<|im_end|>" || given != "\n<|im_start|>user\nso?<|im_end|>\n<|im_start|>assistant\n" {
			t.Errorf("%q, %q, %q", p, learned, given)
		}
		if _, learned, _ := split(&e, &x.Answers[1]); learned != "<|im_end|><|im_end|>" {
			t.Errorf("learned %q", learned)
		}
		if n := len(x.Answers[1].Learned); n < 4 { // the letters, and then the token
			t.Errorf("markup in an answer became %d tokens", n)
		}
	}
}

// TestEncodeRewritten: where the template writes a prompt in another way once there
// is an answer, the answer follows the prompt as the policy reads it.
func TestEncodeRewritten(t *testing.T) {
	template, err := chat.Jinja("{% for m in messages %}<|im_start|>{{ m.role }}{% if m.role == 'user' and loop.last %}!{% endif %}\n{% if m.role == 'assistant' %}{% generation %}{{ m.content }}<|im_end|>{% endgeneration %}{% else %}{{ m.content }}<|im_end|>{% endif %}\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}", chat.JinjaOptions{})
	if err != nil {
		t.Fatal(err)
	}
	e := testEncoder()
	e.Template = template
	c, err := Parse([]byte(`{"prompt": "hi", "chosen": "ho", "rejected": "no"}`))
	if err != nil {
		t.Fatal(err)
	}
	x, err := e.Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	checkEncoded(t, &e, x)
	if p, learned, given := split(&e, &x.Answers[0]); p != "<|im_start|>user!hi<|im_end|><|im_start|>assistant\n" || learned != "ho<|im_end|>" || given != "" {
		t.Errorf("%q, %q, %q", p, learned, given)
	}
}

// TestEncodeErrors: a template that does not tell the answer or its end is refused.
func TestEncodeErrors(t *testing.T) {
	c, err := Parse([]byte(`{"prompt": "hi", "chosen": "ho", "rejected": "no"}`))
	if err != nil {
		t.Fatal(err)
	}
	for source, want := range map[string]string{
		"{% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% endif %}{% endfor %}":                     "does not tell which tokens are the assistant's",
		"{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}\n{% endfor %}":                    "which ends no turn",
		"{% for m in messages %}{{ raise_exception('no') }}{% endfor %}":                                             "prompt: ",
		"{% if not add_generation_prompt %}{% generation %}{{ messages[-1].content }}{% endgeneration %}{% endif %}": "the chat template writes nothing",
	} {
		e := testEncoder()
		if e.Template, err = chat.Jinja(source, chat.JinjaOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Encode(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", source, err, want)
		}
	}
}

// TestEndOfLetters: without a token for it the end of a turn is as many as its letters
// take, unless a reward is to be read there.
func TestEndOfLetters(t *testing.T) {
	docs := slices.Values([][]byte{[]byte(strings.Repeat("the question and the answer to it ", 40))})
	tok, err := tokenizer.Train(docs, tokenizer.TrainOptions{VocabSize: 270})
	if err != nil {
		t.Fatal(err)
	}
	c, err := Parse([]byte(`{"prompt": "hi", "chosen": "ho", "rejected": "no"}`))
	if err != nil {
		t.Fatal(err)
	}
	e := testEncoder()
	e.Tokenizer = tok
	if _, err := e.Encode(c); err == nil || !strings.Contains(err.Error(), "as a token of the tokenizer") {
		t.Error(err)
	}
	e.EndToken = false
	x, err := e.Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	checkEncoded(t, &e, x)
	if _, learned, _ := split(&e, &x.Answers[0]); learned != "ho<|im_end|>" {
		t.Errorf("learned %q", learned)
	}
}

// TestTooLong: what is too long is dropped, or all answers lose the same beginning
// of the prompt.
func TestTooLong(t *testing.T) {
	e := testEncoder()
	c, err := Parse(fmt.Appendf(nil, `{"prompt": %q, "chosen": "the answer", "rejected": "the answer to it"}`, strings.Repeat("x", 100)))
	if err != nil {
		t.Fatal(err)
	}
	whole, err := e.Encode(c)
	if err != nil || whole.Cut {
		t.Fatal(whole, err)
	}
	longest := max(len(whole.Answers[0].Tokens), len(whole.Answers[1].Tokens))
	for _, most := range []int{longest, longest - 1, longest - 50, longest - whole.Answers[0].Start + 1, longest - whole.Answers[0].Start} {
		e.MaxTokens, e.TooLong = most, Drop
		if x, err := e.Encode(c); err != nil || (x == nil) != (most < longest) {
			t.Errorf("%d of %d tokens: %v, %v", most, longest, x, err)
		}
		e.TooLong = Cut
		x, err := e.Encode(c)
		if err != nil || (x == nil) != (most == longest-whole.Answers[0].Start) {
			t.Fatalf("%d of %d tokens: %v, %v", most, longest, x, err)
		}
		if x == nil {
			continue
		}
		checkEncoded(t, &e, x)
		for i := range x.Answers {
			a, b := &x.Answers[i], &whole.Answers[i]
			if !slices.Equal(a.Tokens, b.Tokens[longest-most:]) || !slices.Equal(a.Learned, b.Learned) || x.Cut != (most < longest) {
				t.Errorf("%d tokens: answer %d is %q", most, i, e.Tokenizer.Decode(a.Tokens))
			}
		}
	}
}

// TestRead: what is there again, ties and identical answers are left out and
// counted, and what contradicts itself is counted.
func TestRead(t *testing.T) {
	a := write(t, "a.jsonl",
		`{"prompt": "1", "chosen": "y", "rejected": "z"}`,
		`{"prompt": "1", "chosen": "y", "rejected": "z", "id": 1}`,
		`{"prompt": "1", "chosen": "z", "rejected": "y"}`,
		`{"prompt": "2", "chosen": "y", "rejected": "y"}`,
		`{"prompt": "3", "answers": ["A", "B", "C", "D"], "ranks": [1, 2, 2, 3]}`,
		`{"prompt": "3", "answers": ["C", "B", "A"], "ranks": [1, 2, 2]}`)
	b := write(t, "b.json", `[{"prompt": "3", "chosen": "A", "rejected": "D"},`, ` {"prompt": "3", "chosen": "D", "rejected": "E"}]`)
	list, r, err := Read([]string{a, b}, false)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range list {
		got = append(got, describe(c))
	}
	want := []string{
		"u:1 | a:y | a:z | 0>1",
		"u:1 | a:z | a:y | 0>1",
		"u:3 | a:A | a:B | a:C | a:D | 0>1 | 0>2 | 0>3 | 1>3 | 2>3 | 1 ties",
		"u:3 | a:C | a:B | a:A | 0>1 | 0>2 | 1 ties",
		"u:3 | a:D | a:E | 0>1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if r.Objects != 8 || r.Ties != 2 || r.Identical != 1 || r.Duplicates != 2 || r.Conflicts != 2 || r.Ignored["id"] != 1 || r.Forms["chosen"] != 6 || r.Forms["answers"] != 2 {
		t.Errorf("report %+v", r)
	}
	if where := list[4].Where; where != b+":2: object 2: " {
		t.Errorf("it is at %q", where)
	}
}

// TestPrune: answers in no pair are left out.
func TestPrune(t *testing.T) {
	path := write(t, "a.jsonl", `{"prompt": "3", "answers": ["A", "B", "C"], "scores": [1, null, 2]}`)
	list, _, err := Read([]string{path}, false)
	if err != nil || len(list) != 1 || describe(list[0]) != "u:3 | a:A | a:C | 1>0 gap 1" {
		t.Errorf("%v, %v", list, err)
	}
}

// TestBadLines: all files' bad lines are named, or skipped.
func TestBadLines(t *testing.T) {
	path := write(t, "a.jsonl", `{"prompt": "1", "chosen": "y", "rejected": "z"}`, ``, `{"prompt": "1", "chosen": "y"}`, `{"prompt": "1", "chosen": "y", "rejected": 1}`)
	_, _, err := Read([]string{path}, false)
	var lines *conversation.BadLinesError
	if !errors.As(err, &lines) || lines.Bad != 2 || lines.Objects != 3 ||
		!slices.Equal(lines.Lines, []string{path + ":3: rejected: it is missing", path + ":4: rejected: it is a number, not a list"}) ||
		!strings.Contains(err.Error(), "preferences.skip_bad") {
		t.Errorf("%v", err)
	}
	list, r, err := Read([]string{path}, true)
	if err != nil || len(list) != 1 || r.Bad != 2 {
		t.Errorf("%v, %+v, %v", list, r, err)
	}
	if _, _, err := Read([]string{path + "x"}, true); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// TestLoad: both sides, with their report and a hash that tells all of it.
func TestLoad(t *testing.T) {
	var lines []string
	for i := range 200 {
		lines = append(lines, fmt.Sprintf(`{"prompt": "question %d", "chosen": "yes", "rejected": "no"}`, i))
	}
	lines = append(lines, `{"prompt": "`+strings.Repeat("xq", 400)+`", "chosen": "yes", "rejected": "no"}`)
	path := write(t, "a.jsonl", lines...)
	o := Options{Encoder: testEncoder(), HeldOut: 0.2}
	s, err := Load([]string{path}, o)
	if err != nil {
		t.Fatal(err)
	}
	r := &s.Report
	if len(s.Train)+len(s.HeldOut) != 200 || r.Comparisons != 200 || r.Pairs != 200 || r.HeldOut != len(s.HeldOut) || r.HeldOutPairs != r.HeldOut || r.Dropped != 1 || r.Groups != 200 {
		t.Errorf("%d and %d, %+v", len(s.Train), len(s.HeldOut), r)
	}
	again, err := Load([]string{path}, o)
	if err != nil || again.Hash() != s.Hash() {
		t.Errorf("the hash is another, %v", err)
	}
	s.Train[3].Answers[1].Learned[0] = !s.Train[3].Answers[1].Learned[0]
	if again.Hash() == s.Hash() {
		t.Error("the hash does not know what is learned")
	}
	slices.Reverse(lines)
	o.HeldOut = 0.3
	more, err := Load([]string{write(t, "b.jsonl", lines...)}, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range s.HeldOut {
		if !slices.ContainsFunc(more.HeldOut, func(y Encoded) bool { return y.Group == x.Group }) {
			t.Error("the split is not a function of the content")
		}
	}
	for share, want := range map[float64]string{1: "leaves none to train on", 1e-9: "holds none"} {
		o.HeldOut = share
		if _, err := Load([]string{path}, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("share %v: %v", share, err)
		}
	}
	stop := errors.New("stop")
	o.Check = func() error { return stop }
	if _, err := Load([]string{path}, o); !errors.Is(err, stop) {
		t.Error(err)
	}
	if _, err := Load([]string{write(t, "c.jsonl", `{"prompt": "1", "chosen": "y", "rejected": "y"}`)}, Options{Encoder: testEncoder()}); err == nil || !strings.Contains(err.Error(), "no comparison is left: 1 objects") {
		t.Error(err)
	}
}

// TestDivide: a comparison that does not fit becomes its pairs, which weigh as much
// together.
func TestDivide(t *testing.T) {
	c, err := Parse([]byte(`{"prompt": "q", "answers": ["the first", "the second", "the third"], "ranks": [1, 2, 3]}`))
	if err != nil {
		t.Fatal(err)
	}
	e := testEncoder()
	x, err := e.Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	if list := x.Divide(x.Tokens()); len(list) != 1 || len(list[0].Answers) != 3 {
		t.Errorf("what fits became %d", len(list))
	}
	list := x.Divide(x.Tokens() - 1)
	weight := 0.0
	for i, part := range list {
		weight += part.Weight
		p := x.Pairs[i]
		if len(part.Answers) != 2 || !slices.Equal(part.Answers[part.Pairs[0].Better].Tokens, x.Answers[p.Better].Tokens) ||
			!slices.Equal(part.Answers[part.Pairs[0].Worse].Tokens, x.Answers[p.Worse].Tokens) {
			t.Errorf("part %d is %+v", i, part)
		}
	}
	if len(list) != 3 || weight != 1 {
		t.Errorf("%d parts weigh %v", len(list), weight)
	}
	if list := x.Divide(10); len(list) != 0 {
		t.Errorf("what does not fit became %d", len(list))
	}
}

// TestParquet: rows of a table are read as lines are.
func TestParquet(t *testing.T) {
	type message struct {
		Role    string `parquet:"role"`
		Content string `parquet:"content"`
	}
	type row struct {
		Prompt    string    `parquet:"prompt"`
		Chosen    []message `parquet:"chosen,list"`
		Rejected  []message `parquet:"rejected,list"`
		Chosen1   float64   `parquet:"score_chosen"`
		Rejected1 float64   `parquet:"score_rejected"`
	}
	path := filepath.Join(t.TempDir(), "x.parquet")
	user := message{"user", "hi"}
	if err := parquet.WriteFile(path, []row{{"hi", []message{user, {"assistant", "ho"}}, []message{user, {"assistant", "no"}}, 3, 1.5}}); err != nil {
		t.Fatal(err)
	}
	list, _, err := Read([]string{path}, false)
	if err != nil || len(list) != 1 || describe(list[0]) != "u:hi | a:ho | a:no | 0>1 gap 1.5" {
		t.Errorf("%v, %v", list, err)
	}
}
