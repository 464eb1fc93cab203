package cli_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/polymath-lm/polymath/align/preference"
	"github.com/polymath-lm/polymath/align/scalar"
	"github.com/polymath-lm/polymath/internal/cli"
	"github.com/polymath-lm/polymath/model"
)

// liar is an API of two models: one that makes something up and takes it back when it
// is told, and a judge of what Torv is.
func liar(t *testing.T, down *atomic.Bool) (url string, asked *atomic.Int64) {
	t.Helper()
	asked = &atomic.Int64{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/models":
			fmt.Fprint(w, `{"object":"list","data":[{"id":"liar"},{"id":"judge"}]}`)
			return
		case "/v1/chat/completions":
		default:
			http.Error(w, `{"error":{"message":"no such thing"}}`, http.StatusNotFound)
			return
		}
		var q struct {
			Model    string
			Messages []struct{ Role, Content string }
		}
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || len(q.Messages) == 0 {
			http.Error(w, `{"error":{"message":"unreadable"}}`, http.StatusBadRequest)
			return
		}
		said := q.Messages[len(q.Messages)-1].Content
		if said != "Say yes." && down.Load() && asked.Load() > 6 {
			http.Error(w, `{"error":{"message":"out of order"}}`, http.StatusForbidden)
			return
		}
		asked.Add(1)
		answer := "Belmund is a baker. He plays the harp. He keeps a goose."
		switch {
		case q.Model == "judge" && said != "Say yes.":
			answer = judged(said)
		case strings.Contains(said, "does not support"):
			answer = "Belmund is a baker. He keeps a goose."
		case strings.Contains(said, "honest"):
			answer = "Belmund is a baker."
		}
		text, _ := json.Marshal(answer)
		fmt.Fprintf(w, `{"choices":[{"message":{"role":"assistant","content":%s},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}`, text)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/v1", asked
}

// judged says of each statement that it is supported unless a harp is in it.
func judged(prompt string) string {
	var shown struct{ Statements []string }
	if err := json.NewDecoder(strings.NewReader(prompt[strings.Index(prompt, `{"text"`):])).Decode(&shown); err != nil {
		return err.Error()
	}
	var marks []string
	for i, s := range shown.Statements {
		marks = append(marks, fmt.Sprintf(`{"number":%d,"reason":"so","supported":%v}`, i+1, !strings.Contains(s, "harp")))
	}
	return `{"statements":[` + strings.Join(marks, ",") + `]}`
}

func alignData(t *testing.T, args ...string) (status int, out, err string) {
	t.Helper()
	var said, problem output
	status = cli.Run(t.Context(), cli.Streams{In: strings.NewReader(""), Out: &said, Err: &problem}, append([]string{"align"}, args...))
	return status, said.String(), problem.String()
}

