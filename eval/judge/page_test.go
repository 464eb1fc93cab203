package judge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/grade"
)

func questions(n int) (list []grade.Question) {
	for i := range n {
		list = append(list, grade.Question{
			Task: "t", Item: string(rune('a' + i)), Prompt: "What?", Reference: "That.", Answer: "answer " + string(rune('a'+i)),
			Criteria: []task.Criterion{{Name: "right", Text: "is right", Points: 2}, {Name: "rude", Text: "is rude", Points: -0.5}},
		})
	}
	return list
}

// client is a person with a browser.
type client struct {
	*testing.T
	page   *Page
	server *httptest.Server
}

func serve(t *testing.T, path string, n int) *client {
	t.Helper()
	p, err := NewPage(path, questions(n), 7)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	return &client{t, p, s}
}

func (c *client) do(method, action, body string, headers ...string) (status int, text string, header http.Header) {
	c.Helper()
	r, err := http.NewRequest(method, c.server.URL+c.page.Path()+action, strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		c.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		c.Fatal(err)
	}
	return response.StatusCode, string(data), response.Header
}

// view does something and returns what the page shows then.
func (c *client) view(method, action string, body any, want int) view {
	c.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		c.Fatal(err)
	}
	status, text, _ := c.do(method, action, string(data))
	if status != want {
		c.Fatalf("%s: %d %s", action, status, text)
	}
	var v view
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		c.Fatalf("%s: %v", text, err)
	}
	return v
}

func (c *client) state() view { c.Helper(); return c.view("GET", "state", nil, 200) }

func (c *client) judge(v view, shares ...float64) view {
	c.Helper()
	return c.view("POST", "judge", mark{Question: v.Question, Shares: shares, Note: "n"}, 200)
}

func TestPage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "marks.jsonl")
	c := serve(t, path, 4)
	v := c.state()
	if v.Done != 0 || v.Total != 4 || v.Undo || v.Answer == "" || v.Prompt != "What?" || v.Gold != "That." || len(v.Criteria) != 2 {
		t.Fatalf("%+v", v)
	}
	if got := len(v.Criteria[0].Levels); got != 3 {
		t.Errorf("%d levels of 2 points", got)
	}
	if l := v.Criteria[1].Levels; len(l) != 5 || l[4] != (level{"-0.5", 1}) || l[0] != (level{"0", 0}) || l[1].Label != "-0.13" {
		t.Errorf("levels of -0.5 points: %+v", l)
	}
	first, seen := v, map[string]bool{}
	for i := range 3 {
		seen[v.Answer] = true
		if v = c.judge(v, 0.5, 0); v.Done != i+1 || seen[v.Answer] {
			t.Fatalf("after %d: %+v", i+1, v)
		}
	}
	back := c.view("POST", "undo", struct{}{}, 200)
	if back.Done != 2 || len(back.Given) != 2 || back.Given[0] != 0.5 || back.Note != "n" {
		t.Fatalf("%+v", back)
	}

	// A second page goes on, with the same order for the same seed.
	again := serve(t, path, 4)
	if w := again.state(); w.Done != 2 || !w.Undo || w.Question != back.Question {
		t.Fatalf("%+v", w)
	}
	w := again.judge(back, 1, 1)
	later := again.view("POST", "skip", mark{Question: w.Question}, 200)
	if later.Question != w.Question { // the only one that is left
		t.Errorf("%+v", later)
	}
	if end := again.judge(w, 1, 0.25); end.Question != "" || end.Done != 4 {
		t.Fatalf("%+v", end)
	}
	select {
	case <-again.page.Done():
		t.Error("done before the person says so")
	default:
	}
	again.view("POST", "finish", struct{}{}, 200)
	again.view("POST", "finish", struct{}{}, 200)
	<-again.page.Done()

	judge, err := File(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range questions(4) {
		marks, err := judge.Judge(context.Background(), q)
		if err != nil || len(marks.Shares) != 2 || !strings.Contains(marks.Raw, `"note":"n"`) {
			t.Errorf("%s: %+v, %v", q.Answer, marks, err)
		}
		if q.Answer == first.Answer && marks.Shares[0] != 0.5 {
			t.Errorf("%s: %+v", q.Answer, marks)
		}
		q.Answer += "!"
		if _, err := judge.Judge(context.Background(), q); !errors.Is(err, ErrNotJudged) {
			t.Errorf("another answer: %v", err)
		}
	}
}

