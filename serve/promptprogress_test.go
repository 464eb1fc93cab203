package serve

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/polymath-lm/polymath"
)

// readings returns the prompt_progress of the events, which come before all
// others that carry something if there is one choice.
func readings(t *testing.T, data []string, choices int) []promptProgress {
	t.Helper()
	var all []promptProgress
	others := 0
	for _, d := range data {
		var e struct {
			Type     string          `json:"type"`
			Choices  []any           `json:"choices"`
			Progress *promptProgress `json:"prompt_progress"`
		}
		if d == "[DONE]" {
			continue
		}
		if err := json.Unmarshal([]byte(d), &e); err != nil {
			t.Fatal(err)
		}
		switch {
		case e.Progress == nil && (e.Type == "response.created" || e.Type == "response.in_progress"):
		case e.Progress == nil:
			others++
		case choices == 1 && others > 0 || len(e.Choices) > 0:
			t.Errorf("after %d others: %s", others, d)
		default:
			all = append(all, *e.Progress)
		}
	}
	if others == 0 {
		t.Error("there is nothing but progress")
	}
	return all
}

func TestPromptProgress(t *testing.T) {
	s := newSite(t)
	// The prompts have 7 tokens and 5, half of them cached.
	seven := []promptProgress{{7, 3, 3, 0}, {7, 3, 5, 1}, {7, 3, 7, 3}}
	five := []promptProgress{{5, 2, 2, 0}, {5, 2, 3, 1}, {5, 2, 5, 3}}
	for _, c := range []struct {
		path, body string
		choices    int
		want       []promptProgress
	}{
		{chatPath, say("say x", `,"stream":true,"return_progress":true`), 1, seven},
		{chatPath, say("say x", `,"stream":true,"return_progress":true,"n":3,"stream_options":{"include_usage":true}`), 3, seven},
		{chatPath, say("say x", `,"stream":true,"return_progress":false`), 1, nil},
		{chatPath, say("say x", `,"stream":true`), 1, nil},
		{"/v1/completions", `{"model":"fake","prompt":"say x","stream":true,"return_progress":true,"n":2}`, 2, five},
		{"/v1/completions", `{"model":"fake","prompt":"say x","stream":true,"return_progress":null}`, 1, nil},
		{"/v1/responses", `{"model":"fake","input":"say x","stream":true,"return_progress":true}`, 1, seven},
		{"/v1/responses", `{"model":"fake","input":"say x","stream":true}`, 1, nil},
	} {
		a := s.post(c.path, c.body)
		if got := readings(t, events(a.text), c.choices); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s %s: %v, want %v", c.path, c.body, got, c.want)
		}
	}
	for _, c := range []struct{ path, body, want string }{
		{chatPath, say("say x", `,"return_progress":true`), "'stream' only"},
		{"/v1/completions", `{"model":"fake","prompt":"say x","return_progress":true}`, "'stream' only"},
		{"/v1/completions", `{"model":"fake","prompt":"say x","stream":true,"return_progress":true,"echo":true,"logprobs":1}`, "not allowed with 'echo'"},
		{"/v1/completions", `{"model":"fake","prompt":"say x","stream":true,"return_progress":true,"echo":true,"max_tokens":0}`, "not allowed with 'echo'"},
		{"/v1/completions", `{"model":"fake","prompt":["x","y"],"stream":true,"return_progress":true}`, "one prompt only"},
		{"/v1/responses", `{"model":"fake","input":"say x","return_progress":true}`, "'stream' only"},
		{chatPath, say("say x", `,"stream":true,"return_progress":1`), "boolean"},
	} {
		if a := s.post(c.path, c.body); a.status != http.StatusBadRequest || !strings.Contains(a.text, c.want) || a.json(t, "error.param") != "return_progress" {
			t.Errorf("%s: %d %s", c.body, a.status, a.text)
		}
	}
}

// TestGoClientProgress: OpenAI's client reads past what it does not know, and
// finds it under its name.
func TestGoClientProgress(t *testing.T) {
	c := clientFor(newSite(t))
	stream := c.Chat.Completions.NewStreaming(t.Context(), chatParams("say Hello"), option.WithJSONSet("return_progress", true))
	var all openai.ChatCompletionAccumulator
	n := 0
	for stream.Next() {
		chunk := stream.Current()
		all.AddChunk(chunk)
		if f, ok := chunk.JSON.ExtraFields["prompt_progress"]; ok && len(chunk.Choices) == 0 && strings.Contains(f.Raw(), `"processed"`) {
			n++
		}
	}
	if err := stream.Err(); err != nil || n != 3 || all.Choices[0].Message.Content != "Hello" {
		t.Errorf("%d readings, %v, %+v", n, err, all.Choices)
	}
}

// TestRealProgress: a prompt of a real model, and the same again.
func TestRealProgress(t *testing.T) {
	s := siteOf(t, realModel(t, false), []polymath.Option{polymath.WithPrefillChunk(16)})
	body := say(strings.Repeat("A stitch in time. ", 20), `,"stream":true,"return_progress":true,"max_tokens":3,"temperature":0,"stream_options":{"include_usage":true}`)
	for _, again := range []bool{false, true} {
		data := events(s.post(chatPath, body).text)
		all := readings(t, data, 1)
		usage := answer{text: data[len(data)-2]}
		total, cached := int(usage.json(t, "usage.prompt_tokens").(float64)), int(usage.json(t, "usage.prompt_tokens_details.cached_tokens").(float64))
		if len(all) == 0 || again != (cached > 0) {
			t.Fatalf("again %v: %v, %s", again, all, usage.text)
		}
		for i, p := range all {
			if p.Total != total || p.Cache != cached || i > 0 && p.Processed <= all[i-1].Processed {
				t.Errorf("%+v in %v", p, all)
			}
		}
		if all[0].Processed < cached || all[len(all)-1].Processed != total {
			t.Errorf("%v: of %d tokens %d are cached", all, total, cached)
		}
	}
}
