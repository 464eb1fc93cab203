package serve

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// fault is an error that an answer must be.
type faultCase struct {
	name, path, body    string
	status              int
	code, param, phrase string
}

func (c faultCase) check(t *testing.T, a answer) {
	t.Helper()
	var body struct {
		Error *struct {
			Message, Type string
			Param, Code   *string
		}
	}
	if err := json.Unmarshal([]byte(a.text), &body); err != nil || body.Error == nil {
		t.Errorf("%s: status %d, no error in OpenAI's shape: %s", c.name, a.status, a.text)
		return
	}
	param, code := "", ""
	if body.Error.Param != nil {
		param = *body.Error.Param
	}
	if body.Error.Code != nil {
		code = *body.Error.Code
	}
	if a.status != c.status || code != c.code || param != c.param || !strings.Contains(body.Error.Message, c.phrase) || body.Error.Type == "" {
		t.Errorf("%s: %d %s; want %d, code %q, param %q, message with %q", c.name, a.status, a.text, c.status, c.code, c.param, c.phrase)
	}
	if kind := a.header.Get("Content-Type"); kind != "application/json" {
		t.Errorf("%s: Content-Type %q", c.name, kind)
	}
}

// chatFault is a case whose body is a chat request with more fields.
func chatFault(more, code, param, phrase string) faultCase {
	return faultCase{more, chatPath, say("say x", more), 400, code, param, phrase}
}

func messageFault(message, code, param, phrase string) faultCase {
	return faultCase{message, chatPath, `{"model":"fake","messages":[` + message + `]}`, 400, code, param, phrase}
}

