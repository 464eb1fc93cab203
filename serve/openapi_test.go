package serve

import (
	"bytes"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// ownDocument is what /openapi.json says.
var ownDocument = sync.OnceValues(func() (*openapi3.T, error) {
	text, err := openAPIJSON()
	if err != nil {
		return nil, err
	}
	return openapi3.NewLoader().LoadFromData(text)
})

// schemas compiles the schemas of an OpenAPI document, each once. The document
// of version 3.1 is a JSON Schema to the validator, references and all.
type schemas struct {
	mu       sync.Mutex
	compiler *jsonschema.Compiler
	compiled map[string]*jsonschema.Schema
}

func newSchemas(document []byte) (*schemas, error) {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return nil, err
	}
	v = modern(v)
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	return &schemas{compiler: c, compiled: map[string]*jsonschema.Schema{}}, c.AddResource("https://example.org/openapi.json", v)
}

// modern turns what OpenAI's document keeps from older versions into what
// version 3.1 means: nullable is another type, and a key of its own time goes.
func modern(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = modern(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = modern(v[name])
		}
		if v["$recursiveAnchor"] == true {
			delete(v, "$recursiveAnchor")
		}
		if v["nullable"] == true {
			delete(v, "nullable")
			return map[string]any{"anyOf": []any{v, map[string]any{"type": "null"}}}
		}
	}
	return v
}

// check validates text against the schema at a JSON pointer.
func (s *schemas) check(text string, pointer ...string) error {
	path := "https://example.org/openapi.json#"
	for _, p := range pointer {
		path += "/" + url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(p))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	schema := s.compiled[path]
	if schema == nil {
		var err error
		if schema, err = s.compiler.Compile(path); err != nil {
			return err
		}
		s.compiled[path] = schema
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return err
	}
	return schema.Validate(v)
}

var ownSchemas = sync.OnceValues(func() (*schemas, error) {
	text, err := openAPIJSON()
	if err != nil {
		return nil, err
	}
	return newSchemas(text)
})

func TestOpenAPIDocument(t *testing.T) {
	document, err := ownDocument()
	if err != nil {
		t.Fatal(err)
	}
	if err := document.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	s := newSite(t)
	if a := s.do("GET", "/openapi.json", ""); a.json(t, "openapi") != "3.1.0" {
		t.Error(a.text)
	}
}

// checkAnswer holds an answer against the document; site.do calls it for every
// answer of every test.
func checkAnswer(t testing.TB, method, path string, a answer) {
	t.Helper()
	document, err := ownDocument()
	if err != nil {
		t.Error(err)
		return
	}
	own, err := ownSchemas()
	if err != nil {
		t.Error(err)
		return
	}
	if strings.HasPrefix(path, "/v1/models/") {
		path = "/v1/models/{model}"
	}
	pointer := []string{"components", "schemas", "Error"}
	kind, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	if item := document.Paths.Value(path); item != nil && item.GetOperation(method) != nil {
		status := strconv.Itoa(a.status)
		r := item.GetOperation(method).Responses.Value(status)
		if r == nil {
			r, status = item.GetOperation(method).Responses.Default(), "default"
		}
		if r.Value.Content[kind] == nil {
			t.Errorf("%s %s: %d with Content-Type %q is not in the document", method, path, a.status, kind)
			return
		}
		if r.Ref == "" {
			pointer = []string{"paths", path, strings.ToLower(method), "responses", status, "content", kind, "schema"}
		} else if strings.HasSuffix(r.Ref, "Status") {
			pointer = []string{"components", "responses", "Status", "content", kind, "schema"}
		}
	} else if a.status < 400 {
		return // a page, or a browser's question
	}
	switch kind {
	case "application/json":
		if err := own.check(a.text, pointer...); err != nil {
			t.Errorf("%s %s: %v\n%s", method, path, err, a.text)
		}
	case "text/event-stream":
		for _, data := range events(a.text) {
			if data == "[DONE]" {
				continue
			}
			p := pointer
			if strings.HasPrefix(data, `{"error":`) && path != "/v1/responses" {
				p = []string{"components", "schemas", "Error"}
			}
			if err := own.check(data, p...); err != nil {
				t.Errorf("%s: %v\n%s", path, err, data)
			}
		}
	}
}

