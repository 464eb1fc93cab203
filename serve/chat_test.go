package serve

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const chatPath = "/v1/chat/completions"

func TestChatWhole(t *testing.T) {
	s := newSite(t)
	a := s.post(chatPath, say("say héllo", ""))
	if a.status != http.StatusOK {
		t.Fatal(a.text)
	}
	for path, want := range map[string]any{
		"object": "chat.completion", "model": "fake", "system_fingerprint": "fp_0123456789abcdef",
		"choices.0.message.role": "assistant", "choices.0.message.content": "héllo", "choices.0.finish_reason": "stop",
		"choices.0.index": 0.0, "choices.0.logprobs": nil, "choices.0.message.tool_calls": nil,
		"usage.prompt_tokens": 12.0, "usage.completion_tokens": 5.0, "usage.total_tokens": 17.0,
		"usage.prompt_tokens_details.cached_tokens": 6.0,
	} {
		if got := a.json(t, path); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}

func TestChatStream(t *testing.T) {
	s := newSite(t)
	a := s.post(chatPath, say("say abc", `,"stream":true,"stream_options":{"include_usage":true}`))
	if kind := a.header.Get("Content-Type"); kind != "text/event-stream" {
		t.Fatal(kind, a.text)
	}
	data := events(a.text)
	// Role, three characters, finish, usage, DONE.
	if len(data) != 7 || data[6] != "[DONE]" {
		t.Fatalf("%d events: %s", len(data), a.text)
	}
	id := ""
	for i, d := range data[:6] {
		e := answer{text: d}
		if i == 0 {
			id = e.json(t, "id").(string)
		}
		if e.json(t, "id") != id || e.json(t, "object") != "chat.completion.chunk" {
			t.Error(d)
		}
		if usage := e.json(t, "usage"); (usage != nil) != (i == 5) || !strings.Contains(d, `"usage"`) {
			t.Errorf("event %d: usage %v", i, usage)
		}
	}
	if e := (answer{text: data[0]}); e.json(t, "choices.0.delta.role") != "assistant" {
		t.Error(data[0])
	}
	for i, want := range []string{"a", "b", "c"} {
		if e := (answer{text: data[1+i]}); e.json(t, "choices.0.delta.content") != want || e.json(t, "choices.0.finish_reason") != nil {
			t.Error(data[1+i])
		}
	}
	if e := (answer{text: data[4]}); e.json(t, "choices.0.finish_reason") != "stop" {
		t.Error(data[4])
	}
	if e := (answer{text: data[5]}); len(e.json(t, "choices").([]any)) != 0 || e.json(t, "usage.total_tokens") != 12.0 {
		t.Error(data[5])
	}
	if without := s.post(chatPath, say("say abc", `,"stream":true`)); strings.Contains(without.text, "usage") {
		t.Error(without.text)
	}
}

func TestChatChoices(t *testing.T) {
	s := newSite(t)
	a := s.post(chatPath, say("seed", `,"n":3,"seed":-1`))
	for i := range 3 {
		want := fmt.Sprintf("%d/%d", uint64(1<<64-1), i)
		if got := a.json(t, fmt.Sprintf("choices.%d.message.content", i)); got != want {
			t.Errorf("choice %d: %v, want %s", i, got, want)
		}
	}
	if got := a.json(t, "usage.prompt_tokens"); got != 6.0 {
		t.Error("the prompt counts once:", got)
	}
	if got := a.json(t, "usage.completion_tokens"); got != 66.0 {
		t.Error(got)
	}
	// They run at the same time.
	s.post(chatPath, say("count 30", `,"n":4`))
	if most := s.model.most.Load(); most != 4 {
		t.Errorf("%d at the same time", most)
	}
	// Without a seed every request draws its own.
	first, second := s.post(chatPath, say("seed", "")), s.post(chatPath, say("seed", ""))
	if first.json(t, "choices.0.message.content") == second.json(t, "choices.0.message.content") {
		t.Error("the same seed twice")
	}
	// Streamed, every choice has its own role, text and finish.
	streamed := s.post(chatPath, say("say xy", `,"n":2,"stream":true`))
	content, roles, finishes := map[float64]string{}, map[float64]int{}, map[float64]int{}
	for _, d := range events(streamed.text) {
		if d == "[DONE]" {
			break
		}
		e := answer{text: d}
		index := e.json(t, "choices.0.index").(float64)
		if e.json(t, "choices.0.delta.role") != nil {
			roles[index]++
		}
		if c, ok := e.json(t, "choices.0.delta.content").(string); ok {
			content[index] += c
		}
		if e.json(t, "choices.0.finish_reason") != nil {
			finishes[index]++
		}
	}
	for n := range 2 {
		i := float64(n)
		if content[i] != "xy" || roles[i] != 1 || finishes[i] != 1 {
			t.Error(content, roles, finishes)
		}
	}
}

const weatherTool = `{"type":"function","function":{"name":"weather","description":"d","parameters":{"type":"object"}}}`

func TestChatTools(t *testing.T) {
	s := newSite(t)
	tools := `,"tools":[` + weatherTool + `]`
	a := s.post(chatPath, say(`call weather {"city":"Paris"} ; weather {"city":"Rome"}`, tools))
	if a.json(t, "choices.0.finish_reason") != "tool_calls" || a.json(t, "choices.0.message.content") != nil {
		t.Error(a.text)
	}
	for i, city := range []string{"Paris", "Rome"} {
		call := fmt.Sprintf("choices.0.message.tool_calls.%d.", i)
		if a.json(t, call+"function.name") != "weather" || a.json(t, call+"id") != fmt.Sprintf("call_%d", i) ||
			a.json(t, call+"function.arguments") != `{"city":"`+city+`"}` {
			t.Error(a.text)
		}
	}
	streamed := s.post(chatPath, say(`both hi ; weather {"city":"Paris"} ; weather {"city":"Rome"}`, tools+`,"stream":true`))
	arguments, names, ids, content := map[float64]string{}, map[float64]string{}, map[float64]string{}, ""
	for _, d := range events(streamed.text) {
		if d == "[DONE]" {
			break
		}
		e := answer{text: d}
		if c, ok := e.json(t, "choices.0.delta.content").(string); ok {
			content += c
		}
		if e.json(t, "choices.0.delta.tool_calls") == nil {
			continue
		}
		i := e.json(t, "choices.0.delta.tool_calls.0.index").(float64)
		if name, ok := e.json(t, "choices.0.delta.tool_calls.0.function.name").(string); ok {
			names[i] += name
			ids[i] += e.json(t, "choices.0.delta.tool_calls.0.id").(string)
		}
		arguments[i] += e.json(t, "choices.0.delta.tool_calls.0.function.arguments").(string)
	}
	if content != "hi" || names[0] != "weather" || names[1] != "weather" || ids[0] != "call_0" || ids[1] != "call_1" ||
		arguments[0] != `{"city":"Paris"}` || arguments[1] != `{"city":"Rome"}` {
		t.Error(streamed.text)
	}
	if a := s.post(chatPath, say("x", tools+`,"tool_choice":{"type":"function","function":{"name":"weather"}}`)); a.json(t, "choices.0.message.tool_calls.0.function.arguments") != "{}" {
		t.Error(a.text)
	}
	// A format is for the content, which these may have.
	for _, choice := range []string{`"auto"`, `"none"`, `null`} {
		if a := s.post(chatPath, say("say {}", tools+`,"response_format":{"type":"json_object"},"tool_choice":`+choice)); a.status != 200 {
			t.Errorf("%s: %s", choice, a.text)
		}
	}
	if a := s.post(chatPath, say("x", tools+`,"response_format":{"type":"text"},"tool_choice":"required"`)); a.status != 200 {
		t.Error(a.text)
	}
}

func TestChatRoles(t *testing.T) {
	s := newSite(t)
	a := s.post(chatPath, `{"model":"fake","messages":[
		{"role":"system","content":"S"},{"role":"developer","content":[{"type":"text","text":"D"}]},
		{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},
		{"role":"tool","tool_call_id":"c1","content":"T"},
		{"role":"assistant","content":[{"type":"text","text":"A"},{"type":"refusal","refusal":"R"}],"refusal":null,"annotations":[],"audio":null,"function_call":null,"tool_calls":null},
		{"role":"user","name":"u","content":[{"type":"text","text":"ro"},{"type":"text","text":"les"}]}]}`)
	want := "system:S|developer:D|assistant:[c1 f{}]|tool:T{c1}|assistant:AR|user:roles"
	if got := a.json(t, "choices.0.message.content"); got != want {
		t.Errorf("%v, want %s; %s", got, want, a.text)
	}
}

func TestChatOptions(t *testing.T) {
	s := newSite(t)
	for more, want := range map[string]string{
		``:                                          "Temperature:1 TopK:0 TopP:0 ",
		`,"temperature":null,"top_p":1`:             "Temperature:1 TopK:0 TopP:0 ",
		`,"temperature":0`:                          "Temperature:0 ",
		`,"top_p":0`:                                "TopK:1 TopP:0 ",
		`,"top_p":0.5,"top_k":7,"min_p":0.25`:       "TopK:7 TopP:0.5 MinP:0.25 ",
		`,"repetition_penalty":1.5`:                 "RepetitionPenalty:1.5 ",
		`,"presence_penalty":-2`:                    "PresencePenalty:-2 ",
		`,"frequency_penalty":2.0`:                  "FrequencyPenalty:2 ",
		`,"logit_bias":{"97":-100,"256":1}`:         "LogitBias:map[97:-100 256:1] ",
		`,"seed":7`:                                 "Seed:7 ",
		`,"stop":"x"`:                               "Stop:[x] ",
		`,"stop":["x","yz"]`:                        "Stop:[x yz] ",
		`,"max_tokens":700`:                         "MaxTokens:700 ",
		`,"max_completion_tokens":701.0`:            "MaxTokens:701 ",
		`,"logprobs":true,"top_logprobs":2`:         "Logprobs:true TopLogprobs:2 ",
		`,"guided_regex":"[a-z]+"`:                  "Format:{Kind:3 Text:[a-z]+}",
		`,"guided_grammar":"root ::= \"a\""`:        `Format:{Kind:4 Text:root ::= "a"}`,
		`,"response_format":{"type":"text"}`:        "Format:{Kind:0 Text:}",
		`,"response_format":{"type":"json_object"}`: "Format:{Kind:1 Text:}",
		`,"response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":{ "type":"object"}}}`: `Format:{Kind:2 Text:{ "type":"object"}}`,
		`,"user":"u","metadata":{"a":"b"},"store":false,"service_tier":"auto","modalities":["text"],"functions":null`:    "Temperature:1 ",
	} {
		a := s.post(chatPath, say("options", more))
		if a.status != http.StatusOK {
			t.Errorf("%s: %s", more, a.text)
			continue
		}
		if got := a.json(t, "choices.0.message.content").(string); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", more, got, want)
		}
	}
}