// names is members of an object.
func names(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"%d":{}`, i)
	}
	return b.String()
}

func TestChatErrors(t *testing.T) {
	long := strings.Repeat("x", 1200)
	cases := []faultCase{
		{"empty", chatPath, ``, 400, "invalid_json", "", "ends too early"},
		{"half", chatPath, `{"model":`, 400, "invalid_json", "", "ends too early"},
		{"text", chatPath, `hello`, 400, "invalid_json", "", "invalid character"},
		{"null", chatPath, `null`, 400, "invalid_type", "", "the body: expected an object, but got null"},
		{"names", chatPath, `{"messages":[{"x":{` + names(9000) + `}}]}`, 400, "invalid_json", "messages[0].x", "more than 8192 names"},
		{"list", chatPath, `[]`, 400, "invalid_type", "", "the body: expected an object, but got an array"},
		{"more", chatPath, say("say x", "") + "{}", 400, "invalid_json", "", "goes on"},
		{"twice", chatPath, say("say x", `,"n":1,"n":1`), 400, "duplicate_parameter", "n", "twice"},
		{"twice inside", chatPath, `{"messages":[{"role":"user","role":"user"}]}`, 400, "duplicate_parameter", "messages[0].role", "twice"},
		{"deep", chatPath, say("say x", `,"tools":`+strings.Repeat("[", 100)+strings.Repeat("]", 100)), 400, "invalid_json", "", "deeper than 64"},
		{"bytes", chatPath, say("say x", `,"user":"`+"\xff"+`"`), 400, "invalid_json", "", "UTF-8"},
		{"no model", chatPath, `{"messages":[{"role":"user","content":"x"}]}`, 400, "missing_required_parameter", "model", "'model'"},
		{"no messages", chatPath, `{"model":"fake"}`, 400, "missing_required_parameter", "messages", "'messages'"},
		{"other model", chatPath, `{"model":"gpt-4","messages":[{"role":"user","content":"x"}]}`, 404, "model_not_found", "model", `"gpt-4" does not exist`},
		{"long prompt", chatPath, say(long, ""), 400, "context_length_exceeded", "messages", "maximum context length is 1000 tokens. However, your messages resulted in 1202 tokens"},
		{"long completion", chatPath, say("say x", `,"max_tokens":2000`), 400, "context_length_exceeded", "messages", "you requested 2007 tokens (7 in the messages, 2000 in the completion)"},
		{"busy", chatPath, say("busy", ""), 503, "overloaded", "", "queue is full"},
		{"closed", chatPath, say("closed", ""), 503, "overloaded", "", "shutting down"},
		{"broken", chatPath, say("broken", ""), 500, "internal_error", "", "request id req_"},
		{"panic", chatPath, say("panic", ""), 500, "internal_error", "", "request id req_"},
		{"panic in the model", chatPath, say("panicked", ""), 500, "internal_error", "", "request id req_"},
		{"schema", chatPath, say("format", ""), 400, "invalid_schema", "", "$dynamicRef"},
		{"busy stream", chatPath, say("busy", `,"stream":true`), 503, "overloaded", "", "queue is full"},

		chatFault(`,"frobnicate":1`, "unknown_parameter", "frobnicate", "Unknown parameter"),
		chatFault(`,"Temperature":1`, "unknown_parameter", "Temperature", "Unknown parameter"),
		chatFault(`,"functions":[]`, "unsupported_parameter", "functions", "use 'tools'"),
		chatFault(`,"reasoning_effort":"low"`, "unsupported_parameter", "reasoning_effort", "does not support"),
		chatFault(`,"audio":{}`, "unsupported_parameter", "audio", "does not support"),
		chatFault(`,"temperature":"1"`, "invalid_type", "temperature", "expected a number, but got a string"),
		chatFault(`,"temperature":2.5`, "invalid_value", "temperature", "between 0 and 2"),
		chatFault(`,"temperature":1e999`, "invalid_value", "temperature", "between 0 and 2"),
		chatFault(`,"top_p":-0.1`, "invalid_value", "top_p", "between 0 and 1"),
		chatFault(`,"n":0`, "invalid_value", "n", "at least 1"),
		chatFault(`,"n":17`, "invalid_value", "n", "at most 16"),
		chatFault(`,"n":1.5`, "invalid_type", "n", "expected an integer, but got a decimal"),
		chatFault(`,"n":true`, "invalid_type", "n", "got a boolean"),
		chatFault(`,"seed":99999999999999999999`, "invalid_value", "seed", "out of range"),
		chatFault(`,"max_tokens":0`, "invalid_value", "max_tokens", "at least 1"),
		chatFault(`,"max_tokens":5,"max_completion_tokens":5`, "invalid_value", "max_tokens", "not both"),
		chatFault(`,"stop":["a","a","a","a","a"]`, "array_above_max_length", "stop", "at most 4"),
		chatFault(`,"stop":[1]`, "invalid_type", "stop[0]", "expected a string"),
		chatFault(`,"stop":""`, "invalid_value", "stop", "empty"),
		chatFault(`,"stop":{}`, "invalid_type", "stop", "a string or an array"),
		chatFault(`,"stop":"`+long+`"`, "invalid_value", "stop", "at most 1024 bytes"),
		chatFault(`,"presence_penalty":3`, "invalid_value", "presence_penalty", "between -2 and 2"),
		chatFault(`,"logit_bias":{"x":1}`, "invalid_value", "logit_bias.x", "token's id"),
		chatFault(`,"logit_bias":{"07":1}`, "invalid_value", "logit_bias.07", "token's id"),
		chatFault(`,"logit_bias":{"7":101}`, "invalid_value", "logit_bias.7", "between -100 and 100"),
		chatFault(`,"logit_bias":{"257":1}`, "invalid_value", "logit_bias", "257 is no token"),
		chatFault(`,"logit_bias":[]`, "invalid_type", "logit_bias", "expected an object"),
		chatFault(`,"top_logprobs":2`, "invalid_value", "top_logprobs", "'logprobs': true"),
		chatFault(`,"logprobs":true,"top_logprobs":21`, "invalid_value", "top_logprobs", "at most 20"),
		chatFault(`,"logprobs":1`, "invalid_type", "logprobs", "expected a boolean"),
		chatFault(`,"stream_options":{"include_usage":true}`, "invalid_value", "stream_options", "'stream' only"),
		chatFault(`,"stream":true,"stream_options":{"usage":true}`, "unknown_parameter", "stream_options.usage", "Unknown"),
		chatFault(`,"stream":true,"stream_options":{"include_obfuscation":true}`, "invalid_value", "stream_options.include_obfuscation", "obfuscate"),
		chatFault(`,"store":true`, "invalid_value", "store", "stores nothing"),
		chatFault(`,"service_tier":"flex"`, "invalid_value", "service_tier", "'auto', 'default'"),
		chatFault(`,"modalities":["audio"]`, "invalid_value", "modalities[0]", "'text'"),
		chatFault(`,"modalities":["text","audio"]`, "array_above_max_length", "modalities", "at most 1"),
		chatFault(`,"metadata":{"a":1}`, "invalid_type", "metadata.a", "expected a string"),
		chatFault(`,"user":1`, "invalid_type", "user", "expected a string"),
		chatFault(`,"guided_regex":"a","guided_grammar":"b"`, "invalid_value", "guided_grammar", "combined"),
		chatFault(`,"guided_regex":""`, "invalid_value", "guided_regex", "empty"),
		chatFault(`,"response_format":{"type":"json_object"},"guided_regex":"a"`, "invalid_value", "guided_regex", "combined"),
		chatFault(`,"response_format":"json_object"`, "invalid_type", "response_format", "expected an object"),
		chatFault(`,"response_format":{}`, "missing_required_parameter", "response_format.type", "Missing"),
		chatFault(`,"response_format":{"type":"xml"}`, "invalid_value", "response_format.type", "'json_schema'"),
		chatFault(`,"response_format":{"type":"json_schema"}`, "missing_required_parameter", "response_format.json_schema", "Missing"),
		chatFault(`,"response_format":{"type":"json_schema","json_schema":{"name":"a b","schema":{}}}`, "invalid_value", "response_format.json_schema.name", "a-z"),
		chatFault(`,"response_format":{"type":"json_schema","json_schema":{"name":"a"}}`, "missing_required_parameter", "response_format.json_schema.schema", "Missing"),
		chatFault(`,"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"description":"`+strings.Repeat("x", 300<<10)+`"}}}`, "invalid_value", "response_format.json_schema.schema", "at most 262144"),
		chatFault(`,"tools":[{"type":"retrieval"}]`, "invalid_value", "tools[0].type", "'function'"),
		chatFault(`,"tools":[{"type":"function"}]`, "missing_required_parameter", "tools[0].function", "Missing"),
		chatFault(`,"tools":[{"type":"function","function":{"name":"é"}}]`, "invalid_value", "tools[0].function.name", "a-z"),
		chatFault(`,"tools":[{"type":"function","function":{"name":"f","parameters":[]}}]`, "invalid_type", "tools[0].function.parameters", "expected an object"),
		chatFault(`,"tools":[`+weatherTool+`,`+weatherTool+`]`, "invalid_value", "tools[1].function.name", "two functions"),
		chatFault(`,"tools":[`+strings.Repeat("1,", 128)+`1]`, "array_above_max_length", "tools", "at most 128"),
		chatFault(`,"tool_choice":"required"`, "invalid_value", "tool_choice", "'tools' are given"),
		chatFault(`,"tool_choice":"sometimes"`, "invalid_value", "tool_choice", "'none', 'auto', 'required'"),
		chatFault(`,"tool_choice":{"type":"function","function":{"name":"f"}}`, "invalid_value", "tool_choice.function.name", `no function "f"`),
		chatFault(`,"tools":[`+weatherTool+`],"tool_choice":"required","guided_regex":"a"`, "invalid_value", "guided_regex", "'tool_choice' makes the answer a call"),
		chatFault(`,"tools":[`+weatherTool+`],"tool_choice":"required","response_format":{"type":"text"},"guided_grammar":"root ::= \"a\""`, "invalid_value", "guided_grammar", "for content"),
		chatFault(`,"tools":[`+weatherTool+`],"tool_choice":{"type":"function","function":{"name":"weather"}},"response_format":{"type":"json_object"}`, "invalid_value", "response_format", "for content"),
		chatFault(`,"tool_choice":1`, "invalid_type", "tool_choice", "expected an object"),

		messageFault(``, "empty_array", "messages", "at least one"),
		messageFault(`1`, "invalid_type", "messages[0]", "expected an object"),
		messageFault(`{"content":"x"}`, "missing_required_parameter", "messages[0].role", "Missing"),
		messageFault(`{"role":"robot","content":"x"}`, "invalid_value", "messages[0].role", "'system', 'developer'"),
		messageFault(`{"role":"user"}`, "missing_required_parameter", "messages[0].content", "Missing"),
		messageFault(`{"role":"user","content":null}`, "missing_required_parameter", "messages[0].content", "Missing"),
		messageFault(`{"role":"user","content":1}`, "invalid_type", "messages[0].content", "a string or an array of content parts"),
		messageFault(`{"role":"user","content":[]}`, "empty_array", "messages[0].content", "at least one part"),
		messageFault(`{"role":"user","content":[{"type":"input_audio"}]}`, "invalid_value", "messages[0].content[0].type", "'text', 'image_url'"),
		messageFault(`{"role":"user","content":[{"type":"text"}]}`, "missing_required_parameter", "messages[0].content[0].text", "Missing"),
		messageFault(`{"role":"user","content":[{"type":"text","text":"x","cache":1}]}`, "unknown_parameter", "messages[0].content[0].cache", "Unknown"),
		messageFault(`{"role":"system","content":[{"type":"image_url","image_url":{"url":"x"}}]}`, "invalid_value", "messages[0].content[0].type", "'text'"),
		messageFault(`{"role":"user","content":"x","tool_calls":[]}`, "unknown_parameter", "messages[0].tool_calls", "Unknown"),
		messageFault(`{"role":"tool","content":"x"}`, "missing_required_parameter", "messages[0].tool_call_id", "Missing"),
		messageFault(`{"role":"assistant"}`, "missing_required_parameter", "messages[0].content", "Missing"),
		messageFault(`{"role":"assistant","function_call":{}, "content":"x"}`, "unsupported_parameter", "messages[0].function_call", "tool_calls"),
		messageFault(`{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":{}}}]}`, "invalid_type", "messages[0].tool_calls[0].function.arguments", "expected a string"),
		messageFault(strings.TrimSuffix(strings.Repeat(`{"role":"user","content":"x"},`, 2049), ","), "array_above_max_length", "messages", "at most 2048"),
		messageFault(`{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://example.org/a.png"}}]}`, "invalid_image_url", "messages[0].content[0].image_url.url", "fetches no images"),
		messageFault(`{"role":"user","content":[{"type":"image_url","image_url":{"url":"`+pixel+`"}},{"type":"image_url","image_url":{"url":"data:;bad"}}]}`, "invalid_image_url", "messages[0].content[1].image_url.url", "image 1: it is bad"),
		messageFault(`{"role":"user","content":[{"type":"image_url","image_url":{"url":"file:///etc/passwd"}}]}`, "invalid_image_url", "messages[0].content[0].image_url.url", "data: URL"),
		messageFault(`{"role":"user","content":[{"type":"image_url","image_url":{"url":"`+pixel+`","detail":"huge"}}]}`, "invalid_value", "messages[0].content[0].image_url.detail", "'auto'"),
		messageFault(`{"role":"user","content":[`+strings.Repeat(`{"type":"image_url","image_url":{"url":"`+pixel+`"}},`, 32)+`{"type":"image_url","image_url":{"url":"`+pixel+`"}}]}`, "invalid_value", "messages[0].content[32].image_url.url", "at most 32 images"),
	}
	s := newSite(t)
	for _, c := range cases {
		c.check(t, s.post(c.path, c.body))
	}
	if strings.Contains(s.post(chatPath, say("broken", "")).text, "secret") {
		t.Error("what went wrong inside is told to clients")
	}
	if !strings.Contains(s.log.String(), "secret path") {
		t.Error("what went wrong inside is not logged")
	}
}

