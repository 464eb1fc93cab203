package endpoint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/task"
)

// api is a scripted endpoint. Fields that are nil answer 404.
type api struct {
	completions func(w http.ResponseWriter, r map[string]any)
	chat        func(w http.ResponseWriter, r map[string]any)
	models      string
	requests    atomic.Int64
	mu          sync.Mutex
	keys        []string
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.requests.Add(1)
	a.mu.Lock()
	a.keys = append(a.keys, r.Header.Get("Authorization"))
	a.mu.Unlock()
	var body map[string]any
	_ = json.NewDecoder(r.Body).Decode(&body)
	answer := map[string]func(http.ResponseWriter, map[string]any){"/v1/completions": a.completions, "/v1/chat/completions": a.chat}[r.URL.Path]
	switch {
	case r.URL.Path == "/v1/models" && a.models != "":
		fmt.Fprint(w, a.models)
	case answer != nil:
		answer(w, body)
	default:
		fail(w, http.StatusNotFound, "no such page")
	}
}

func fail(w http.ResponseWriter, status int, message string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"message": message}})
}

// say answers a chat.
func say(w http.ResponseWriter, text string) {
	_ = json.NewEncoder(w).Encode(map[string]any{
		"choices": []any{map[string]any{"message": map[string]any{"role": "assistant", "content": text}, "finish_reason": "stop"}},
		"usage":   map[string]any{"prompt_tokens": 3, "completion_tokens": 1},
	})
}

const oneModel = `{"data":[{"id":"m"}]}`

// open opens an endpoint whose waits take no time; waits holds them.
func open(t *testing.T, h http.Handler, o Options) (*Endpoint, *[]time.Duration, error) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	var mu sync.Mutex
	var waits []time.Duration
	o.URL = server.URL + "/v1"
	o.wait = func(ctx context.Context, d time.Duration) error {
		mu.Lock()
		defer mu.Unlock()
		waits = append(waits, d)
		return ctx.Err()
	}
	e, err := Open(t.Context(), o)
	return e, &waits, err
}

var yes = eval.Request{Conversation: chat.Conversation{Messages: []chat.Message{chat.Text(chat.User, "?")}}, MaxTokens: 5, Seed: 1 << 52}

// TestKnownAnswer: of an endpoint that is right with a fixed probability, the interval
// holds that probability in all but about one of twenty studies.
func TestKnownAnswer(t *testing.T) {
	const studies, items = 40, 120
	for _, p := range []float64{0.15, 0.5, 0.9} {
		random := rand.New(rand.NewPCG(7, uint64(100*p)))
		var mu sync.Mutex
		a := &api{models: oneModel, chat: func(w http.ResponseWriter, _ map[string]any) {
			mu.Lock()
			right := random.Float64() < p
			mu.Unlock()
			if right {
				say(w, "right")
			} else {
				say(w, "wrong")
			}
		}}
		e, _, err := open(t, a, Options{})
		if err != nil {
			t.Fatal(err)
		}
		sheet := eval.Sheet{Task: &task.Task{Name: "known", Method: task.MethodGenerate, Grader: &task.Grading{Exact: &task.Exact{}}}}
		for i := range items {
			id := fmt.Sprint(i)
			sheet.Items = append(sheet.Items, task.Item{Task: "known", ID: id, Cluster: id, Number: i, Prompt: "Say right.", Answers: []string{"right"}})
		}
		held := 0
		for range studies {
			f, err := eval.Run(t.Context(), e, []eval.Sheet{sheet}, eval.Options{Grader: func(*task.Task) (task.Grader, error) { return same{}, nil }})
			if err != nil {
				t.Fatal(err)
			}
			m := f.Result.Tasks[0].Metrics[0].Estimate
			if m.N != items {
				t.Fatalf("%+v", m)
			}
			if m.Low <= p && p <= m.High {
				held++
			}
		}
		if held < 33 { // 38 are expected; fewer than 33 have a probability of 0.3%
			t.Errorf("p %v: %d of %d intervals hold it", p, held, studies)
		}
	}
}

type same struct{}

func (same) Grade(_ context.Context, item *task.Item, answer string) (task.Verdict, error) {
	if answer == item.Answers[0] {
		return task.Verdict{Score: 1, Right: true}, nil
	}
	return task.Verdict{}, nil
}

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

func TestAddress(t *testing.T) {
	for text, want := range map[string]string{
		"http://api.example.com/v1":      "not encrypted",
		"ftp://api.example.com":          "scheme",
		"https://user:pw@example.com/v1": "holds a name or password",
		"https:///v1":                    "no host",
		"https://example.com/v1?a=pw":    "leave out",
		"https://exa mple.com":           "cannot be read",
	} {
		_, err := baseURL(text, "key")
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "pw") {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"http://localhost:8000/v1/", "http://127.0.0.1/v1", "http://[::1]:80/v1", "example.com/v1"} {
		if u, err := baseURL(text, "key"); err != nil || strings.HasSuffix(u.Path, "/") || u.Scheme == "" {
			t.Errorf("%s: %v, %v", text, u, err)
		}
	}
}