// The document lists the fields that the readers know, and no others.
func TestOpenAPIFields(t *testing.T) {
	document, err := ownDocument()
	if err != nil {
		t.Fatal(err)
	}
	limits := Limits{}.withDefaults()
	read := map[string]func(body []byte) *apiError{
		"ChatRequest":       func(b []byte) *apiError { _, f := readChatRequest(b, &limits); return f },
		"CompletionRequest": func(b []byte) *apiError { _, f := readCompletionRequest(b, &limits); return f },
		"ResponseRequest":   func(b []byte) *apiError { _, f := readResponseRequest(b, &limits); return f },
		"EmbeddingRequest":  func(b []byte) *apiError { _, f := readEmbedRequest(b, &limits); return f },
		"AttentionRequest":  func(b []byte) *apiError { _, f := readAttentionRequest(b, &limits); return f },
		"TokenizeRequest":   func(b []byte) *apiError { _, f := readTokenizeRequest(b, &limits); return f },
		"DetokenizeRequest": func(b []byte) *apiError { _, f := readDetokenizeRequest(b, &limits); return f },
	}
	good := map[string]string{
		"ChatRequest":       `"model":"m","messages":[{"role":"user","content":"x"}],"stream":true`,
		"CompletionRequest": `"model":"m","stream":true`,
		"ResponseRequest":   `"model":"m","input":"x","stream":true`,
		"EmbeddingRequest":  `"model":"m","input":"x"`,
		"AttentionRequest":  `"model":"m","answer":"x","offset":0,"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:,"}}]}]`,
		"TokenizeRequest":   `"text":"x"`,
		"DetokenizeRequest": `"tokens":[1]`,
	}
	var names []string // of all fields of all requests
	for schema := range read {
		for name := range document.Components.Schemas[schema].Value.Properties {
			names = append(names, name)
		}
	}
	names = append(names, "suffix", "audio", "functions", "reasoning_effort", "previous_response_id", "conversation")
	for schema, r := range read {
		properties := document.Components.Schemas[schema].Value.Properties
		if fault := r([]byte("{" + good[schema] + "}")); fault != nil {
			t.Errorf("%s: %v", schema, fault)
		}
		for _, name := range names {
			if strings.Contains(good[schema], `"`+name+`":`) {
				continue
			}
			// No field takes this, so that each that is known complains of its type.
			fault := r([]byte("{" + good[schema] + `,"` + name + `":[{"no":{}}]}`))
			known := fault == nil || !slices.Contains([]string{"unknown_parameter", "unsupported_parameter"}, fault.code) || fault.param != name
			if _, listed := properties[name]; listed != known {
				t.Errorf("%s: %s is listed: %v, known: %v", schema, name, listed, known)
			}
		}
	}
}

