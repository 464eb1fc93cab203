package align

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestWatch reads the page of a run before it begins and while it is written.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	handler := Watch(dir)
	get := func(path string) string {
		in := httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil)
		out := httptest.NewRecorder()
		handler.ServeHTTP(out, in)
		if out.Code != http.StatusOK {
			t.Fatalf("%s: status %d, %s", path, out.Code, out.Body)
		}
		return out.Body.String()
	}
	if page := get("/"); !strings.Contains(page, "not begun") || !strings.Contains(page, "EventSource") {
		t.Errorf("page of a run that has not begun: %.300s", page)
	}
	info := &runInfo{Recipe: DefaultRecipe(DPO, false), Steps: 3}
	info.Recipe.Name = "<birds>"
	if err := info.save(dir); err != nil {
		t.Fatal(err)
	}
	j, err := journalForm.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if err := j.Add(Record{Kind: KindStep, Step: 2, Values: Measures{"loss": 0.5}, Timing: &Timing{Seconds: 1}}); err != nil {
		t.Fatal(err)
	}
	body := get("/body")
	for _, want := range []string{"&lt;birds&gt;", "running", "of 3", "loss"} {
		if !strings.Contains(body, want) {
			t.Errorf("the body lacks %q: %.300s", want, body)
		}
	}
	if strings.Contains(body, "<html") {
		t.Error("the body is a whole page")
	}
}