func TestModels(t *testing.T) {
	two := &api{models: `{"data":[{"id":"a","max_model_len":77},{"id":"b\u001b[2J"}]}`}
	if _, _, err := open(t, two, Options{}); err == nil || !strings.Contains(err.Error(), "--model") || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("two models: %v", err)
	}
	e, _, err := open(t, two, Options{Model: "a", Chat: "off"})
	if err != nil || e.Info().Name != "a" || e.Info().ContextWindow != 77 {
		t.Errorf("%+v, %v", e, err)
	}
	if _, _, err := open(t, &api{}, Options{Model: "m", Chat: "off"}); err != nil { // an API without a list
		t.Errorf("no list: %v", err)
	}
	if _, _, err := open(t, &api{}, Options{}); err == nil {
		t.Error("neither a list nor a name")
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

// TestFields: fields that an API does not take are left out from then on.
func TestFields(t *testing.T) {
	a := &api{models: oneModel}
	a.chat = func(w http.ResponseWriter, r map[string]any) {
		_, old := r["max_tokens"]
		_, logprobs := r["logprobs"]
		guide, guided := r["guided_regex"]
		switch {
		case guided && guide != "A|\\(B\\)":
			t.Errorf("guided by %v", guide)
		case guided:
			fail(w, 400, "Unrecognized request argument supplied: guided_regex")
		case old:
			fail(w, 400, "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.")
		case logprobs:
			fail(w, 400, "logprobs are not available")
		default:
			say(w, fmt.Sprintf("%v %v", r["max_completion_tokens"], int64(r["seed"].(float64))))
		}
	}
	e, _, err := open(t, a, Options{})
	if err != nil {
		t.Fatal(err)
	}
	q := yes
	q.Logprobs, q.Choices = true, []string{"A", "(B)"}
	for i := range 2 {
		before := a.requests.Load()
		got, err := e.Generate(t.Context(), q)
		if err != nil || got.Text != fmt.Sprint("5 ", int64(1)<<52) || got.Tokens != nil {
			t.Errorf("%+v, %v", got, err)
		}
		if n := a.requests.Load() - before; n != int64(3-2*i) { // max_tokens went with the probe
			t.Errorf("%d requests", n)
		}
	}
}

// echo answers as vLLM does: words are tokens, each with a space before it.
func echo(markup int, minTokens float64) func(http.ResponseWriter, map[string]any) {
	return func(w http.ResponseWriter, r map[string]any) {
		if r["max_tokens"].(float64) < minTokens {
			fail(w, 400, "max_tokens must be at least 1")
			return
		}
		text := r["prompt"].(string)
		if len(text) > 200 {
			fail(w, 400, "This model's maximum context length is 200")
			return
		}
		var l legacy
		offset := 0
		add := func(token string, p *float64) {
			l.Tokens, l.TokenLogprobs, l.TextOffset = append(l.Tokens, token), append(l.TokenLogprobs, p), append(l.TextOffset, offset)
			var top map[string]*float64
			if p != nil {
				top = map[string]*float64{token: p}
			}
			l.TopLogprobs = append(l.TopLogprobs, top)
			offset += len([]rune(token))
		}
		if markup > 0 {
			add(strings.Repeat("<", markup), nil)
		}
		for i, word := range strings.SplitAfter(strings.ReplaceAll(text, " ", "\x00 "), "\x00") {
			word = strings.TrimSuffix(word, "\x00")
			p := -float64(len(word))
			if i == 0 && markup == 0 {
				add(word, nil)
			} else {
				add(word, &p)
			}
		}
		for range int(r["max_tokens"].(float64)) {
			p := -100.0
			add(" more", &p)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"choices": []any{map[string]any{"text": text, "logprobs": l}}})
	}
}