// TestOpenAIDocument holds the answers of every endpoint against OpenAI's own
// document.
func TestOpenAIDocument(t *testing.T) {
	dir := os.Getenv("POLYMATH_DATA")
	if dir == "" {
		t.Skip("POLYMATH_DATA is not set")
	}
	text, err := os.ReadFile(filepath.Join(dir, "interop", "io_openapi", "openapi.yaml"))
	if err != nil {
		t.Skip(err)
	}
	text, err = yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := newSchemas(text)
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t)
	tools := `,"tools":[` + weatherTool + `]`
	responseTools := `,"tools":[{"type":"function","name":"weather","parameters":{"type":"object"}}]`
	respond := func(input, more string) string { return `{"model":"fake","input":` + input + more + `}` }
	for _, c := range []struct{ path, body, schema string }{
		{chatPath, say("say x", ""), "CreateChatCompletionResponse"},
		{chatPath, say("say x", `,"logprobs":true,"top_logprobs":5,"n":2`), "CreateChatCompletionResponse"},
		{chatPath, say(`call weather {} ; weather {"a":1}`, tools), "CreateChatCompletionResponse"},
		{chatPath, say("say x", `,"stream":true,"logprobs":true,"top_logprobs":2`), "CreateChatCompletionStreamResponse"},
		{chatPath, say("say x", `,"stream":true,"return_progress":true`), "CreateChatCompletionStreamResponse"},
		{chatPath, say(`both x ; weather {"a":1}`, tools+`,"stream":true,"stream_options":{"include_usage":true}`), "CreateChatCompletionStreamResponse"},
		{chatPath, say("x", `,"temperature":9`), "ErrorResponse"},
		{"/v1/completions", `{"model":"fake","prompt":"say xy","logprobs":2,"n":2}`, "CreateCompletionResponse"},
		{"/v1/completions", `{"model":"fake","prompt":"say xy","echo":true}`, "CreateCompletionResponse"},
		{"/v1/completions", `{"model":"fake","prompt":"say xy","suffix":"x"}`, "ErrorResponse"},
		{"/v1/responses", respond(`"say x"`, `,"instructions":"be short","metadata":{"a":"b"},"user":"u"`), "Response"},
		{"/v1/responses", respond(`"say x"`, `,"include":["message.output_text.logprobs"],"top_logprobs":2`), "Response"},
		{"/v1/responses", respond(`"say xyz"`, `,"max_output_tokens":2`), "Response"},
		{"/v1/responses", respond(`"json"`, `,"text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"},"strict":true}}`), "Response"},
		{"/v1/responses", respond(`"both x ; weather {}"`, responseTools), "Response"},
		{"/v1/responses", respond(`"x"`, responseTools+`,"tool_choice":{"type":"function","name":"weather"}`), "Response"},
		{"/v1/responses", respond(`"both x ; weather {\"a\":1} ; weather {}"`, responseTools+`,"stream":true`), "ResponseStreamEvent"},
		{"/v1/responses", respond(`"say xyz"`, `,"max_output_tokens":2,"stream":true,"top_logprobs":2`), "ResponseStreamEvent"},
		{"/v1/responses", respond(`"say xyz"`, `,"stream":true,"return_progress":true`), "ResponseStreamEvent"},
		{"/v1/responses", respond(`"late broken"`, `,"stream":true`), "ResponseStreamEvent"},
		{"/v1/embeddings", `{"model":"fake","input":["a","bc"]}`, "CreateEmbeddingResponse"},
		{"/v1/models", "", "ListModelsResponse"},
		{"/v1/models/fake", "", "Model"},
		{"/v1/models/other", "", "ErrorResponse"},
	} {
		method := http.MethodPost
		if c.body == "" {
			method = http.MethodGet
		}
		a := s.do(method, c.path, c.body)
		pieces := []string{a.text}
		if strings.Contains(a.header.Get("Content-Type"), "event-stream") {
			pieces = events(a.text)
		}
		for _, p := range pieces {
			if p == "[DONE]" {
				continue
			}
			if err := theirs.check(p, "components", "schemas", c.schema); err != nil {
				t.Errorf("%s %s is no %s: %v\n%s", c.path, c.body, c.schema, err, p)
			}
		}
	}
	seeing := siteOf(t, realModel(t, true), nil)
	image := dataURL(pngFile(paint(16, 16, 1)))
	for schema, a := range map[string]answer{
		"CreateChatCompletionResponse": seeing.post(chatPath, showing("", "x", image)),
		"Response":                     seeing.post("/v1/responses", respond(`[{"role":"user","content":[{"type":"input_image","image_url":"`+image+`","detail":"low"}]}]`, `,"max_output_tokens":3`)),
		"ErrorResponse":                seeing.post(chatPath, showing("", "data:,x")),
	} {
		if err := theirs.check(a.text, "components", "schemas", schema); err != nil {
			t.Errorf("an image: no %s: %v\n%s", schema, err, a.text)
		}
	}
}
