package serve

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestCompletions(t *testing.T) {
	s := newSite(t)
	const path = "/v1/completions"
	for body, want := range map[string][]string{
		`"prompt":"say héllo"`:                           {"héllo"},
		`"prompt":["say a","say b"]`:                     {"a", "b"},
		`"prompt":[115,97,121,32,99]`:                    {"c"},
		`"prompt":[[115,97,121,32,99],[115,97,121,32]]`:  {"c", ""},
		`"prompt":["seed","seed"],"n":2,"seed":5`:        {"5/0", "5/1", "5/0", "5/1"},
		`"prompt":"say a","echo":true`:                   {"say aa"},
		`"prompt":["a","b"],"echo":true,"max_tokens":0`:  {"a", "b"},
		`"prompt":[115,97,121,32,99],"echo":true`:        {"say cc"},
		`"prompt":null`:                                  {"ok"},
		``:                                               {"ok"},
		`"prompt":"say abcdefghijklmnopqrst"`:            {"abcdefghijklmnop"}, // 16 tokens
		`"prompt":"say abcdefg","max_tokens":3,"n":1`:    {"abc"},
		`"prompt":"say x","best_of":2,"n":2,"user":"me"`: {"x", "x"},
	} {
		if body != "" {
			body = "," + body
		}
		a := s.post(path, `{"model":"fake"`+body+`}`)
		var texts []string
		for i := range len(want) {
			text, _ := a.json(t, fmt.Sprintf("choices.%d.text", i)).(string)
			texts = append(texts, text)
		}
		if !reflect.DeepEqual(texts, want) {
			t.Errorf("%s: %q, want %q; %s", body, texts, want, a.text)
		}
		// The same in pieces.
		streamed := make([]string, len(want))
		for _, d := range events(s.post(path, `{"model":"fake","stream":true`+body+`}`).text) {
			if d != "[DONE]" {
				e := answer{text: d}
				streamed[int(e.json(t, "choices.0.index").(float64))] += e.json(t, "choices.0.text").(string)
			}
		}
		if !reflect.DeepEqual(streamed, want) {
			t.Errorf("streamed %s: %q, want %q", body, streamed, want)
		}
	}
	a := s.post(path, `{"model":"fake","prompt":["say ab","say c"],"n":2}`)
	if a.json(t, "usage.prompt_tokens") != 11.0 || a.json(t, "usage.completion_tokens") != 6.0 || a.json(t, "choices.0.finish_reason") != "stop" {
		t.Error(a.text)
	}
	a = s.post(path, `{"model":"fake","prompt":"say abc","max_tokens":1}`)
	if a.json(t, "choices.0.finish_reason") != "length" {
		t.Error(a.text)
	}
	a = s.post(path, `{"model":"fake","prompt":"say abc","stream":true,"stream_options":{"include_usage":true}}`)
	data := events(a.text)
	if last := (answer{text: data[len(data)-2]}); last.json(t, "usage.total_tokens") != 10.0 || len(last.json(t, "choices").([]any)) != 0 {
		t.Error(a.text)
	}
}

func TestCompletionLogprobs(t *testing.T) {
	s := newSite(t)
	a := s.post("/v1/completions", `{"model":"fake","prompt":"say éab","logprobs":2}`)
	got, _ := json.Marshal(a.json(t, "choices.0.logprobs"))
	want := `{"text_offset":[0,1,2],"token_logprobs":[-0.5,-0.5,-0.5],"tokens":["é","a","b"],` +
		`"top_logprobs":[{"a":-1,"b":-2,"é":-0.5},{"a":-0.5,"b":-2},{"a":-1,"b":-0.5}]}`
	if string(got) != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	var offsets, tokens []any
	for _, d := range events(s.post("/v1/completions", `{"model":"fake","prompt":"say éab","logprobs":0,"stream":true}`).text) {
		if d == "[DONE]" {
			break
		}
		if o, ok := (answer{text: d}).json(t, "choices.0.logprobs.text_offset").([]any); ok {
			offsets = append(offsets, o...)
			tokens = append(tokens, (answer{text: d}).json(t, "choices.0.logprobs.tokens").([]any)...)
		}
	}
	if fmt.Sprint(offsets, tokens) != "[0 1 2] [é a b]" {
		t.Error(offsets, tokens)
	}
}

func TestCountWhole(t *testing.T) {
	bytes := []byte("a\xc3")
	if n := countWhole(&bytes); n != 1 || string(bytes) != "\xc3" {
		t.Error(n, bytes)
	}
	bytes = append(bytes, "\xa9b\xff"...)
	if n := countWhole(&bytes); n != 3 || len(bytes) != 0 {
		t.Error(n, bytes)
	}
}