// pixel is a PNG of one pixel.
const pixel = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

func TestOtherErrors(t *testing.T) {
	s := newSite(t)
	prompt := func(more string) string { return `{"model":"fake","prompt":"say x"` + more + `}` }
	respond := func(more string) string { return `{"model":"fake","input":"say x"` + more + `}` }
	input := func(item string) string { return `{"model":"fake","input":[` + item + `]}` }
	embed := func(input, more string) string { return `{"model":"fake","input":` + input + more + `}` }
	const completions, responses, embeddings = "/v1/completions", "/v1/responses", "/v1/embeddings"
	for _, c := range []faultCase{
		{"suffix", completions, prompt(`,"suffix":"x"`), 400, "unsupported_parameter", "suffix", "does not support"},
		{"best_of", completions, prompt(`,"best_of":2`), 400, "unsupported_parameter", "best_of", "must equal 'n'"},
		{"nothing to answer", completions, prompt(`,"max_tokens":0`), 400, "invalid_value", "max_tokens", "echo"},
		{"logprobs", completions, prompt(`,"logprobs":true`), 400, "invalid_type", "logprobs", "expected an integer"},
		{"prompts", completions, `{"model":"fake","prompt":[]}`, 400, "empty_array", "prompt", "empty"},
		{"mixed", completions, `{"model":"fake","prompt":["a",1]}`, 400, "invalid_type", "prompt[1]", "expected a string"},
		{"mixed ids", completions, `{"model":"fake","prompt":[1,"a"]}`, 400, "invalid_type", "prompt[1]", "expected an integer"},
		{"no token", completions, `{"model":"fake","prompt":[1,257]}`, 400, "invalid_value", "prompt[1]", "at most 256"},
		{"no tokens", completions, `{"model":"fake","prompt":[[1],[]]}`, 400, "empty_array", "prompt[1]", "empty"},
		{"null prompt", completions, `{"model":"fake","prompt":[null]}`, 400, "missing_required_parameter", "prompt[0]", "Missing"},
		{"many", completions, `{"model":"fake","n":16,"prompt":["a"` + strings.Repeat(`,"a"`, 128) + `]}`, 400, "invalid_value", "n", "more than 2048"},
		{"window", completions, prompt(`,"max_tokens":1000`), 400, "context_length_exceeded", "prompt", "1005 tokens (5 in the prompt"},
		{"model", completions, `{"model":"x","prompt":"x"}`, 404, "model_not_found", "model", ""},

		{"no input", responses, `{"model":"fake"}`, 400, "missing_required_parameter", "input", ""},
		{"previous", responses, respond(`,"previous_response_id":"resp_1"`), 400, "unsupported_parameter", "previous_response_id", "stores nothing"},
		{"conversation", responses, respond(`,"conversation":"x"`), 400, "unsupported_parameter", "conversation", "stores nothing"},
		{"store", responses, respond(`,"store":true`), 400, "invalid_value", "store", "stores nothing"},
		{"background", responses, respond(`,"background":true`), 400, "invalid_value", "background", "stores nothing"},
		{"reasoning", responses, respond(`,"reasoning":{"effort":"low"}`), 400, "unsupported_parameter", "reasoning", ""},
		{"truncation", responses, respond(`,"truncation":"auto"`), 400, "invalid_value", "truncation", "'disabled'"},
		{"include", responses, respond(`,"include":["file_search_call.results"]`), 400, "invalid_value", "include[0]", ""},
		{"tool", responses, respond(`,"tools":[{"type":"web_search"}]`), 400, "invalid_value", "tools[0].type", "'function'"},
		{"format", responses, respond(`,"text":{"format":{"type":"json_schema","name":"x"}}`), 400, "missing_required_parameter", "text.format.schema", ""},
		{"format of a call", responses, respond(responseTools + `,"tool_choice":"required","text":{"format":{"type":"json_object"}}`), 400, "invalid_value", "text.format", "'tool_choice' makes the answer a call"},
		{"pattern of a call", responses, respond(responseTools + `,"tool_choice":{"type":"function","name":"weather"},"guided_regex":"a"`), 400, "invalid_value", "guided_regex", "for content"},
		{"unknown", responses, respond(`,"messages":[]`), 400, "unknown_parameter", "messages", ""},
		{"item", responses, input(`{"type":"item_reference","id":"x"}`), 400, "invalid_value", "input[0].type", "'function_call_output'"},
		{"role", responses, input(`{"role":"tool","content":"x"}`), 400, "invalid_value", "input[0].role", "'assistant'"},
		{"part", responses, input(`{"role":"user","content":[{"type":"text","text":"x"}]}`), 400, "invalid_value", "input[0].content[0].type", "'input_text'"},
		{"file", responses, input(`{"role":"user","content":[{"type":"input_image","file_id":"x"}]}`), 400, "unsupported_parameter", "input[0].content[0].file_id", ""},
		{"image", responses, input(`{"role":"user","content":[{"type":"input_image","image_url":"data:;bad"}]}`), 400, "invalid_image_url", "input[0].content[0].image_url", "image 0: it is bad"},
		{"call", responses, input(`{"type":"function_call","name":"f"}`), 400, "missing_required_parameter", "input[0].call_id", ""},
		{"no items", responses, input(``), 400, "empty_array", "input", ""},
		{"window", responses, respond(`,"max_output_tokens":1000`), 400, "context_length_exceeded", "input", "1007"},

		{"format", embeddings, embed(`"x"`, `,"encoding_format":"hex"`), 400, "invalid_value", "encoding_format", "'float', 'base64'"},
		{"dimensions", embeddings, embed(`"x"`, `,"dimensions":2`), 400, "unsupported_value", "dimensions", "have 4"},
		{"type", embeddings, embed(`1`, ``), 400, "invalid_type", "input", "expected a string, an array"},
		{"many", embeddings, embed(`["x"`+strings.Repeat(`,"x"`, 2048)+`]`, ``), 400, "array_above_max_length", "input", "2048"},
		{"window", embeddings, embed(`"`+strings.Repeat("x", 1000)+`"`, ``), 400, "context_length_exceeded", "input", "1000"},
		{"panic", embeddings, embed(`"panic"`, ``), 500, "internal_error", "", "bug"},

		{"text", "/tokenize", `{"model":"fake"}`, 400, "missing_required_parameter", "text", ""},
		{"unknown", "/tokenize", `{"prompt":"x"}`, 400, "missing_required_parameter", "text", ""},
		{"model", "/tokenize", `{"model":"x","text":"x"}`, 404, "model_not_found", "model", ""},
		{"tokens", "/detokenize", `{}`, 400, "missing_required_parameter", "tokens", ""},
		{"token", "/detokenize", `{"tokens":[1,-1]}`, 400, "invalid_value", "tokens[1]", "at least 0"},
		{"type", "/detokenize", `{"tokens":"x"}`, 400, "invalid_type", "tokens", "array of token ids"},
	} {
		c.name = c.path + " " + c.name
		c.check(t, s.post(c.path, c.body))
	}
	for _, c := range []struct {
		method string
		faultCase
	}{
		{"GET", faultCase{"method", chatPath, "", 405, "method_not_allowed", "", "use POST"}},
		{"DELETE", faultCase{"method", "/v1/models", "", 405, "method_not_allowed", "", "use GET"}},
		{"GET", faultCase{"model", "/v1/models/x", "", 404, "model_not_found", "model", ""}},
		{"GET", faultCase{"path", "/v1/chat", "", 404, "unknown_url", "", "/v1/chat"}},
		{"POST", faultCase{"path", "/v1/files", "", 404, "unknown_url", "", "/v1/files"}},
		{"GET", faultCase{"root without pages", "/", "", 404, "unknown_url", "", ""}},
	} {
		c.check(t, s.do(c.method, c.path, c.body))
	}
	if a := s.do("GET", chatPath, ""); a.header.Get("Allow") != "POST, OPTIONS" {
		t.Error(a.header)
	}
	faultCase{"type", chatPath, "", 415, "unsupported_media_type", "", "application/json"}.
		check(t, s.post(chatPath, say("say x", ""), "Content-Type", "text/plain"))
	if a := s.post(chatPath, say("busy", "")); a.header.Get("Retry-After") != "1" {
		t.Error("Retry-After", a.header)
	}
}

