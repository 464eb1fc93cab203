package serve

import (
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
