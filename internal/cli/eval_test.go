package cli_test

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/internal/cli"
)

// evalTasks writes task files of each method, with their rows, and returns their paths
// with commas between.
func evalTasks(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var rows strings.Builder
	for i := range 12 {
		fmt.Fprintf(&rows, `{"q": "A stitch %d in time", "choices": ["saves nine", "in time", "nine"], "gold": %d, "last": "nine", "text": "%s"}`+"\n",
			i, i%3, strings.Repeat("saves nine in time ", 1+i%4*12))
	}
	files := map[string]string{
		"rows.jsonl":  rows.String(),
		"choose.yaml": "name: choose\nmethod: choice\nprompt: '{{.q}}'\nchoice: {from: choices}\nanswer: '{{.gold}}'\nfew_shot: {number: 2, same: true}\n",
		"last.yaml":   "name: last\nmethod: cloze\nprompt: '{{.q}} saves'\nanswer: '{{.last}}'\n",
		"write.yaml":  "name: write\nmethod: generate\nprompt: '{{.q}}'\nanswer: '{{.last}}'\ngenerate: {max_tokens: 8, temperature: 1, samples: 2}\ngrader: {exact: {contains: true}}\n",
	}
	var paths []string
	for name, text := range files {
		if strings.HasSuffix(name, ".yaml") {
			text += "data: {files: [./rows.jsonl]}\nlicense: ours\nsource: this test\n"
			paths = append(paths, filepath.Join(dir, name))
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return strings.Join(paths, ",")
}

func runEval(t *testing.T, args ...string) *eval.Finished {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	var out, err output
	if status := cli.Run(t.Context(), cli.Streams{In: strings.NewReader(""), Out: &out, Err: &err}, append([]string{"eval", "--out", dir}, args...)); status != 0 {
		t.Fatalf("status %d: %s", status, &err)
	}
	f, failed := eval.OpenRun(dir)
	if failed != nil {
		t.Fatal(failed)
	}
	return f
}

// TestEvalOverHTTP: a model has the same scores, and writes the same, in this process and
// behind our own API.
func TestEvalOverHTTP(t *testing.T) {
	tasks, dir := evalTasks(t), babbler(t)
	local := runEval(t, dir, "--suite", tasks, "--chat", "off")
	s := startServe(t, dir, "--port", "0")
	if s.url == "" {
		t.Fatal(s.err)
	}
	t.Setenv("POLYMATH_API_KEY", "")
	t.Setenv("OPENAI_API_KEY", "")
	remote := runEval(t, s.url+"/v1", "--suite", tasks, "--chat", "off")
	if len(local.Records) != 12*4 || len(remote.Records) != len(local.Records) {
		t.Fatalf("%d and %d records", len(local.Records), len(remote.Records))
	}
	begins, told := strings.CutPrefix(remote.Result.Subject.Fingerprint, "fp_")
	if !told || begins == "" || !strings.HasPrefix(local.Result.Subject.Fingerprint, begins) {
		t.Errorf("fingerprints %s and %s", local.Result.Subject.Fingerprint, remote.Result.Subject.Fingerprint)
	}
	near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(a)) }
	for i := range local.Records {
		a, b := &local.Records[i], &remote.Records[i]
		if a.Task != b.Task || a.Item != b.Item || a.Prompt != b.Prompt || a.Answer != b.Answer || !reflect.DeepEqual(a.Verdict, b.Verdict) || a.Error+b.Error != "" ||
			!near(a.Logprob, b.Logprob) || len(a.Choices) != len(b.Choices) || len(a.Tokens) != len(b.Tokens) {
			t.Errorf("here\n%+v\nthere\n%+v", a, b)
			continue
		}
		for k := range a.Choices {
			x, y := a.Choices[k], b.Choices[k]
			if !near(x.Logprob, y.Logprob) || !near(x.Unconditional, y.Unconditional) || x.NumTokens != y.NumTokens {
				t.Errorf("%s %s: choice %d is %+v and %+v", a.Task, a.Item, k, x, y)
			}
		}
		for k := range a.Tokens {
			if !near(a.Tokens[k].Logprob, b.Tokens[k].Logprob) {
				t.Errorf("%s %s: token %d is %+v and %+v", a.Task, a.Item, k, a.Tokens[k], b.Tokens[k])
			}
		}
	}
}