func TestChatLogprobs(t *testing.T) {
	s := newSite(t)
	a := s.post(chatPath, say("say aé", `,"logprobs":true,"top_logprobs":3`))
	for path, want := range map[string]any{
		"token": "é", "logprob": -0.5, "bytes.0": 195.0, "bytes.1": 169.0,
		"top_logprobs.0.token": "a", "top_logprobs.1.logprob": -2.0, "top_logprobs.2.logprob": -9999.0,
	} {
		if got := a.json(t, "choices.0.logprobs.content.1."+path); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
	var streamed []any
	for _, d := range events(s.post(chatPath, say("say aé", `,"logprobs":true,"top_logprobs":3,"stream":true`)).text) {
		if d == "[DONE]" {
			break
		}
		if content, ok := (answer{text: d}).json(t, "choices.0.logprobs.content").([]any); ok {
			streamed = append(streamed, content...)
		}
	}
	whole, _ := json.Marshal(a.json(t, "choices.0.logprobs.content"))
	pieces, _ := json.Marshal(streamed)
	if string(whole) != string(pieces) {
		t.Errorf("streamed %s, whole %s", pieces, whole)
	}
	if b := s.post(chatPath, say("say a", `,"logprobs":true`)); len(b.json(t, "choices.0.logprobs.content.0.top_logprobs").([]any)) != 0 {
		t.Error(b.text)
	}
}
