package train

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// history is a made-up run of n steps.
func history(n int) []Record {
	var out []Record
	for step := 1; step <= n; step++ {
		x := float64(step)
		r := Record{Kind: KindStep, Step: step, Tokens: int64(step) * 32768, Train: &StepRecord{
			Loss: 3 + 6*math.Exp(-x/40) + 0.1*math.Sin(x), LR: 1e-3 * min(x/50, 1), GradNorm: 0.5 + 3/x,
			BalanceLoss: 1.1, RouterEntropy: []float64{2, 2.5}, Rows: [2]int64{int64(step-1) * 32, int64(step) * 32},
		}, Timing: &Timing{Seconds: 3, TokensPerSecond: 11000 + 500*math.Cos(x), MFU: 0.31, ETA: 3 * float64(n-step)}}
		for layer := range 2 {
			load := make([]int, 16)
			for e := range load {
				load[e] = int(4096 * (1 + 2*math.Exp(-x/100)*math.Sin(float64(e+layer))))
			}
			r.Train.ExpertLoad = append(r.Train.ExpertLoad, load)
		}
		if step%97 == 96 {
			r.Kind, r.Skip = KindSkip, &SkipRecord{Reason: "the loss is NaN", InARow: 1}
			r.Train.Loss = math.NaN()
		}
		out = append(out, r)
		if step%50 == 0 {
			out = append(out,
				Record{Kind: KindEval, Step: step, Eval: &EvalRecord{Loss: 3.1 + 6*math.Exp(-x/40), BitsPerByte: 1.3, Tokens: 4096, Bytes: 15000}},
				Record{Kind: KindSample, Step: step, Sample: &SampleRecord{Prompt: "func ", Text: "main() {\n\tfmt.Println(\"<b>hello</b>\")\n}"}})
		}
	}
	return out
}

func testInfo() *runInfo {
	r, err := ParseRecipe("tiny.yaml", []byte(tinyRecipe))
	if err != nil {
		panic(err)
	}
	return &runInfo{
		Recipe: r, Steps: 2000, Parameters: 226e6, Active: 42e6, CPU: "avx512",
		Hashes: hashes{Recipe: r.Hash(), Corpus: strings.Repeat("ab", 32)},
	}
}

func TestPage(t *testing.T) {
	for _, n := range []int{0, 1, 30, 2000} {
		var b bytes.Buffer
		if err := newPage(testInfo(), history(n), false).write(&b, "page"); err != nil {
			t.Fatal(err)
		}
		page := b.String()
		for _, word := range []string{"http:", "https:", "<script", "NaN", "ZgotmplZ", "<b>hello"} {
			if strings.Contains(strings.ReplaceAll(page, "the loss is NaN", ""), word) {
				t.Errorf("%d steps: the page contains %q", n, word)
			}
		}
		if n == 2000 && !strings.Contains(page, "finished") {
			t.Error("a finished run does not say so")
		}
		if len(page) > 300_000 {
			t.Errorf("%d steps: %d bytes", n, len(page))
		}
	}
}

// TestDensePage: layers without experts have no part in what is shown of the others.
func TestDensePage(t *testing.T) {
	records := history(20)
	for i := range records {
		s := records[i].Train
		s.RouterEntropy, s.ExpertLoad = append(s.RouterEntropy, 0), append(s.ExpertLoad, nil)
	}
	if got := routerEntropy(records[0].Train); got != 2.25 {
		t.Errorf("entropies of 2 and 2.5 and a dense layer have a mean of %v", got)
	}
	p := newPage(testInfo(), records, false)
	if len(p.Heat) != 2 || !strings.Contains(string(p.Heat[1]), ">step<") {
		t.Errorf("%d heat maps, and the last has no axis", len(p.Heat))
	}
}

