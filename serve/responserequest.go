package serve

import (
	"encoding/json"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
)

// responseRequest is a response as asked for: a chat request, and what the
// answer repeats of it.
type responseRequest struct {
	chatRequest
	echo         responseEcho
	wantLogprobs bool
	afterCall    bool // the last item of the input was an assistant's
}

// responseEcho are the settings that an answer repeats.
type responseEcho struct {
	Instructions      *string           `json:"instructions"`
	MaxOutputTokens   *int              `json:"max_output_tokens"`
	Metadata          map[string]string `json:"metadata"`
	ParallelToolCalls bool              `json:"parallel_tool_calls"`
	Temperature       float64           `json:"temperature"`
	TopP              float64           `json:"top_p"`
	TopLogprobs       int               `json:"top_logprobs"`
	ToolChoice        json.RawMessage   `json:"tool_choice"`
	Tools             []responseTool    `json:"tools"`
	Text              responseText      `json:"text"`
	User              *string           `json:"user,omitempty"`
	SafetyIdentifier  *string           `json:"safety_identifier,omitempty"`
	PromptCacheKey    *string           `json:"prompt_cache_key,omitempty"`
}

type responseTool struct {
	Type        string          `json:"type"`
	Name        string          `json:"name"`
	Description *string         `json:"description"`
	Parameters  json.RawMessage `json:"parameters"`
	Strict      bool            `json:"strict"`
}

type responseText struct {
	Format json.RawMessage `json:"format"`
}

// readResponseRequest reads the body of POST /v1/responses.
func readResponseRequest(body []byte, limits *Limits) (*responseRequest, *apiError) {
	v, fault := parse(body, limits)
	if fault != nil {
		return nil, fault
	}
	f := v.object()
	r := &responseRequest{}
	r.choices = 1
	r.model = f.get("model").text()
	if v := f.get("instructions"); v.present() {
		text := v.text()
		r.echo.Instructions = &text
		r.conversation.Messages = append(r.conversation.Messages, chat.Text(chat.System, text))
	}
	readInput(f.get("input"), r)
	readResponseSampling(f, r)
	readResponseTools(f, r)
	readResponseText(f.get("text"), r)
	readGuides(f, &r.options.GenerateOptions)
	refuseFormat(&r.chatRequest, value{f.d, "text.format", nil}, f)
	readResponseRest(f, r)
	f.end()
	return r, v.d.fault
}

func readResponseSampling(f *fields, r *responseRequest) {
	o := &r.options.GenerateOptions
	readSampling(f, o)
	readPenalties(f, o)
	readExtensions(f, o)
	r.echo.Temperature, r.echo.TopP = 1, 1
	if v := f.get("temperature"); v.present() {
		r.echo.Temperature = v.number(0, maxTemperature)
	}
	if v := f.get("top_p"); v.present() {
		r.echo.TopP = v.number(0, 1)
	}
	if v := f.get("max_output_tokens"); v.present() {
		o.MaxTokens = int(v.integer(1, maxTokensField))
		r.echo.MaxOutputTokens = &o.MaxTokens
	}
	if v := f.get("include"); v.present() {
		for _, e := range v.array(16) {
			if what := e.text(); what == "message.output_text.logprobs" {
				r.wantLogprobs = true
			} else if e.isString() {
				e.invalid("%q. Supported values are: 'message.output_text.logprobs'.", clip(what))
			}
		}
	}
	if v := f.get("top_logprobs"); v.present() {
		o.TopLogprobs = int(v.integer(0, maxTopLogprobs))
		r.echo.TopLogprobs = o.TopLogprobs
		r.wantLogprobs = r.wantLogprobs || o.TopLogprobs > 0
	}
	o.Logprobs = r.wantLogprobs
}

func readResponseTools(f *fields, r *responseRequest) {
	seen := map[string]bool{}
	r.echo.Tools = []responseTool{}
	if v := f.get("tools"); v.present() {
		for _, e := range v.array(f.d.limits.Tools) {
			tool := e.object()
			tool.get("type").choice("function")
			function := readFunction(tool)
			if !tool.get("strict").present() {
				function.Strict = true // the default of this endpoint
			}
			addTool(&r.chatRequest, seen, function, tool.get("name"))
			tool.end()
			echo := responseTool{Type: "function", Name: function.Name, Parameters: function.Parameters, Strict: function.Strict}
			if function.Description != "" {
				echo.Description = &function.Description
			}
			r.echo.Tools = append(r.echo.Tools, echo)
		}
	}
	r.options.ParallelToolCalls = true
	if v := f.get("parallel_tool_calls"); v.present() {
		r.options.ParallelToolCalls = v.boolean()
	}
	r.echo.ParallelToolCalls = r.options.ParallelToolCalls
	choice := f.get("tool_choice")
	r.options.ToolChoice = readToolChoice(choice, seen, func(f *fields) value { return f.get("name") })
	r.echo.ToolChoice = json.RawMessage(`"auto"`)
	if choice.present() {
		r.echo.ToolChoice = json.RawMessage(choice.raw)
	}
}