// TestOrder: seeds give orders, equal answers are shown once, and marks of other
// questions stay in the file.
func TestOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "marks.jsonl")
	list := questions(20)
	orders := map[string]bool{}
	for seed := range uint64(3) {
		a, err := NewPage(path, append(list, list...), seed)
		if err != nil {
			t.Fatal(err)
		}
		b, err := NewPage(path, list, seed)
		if err != nil {
			t.Fatal(err)
		}
		order := ""
		for i := range a.order {
			order += a.order[i].Item
			if a.order[i].key != b.order[i].key {
				t.Error("the order depends on more than the seed")
			}
		}
		if len(order) != 20 {
			t.Errorf("%d of 20", len(order))
		}
		orders[order] = true
	}
	if len(orders) != 3 {
		t.Errorf("3 seeds, %d orders", len(orders))
	}
	c := serve(t, path, 2)
	c.judge(c.state(), 1, 1)
	other, err := NewPage(path, questions(20)[10:], 1)
	if err != nil {
		t.Fatal(err)
	}
	if done, total := other.Progress(); done != 0 || total != 10 || other.view().Undo {
		t.Errorf("%d of %d", done, total)
	}
	if _, err := other.judge(mark{Question: other.view().Question, Shares: []float64{0, 0}}); err != nil {
		t.Fatal(err)
	}
	if marks, err := readMarks(path); err != nil || len(marks) != 2 {
		t.Errorf("%v, %v", marks, err)
	}
}

func TestSkip(t *testing.T) {
	c := serve(t, filepath.Join(t.TempDir(), "m"), 3)
	var seen []string
	v := c.state()
	for range 6 {
		seen = append(seen, v.Question)
		v = c.view("POST", "skip", mark{Question: v.Question}, 200)
	}
	for i := range 3 {
		if seen[i] != seen[i+3] || seen[i] == seen[(i+1)%3] {
			t.Errorf("%v", seen)
		}
	}
}

func TestPageRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "marks.jsonl")
	c := serve(t, path, 2)
	v := c.state()
	good := `{"question":"` + v.Question + `","shares":[1,1]}`
	port := c.server.URL[strings.LastIndexByte(c.server.URL, ':'):]
	for _, q := range []struct {
		method, action, body string
		headers              []string
		status               int
	}{
		{"POST", "judge", good, []string{"Host", "evil.example" + port}, 403},
		{"POST", "judge", good, []string{"Host", "127.0.0.1.evil.example"}, 403},
		{"POST", "judge", good, []string{"Origin", "https://evil.example"}, 403},
		{"POST", "judge", good, []string{"Origin", "null"}, 403},
		{"POST", "judge", good, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"POST", "judge", good, []string{"Content-Type", "text/plain"}, 415},
		{"POST", "judge", good, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415},
		{"GET", "judge", "", nil, 405},
		{"DELETE", "", "", nil, 405},
		{"POST", "state", "{}", nil, 405},
		{"GET", "other", "", nil, 404},
		{"GET", "../", "", nil, 404},
		{"POST", "judge", "{", nil, 400},
		{"POST", "judge", `{"question": 1}`, nil, 400},
		{"POST", "judge", `{"model": "x"}`, nil, 400},
		{"POST", "judge", `{"note":"` + strings.Repeat("x", 1<<16) + `"}`, nil, 400},
		{"POST", "judge", `{"question":"` + v.Question + `","shares":[1]}`, nil, 409},
		{"POST", "judge", `{"question":"` + v.Question + `","shares":[1,2]}`, nil, 409},
		{"POST", "judge", `{"question":"` + v.Question + `","shares":[1,1],"note":"` + strings.Repeat("x", maxNote+1) + `"}`, nil, 409},
		{"POST", "judge", `{"question":"","shares":[1,1]}`, nil, 409},
		{"POST", "judge", `{"question":"other","shares":[1,1]}`, nil, 409},
		{"POST", "skip", `{"question":"other"}`, nil, 409},
		{"POST", "undo", `{}`, nil, 409},
		{"POST", "finish", `{}`, nil, 409},
	} {
		if status, text, _ := c.do(q.method, q.action, q.body, q.headers...); status != q.status {
			t.Errorf("%s %s %.80s %v: %d %s, want %d", q.method, q.action, q.body, q.headers, status, text, q.status)
		}
	}
	if r, err := http.Get(c.server.URL + "/"); err != nil || r.StatusCode != 404 {
		t.Errorf("without the secret: %v, %v", r, err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("something was written: %v", err)
	}
	if status, _, _ := c.do("POST", "judge", good, "Host", "localhost"+port, "Origin", "http://localhost"+port); status != 200 {
		t.Errorf("the page's own request: %d", status)
	}
	if status, _, _ := c.do("POST", "judge", good); status != 409 {
		t.Errorf("a judgment that is sent twice: %d", status)
	}
	status, html, header := c.do("GET", "", "")
	csp := header.Get("Content-Security-Policy")
	if status != 200 || !strings.Contains(csp, "default-src 'none'; script-src 'sha256-") || strings.Contains(csp, "unsafe") || header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %s", status, csp)
	}
	if strings.Contains(html, "innerHTML") || strings.Contains(html, "http://") || strings.Contains(html, "https://") {
		t.Error("the page takes texts for HTML, or loads something")
	}
}

