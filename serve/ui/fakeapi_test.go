package ui

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// api is a scripted server of OpenAI's chat API, with the page beside it. What
// it answers depends on the text of the last message alone.
type api struct {
	server  *httptest.Server
	scripts map[string]func(*answer)
	gate    chan struct{}
	// attention answers POST /attention.
	attention func(w http.ResponseWriter, request map[string]any)

	mu       sync.Mutex
	models   string // the body of /v1/models
	key      string // wanted, where not empty
	requests []request
}

// request is what the page sent, as far as the tests look at it.
type request struct {
	Model         string
	Messages      []struct{ Role, Content any }
	Stream        bool
	StreamOptions map[string]any `json:"stream_options"`
	Logprobs      bool
	TopLogprobs   int `json:"top_logprobs"`
	all           map[string]any
}

func (r request) last() any { return r.Messages[len(r.Messages)-1].Content }

// text is the text of the last message, wherever it stands.
func (r request) text() string {
	switch c := r.last().(type) {
	case string:
		return c
	case []any:
		for _, part := range c {
			if text, ok := part.(map[string]any)["text"].(string); ok {
				return text
			}
		}
	}
	return ""
}

const seeingModels = `{"object":"list","data":[{"id":"seer","object":"model","polymath":{"window":4096,"vision":true}},{"id":"tiny","object":"model","polymath":{"window":4096,"vision":false}}]}`

const tinyModels = `{"object":"list","data":[{"id":"tiny","object":"model","polymath":{"window":4096,"vision":false}}]}`

func newAPI(t *testing.T, scripts map[string]func(*answer)) *api {
	t.Helper()
	a := &api{scripts: scripts, gate: make(chan struct{}), models: tinyModels}
	mux := http.NewServeMux()
	mux.Handle("/", Handler())
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, r *http.Request) {
		if a.allowed(w, r) {
			w.Header().Set("Content-Type", "application/json")
			a.mu.Lock()
			defer a.mu.Unlock()
			io.WriteString(w, a.models)
		}
	})
	mux.HandleFunc("POST /v1/chat/completions", a.complete)
	mux.HandleFunc("POST /attention", func(w http.ResponseWriter, r *http.Request) {
		if !a.allowed(w, r) {
			return
		}
		var request map[string]any
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			refuse(w, 400, err.Error(), "")
			return
		}
		a.attention(w, request)
	})
	a.server = httptest.NewServer(mux)
	t.Cleanup(func() {
		a.server.CloseClientConnections()
		a.server.Close()
	})
	return a
}

func (a *api) allowed(w http.ResponseWriter, r *http.Request) bool {
	a.mu.Lock()
	key := a.key
	a.mu.Unlock()
	if key == "" || r.Header.Get("Authorization") == "Bearer "+key {
		return true
	}
	refuse(w, 401, "this server needs a key", "invalid_api_key")
	return false
}

func refuse(w http.ResponseWriter, status int, message, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"message": message, "code": code}})
}

func (a *api) complete(w http.ResponseWriter, r *http.Request) {
	if !a.allowed(w, r) {
		return
	}
	data, err := io.ReadAll(r.Body)
	var q request
	if err == nil {
		err = json.Unmarshal(data, &q)
	}
	if err == nil {
		err = json.Unmarshal(data, &q.all)
	}
	if err != nil || len(q.Messages) == 0 {
		refuse(w, 400, fmt.Sprint("bad request: ", err), "")
		return
	}
	a.mu.Lock()
	a.requests = append(a.requests, q)
	a.mu.Unlock()
	script, ok := a.scripts[q.text()]
	if !ok {
		script = func(s *answer) { s.say("echo: ", q.text()); s.finish("stop") }
	}
	script(&answer{api: a, w: w, r: r, request: q})
}

// set changes what the server says while a page is open.
func (a *api) set(key, models string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.key, a.models = key, models
}

// seen returns the requests so far.
func (a *api) seen() []request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.requests[:len(a.requests):len(a.requests)]
}

// release lets one answer that waits go on.
func (a *api) release(t *testing.T) {
	t.Helper()
	select {
	case a.gate <- struct{}{}:
	case <-time.After(5 * time.Second):
		t.Fatal("no answer waits at the gate")
	}
}

// answer is one response on its way.
type answer struct {
	api     *api
	w       http.ResponseWriter
	r       *http.Request
	request request
	tokens  int
}

// wait holds the answer until the test releases it; false: the client left.
func (s *answer) wait() bool {
	select {
	case <-s.api.gate:
		return true
	case <-s.r.Context().Done():
		return false
	}
}

func (s *answer) event(v any) {
	s.w.Header().Set("Content-Type", "text/event-stream")
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(s.w, "data: %s\n\n", data)
	s.w.(http.Flusher).Flush()
}

// say streams pieces, one token each.
func (s *answer) say(pieces ...string) {
	for _, p := range pieces {
		s.sayWith(p, 0.75, map[string]float64{"other": 0.2, "third": 0.04})
	}
}

// sayWith streams a token with its probability and its rivals'.
func (s *answer) sayWith(piece string, p float64, rivals map[string]float64) {
	choice := map[string]any{"index": 0, "delta": map[string]any{"content": piece}}
	if s.request.Logprobs {
		one := func(text string, p float64) map[string]any {
			return map[string]any{"token": text, "logprob": math.Log(p), "bytes": []byte(text)}
		}
		top := []any{one(piece, p)}
		for text, p := range rivals {
			top = append(top, one(text, p))
		}
		token := one(piece, p)
		token["bytes"] = nil
		token["top_logprobs"] = top
		choice["logprobs"] = map[string]any{"content": []any{token}}
	}
	s.tokens++
	s.event(map[string]any{"choices": []any{choice}})
}

// finish ends the answer as the server would, with its usage.
func (s *answer) finish(reason string) {
	s.event(map[string]any{"choices": []any{map[string]any{"index": 0, "delta": map[string]any{}, "finish_reason": reason}}})
	s.event(map[string]any{"choices": []any{}, "usage": map[string]any{"prompt_tokens": 100, "completion_tokens": s.tokens, "total_tokens": 100 + s.tokens}})
	io.WriteString(s.w, "data: [DONE]\n\n")
}

// vanish breaks the connection off.
func (s *answer) vanish() {
	panic(http.ErrAbortHandler)
}
