package endpoint

import (
	"context"
	"encoding/json"
	"fmt"
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

// TestFieldsAtOnce: where several requests are under way with a field that is refused, all
// go again without it.
func TestFieldsAtOnce(t *testing.T) {
	const together = 4
	for refused, message := range map[string]string{"logprobs": "no logprobs", "max_tokens": "use max_completion_tokens"} {
		var met sync.WaitGroup
		a := &api{models: oneModel}
		a.chat = func(w http.ResponseWriter, r map[string]any) {
			if _, sent := r[refused]; sent {
				met.Done()
				met.Wait()
				fail(w, 400, message)
				return
			}
			say(w, "yes")
		}
		e, _, err := open(t, a, Options{Chat: "on"})
		if err != nil {
			t.Fatal(err)
		}
		q := yes
		q.Logprobs = true
		met.Add(together)
		var asked sync.WaitGroup
		for range together {
			asked.Go(func() {
				if got, err := e.Generate(t.Context(), q); err != nil || got.Text != "yes" {
					t.Errorf("%s: %+v, %v", refused, got, err)
				}
			})
		}
		asked.Wait()
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