func TestBodyLimit(t *testing.T) {
	s := newSite(t, func(o *Options) { o.Limits.Body = 2000; o.Limits.BodyTime = 100 * time.Millisecond })
	faultCase{"size", chatPath, "", 413, "request_too_large", "", "1.953 KiB"}.
		check(t, s.post(chatPath, say(strings.Repeat("x", 3000), "")))
	faultCase{"fits", chatPath, "", 400, "context_length_exceeded", "messages", ""}.
		check(t, s.post(chatPath, say(strings.Repeat("x", 1500), "")))
	body, more := slowBody(say("say x", ""))
	defer more()
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+chatPath, body)
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if got.StatusCode != http.StatusRequestTimeout {
		t.Error(got.Status)
	}
}

// A streamed answer that fails says so in the stream, without [DONE].
func TestStreamError(t *testing.T) {
	s := newSite(t)
	for command, phrase := range map[string]string{"late panic": "bug", "late broken": "model failed", "late busy": "queue is full"} {
		a := s.post(chatPath, say(command, `,"stream":true`))
		data := events(a.text)
		last := answer{text: data[len(data)-1]}
		message, _ := last.json(t, "error.message").(string)
		if a.status != 200 || !strings.Contains(message, phrase) || strings.Contains(a.text, "DONE") {
			t.Errorf("%s: %s", command, a.text)
		}
		b := s.post("/v1/responses", fmt.Sprintf(`{"model":"fake","input":%q,"stream":true}`, command))
		if !strings.Contains(b.text, "event: error\n") || !strings.Contains(b.text, "event: response.failed\n") || !strings.Contains(b.text, phrase) {
			t.Errorf("%s: %s", command, b.text)
		}
		// The same, not streamed, has its own status.
		if c := s.post(chatPath, say(command, "")); c.status < 500 {
			t.Error(c.text)
		}
	}
	if a := s.post(chatPath, say("say fine", "")); a.status != 200 {
		t.Error("after the panics:", a.text)
	}
	if n := strings.Count(s.log.String(), "panic=\"told to\""); n != 3 {
		t.Errorf("%d panics logged", n)
	}
}