// TestEvalElsewhere: a task that was named by a relative path is found again from another
// directory, and a report that cannot be written costs no scores.
func TestEvalElsewhere(t *testing.T) {
	model, home := babbler(t), t.TempDir()
	for name, text := range map[string]string{
		"rows.jsonl": `{"q": "A stitch in time"}` + "\n",
		"essay.yaml": "name: essay\nmethod: generate\nprompt: '{{.q}}'\ngenerate: {max_tokens: 8}\ngrader: {rubric: {criteria: [{name: clear, text: it is clear}]}}\n" +
			"data: {files: [./rows.jsonl]}\nlicense: ours\nsource: this test\n",
		"file": "",
	} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(home)
	do := func(args ...string) (status int, told, failed string) {
		var out, err output
		status = cli.Run(t.Context(), cli.Streams{In: strings.NewReader(""), Out: &out, Err: &err}, append([]string{"eval"}, args...))
		return status, out.String(), err.String()
	}
	status, told, failed := do(model, "--suite", "essay.yaml", "--out", "run", "--report", filepath.Join("file", "report.html"))
	if status == 0 || !strings.Contains(told, "essay") || !strings.Contains(failed, "polymath eval report run --report FILE") {
		t.Errorf("status %d\n%s\n%s", status, told, failed)
	}
	if status, told, failed := do("compare", "run", "run"); status != 0 || !strings.Contains(told, "essay: all answers are the same") {
		t.Errorf("status %d\n%s\n%s", status, told, failed)
	}
	t.Chdir(t.TempDir())
	if status, _, failed := do("judge", filepath.Join(home, "run"), "--judge", model); status != 0 || !strings.Contains(failed, "judged: ") {
		t.Errorf("status %d: %s", status, failed)
	}
	if err := os.Remove(filepath.Join(home, "essay.yaml")); err != nil {
		t.Fatal(err)
	}
	if status, _, failed := do("judge", filepath.Join(home, "run"), "--judge", model); status == 0 || !strings.Contains(failed, filepath.Join(home, "essay.yaml")) {
		t.Errorf("status %d: %s", status, failed)
	}
}

// TestEvalKey: where an API wants a key, the variable that gives it is named.
func TestEvalKey(t *testing.T) {
	t.Setenv("POLYMATH_API_KEY", "")
	t.Setenv("OPENAI_API_KEY", "")
	locked := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"error": {"message": "no"}}`, http.StatusUnauthorized)
	}))
	defer locked.Close()
	var out, err output
	status := cli.Run(t.Context(), cli.Streams{In: strings.NewReader(""), Out: &out, Err: &err},
		[]string{"eval", locked.URL + "/v1", "--model", "m", "--suite", evalTasks(t), "--out", t.TempDir()})
	if status == 0 || !strings.Contains(err.String(), "give the key in the environment variable POLYMATH_API_KEY") {
		t.Errorf("status %d: %s", status, &err)
	}
}

// TestEvalPicturesOverHTTP: pictures reach a model in this process and behind our own
// API alike.
func TestEvalPicturesOverHTTP(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "seeing")
	if err := saveSeeing(dir); err != nil {
		t.Fatal(err)
	}
	s := startServe(t, dir, "--port", "0")
	if s.url == "" {
		t.Fatal(s.err)
	}
	t.Setenv("POLYMATH_API_KEY", "")
	t.Setenv("OPENAI_API_KEY", "")
	flags := []string{"--suite", "vis_scenes,vis_text,vis_boxes", "--limit", "6", "--chat", "on"}
	local, remote := runEval(t, append([]string{dir}, flags...)...), runEval(t, append([]string{s.url + "/v1"}, flags...)...)
	blind := runEval(t, append([]string{dir, "--withhold-images"}, flags...)...)
	if len(local.Records) != 18 || len(remote.Records) != 18 || len(blind.Records) != 18 {
		t.Fatalf("%d, %d and %d records", len(local.Records), len(remote.Records), len(blind.Records))
	}
	changed := 0
	for i := range local.Records {
		a, b, c := &local.Records[i], &remote.Records[i], &blind.Records[i]
		if a.Item != b.Item || a.Prompt != b.Prompt || a.Answer != b.Answer || !reflect.DeepEqual(a.Verdict, b.Verdict) || a.PromptTokens != b.PromptTokens || a.Error+b.Error != "" {
			t.Errorf("here\n%+v\nthere\n%+v", a, b)
		}
		if c.PromptTokens >= a.PromptTokens {
			t.Errorf("a prompt of %d tokens has %d without its picture", a.PromptTokens, c.PromptTokens)
		}
		if c.Answer != a.Answer {
			changed++
		}
	}
	if changed == 0 {
		t.Error("the pictures make no difference")
	}
}
