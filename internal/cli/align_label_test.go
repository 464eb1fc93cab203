package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/align/preference"
	"github.com/polymath-lm/polymath/internal/cli"
)

// labelView is what the page of polymath align label shows, in part.
type labelView struct {
	Comparison  int64
	Left, Right string
	Mine, Open  int
	Waiting     bool
	Error       string
}

// labelling runs polymath align label until the page says what is waited for, and
// labels all that it shows for the answer that comes first in the order of texts, on
// whatever side it is.
func labelling(t *testing.T, arguments ...string) (labels int, printed string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	var out output
	done := make(chan int, 1)
	go func() {
		done <- cli.Run(ctx, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &out}, append([]string{"align", "label"}, arguments...))
	}()
	at := regexp.MustCompile(`http://127\S+`)
	url := ""
	for url == "" {
		if ctx.Err() != nil {
			t.Fatalf("no page: %s", out.String())
		}
		select {
		case status := <-done:
			t.Fatalf("status %d: %s", status, out.String())
		case <-time.After(20 * time.Millisecond):
		}
		url = at.FindString(out.String())
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	ask := func(method, action, body string) (v labelView) {
		r, err := http.NewRequestWithContext(ctx, method, url+action, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		response, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if err := json.NewDecoder(response.Body).Decode(&v); err != nil || v.Error != "" {
			t.Fatalf("%+v, %v", v, err)
		}
		return v
	}
	v := ask("GET", "state", "")
	for v.Comparison != 0 || v.Waiting {
		if v.Comparison == 0 {
			time.Sleep(20 * time.Millisecond)
			v = ask("GET", "state", "")
			continue
		}
		choice := "left"
		if v.Right < v.Left {
			choice = "right"
		}
		v = ask("POST", "label", fmt.Sprintf(`{"comparison":%d,"choice":%q}`, v.Comparison, choice))
	}
	stop()
	if status := <-done; status != 0 {
		t.Errorf("status %d: %s", status, out.String())
	}
	return v.Mine, out.String()
}

// TestAlignLabel: a model answers twice, a person labels, a second command goes on
// without the model, and the export is comparisons.
func TestAlignLabel(t *testing.T) {
	dir, model := t.TempDir(), randomModel(t)
	in := func(name string) string { return filepath.Join(dir, name) }
	var prompts bytes.Buffer
	for i := range 5 {
		fmt.Fprintf(&prompts, `{"prompt": "func f%d() {"}`+"\n", i)
	}
	if err := os.WriteFile(in("prompts.jsonl"), prompts.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	n, out := labelling(t, model, "--db", in("labels.db"), "--prompts", in("prompts.jsonl"), "--max-tokens", "8", "--chat", "off", "--limit", "4")
	if n != 4 || !strings.Contains(out, "answers to 4 of 4 prompts: 4 new comparisons") || !strings.Contains(out, "4 prompts, 8 answers, 4 comparisons") {
		t.Errorf("%d labels: %s", n, out)
	}
	// Another person, another time: the answers are there already, but for one prompt.
	n, out = labelling(t, model, "--db", in("labels.db"), "--prompts", in("prompts.jsonl"), "--max-tokens", "8", "--chat", "off")
	if n != 5 || !strings.Contains(out, "answers to 5 of 5 prompts: 1 new comparison,") || !strings.Contains(out, "9 of 10") {
		t.Errorf("%d labels: %s", n, out)
	}
	if n, out = labelling(t, "--db", in("labels.db")); n != 1 {
		t.Errorf("%d labels: %s", n, out)
	}
	var text bytes.Buffer
	if status := cli.Run(t.Context(), cli.Streams{In: strings.NewReader(""), Out: &text, Err: io.Discard},
		[]string{"align", "label", "--db", in("labels.db"), "--export", in("pairs.jsonl"), "--json"}); status != 0 {
		t.Fatal(text.String())
	}
	var sum struct {
		Labels, Labellers int
	}
	if err := json.Unmarshal(text.Bytes(), &sum); err != nil || sum.Labels != 10 || sum.Labellers != 3 {
		t.Errorf("%s, %v", text.String(), err)
	}
	list, _, err := preference.Read([]string{in("pairs.jsonl")}, false)
	if err != nil || len(list) != 5 {
		t.Fatalf("%d comparisons, %v", len(list), err)
	}
	for _, c := range list {
		if c.Pairs[0].Margin != 1 {
			t.Errorf("%+v", c.Pairs)
		}
	}
}

// TestAlignLabelNames: models of one name at two addresses are two, and the same model
// named twice is refused before there is a file.
func TestAlignLabelNames(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(in("prompts.jsonl"), []byte(`{"prompt": "Name a bird."}`+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	speaker := func(answer string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/v1/models":
				fmt.Fprint(w, `{"object":"list","data":[{"id":"one"}]}`)
			case "/v1/chat/completions":
				fmt.Fprintf(w, `{"choices":[{"message":{"role":"assistant","content":%q},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}`, answer)
			default:
				http.Error(w, `{"error":{"message":"no such thing"}}`, http.StatusNotFound)
			}
		}))
		t.Cleanup(s.Close)
		return s.URL + "/v1"
	}
	wren, bat := speaker("A wren."), speaker("A bat.")
	var out output
	status := cli.Run(t.Context(), cli.Streams{In: strings.NewReader(""), Out: &out, Err: &out},
		[]string{"align", "label", wren, wren, "--db", in("labels.db"), "--prompts", in("prompts.jsonl")})
	if _, err := os.Stat(in("labels.db")); status == 0 || !strings.Contains(out.String(), "one is named twice") || err == nil {
		t.Errorf("status %d, %v: %s", status, err, out.String())
	}
	n, printed := labelling(t, wren, bat, "--db", in("labels.db"), "--prompts", in("prompts.jsonl"))
	if n != 1 || !strings.Contains(printed, "1 prompt, 2 answers, 1 comparison") && !strings.Contains(printed, "1 prompts, 2 answers, 1 comparisons") {
		t.Errorf("%d labels: %s", n, printed)
	}
}