func TestJournal(t *testing.T) {
	dir := t.TempDir()
	j, err := journalForm.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := history(200)
	for i, r := range want {
		if i == 100 {
			if err := j.Add(Record{Kind: KindCheckpoint, Step: r.Step, Checkpoint: &CheckpointRecord{}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := j.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ReadMetrics(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
	saved := filepath.Join(t.TempDir(), "saved.jsonl")
	if _, err := j.File().Write(saved); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	a, b := mustRead(t, saved), mustRead(t, filepath.Join(dir, metricsFile))
	if !bytes.Equal(a, b) {
		t.Error("the checkpoint's copy differs from the journal")
	}
	// A resumed run cuts off what came after its checkpoint.
	half := a[:bytes.LastIndexByte(a[:len(a)/2], '\n')+1]
	if j, err = journalForm.Open(dir, half); err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if !bytes.Equal(mustRead(t, filepath.Join(dir, metricsFile)), half) {
		t.Error("records after the checkpoint are still there")
	}
}

// encodeRecord writes one line of a journal.
func encodeRecord(b *bytes.Buffer, r Record) error { return json.NewEncoder(b).Encode(r) }

func TestHalfALine(t *testing.T) {
	dir := t.TempDir()
	var b bytes.Buffer
	for _, r := range history(2) {
		if err := encodeRecord(&b, r); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, metricsFile)
	mustWrite(t, path, b.Bytes()[:b.Len()-10])
	if got, err := ReadMetrics(dir); err != nil || len(got) != 1 {
		t.Errorf("%d records, %v", len(got), err)
	}
	mustWrite(t, path, []byte("{}\n"))
	if _, err := ReadMetrics(dir); err == nil || !strings.Contains(err.Error(), path+": line 1") {
		t.Errorf("a foreign line: %v", err)
	}
}

func FuzzRecords(f *testing.F) {
	var b bytes.Buffer
	for _, r := range history(1) {
		if err := encodeRecord(&b, r); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(b.Bytes())
	f.Add([]byte("{\"kind\":\"step\",\"train\":{\"loss\":null}}\n"))
	f.Add([]byte("{\"kind\":\"step\",\"train\":{\"expert_load\":[[],[1]]}}\n{\"kind\":\"step\",\"train\":{\"expert_load\":[[3]]}}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		records, err := journalForm.Decode(text)
		if err != nil {
			return
		}
		var page bytes.Buffer
		if err := newPage(testInfo(), records, false).write(&page, "page"); err != nil {
			t.Fatal(err)
		}
	})
}

// TestWatch reads the page and the events of a run that is being written.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	server := httptest.NewServer(Watch(dir))
	t.Cleanup(server.Close) // after the reader has gone
	get := func(path string) string {
		response, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var b bytes.Buffer
		if _, err := b.ReadFrom(response.Body); err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %v", path, response.Status, err)
		}
		return b.String()
	}
	if page := get("/"); !strings.Contains(page, "not begun") || !strings.Contains(page, "EventSource") {
		t.Errorf("page of a run that has not begun: %.300s", page)
	}
	j, err := journalForm.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if err := testInfo().save(dir); err != nil {
		t.Fatal(err)
	}
	records := history(3)
	events := listen(t, server.URL+"/events?from=1")
	for _, r := range records {
		if err := j.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range records[1:] {
		if got := <-events; got.Step != want.Step || got.Train.Loss != want.Train.Loss {
			t.Errorf("event %+v, want %+v", got, want)
		}
	}
	if body := get("/body"); !strings.Contains(body, "of 2000") || strings.Contains(body, "<html") {
		t.Errorf("body: %.300s", body)
	}
	// A resumed run writes the file anew; the reader gets it from the beginning.
	again, err := journalForm.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if err := again.Add(records[0]); err != nil {
		t.Fatal(err)
	}
	if got := <-events; got.Step != 1 {
		t.Errorf("after the restart: step %d", got.Step)
	}
}

// listen returns the records that a server pushes.
func listen(t *testing.T, url string) <-chan Record {
	ctx, cancel := context.WithCancel(context.Background())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); response.Body.Close() })
	out := make(chan Record, 16)
	go func() {
		defer close(out)
		lines := bufio.NewScanner(response.Body)
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				var r Record
				if json.Unmarshal([]byte(data), &r) == nil {
					out <- r
				}
			}
		}
	}()
	return out
}

func TestWatchRefusesOtherHosts(t *testing.T) {
	handler := Watch(t.TempDir())
	for host, want := range map[string]int{
		"localhost:8080": 200, "127.0.0.1:8080": 200, "[::1]:8080": 200, "evil.example:8080": 403, "evil.example": 403,
	} {
		in := httptest.NewRequest(http.MethodGet, "http://x/", nil)
		in.Host = host
		out := httptest.NewRecorder()
		handler.ServeHTTP(out, in)
		if out.Code != want {
			t.Errorf("host %s: status %d, want %d", host, out.Code, want)
		}
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func mustWrite(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(fmt.Errorf("test: %w", err))
	}
}
