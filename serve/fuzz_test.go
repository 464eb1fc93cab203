package serve

import (
	"strings"
	"testing"
)

// fuzzLimits are small, so that the fuzzer reaches them.
var fuzzLimits = func() Limits {
	l := Limits{Messages: 8, Parts: 4, Tools: 4, Schema: 200, Inputs: 4, LogitBias: 4, Depth: 16, Images: 2, StopBytes: 16}
	return l.withDefaults()
}()

// checkFault holds what every refusal must be.
func checkFault(t *testing.T, body []byte, fault *apiError) {
	t.Helper()
	if fault == nil {
		return
	}
	if fault.status != 400 || fault.code == "" || fault.message == "" || len(fault.message) > 2000 {
		t.Errorf("%q: %+v", body, fault)
	}
}

func FuzzChatRequest(f *testing.F) {
	f.Add([]byte(say("x", `,"temperature":0.5,"n":2,"stop":["a"],"logit_bias":{"1":2},"logprobs":true,"top_logprobs":3`)))
	f.Add([]byte(say("x", `,"stream":true,"stream_options":{"include_usage":true},"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{}}}`)))
	f.Add([]byte(say("x", `,"tools":[`+weatherTool+`],"tool_choice":{"type":"function","function":{"name":"weather"}}`)))
	f.Add([]byte(`{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"x"},{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:,"}}]}]}`))
	f.Add([]byte(`{"a":1e400,"a":2}`))
	f.Add([]byte(strings.Repeat("[", 40)))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, fault := readChatRequest(body, &fuzzLimits)
		checkFault(t, body, fault)
		if fault == nil && (len(r.conversation.Messages) == 0 || len(r.conversation.Messages) > 8 || r.choices < 1 || r.choices > 16 || len(r.options.Stop) > 4 ||
			!(r.options.Temperature >= 0 && r.options.Temperature <= 2) || !(r.options.TopP >= 0 && r.options.TopP <= 1) || len(r.images) > 2) {
			t.Errorf("%q: %+v", body, r)
		}
	})
}

func FuzzCompletionRequest(f *testing.F) {
	f.Add([]byte(`{"model":"m","prompt":["a","b"],"n":2,"best_of":2,"logprobs":3,"max_tokens":4}`))
	f.Add([]byte(`{"model":"m","prompt":[[1,2],[3]],"echo":true,"suffix":null,"guided_regex":"a"}`))
	f.Add([]byte(`{"model":"m","prompt":[1,2.0,3e0],"stream":true}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, fault := readCompletionRequest(body, &fuzzLimits)
		checkFault(t, body, fault)
		if fault != nil {
			return
		}
		for _, p := range r.prompts {
			if !p.isIDs() {
				continue
			}
			for _, id := range p.ids.tokens(100, 50) {
				if p.ids.d.fault == nil && (id < 0 || id >= 50) {
					t.Errorf("%q: token %d", body, id)
				}
			}
			checkFault(t, body, p.ids.d.fault)
		}
	})
}

func FuzzResponsesRequest(f *testing.F) {
	f.Add([]byte(respondTo("x", responseTools+`,"tool_choice":"required","text":{"format":{"type":"json_object"}},"include":["message.output_text.logprobs"]`)))
	f.Add([]byte(`{"model":"m","input":[{"role":"user","content":[{"type":"input_image","image_url":"data:,"}]},{"type":"function_call","call_id":"a","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"a","output":"x"}]}`))
	f.Add([]byte(`{"model":"m","input":[{"type":"function_call","call_id":"a","name":"f","arguments":"{}"}],"instructions":"i","metadata":{"a":"b"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, fault := readResponseRequest(body, &fuzzLimits)
		checkFault(t, body, fault)
		if fault == nil && len(r.conversation.Messages) == 0 {
			t.Errorf("%q: %+v", body, r)
		}
		if fault == nil {
			if _, err := marshal(responseBody{responseEcho: r.echo}); err != nil {
				t.Errorf("%q cannot be repeated: %v", body, err)
			}
		}
	})
}

func FuzzEmbeddingsRequest(f *testing.F) {
	f.Add([]byte(`{"model":"m","input":["a"],"encoding_format":"base64","dimensions":3}`))
	f.Add([]byte(`{"model":"m","input":[[1],[2,3]]}`))
	f.Add([]byte(`{"model":"m","input":[null]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, fault := readEmbedRequest(body, &fuzzLimits)
		checkFault(t, body, fault)
		if fault == nil && (len(r.inputs) == 0 || len(r.inputs) > 4) {
			t.Errorf("%q: %+v", body, r)
		}
	})
}

func FuzzAttention(f *testing.F) {
	f.Add([]byte(`{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:,","detail":"low"}}]}],"answer":"a é","offset":2}`))
	f.Add([]byte(`{"model":"m","messages":[{"role":"user","content":"x"}],"answer":"","offset":-1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, fault := readAttentionRequest(body, &fuzzLimits)
		checkFault(t, body, fault)
		if fault == nil && (len(r.images) == 0 || r.offset < 0 || r.offset >= len(r.answer) || strings.TrimSpace(r.answer[r.offset:]) == "") {
			t.Errorf("%q: %+v", body, r)
		}
	})
}

func FuzzTokenize(f *testing.F) {
	f.Add([]byte(`{"model":"m","text":"a","special":true,"pieces":false}`))
	f.Add([]byte(`{"tokens":[1,2]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		_, fault := readTokenizeRequest(body, &fuzzLimits)
		checkFault(t, body, fault)
		r, fault := readDetokenizeRequest(body, &fuzzLimits)
		checkFault(t, body, fault)
		if fault == nil {
			r.tokens.tokens(100, 50)
			checkFault(t, body, r.tokens.d.fault)
		}
	})
}
