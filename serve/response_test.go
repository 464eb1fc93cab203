package serve

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const responsesPath = "/v1/responses"

func respondTo(input, more string) string {
	text, _ := json.Marshal(input)
	return `{"model":"fake","input":` + string(text) + more + `}`
}

const responseTools = `,"tools":[{"type":"function","name":"weather","description":"d","parameters":{"type":"object"}}]`

func TestResponse(t *testing.T) {
	s := newSite(t)
	a := s.post(responsesPath, respondTo("say héllo", `,"temperature":0.5,"metadata":{"a":"b"}`))
	for path, want := range map[string]any{
		"object": "response", "status": "completed", "error": nil, "incomplete_details": nil, "store": false, "temperature": 0.5, "top_p": 1.0,
		"output.0.type": "message", "output.0.role": "assistant", "output.0.status": "completed",
		"output.0.content.0.type": "output_text", "output.0.content.0.text": "héllo", "metadata.a": "b",
		"usage.input_tokens": 12.0, "usage.output_tokens": 5.0, "usage.total_tokens": 17.0, "usage.input_tokens_details.cached_tokens": 6.0,
		"tool_choice": "auto", "text.format.type": "text",
	} {
		if got := a.json(t, path); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
	a = s.post(responsesPath, respondTo("say abcdef", `,"max_output_tokens":3`))
	if a.json(t, "status") != "incomplete" || a.json(t, "incomplete_details.reason") != "max_output_tokens" || a.json(t, "output.0.status") != "incomplete" {
		t.Error(a.text)
	}
	a = s.post(responsesPath, respondTo("say ", ""))
	if a.json(t, "output.0.content.0.text") != "" {
		t.Error(a.text)
	}
	a = s.post(responsesPath, respondTo("say ab", `,"include":["message.output_text.logprobs"],"top_logprobs":1`))
	if a.json(t, "output.0.content.0.logprobs.1.token") != "b" || a.json(t, "output.0.content.0.logprobs.1.top_logprobs.0.token") != "a" {
		t.Error(a.text)
	}
	a = s.post(responsesPath, respondTo("json", `,"text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"}}}`))
	if a.json(t, "output.0.content.0.text") != `{"city":"Paris","degrees":21}` || a.json(t, "text.format.schema.type") != "object" {
		t.Error(a.text)
	}
}

func TestResponseInput(t *testing.T) {
	s := newSite(t)
	a := s.post(responsesPath, `{"model":"fake","instructions":"I","input":[
		{"role":"developer","content":"D"},
		{"type":"message","role":"user","content":[{"type":"input_text","text":"U"}]},
		{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"A","annotations":[],"logprobs":[]}]},
		{"type":"function_call","id":"fc_1","status":"completed","call_id":"c1","name":"f","arguments":"{}"},
		{"type":"function_call","call_id":"c2","name":"g","arguments":"{}"},
		{"type":"function_call_output","call_id":"c1","output":"1"},
		{"type":"function_call_output","call_id":"c2","output":[{"type":"input_text","text":"2"}]},
		{"type":"function_call","call_id":"c3","name":"h","arguments":"{}"},
		{"type":"function_call_output","call_id":"c3","output":"3"},
		{"role":"user","content":"roles"}]}`)
	want := "system:I|developer:D|user:U|assistant:A[c1 f{}][c2 g{}]|tool:1{c1}|tool:2{c2}|assistant:[c3 h{}]|tool:3{c3}|user:roles"
	if got := a.json(t, "output.0.content.0.text"); got != want {
		t.Errorf("%v\nwant %s", got, want)
	}
}

func TestResponseTools(t *testing.T) {
	s := newSite(t)
	a := s.post(responsesPath, respondTo(`both hi ; weather {"a":1} ; weather {"b":2}`, responseTools))
	for path, want := range map[string]any{
		"output.0.content.0.text": "hi", "output.1.type": "function_call", "output.1.call_id": "call_0", "output.1.name": "weather",
		"output.1.arguments": `{"a":1}`, "output.2.arguments": `{"b":2}`, "output.2.call_id": "call_1", "status": "completed", "tools.0.strict": true,
	} {
		if got := a.json(t, path); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
	a = s.post(responsesPath, respondTo("x", responseTools+`,"tool_choice":{"type":"function","name":"weather"}`))
	if a.json(t, "output.0.arguments") != "{}" || a.json(t, "tool_choice.name") != "weather" {
		t.Error(a.text)
	}
}

func TestResponseStream(t *testing.T) {
	s := newSite(t)
	a := s.post(responsesPath, respondTo(`both hi ; weather {"a":1}`, responseTools+`,"stream":true`))
	var types []string
	for i, d := range events(a.text) {
		e := answer{text: d}
		types = append(types, e.json(t, "type").(string))
		if e.json(t, "sequence_number") != float64(i) || !strings.Contains(a.text, "event: "+types[i]+"\ndata: "+d+"\n\n") {
			t.Error(d)
		}
	}
	want := "response.created response.in_progress response.output_item.added response.content_part.added " +
		"response.output_text.delta response.output_text.delta response.output_text.done response.content_part.done response.output_item.done " +
		"response.output_item.added response.function_call_arguments.delta response.function_call_arguments.delta " +
		"response.function_call_arguments.done response.output_item.done response.completed"
	if got := strings.Join(types, " "); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if strings.Contains(a.text, "[DONE]") {
		t.Error("there is no [DONE] here")
	}
	data := events(a.text)
	last := answer{text: data[len(data)-1]}
	if last.json(t, "response.output.0.content.0.text") != "hi" || last.json(t, "response.output.1.arguments") != `{"a":1}` || last.json(t, "response.usage.output_tokens") != 5.0 {
		t.Error(last.text)
	}
	if first := (answer{text: data[0]}); first.json(t, "response.status") != "in_progress" || len(first.json(t, "response.output").([]any)) != 0 {
		t.Error(first.text)
	}
	a = s.post(responsesPath, respondTo("say abc", `,"stream":true,"max_output_tokens":2`))
	data = events(a.text)
	if last := (answer{text: data[len(data)-1]}); last.json(t, "type") != "response.incomplete" {
		t.Error(last.text)
	}
}

// Nothing but white space between calls is no message.
func TestResponseSpace(t *testing.T) {
	for calls, want := range map[int]string{0: "message", 1: ""} {
		r := &responder{x: &exchange{}, r: &responseRequest{}, calls: calls}
		if err := r.content(" \n", nil); err != nil {
			t.Fatal(err)
		}
		got := ""
		if r.open != nil {
			got = r.open.Type
		}
		if got != want {
			t.Errorf("after %d calls: %q", calls, got)
		}
		if err := r.content("x", nil); err != nil || r.open == nil || r.open.Content[0].Text != " \nx" {
			t.Error(fmt.Sprint(r.open), err)
		}
	}
}
