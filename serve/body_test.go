package serve

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestLargeBodiesWait has one request hold the only place for large bodies:
// another large one waits until it has ended, and a small one does not.
func TestLargeBodiesWait(t *testing.T) {
	s := newSite(t, func(o *Options) { o.Limits.LargeBodies = 1 })
	s.s.large <- struct{}{}
	long := say(strings.Repeat("x", 2<<20), "")
	done := make(chan answer, 1)
	go func() { done <- s.post(chatPath, long) }()
	if a := s.post(chatPath, say("say x", "")); a.status != http.StatusOK {
		t.Errorf("a small request beside a large one: %d %s", a.status, a.text)
	}
	select {
	case a := <-done:
		t.Fatalf("did not wait: %d %s", a.status, a.text)
	case <-time.After(50 * time.Millisecond):
	}
	<-s.s.large
	if a := <-done; a.status != http.StatusBadRequest || !strings.Contains(a.text, "context_length_exceeded") {
		t.Errorf("%d %s", a.status, a.text)
	}
	until(t, "released", func() bool { return len(s.s.large) == 0 })
}

// TestLargeBodyOfLongAnswer: a large request gives its place to another once its
// answer has begun.
func TestLargeBodyOfLongAnswer(t *testing.T) {
	s := newSite(t, func(o *Options) { o.Limits.LargeBodies = 1 })
	large := func(command, more string) string {
		image := `{"type":"image_url","image_url":{"url":"data:,` + strings.Repeat("x", 2<<20) + `"}}`
		return `{"model":"fake","messages":[{"role":"user","content":[{"type":"text","text":"` + command + `"},` + image + `]}]` + more + `}`
	}
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	r, _ := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+chatPath, strings.NewReader(large("late wait", `,"stream":true,"n":2`)))
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	until(t, "released", func() bool { return len(s.s.large) == 0 })
	if a := s.post(chatPath, large("say x", "")); a.status != http.StatusOK || s.model.running.Load() != 2 {
		t.Errorf("%d while %d are answered: %.200s", a.status, s.model.running.Load(), a.text)
	}
}

// TestCompressedBody refuses what would be read as if it were plain.
func TestCompressedBody(t *testing.T) {
	s := newSite(t)
	for coding, want := range map[string]int{"gzip": http.StatusUnsupportedMediaType, "identity": http.StatusOK} {
		r, err := http.NewRequest(http.MethodPost, s.URL+chatPath, strings.NewReader(say("say x", "")))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Encoding", coding)
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		if a.StatusCode != want {
			t.Errorf("%s: %d, want %d", coding, a.StatusCode, want)
		}
	}
}
