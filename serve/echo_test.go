package serve

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
)

// echoed is what a completion with echo tells of its tokens.
type echoed struct {
	text     string
	finish   string
	logprobs tokenLists
}

type tokenLists struct {
	Tokens        []string
	TokenLogprobs []*float64           `json:"token_logprobs"`
	TopLogprobs   []map[string]float64 `json:"top_logprobs"`
	TextOffset    []int                `json:"text_offset"`
}

func (e *echoed) read(t *testing.T, a answer, choice int) {
	t.Helper()
	at := fmt.Sprintf("choices.%d.", choice)
	text, _ := a.json(t, at+"text").(string)
	e.text += text
	if finish, ok := a.json(t, at+"finish_reason").(string); ok {
		e.finish = finish
	}
	logprobs, _ := json.Marshal(a.json(t, at+"logprobs"))
	var part tokenLists
	if string(logprobs) == "null" {
		return
	}
	if err := json.Unmarshal(logprobs, &part); err != nil {
		t.Fatal(err)
	}
	e.logprobs.Tokens = append(e.logprobs.Tokens, part.Tokens...)
	e.logprobs.TokenLogprobs = append(e.logprobs.TokenLogprobs, part.TokenLogprobs...)
	e.logprobs.TopLogprobs = append(e.logprobs.TopLogprobs, part.TopLogprobs...)
	e.logprobs.TextOffset = append(e.logprobs.TextOffset, part.TextOffset...)
}

// TestEcho: the tokens of an echoed prompt have the log-probabilities that they
// had when the model wrote them, and a prompt alone has those too.
func TestEcho(t *testing.T) {
	s := realSite(t)
	const path, fields = "/v1/completions", `{"model":"fake","seed":3,"logprobs":2,"prompt":`
	ids, _ := s.post("/tokenize", `{"text":"A stitch in time"}`).json(t, "tokens").([]any)
	prompt, _ := json.Marshal(ids)
	var written, whole, streamed, alone echoed
	written.read(t, s.post(path, fields+string(prompt)+`,"max_tokens":8}`), 0)
	a := s.post(path, fields+string(prompt)+`,"max_tokens":8,"n":2,"echo":true}`)
	whole.read(t, a, 0)
	n := len(ids)
	if len(whole.logprobs.Tokens) != n+8 || whole.text != "A stitch in time"+written.text || whole.logprobs.TokenLogprobs[0] != nil || whole.logprobs.TopLogprobs[0] != nil {
		t.Fatalf("%s", a.text)
	}
	if !reflect.DeepEqual(whole.logprobs.TokenLogprobs[n:], written.logprobs.TokenLogprobs) {
		t.Error("the completion has other log-probabilities with its prompt")
	}
	var second echoed
	second.read(t, a, 1)
	if !reflect.DeepEqual(second.logprobs.TokenLogprobs[:n], whole.logprobs.TokenLogprobs[:n]) || !reflect.DeepEqual(second.logprobs.TextOffset[:n], whole.logprobs.TextOffset[:n]) {
		t.Error("the choices of a prompt echo it differently")
	}
	for _, d := range events(s.post(path, fields+string(prompt)+`,"max_tokens":8,"echo":true,"stream":true}`).text) {
		if d != "[DONE]" {
			streamed.read(t, answer{text: d}, 0)
		}
	}
	if !reflect.DeepEqual(streamed, whole) {
		t.Errorf("streamed %+v\nwhole %+v", streamed, whole)
	}
	a = s.post(path, fields+string(prompt)+`,"max_tokens":0,"echo":true}`)
	alone.read(t, a, 0)
	if alone.finish != "length" || !reflect.DeepEqual(alone.logprobs.TokenLogprobs, whole.logprobs.TokenLogprobs[:n]) {
		t.Errorf("alone: %s", a.text)
	}
	if a.json(t, "usage.prompt_tokens").(float64) != float64(n) || a.json(t, "usage.completion_tokens").(float64) != 0 {
		t.Errorf("usage: %s", a.text)
	}
}

// TestEchoSpecial: the echo of tokens names those that are no text, and offsets count
// their names.
func TestEchoSpecial(t *testing.T) {
	s := realSite(t)
	ids, _ := s.post("/tokenize", `{"text":"A<|im_start|>stitch","special":true}`).json(t, "tokens").([]any)
	prompt, _ := json.Marshal(ids)
	var e echoed
	a := s.post("/v1/completions", `{"model":"fake","logprobs":0,"max_tokens":1,"echo":true,"prompt":`+string(prompt)+`}`)
	e.read(t, a, 0)
	if e.logprobs.Tokens[1] != "<|im_start|>" {
		t.Fatalf("%s", a.text)
	}
	for i, token := range e.logprobs.Tokens {
		if at := e.logprobs.TextOffset[i]; e.text[at:at+len(token)] != token {
			t.Errorf("token %d, %q, is not at %d of %q", i, token, at, e.text)
		}
	}
}