// TestDisk fails each operation of a judgment: it is not taken, the file stays as
// it was, and the next try succeeds.
func TestDisk(t *testing.T) {
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	path := filepath.Join(t.TempDir(), "marks.jsonl")
	p, err := NewPage(path, questions(3), 7)
	if err != nil {
		t.Fatal(err)
	}
	give := func() error {
		_, err := p.judge(mark{Question: p.view().Question, Shares: []float64{1, 1}})
		return err
	}
	if err := give(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	disk.Reset()
	ops := func() int {
		q, err := NewPage(filepath.Join(t.TempDir(), "m"), questions(1), 1)
		if err != nil {
			t.Fatal(err)
		}
		disk.Reset()
		if _, err := q.judge(mark{Question: q.view().Question, Shares: []float64{1, 1}}); err != nil {
			t.Fatal(err)
		}
		return disk.Ops()
	}()
	if ops < 5 {
		t.Fatalf("%d operations", ops)
	}
	for op := range ops {
		disk.FailOp(op, syscall.ENOSPC)
		failed := give()
		disk.Reset()
		after, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if failed != nil && bytes.Equal(before, after) {
			continue
		}
		if failed == nil {
			t.Errorf("operation %d fails and nobody says so", op)
		}
		// Only the last sync of the directory fails with the new file in place.
		if op < ops-1 {
			t.Errorf("operation %d: the file changed", op)
		}
	}
	for p.view().Question != "" {
		if err := give(); err != nil {
			t.Fatalf("on a sound disk again: %v", err)
		}
	}
	if marks, err := readMarks(path); err != nil || len(marks) != 3 {
		t.Errorf("%v, %v", marks, err)
	}
}

// TestTwoPages: what another program wrote meanwhile is not lost.
func TestTwoPages(t *testing.T) {
	path := filepath.Join(t.TempDir(), "marks.jsonl")
	a, b := serve(t, path, 3), serve(t, path, 3)
	a.judge(a.state(), 1, 1)
	v := b.view("POST", "judge", mark{Question: b.state().Question, Shares: []float64{0, 0}}, 409)
	if !strings.Contains(v.Error, "another program") {
		t.Errorf("%+v", v)
	}
	if marks, err := readMarks(path); err != nil || len(marks) != 1 || marks[0].Shares[0] != 1 {
		t.Errorf("%+v, %v", marks, err)
	}
}

func TestServe(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "example.com:80", "nonsense"} {
		p, err := NewPage(filepath.Join(t.TempDir(), "m"), questions(1), 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Serve(context.Background(), address, func(string) { t.Errorf("%s is served", address) }); err == nil {
			t.Errorf("%s: no error", address)
		}
	}
	p, err := NewPage(filepath.Join(t.TempDir(), "m"), questions(1), 1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	err = p.Serve(ctx, "127.0.0.1:0", func(url string) {
		go func() {
			defer stop()
			r, err := http.Get(url + "state")
			if err != nil || r.StatusCode != 200 {
				t.Errorf("%v, %v", r, err)
			}
		}()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	ctx, stop = context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	err = p.Serve(ctx, "127.0.0.1:0", func(url string) {
		go func() {
			for _, action := range []string{"judge", "finish"} {
				body, _ := json.Marshal(mark{Question: p.order[0].key, Shares: []float64{1, 1}})
				r, err := http.Post(url+action, "application/json", bytes.NewReader(body))
				if err != nil || r.StatusCode != 200 {
					t.Errorf("%s: %v, %v", action, r, err)
				}
			}
		}()
	})
	if err != nil {
		t.Errorf("%v", err)
	}
}

func TestParseMarks(t *testing.T) {
	const good = `{"question":"q","task":"t","item":"i","shares":[0,1]}`
	if marks, err := parseMarks("f", []byte(good+"\n\n")); err != nil || len(marks) != 1 {
		t.Errorf("%v, %v", marks, err)
	}
	for _, bad := range []string{"x", good + "\n" + good, `{"question":"q"}`, `{"shares":[1]}`, `{"question":"q","shares":[2]}`, good[:20], `{"question":"q","shares":[1],"judge":"me"}`} {
		if _, err := parseMarks("f", []byte(bad)); err == nil || !strings.HasPrefix(err.Error(), "f:") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func FuzzParseMarks(f *testing.F) {
	f.Add([]byte(`{"question":"q","task":"t","item":"i","shares":[0,1],"note":"x"}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		marks, err := parseMarks("f", data)
		if err != nil || len(marks) == 0 {
			return
		}
		path := filepath.Join(t.TempDir(), "f")
		if err := writeMarks(path, marks); err != nil {
			t.Fatal(err)
		}
		if again, err := readMarks(path); err != nil || len(again) != len(marks) {
			t.Errorf("%q: %v, %v", data, again, err)
		}
	})
}
