package endpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/eval"
)

// TestTrouble: what goes wrong for a while is tried again, what stays wrong is an error
// that says what and after how many attempts.
func TestTrouble(t *testing.T) {
	for name, c := range map[string]struct {
		trouble func(w http.ResponseWriter)
		want    string
	}{
		"busy":    {func(w http.ResponseWriter) { w.Header().Set("Retry-After", "7"); fail(w, 429, "slow down") }, "slow down"},
		"broken":  {func(w http.ResponseWriter) { fail(w, 500, "internal") }, "internal"},
		"gateway": {func(w http.ResponseWriter) { w.WriteHeader(502); fmt.Fprint(w, "<html>") }, "Bad Gateway"},
		"garbage": {func(w http.ResponseWriter) { fmt.Fprint(w, "\x00\xff{]") }, "makes no sense"},
		"empty":   {func(http.ResponseWriter) {}, "makes no sense"},
		"cut":     {cutShort, "makes no sense"},
		"hang":    {func(http.ResponseWriter) { time.Sleep(300 * time.Millisecond) }, "deadline"},
		"gone":    {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, "EOF"},
	} {
		var left atomic.Int64
		a := &api{models: oneModel}
		a.chat = func(w http.ResponseWriter, _ map[string]any) {
			if left.Add(-1) >= 0 {
				c.trouble(w)
				return
			}
			say(w, "yes")
		}
		e, waits, err := open(t, a, Options{Retries: 3, Timeout: 100 * time.Millisecond})
		if err != nil || !e.Info().Chat {
			t.Fatalf("%s: %v", name, err)
		}
		*waits = nil
		left.Store(2)
		if got, err := e.Generate(t.Context(), yes); err != nil || got.Text != "yes" || len(*waits) != 2 {
			t.Errorf("%s twice: %q, %v, waits %v", name, got.Text, err, *waits)
		}
		if name == "busy" && ((*waits)[0] < 7*time.Second || (*waits)[1] < 7*time.Second) {
			t.Errorf("Retry-After 7: waits %v", *waits)
		}
		left.Store(100)
		_, err = e.Generate(t.Context(), yes)
		if !errors.Is(err, eval.ErrUnavailable) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "4 attempts") {
			t.Errorf("%s for ever: %v", name, err)
		}
	}
}