// readResponseText reads text.format.
func readResponseText(v value, r *responseRequest) {
	r.echo.Text.Format = json.RawMessage(`{"type":"text"}`)
	if !v.present() {
		return
	}
	f := v.object()
	if v := f.get("verbosity"); v.present() {
		v.choice("medium") // the default; others would have to change something
	}
	if v := f.get("format"); v.present() {
		format := v.object()
		switch format.get("type").choice("text", "json_object", "json_schema") {
		case "json_object":
			r.options.Format = polymath.Format{Kind: polymath.FormatJSON}
		case "json_schema":
			r.options.Format = readNamedSchema(format)
		}
		format.end()
		r.echo.Text.Format = json.RawMessage(v.raw)
	}
	f.end()
}

// readResponseRest reads what is left: what changes nothing, and what is not
// here.
func readResponseRest(f *fields, r *responseRequest) {
	optional := func(name string) *string {
		v := f.get(name)
		if !v.present() {
			return nil
		}
		text := v.text()
		return &text
	}
	r.echo.User = optional("user")
	r.echo.SafetyIdentifier = optional("safety_identifier")
	r.echo.PromptCacheKey = optional("prompt_cache_key")
	if r.echo.Metadata = readMetadata(f.get("metadata")); r.echo.Metadata == nil {
		r.echo.Metadata = map[string]string{}
	}
	if v := f.get("stream"); v.present() {
		r.stream = v.boolean()
	}
	readReturnProgress(f.get("return_progress"), r.stream, &r.options.GenerateOptions)
	if v := f.get("stream_options"); v.present() {
		options := v.object()
		if o := options.get("include_obfuscation"); o.present() && o.boolean() {
			o.invalid("this server does not obfuscate; give false.")
		}
		options.end()
	}
	if v := f.get("store"); v.present() && v.boolean() {
		v.invalid("this server stores nothing; give false.")
	}
	if v := f.get("background"); v.present() && v.boolean() {
		v.invalid("this server stores nothing, so there is no background; give false.")
	}
	if v := f.get("truncation"); v.present() {
		v.choice("disabled")
	}
	if v := f.get("service_tier"); v.present() {
		v.choice("auto", "default")
	}
	f.refuse("this server stores nothing; send the whole conversation in 'input'", "previous_response_id", "conversation")
	f.refuse(notHere, "prompt", "reasoning", "max_tool_calls", "prompt_cache_retention", "context_management")
}

// readInput reads a string or items.
func readInput(v value, r *responseRequest) {
	if v.isString() {
		r.conversation.Messages = append(r.conversation.Messages, chat.Text(chat.User, v.text()))
		return
	}
	if !v.isArray() {
		v.wrongType("a string or an array of items")
		return
	}
	elements := v.array(v.d.limits.Messages)
	if len(elements) == 0 {
		v.d.fail(badRequest("empty_array", v.path, "Invalid '%s': empty array. Expected at least one item.", v.path))
	}
	for _, e := range elements {
		readItem(e, r)
		if v.d.fault != nil {
			return
		}
	}
}

func readItem(v value, r *responseRequest) {
	f := v.object()
	kind := "message"
	if t := f.get("type"); t.present() {
		kind = t.choice("message", "function_call", "function_call_output")
	}
	for _, name := range []string{"id", "status"} { // of items that were output before
		if v := f.get(name); v.present() {
			v.text()
		}
	}
	add := func(m chat.Message) { r.conversation.Messages = append(r.conversation.Messages, m) }
	switch kind {
	case "message":
		m := readInputMessage(f, r)
		add(m)
		r.afterCall = m.Role == chat.Assistant
	case "function_call":
		if !r.afterCall {
			add(chat.Message{Role: chat.Assistant})
			r.afterCall = true
		}
		last := &r.conversation.Messages[len(r.conversation.Messages)-1]
		last.ToolCalls = append(last.ToolCalls, chat.ToolCall{
			ID: f.get("call_id").text(), Name: f.get("name").text(), Arguments: f.get("arguments").text(),
		})
	case "function_call_output":
		add(chat.Message{Role: chat.ToolResult, ToolCallID: f.get("call_id").text(), Content: readItemContent(f.get("output"), r, "input_text")})
		r.afterCall = false
	}
	f.end()
}

func readInputMessage(f *fields, r *responseRequest) chat.Message {
	m := chat.Message{Role: chat.Role(f.get("role").choice("user", "assistant", "system", "developer"))}
	content := f.get("content")
	switch m.Role {
	case chat.User:
		m.Content = readItemContent(content, r, "input_text", "input_image")
	case chat.Assistant:
		m.Content = readItemContent(content, r, "output_text", "input_text", "refusal")
	default:
		m.Content = readItemContent(content, r, "input_text")
	}
	return m
}

// readItemContent reads a string or an array of parts of the allowed types.
func readItemContent(v value, r *responseRequest, allowed ...string) []chat.Part {
	if v.isString() {
		return []chat.Part{{Text: v.text()}}
	}
	if !v.isArray() {
		v.wrongType("a string or an array of content parts")
		return nil
	}
	var parts []chat.Part
	for _, e := range v.array(v.d.limits.Parts) {
		f := e.object()
		switch f.get("type").choice(allowed...) {
		case "refusal":
			parts = append(parts, chat.Part{Text: f.get("refusal").text()})
		case "input_image":
			f.refuse("this server stores no files", "file_id")
			parts = append(parts, chat.Part{Image: r.readImage(f.get("image_url"), f.get("detail"))})
		case "output_text": // as it was answered
			f.get("annotations")
			f.get("logprobs")
			parts = append(parts, chat.Part{Text: f.get("text").text()})
		default:
			parts = append(parts, chat.Part{Text: f.get("text").text()})
		}
		f.end()
	}
	return parts
}