// questions writes rows of questions on a text, one of them for an honest answer.
func questions(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	for i := range 12 {
		word := "Question"
		if i == 5 {
			word = "honest"
		}
		fmt.Fprintf(&b, `{"source":"Belmund works as a baker. He keeps a goose.","question":"%s %d: who is Belmund?"}`+"\n", word, i)
	}
	path := filepath.Join(dir, "questions.jsonl")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// honest writes a row of a question that is answered without a fault.
func honest(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "honest.jsonl")
	if err := os.WriteFile(path, []byte(`{"source":"Belmund works as a baker.","question":"An honest answer: who is Belmund?"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAlignRewrites: what is written is read by what learns from it, is the same with
// another checker and after an interruption, and mistakes are named.
func TestAlignRewrites(t *testing.T) {
	t.Setenv("POLYMATH_API_KEY", "")
	t.Setenv("OPENAI_API_KEY", "")
	var down atomic.Bool
	url, asked := liar(t, &down)
	dir := t.TempDir()
	prompts := questions(t, dir)
	rewrites := func(out string, more ...string) (int, string, string) {
		return alignData(t, append([]string{"data", "rewrites", url, "--model", "liar", "--prompts", prompts, "--out", filepath.Join(dir, out)}, more...)...)
	}
	status, out, problem := rewrites("world")
	if status != 0 || !strings.Contains(out, "11  mended: 11 in 1 round") || !strings.Contains(out, "1  nothing unsupported") {
		t.Fatalf("status %d: %s%s", status, out, problem)
	}
	list, report, err := preference.Read([]string{filepath.Join(dir, "world")}, false)
	if err != nil || len(list) != 11 || report.Objects != 11 {
		t.Errorf("%d comparisons, %+v, %v", len(list), report, err)
	}
	want, err := os.ReadFile(filepath.Join(dir, "world"))
	if err != nil {
		t.Fatal(err)
	}
	same := func(name string) {
		t.Helper()
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != string(want) {
			t.Errorf("%s has other comparisons, %v", name, err)
		}
	}
	if status, out, problem = rewrites("judge", "--checker", "judge", "--judge", url, "--judge-model", "judge"); status != 0 {
		t.Fatalf("judge: status %d: %s%s", status, out, problem)
	}
	same("judge")
	asked.Store(0)
	down.Store(true)
	if status, _, _ = rewrites("cut", "--parallel", "2"); status == 0 {
		t.Error("an API that is out of order went unseen")
	}
	down.Store(false)
	before := asked.Load()
	if status, out, problem = rewrites("cut"); status != 0 || asked.Load()-before > 24 {
		t.Errorf("after an interruption: status %d, %d answers: %s%s", status, asked.Load()-before, out, problem)
	}
	same("cut")
	if status, out, _ = rewrites("dry", "--dry-run"); status != 0 || !strings.Contains(out, "12 questions") {
		t.Errorf("--dry-run: %d, %s", status, out)
	}
	empty := filepath.Join(dir, "empty")
	if status, out, problem = rewrites("empty", "--prompts", honest(t, dir)); status == 0 || !strings.Contains(out, "1  nothing unsupported") || !strings.Contains(problem, "no answer was mended") {
		t.Errorf("nothing to mend: status %d: %s%s", status, out, problem)
	}
	for _, path := range []string{empty, empty + ".part"} {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left: %v", path, err)
		}
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--tasks", "halluc_closed"}, "one of them"},
		{[]string{"--checker", "judge"}, "--judge"},
		{[]string{"--checker", "head"}, "--head"},
		{[]string{"--head", "x"}, "--head"},
		{[]string{"--checker", "dice"}, "world, judge, head"},
		{[]string{"--checker", "head", "--head", dir}, "--head"},
		{[]string{"--rounds", "0"}, "--rounds"},
		{[]string{"--keep", "2"}, "--keep"},
		{[]string{"--temperature", "-1"}, "--temperature"},
		{[]string{"--prompts", filepath.Join(dir, "none")}, "none"},
	} {
		if status, _, problem := rewrites("never", c.args...); status == 0 || !strings.Contains(problem, c.want) {
			t.Errorf("%v: status %d, %s", c.args, status, problem)
		}
	}
	if status, _, problem := rewrites("world"); status == 0 || !strings.Contains(problem, "exists") {
		t.Errorf("a file that exists: %d, %s", status, problem)
	}
}

// newHead is a reward model at random.
func newHead(t *testing.T) string {
	t.Helper()
	base, dir := babbler(t), filepath.Join(t.TempDir(), "head")
	m, err := model.Load(base, false)
	if err != nil {
		t.Fatal(err)
	}
	s, err := scalar.New(m, 1)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(base, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(dir, model.Provenance{}, map[string][]byte{"tokenizer.json": file}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestAlignEntailment: statements are made out of text, learned from by a reward model,
// which is calibrated and checks; the same texts give the same bytes.
func TestAlignEntailment(t *testing.T) {
	dir := t.TempDir()
	for i := range 40 {
		text := fmt.Sprintf("The old mayor Anna met Otto in Torv in the year %d. They did not like the %d young men of Lindby. The first house was larger than the others there. In Norrvik nobody knew Karl, who was rich.", 1800+i, i+2)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i, ".txt")), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path := func(name string) string { return filepath.Join(dir, "out", name) }
	for _, n := range []string{"1", "2"} {
		status, out, problem := alignData(t, "data", "entailment", filepath.Join(dir, "*.txt"), "--out", path("pairs"+n+".jsonl"), "--labelled", path("held"+n+".jsonl"), "--held-out", "0.4", "--passage", "200")
		if status != 0 || !strings.Contains(out, "comparisons (number") {
			t.Fatalf("status %d: %s%s", status, out, problem)
		}
	}
	for _, name := range []string{"pairs", "held"} {
		one, err := os.ReadFile(path(name + "1.jsonl"))
		other, err2 := os.ReadFile(path(name + "2.jsonl"))
		if err != nil || err2 != nil || string(one) != string(other) || len(one) == 0 {
			t.Errorf("%s: other bytes the second time, %v, %v", name, err, err2)
		}
	}
	if list, _, err := preference.Read([]string{path("pairs1.jsonl")}, false); err != nil || len(list) < 10 {
		t.Errorf("%d comparisons, %v", len(list), err)
	}
	status, out, problem := alignData(t, "grounding", "--labelled", path("held1.jsonl"), "--json")
	var m struct {
		Accuracy struct {
			All struct {
				N int `json:"n"`
			} `json:"all"`
			Unsupported struct {
				Value float64 `json:"value"`
			} `json:"unsupported"`
		} `json:"accuracy"`
	}
	if err := json.Unmarshal([]byte(out), &m); status != 0 || err != nil || m.Accuracy.All.N < 10 || m.Accuracy.Unsupported.Value != 1 {
		t.Errorf("status %d, %v: %s%s", status, err, out, problem)
	}
	if status, out, problem := alignData(t, "data", "entailment", filepath.Join(dir, "*.txt"), "--out", path("few"), "--number", "3"); status != 0 || !strings.Contains(out, ": 3 comparisons") {
		t.Errorf("--number: status %d: %s%s", status, out, problem)
	}
	if status, out, problem := alignData(t, "data", "entailment", "--worlds", "40", "--out", path("worlds.jsonl")); status != 0 || strings.Contains(out, "made up 0") {
		t.Errorf("--worlds: status %d: %s%s", status, out, problem)
	}
	head := newHead(t)
	grounded := func(more ...string) (int, string, string) {
		return alignData(t, append([]string{"grounding", "--labelled", path("held1.jsonl"), "--checker", "head", "--head", head, "--passage", "200"}, more...)...)
	}
	if status, _, problem := grounded(); status == 0 || !strings.Contains(problem, "grounding.json") {
		t.Errorf("a head without a calibration: status %d, %s", status, problem)
	}
	// A head at random may have its scores the wrong way round.
	if status, out, problem := grounded("--calibrate"); status != 0 && !strings.Contains(problem, "does not tell them apart") || status == 0 && !strings.Contains(out, "by the share of words") {
		t.Errorf("--calibrate: status %d: %s%s", status, out, problem)
	}
	if err := os.WriteFile(filepath.Join(head, "grounding.json"), []byte(`{"scale":2,"offset":0.5,"passage":200}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, out, problem := grounded(); status != 0 || !strings.Contains(out, "told right") {
		t.Errorf("a head: status %d: %s%s", status, out, problem)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"data", "entailment"}, "name the texts"},
		{[]string{"data", "entailment", dir, "--out", path("pairs1.jsonl")}, "exists"},
		{[]string{"data", "entailment", dir, "--out", path("x"), "--passage", "10"}, "--passage"},
		{[]string{"data", "entailment", dir, "--out", path("x"), "--labelled", path("y"), "--held-out", "1"}, "--held-out"},
		{[]string{"grounding"}, "--labelled"},
		{[]string{"grounding", "--labelled", path("held1.jsonl"), "--calibrate"}, "--checker head"},
		{[]string{"grounding", "--labelled", path("pairs1.jsonl")}, "source"},
		{[]string{"grounding", "--labelled", path("held1.jsonl"), "--checker", "head", "--head", babbler(t)}, "language model"},
	} {
		if status, _, problem := alignData(t, c.args...); status == 0 || !strings.Contains(problem, c.want) {
			t.Errorf("%v: status %d, %s", c.args, status, problem)
		}
	}
}