func TestEmbeddings(t *testing.T) {
	s := newSite(t)
	const path = "/v1/embeddings"
	for input, want := range map[string]string{
		`"abc"`: `[[0,0,0,1]]`, `["a","bc"]`: `[[0,1,0,0],[0,0,1,0]]`, `[1,2]`: `[[0,0,1,0]]`, `[[1],[1,2,3]]`: `[[0,1,0,0],[0,0,0,1]]`,
	} {
		a := s.post(path, `{"model":"fake","input":`+input+`,"dimensions":4,"user":"u","encoding_format":null}`)
		b := s.post(path, `{"model":"fake","input":`+input+`,"encoding_format":"base64"}`)
		var floats, decoded [][]float32
		for i := range a.json(t, "data").([]any) {
			var v []float32
			text, _ := json.Marshal(a.json(t, fmt.Sprintf("data.%d.embedding", i)))
			if err := json.Unmarshal(text, &v); err != nil {
				t.Fatal(err)
			}
			floats = append(floats, v)
			data, err := base64.StdEncoding.DecodeString(b.json(t, fmt.Sprintf("data.%d.embedding", i)).(string))
			if err != nil {
				t.Fatal(err)
			}
			v = nil
			for ; len(data) > 0; data = data[4:] {
				v = append(v, math.Float32frombits(binary.LittleEndian.Uint32(data)))
			}
			decoded = append(decoded, v)
		}
		if got, _ := json.Marshal(floats); string(got) != want || !reflect.DeepEqual(floats, decoded) {
			t.Errorf("%s: %s and %v, want %s", input, got, decoded, want)
		}
	}
	// Many are not worked on at once.
	texts, _ := json.Marshal(strings.Split(strings.Repeat("x ", 200)+"x", " "))
	if a := s.post(path, `{"model":"fake","input":`+string(texts)+`}`); len(a.json(t, "data").([]any)) != 201 || s.model.most.Load() > maxTogether {
		t.Error(s.model.most.Load())
	}
}

func TestTokenize(t *testing.T) {
	s := newSite(t)
	a := s.post("/tokenize", `{"model":"fake","text":"aé","pieces":true}`)
	if got, _ := json.Marshal(a.json(t, "tokens")); string(got) != "[97,195,169]" || a.json(t, "count") != 3.0 || a.json(t, "window") != 1000.0 || a.json(t, "pieces.0.text") != "a" {
		t.Error(a.text)
	}
	if a := s.post("/tokenize", `{"text":"<|end|>","special":true}`); a.json(t, "tokens.0") != 256.0 {
		t.Error(a.text)
	}
	if a := s.post("/tokenize", `{"text":""}`); a.json(t, "count") != 0.0 || len(a.json(t, "tokens").([]any)) != 0 {
		t.Error(a.text)
	}
	// What lists more than memory is for is refused.
	for length, want := range map[int]string{maxPieces: `,"pieces":true`, maxIDs: ""} {
		body := func(n int) string { return `{"text":"` + strings.Repeat("x", n) + `"` + want + `}` }
		if a := s.post("/tokenize", body(length+1)); a.status != 400 || !strings.Contains(a.text, fmt.Sprint(length, " at most")) {
			t.Errorf("%d tokens%s: %d %.200s", length+1, want, a.status, a.text)
		}
	}
	if a := s.post("/tokenize", `{"text":"`+strings.Repeat("x", 9000)+`","pieces":true}`); len(a.json(t, "pieces").([]any)) != 9000 {
		t.Errorf("%d", a.status)
	}
	if a := s.post("/detokenize", `{"tokens":[97,195,169,256]}`); a.json(t, "text") != "aé<|end|>" {
		t.Error(a.text)
	}
	if a := s.post("/detokenize", `{"tokens":[]}`); a.json(t, "text") != "" {
		t.Error(a.text)
	}
}

func TestModels(t *testing.T) {
	s := newSite(t)
	a := s.do("GET", "/v1/models", "")
	for path, want := range map[string]any{
		"object": "list", "data.0.id": "fake", "data.0.object": "model", "data.0.polymath.window": 1000.0, "data.0.polymath.vision": true,
		"data.0.polymath.parameters": 1000.0, "data.0.polymath.active_parameters": 250.0,
	} {
		if got := a.json(t, path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
	if b := s.do("GET", "/v1/models/fake", ""); b.json(t, "id") != "fake" {
		t.Error(b.text)
	}
	if b := s.do("HEAD", "/v1/models/fake", ""); b.status != 200 {
		t.Error(b.status)
	}
}

func TestNewRefuses(t *testing.T) {
	m := newFake()
	for phrase, models := range map[string][]Named{
		"no model":        {},
		"two models":      {{"a", m}, {"a", m}},
		"cannot be a mod": {{"a b", m}},
		"1 to 200 bytes":  {{"", m}},
	} {
		if _, err := New(models, Options{}); err == nil || !strings.Contains(err.Error(), phrase) {
			t.Errorf("%s: %v", phrase, err)
		}
	}
	if s, err := New([]Named{{"org/a", m}, {"b", m}}, Options{}); err != nil || len(s.order) != 2 {
		t.Error(err)
	}
}