// cutShort promises more than it sends.
func cutShort(w http.ResponseWriter) {
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"choices":[`)
}

// TestHuge: an answer is read up to a bound only, and not asked for again.
func TestHuge(t *testing.T) {
	a := &api{models: oneModel}
	a.chat = func(w http.ResponseWriter, _ map[string]any) { say(w, strings.Repeat("x", 5000)) }
	_, _, err := open(t, a, Options{MaxResponse: 1000})
	if !errors.Is(err, errTooLong) || a.requests.Load() != 4 { // models, two probes of scores, one of chat
		t.Errorf("%v after %d requests", err, a.requests.Load())
	}
}

// TestRefused: what is refused as it is is not sent again, and the key is in no message.
func TestRefused(t *testing.T) {
	const key = "sk-secret-1234"
	a := &api{models: oneModel}
	e, _, err := open(t, a, Options{Key: key, Chat: "on"})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range a.keys {
		if k != "Bearer "+key {
			t.Errorf("sent %q", k)
		}
	}
	for status, unavailable := range map[int]bool{400: false, 401: true, 403: true, 404: false} {
		a.chat = func(w http.ResponseWriter, _ map[string]any) { fail(w, status, "bad key "+key) }
		before := a.requests.Load()
		_, err := e.Generate(t.Context(), yes)
		if err == nil || errors.Is(err, eval.ErrUnavailable) != unavailable || errors.Is(err, ErrKey) != (status == 401) || a.requests.Load() != before+1 || !strings.Contains(err.Error(), fmt.Sprint(status)) {
			t.Errorf("%d: %v after %d requests", status, err, a.requests.Load()-before)
		}
		if err != nil && strings.Contains(err.Error(), key) {
			t.Errorf("the key is in %v", err)
		}
	}
}

// TestRedirect: the key is sent nowhere else.
func TestRedirect(t *testing.T) {
	elsewhere := &api{models: oneModel}
	other := httptest.NewServer(elsewhere)
	defer other.Close()
	redirect := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect)
	})
	_, _, err := open(t, redirect, Options{Key: "sk-secret", Model: "m"})
	if err == nil || !strings.Contains(err.Error(), "which the key is not for") || elsewhere.requests.Load() != 0 {
		t.Errorf("%v after %d requests elsewhere", err, elsewhere.requests.Load())
	}
	if _, _, err := open(t, redirect, Options{Chat: "off"}); err != nil {
		t.Errorf("without a key: %v", err)
	}
	base, err := baseURL("https://api.example.com/v1", "key")
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(base, &Options{Key: "key"})
	for to, allowed := range map[string]bool{
		"https://api.example.com/v2": true, "http://api.example.com/v1": false, "https://api.example.com:8443/v1": false, "https://example.com/v1": false,
	} {
		r := httptest.NewRequest(http.MethodPost, to, nil)
		if err := c.redirect(r, nil); (err == nil) != allowed {
			t.Errorf("%s: %v", to, err)
		}
	}
}

// TestTooLong: what servers say of a prompt that is too long is not sent again as it is.
func TestTooLong(t *testing.T) {
	llama := func(code int) string {
		return fmt.Sprintf(`{"error":{"code":%d,"type":"exceed_context_size_error","message":"request (4390 tokens) exceeds the available context size (4096 tokens), try increasing it"}}`, code)
	}
	for status, body := range map[int]string{
		400: llama(400), 500: llama(500), 413: `{}`, 422: `{"error":{"code":"context_length_exceeded","message":"too long"}}`,
	} {
		a := &api{models: oneModel}
		a.chat = func(w http.ResponseWriter, _ map[string]any) {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
		e, waits, err := open(t, a, Options{Chat: "on"})
		if err != nil {
			t.Fatal(err)
		}
		q := yes
		q.Whole = true
		_, err = e.Generate(t.Context(), q)
		if w := new(eval.WindowError); !errors.As(err, &w) || len(*waits) > 0 {
			t.Errorf("%d: %v, waits %v", status, err, *waits)
		}
	}
}

// TestAbsent: a model, an API or a server that is not there is said to be so at the start.
func TestAbsent(t *testing.T) {
	one := &api{models: oneModel}
	one.completions = func(w http.ResponseWriter, _ map[string]any) { fail(w, 404, "The model does not exist.") }
	if _, _, err := open(t, one, Options{Model: "other", Chat: "on"}); err == nil || !strings.Contains(err.Error(), `has no model "other", but the model m`) {
		t.Errorf("another model: %v", err)
	}
	nobody := &api{}
	nobody.completions = func(w http.ResponseWriter, _ map[string]any) { fail(w, 404, "unknown") }
	nobody.chat = nobody.completions
	if _, _, err := open(t, nobody, Options{Model: "m"}); err == nil || !strings.Contains(err.Error(), "end in /v1") {
		t.Errorf("no API: %v", err)
	}
	var waits int
	_, err := Open(t.Context(), Options{URL: "http://127.0.0.1:1", wait: func(context.Context, time.Duration) error { waits++; return nil }})
	if !errors.Is(err, eval.ErrUnavailable) || waits != firstRetries {
		t.Errorf("no server: %v after %d waits", err, waits)
	}
}

// TestCancel: the end of the context ends waiting, and is the error.
func TestCancel(t *testing.T) {
	a := &api{models: oneModel}
	e, _, err := open(t, a, Options{Chat: "on"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	a.chat = func(w http.ResponseWriter, _ map[string]any) {
		cancel()
		fail(w, 503, "later")
	}
	if _, err := e.Generate(ctx, yes); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestSightless: what says that it sees no images is not examined by pictures, and one
// that minds a picture is.
func TestSightless(t *testing.T) {
	a := &api{models: oneModel}
	e, _, err := open(t, a, Options{Chat: "on"})
	if err != nil {
		t.Fatal(err)
	}
	q := eval.Request{MaxTokens: 5, Conversation: chat.Conversation{Messages: []chat.Message{{Role: chat.User, Content: []chat.Part{
		{Image: &chat.Image{URL: "data:image/png;base64,iVBORw0KGgo=", Detail: "low"}}, {Text: "What is it?"},
	}}}}}
	for message, unsupported := range map[string]bool{
		`the model "m" cannot see images`: true, "This model does not support image inputs.": true, "the image has more than 4096 pixels": false,
		"image format not supported: HEIC": false,
	} {
		a.chat = func(w http.ResponseWriter, _ map[string]any) { fail(w, 400, message) }
		if _, err := e.Generate(t.Context(), q); err == nil || errors.Is(err, eval.ErrUnsupported) != unsupported {
			t.Errorf("%s: %v", message, err)
		}
	}
	var sent any
	a.chat = func(w http.ResponseWriter, r map[string]any) {
		sent = r["messages"].([]any)[0].(map[string]any)["content"]
		say(w, "a dot")
	}
	answer, err := e.Generate(t.Context(), q)
	want := `[map[image_url:map[detail:low url:data:image/png;base64,iVBORw0KGgo=] type:image_url] map[text:What is it? type:text]]`
	if err != nil || answer.Text != "a dot" || fmt.Sprint(sent) != want {
		t.Errorf("%v, %q; sent %v", err, answer.Text, sent)
	}
}