// TestScore: the tokens of the continuation are found, whatever stands before and behind.
func TestScore(t *testing.T) {
	for name, c := range map[string]struct {
		markup    int
		minTokens float64
	}{"plain": {0, 0}, "with markup": {3, 0}, "with a token generated": {0, 1}, "with both": {2, 1}} {
		e, _, err := open(t, &api{models: oneModel, completions: echo(c.markup, c.minTokens)}, Options{Chat: "off"})
		if err != nil || e.score.why != "" {
			t.Fatalf("%s: %v, %s", name, err, e.score.why)
		}
		for _, q := range []struct {
			prompt, continuation string
			want                 float64
			tokens               int
		}{
			{"é Where is", " it now", -7, 2},
			{"é Where is ", "it now", -7, 2}, // white space belongs to the continuation
			{"Where is i", "t now", -7, 2},   // a token across the border too
			{"Where is", "nt it", -8, 2},
		} {
			got, err := e.Score(t.Context(), q.prompt, q.continuation)
			if err != nil || got.Logprob != q.want || len(got.Tokens) != q.tokens || !got.Greedy {
				t.Errorf("%s: %q + %q: %+v, %v", name, q.prompt, q.continuation, got, err)
			}
		}
		got, err := e.Score(t.Context(), strings.Repeat("word ", 60)+"end", " it")
		if err != nil || got.Logprob != -3 || got.Cut == 0 {
			t.Errorf("%s: a long prompt: %+v, %v", name, got, err)
		}
		if _, err := e.Score(t.Context(), "a", strings.Repeat(" word", 60)); !errors.Is(err, eval.ErrWindow) {
			t.Errorf("%s: a long continuation: %v", name, err)
		}
	}
	mute := &api{models: oneModel, chat: func(w http.ResponseWriter, _ map[string]any) { say(w, "yes") }}
	e, _, err := open(t, mute, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Score(t.Context(), "a", " b"); !errors.Is(err, eval.ErrUnsupported) || !strings.Contains(err.Error(), "no such page") {
		t.Errorf("an API without completions: %v", err)
	}
}

// TestLong: where prompt and text have no room together, the text gets less, then the
// prompt does.
func TestLong(t *testing.T) {
	const window = 100 // characters and tokens together
	answer := func(w http.ResponseWriter, r map[string]any) {
		length, last := 0, ""
		if text, ok := r["prompt"].(string); ok {
			length, last = len(text), text
		} else {
			for _, m := range r["messages"].([]any) {
				last = m.(map[string]any)["content"].(string)
				length += len(last)
			}
		}
		if length+int(r["max_tokens"].(float64)) > window {
			fail(w, 400, "This model's maximum context length is 100 tokens.")
			return
		}
		say := map[string]any{"text": last[max(0, len(last)-4):], "message": map[string]any{"content": last[max(0, len(last)-4):]}}
		_ = json.NewEncoder(w).Encode(map[string]any{"choices": []any{say}})
	}
	a := &api{models: `{"data":[{"id":"m","max_model_len":100}]}`, chat: answer, completions: answer}
	e, _, err := open(t, a, Options{Chat: "on"})
	if err != nil {
		t.Fatal(err)
	}
	talk := func(texts ...string) chat.Conversation {
		c := chat.Conversation{Messages: []chat.Message{chat.Text(chat.System, "Be brief.")}}
		for _, text := range texts {
			c.Messages = append(c.Messages, chat.Text(chat.User, text))
		}
		return c
	}
	for name, c := range map[string]struct {
		request eval.Request
		cut     bool
	}{
		"fits":          {eval.Request{Prompt: "a prompt that ends", MaxTokens: 80}, false},
		"less text":     {eval.Request{Prompt: strings.Repeat("w ", 20) + "ends", MaxTokens: 1000}, false},
		"less prompt":   {eval.Request{Prompt: strings.Repeat("w ", 200) + "ends", MaxTokens: 70}, true},
		"less examples": {eval.Request{Conversation: talk("an example", strings.Repeat("w", 80), "it ends"), MaxTokens: 30}, true},
		"less question": {eval.Request{Conversation: talk(strings.Repeat("ä", 300) + "ends"), MaxTokens: 30}, true},
	} {
		got, err := e.Generate(t.Context(), c.request)
		if err != nil || got.Text != "ends" || (got.Cut > 0) != c.cut {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := e.Generate(t.Context(), eval.Request{Conversation: talk(), MaxTokens: 300}); err != nil {
		t.Errorf("a conversation of a system message: %v", err)
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

// FuzzAnswer feeds what an API may send to all that reads it.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"choices":[{"text":"a b","logprobs":{"tokens":["a"," b"],"token_logprobs":[null,-1],"top_logprobs":[null,{" b":-1}],"text_offset":[0,1]}}]}`))
	f.Add([]byte(`{"choices":[{"message":{"content":null},"logprobs":{"content":[{"token":"x","logprob":-1}]}}],"usage":{"prompt_tokens_details":null}}`))
	f.Add([]byte(`{"error":{"message":"m","code":7}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var c completion
		if json.Unmarshal(data, &c) == nil && len(c.Choices) > 0 && c.Choices[0].Logprobs != nil {
			for generated := range 2 {
				l := *c.Choices[0].Logprobs
				if l.check(generated) == nil {
					if s, err := l.continuation("a ", "b"); err == nil && len(s.Tokens) == 0 {
						t.Error("no tokens")
					}
				}
			}
		}
		cl := &client{key: "k"}
		if f := cl.faultOf(&http.Response{StatusCode: 400, Header: http.Header{}}, data); len(f.message) > 600 {
			t.Errorf("a message of %d bytes", len(f.message))
		}
	})
}
