package cli_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/internal/cli"
)

// startJudge serves a model of that name which gives all points to each answer, and to
// the questions with a word nonsense.
func startJudge(t *testing.T, name, nonsense string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, _ := io.ReadAll(r.Body)
		verdict := `{\"criteria\": [{\"number\": 1, \"reason\": \"so\", \"points\": 1}]}`
		switch {
		case strings.HasSuffix(r.URL.Path, "/models"):
			fmt.Fprintf(w, `{"data": [{"id": %q}]}`, name)
			return
		case !strings.HasSuffix(r.URL.Path, "/chat/completions"):
			http.NotFound(w, r)
			return
		case nonsense != "" && strings.Contains(string(asked), nonsense):
			verdict = "perhaps"
		}
		fmt.Fprintf(w, `{"choices": [{"message": {"content": "%s"}, "finish_reason": "stop"}]}`, verdict)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/v1"
}

// essays is a run of two answers that nobody has judged, with an examination of them.
func essays(t *testing.T) (exam string) {
	t.Helper()
	model := babbler(t)
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"rows.jsonl": `{"q": "A stitch in time"}` + "\n" + `{"q": "Birds of a feather"}` + "\n",
		"essay.yaml": "name: essay\nmethod: generate\nprompt: '{{.q}}'\ngenerate: {max_tokens: 8}\ngrader: {rubric: {criteria: [{name: clear, text: it is clear}]}}\n" +
			"data: {files: [./rows.jsonl]}\nlicense: ours\nsource: this test\n",
		"exam.yaml": "exams:\n  - name: finals\n    title: Finals\n    items: real\n    sections: [{name: essays, task: essay, questions: 2, points: 2, free: true}]\n" +
			"    scale: {source: us, rows: [[0, 100], [2, 140]]}\n    why: nobody sat it\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if status, failed := evalCommand(t.Context(), nil, model, "--suite", "essay.yaml", "--exam", "exam.yaml", "--out", "run"); status != 0 {
		t.Fatalf("status %d: %s", status, failed)
	}
	return "exam.yaml"
}

// evalCommand runs polymath eval.
func evalCommand(ctx context.Context, out *output, args ...string) (status int, failed string) {
	var err output
	if out == nil {
		out = &output{}
	}
	status = cli.Run(ctx, cli.Streams{In: strings.NewReader(""), Out: out, Err: &err}, append([]string{"eval"}, args...))
	return status, err.String()
}

func openEssays(t *testing.T) *eval.Finished {
	t.Helper()
	f, err := eval.OpenRun("run")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestEvalJudgeExam: an examination has the score of the answers as they are judged.
func TestEvalJudgeExam(t *testing.T) {
	t.Setenv("POLYMATH_API_KEY", "")
	t.Setenv("OPENAI_API_KEY", "")
	exam := essays(t)
	if e := openEssays(t).Result.Exams; len(e) != 1 || e[0].Scaled != nil || !strings.Contains(e[0].Why, "2 answers have no verdict") {
		t.Fatalf("not judged: %+v", e)
	}
	judge := startJudge(t, "first", "")
	if status, failed := evalCommand(t.Context(), nil, "judge", "run", "--judge", judge); status == 0 || !strings.Contains(failed, "examination finals") || !strings.Contains(failed, "--exam") {
		t.Errorf("status %d: %s", status, failed)
	}
	if status, failed := evalCommand(t.Context(), nil, "judge", "run", "--judge", judge, "--exam", exam); status != 0 {
		t.Fatalf("status %d: %s", status, failed)
	}
	if e := openEssays(t).Result.Exams; len(e) != 1 || e[0].Scaled == nil || *e[0].Scaled != 140 || e[0].Raw.Value != 1 {
		t.Errorf("judged: %+v", e)
	}
}

// TestEvalJudgeKeeps: verdicts stay where nobody gives new ones, be it that a judge says
// nonsense or that the page is closed.
func TestEvalJudgeKeeps(t *testing.T) {
	t.Setenv("POLYMATH_API_KEY", "")
	t.Setenv("OPENAI_API_KEY", "")
	exam := essays(t)
	check := func(judge string) {
		t.Helper()
		f := openEssays(t)
		if f.Result.Settings.Judge != judge || f.Result.Tasks[0].Headline.Estimate.Value != 1 || f.Result.Tasks[0].NumErrors != 0 {
			t.Errorf("judge %q, %+v, want %s", f.Result.Settings.Judge, f.Result.Tasks[0], judge)
		}
	}
	for _, c := range []struct{ name, nonsense, judges string }{
		{"first", "", "first"}, {"second", "feather", "second; first"}, {"third", "A", "second; first"}, {"first", "stitch", "first; second"}, {"fourth", "", "fourth"},
	} {
		if status, failed := evalCommand(t.Context(), nil, "judge", "run", "--exam", exam, "--judge", startJudge(t, c.name, c.nonsense)); status != 0 {
			t.Fatalf("status %d: %s", status, failed)
		}
		check(c.judges)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out output
	go func() {
		for ctx.Err() == nil && !strings.Contains(out.String(), "the page is at") {
			time.Sleep(time.Millisecond)
		}
		stop()
	}()
	if status, failed := evalCommand(ctx, &out, "judge", "run", "--exam", exam); status != 0 || !strings.Contains(failed, "judged: 0 answers") {
		t.Errorf("status %d: %s", status, failed)
	}
	check("fourth")
	if _, err := os.Stat(filepath.Join("run", "report.html")); err != nil {
		t.Error(err)
	}
}

// TestEvalJudgeStopped: what a model has judged is kept when it is interrupted, and of what
// fails the reason is told.
func TestEvalJudgeStopped(t *testing.T) {
	t.Setenv("POLYMATH_API_KEY", "")
	t.Setenv("OPENAI_API_KEY", "")
	exam := essays(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, _ := io.ReadAll(r.Body)
		switch {
		case strings.HasSuffix(r.URL.Path, "/models"):
			fmt.Fprint(w, `{"data": [{"id": "slow"}]}`)
		case strings.Contains(string(asked), "feather"):
			stop()
			<-r.Context().Done()
		default:
			fmt.Fprint(w, `{"choices": [{"message": {"content": "{\"criteria\": [{\"number\": 1, \"reason\": \"so\", \"points\": 1}]}"}}]}`)
		}
	}))
	t.Cleanup(s.Close)
	status, failed := evalCommand(ctx, nil, "judge", "run", "--exam", exam, "--judge", s.URL+"/v1", "--parallel", "1")
	if status == 0 || !strings.Contains(failed, "judged: 1 answer") || !strings.Contains(failed, "interrupted") {
		t.Errorf("status %d: %s", status, failed)
	}
	if f := openEssays(t); f.Result.Settings.Judge != "slow" || f.Result.Tasks[0].NumErrors != 1 {
		t.Errorf("judge %q, %+v", f.Result.Settings.Judge, f.Result.Tasks[0])
	}
	status, failed = evalCommand(t.Context(), nil, "judge", "run", "--exam", exam, "--judge", startJudge(t, "some", "feather"))
	if status != 0 || !strings.Contains(failed, "1 judgment failed, the first: ") {
		t.Errorf("status %d: %s", status, failed)
	}
}
