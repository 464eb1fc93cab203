package serve

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// site is a server under test, on a real connection.
type site struct {
	t     testing.TB
	model *fake
	s     *Server
	*httptest.Server
	log *lockedBuffer
}

func newSite(t testing.TB, change ...func(*Options)) *site {
	t.Helper()
	o := Options{Limits: Limits{KeepAlive: 50 * time.Millisecond}}
	log := &lockedBuffer{}
	o.Log = slog.New(slog.NewTextHandler(log, nil))
	for _, c := range change {
		c(&o)
	}
	model := newFake()
	s, err := New([]Named{{"fake", model}}, o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return &site{t, model, s, server, log}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	text   string
}

// json returns a value of the answer by its path: choices.0.message.content.
func (a answer) json(t *testing.T, path string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(a.text), &v); err != nil {
		t.Fatalf("%v in %q", err, a.text)
	}
	return dig(v, path)
}

func dig(v any, path string) any {
	for _, name := range strings.Split(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[name]
		case []any:
			var i int
			if json.Unmarshal([]byte(name), &i) != nil || i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	return v
}

func (s *site) do(method, path, body string, headers ...string) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	a := answer{got.StatusCode, got.Header, string(text)}
	checkAnswer(s.t, method, path, a)
	return a
}

func (s *site) post(path, body string, headers ...string) answer {
	s.t.Helper()
	return s.do(http.MethodPost, path, body, headers...)
}

// say is a chat request for a command, with more fields.
func say(command, more string) string {
	content, _ := json.Marshal(command)
	return `{"model":"fake","messages":[{"role":"user","content":` + string(content) + `}]` + more + `}`
}

// events divides a stream into its data.
func events(text string) []string {
	var data []string
	for line := range strings.Lines(text) {
		if d, ok := strings.CutPrefix(line, "data: "); ok {
			data = append(data, strings.TrimSpace(d))
		}
	}
	return data
}

// lockedBuffer may be written and read by several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
