package serve

import (
	"encoding/json"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
)

// chatRequest is a chat completion as asked for.
type chatRequest struct {
	model        string
	conversation chat.Conversation
	options      polymath.ChatOptions
	choices      int
	stream       bool
	includeUsage bool
	images       []imageRef
}

// notHere says why a field of OpenAI's is refused.
const notHere = "this server does not support it"

// readChatRequest reads the body of POST /v1/chat/completions.
func readChatRequest(body []byte, limits *Limits) (*chatRequest, *apiError) {
	v, fault := parse(body, limits)
	if fault != nil {
		return nil, fault
	}
	f := v.object()
	r := &chatRequest{choices: 1}
	r.model = f.get("model").text()
	readMessages(f.get("messages"), r)
	readSampling(f, &r.options.GenerateOptions)
	readPenalties(f, &r.options.GenerateOptions)
	readExtensions(f, &r.options.GenerateOptions)
	readChatLength(f, &r.options.GenerateOptions)
	readChatLogprobs(f, &r.options.GenerateOptions)
	readStreaming(f, &r.stream, &r.includeUsage)
	readReturnProgress(f.get("return_progress"), r.stream, &r.options.GenerateOptions)
	r.choices = readChoices(f)
	readResponseFormat(f.get("response_format"), &r.options.Format)
	readGuides(f, &r.options.GenerateOptions)
	readTools(f, r)
	refuseFormat(r, f.get("response_format"), f)
	readHarmless(f)
	f.refuse(notHere, "audio", "prediction", "web_search_options", "reasoning_effort", "verbosity", "moderation")
	f.refuse("use 'tools' and 'tool_choice'", "functions", "function_call")
	f.end()
	return r, v.d.fault
}

// readHarmless accepts what changes no answer, or only the values that do not.
func readHarmless(f *fields) {
	for _, name := range []string{"user", "safety_identifier", "prompt_cache_key"} {
		if v := f.get(name); v.present() {
			v.text()
		}
	}
	readMetadata(f.get("metadata"))
	if v := f.get("store"); v.present() && v.boolean() {
		v.invalid("this server stores nothing; give false.")
	}
	if v := f.get("service_tier"); v.present() {
		v.choice("auto", "default")
	}
	if v := f.get("prompt_cache_retention"); v.present() {
		v.choice("in_memory", "in-memory")
	}
	if v := f.get("modalities"); v.present() {
		for _, e := range v.array(1) {
			e.choice("text")
		}
	}
}

// readMetadata checks OpenAI's bounds: 16 pairs of 64 and 512 characters.
func readMetadata(v value) map[string]string {
	if !v.present() {
		return nil
	}
	f := v.object()
	if len(f.order) > 16 {
		v.invalid("expected at most 16 pairs, but got %d.", len(f.order))
		return nil
	}
	metadata := map[string]string{}
	for _, name := range f.order {
		text := f.get(name).text()
		if len(name) > 64*4 || len(text) > 512*4 {
			f.get(name).invalid("a name has at most 64 characters and a value 512.")
		}
		metadata[name] = text
	}
	return metadata
}

func readChoices(f *fields) int {
	if v := f.get("n"); v.present() {
		return int(v.integer(1, int64(f.d.limits.Choices)))
	}
	return 1
}

func readStreaming(f *fields, stream, includeUsage *bool) {
	if v := f.get("stream"); v.present() {
		*stream = v.boolean()
	}
	v := f.get("stream_options")
	if !v.present() {
		return
	}
	if !*stream {
		v.invalid("it is allowed with 'stream' only.")
	}
	options := v.object()
	if u := options.get("include_usage"); u.present() {
		*includeUsage = u.boolean()
	}
	// Padding against traffic analysis; what is sent here has none, so only
	// false can be promised.
	if o := options.get("include_obfuscation"); o.present() && o.boolean() {
		o.invalid("this server does not obfuscate; give false.")
	}
	options.end()
}

func readChatLength(f *fields, o *polymath.GenerateOptions) {
	old, now := f.get("max_tokens"), f.get("max_completion_tokens")
	if old.present() && now.present() {
		f.d.fail(badRequest("invalid_value", old.path, "Give 'max_completion_tokens' or 'max_tokens', not both."))
	}
	if old.present() {
		o.MaxTokens = int(old.integer(1, maxTokensField))
	}
	if now.present() {
		o.MaxTokens = int(now.integer(1, maxTokensField))
	}
}

func readChatLogprobs(f *fields, o *polymath.GenerateOptions) {
	if v := f.get("logprobs"); v.present() {
		o.Logprobs = v.boolean()
	}
	if v := f.get("top_logprobs"); v.present() {
		o.TopLogprobs = int(v.integer(0, maxTopLogprobs))
		if !o.Logprobs && o.TopLogprobs > 0 {
			v.invalid("it is allowed with 'logprobs': true only.")
		}
	}
}

func readResponseFormat(v value, format *polymath.Format) {
	if !v.present() {
		return
	}
	f := v.object()
	switch f.get("type").choice("text", "json_object", "json_schema") {
	case "json_object":
		*format = polymath.Format{Kind: polymath.FormatJSON}
	case "json_schema":
		inner := f.get("json_schema").object()
		*format = readNamedSchema(inner)
		inner.end()
	}
	f.end()
}

// readNamedSchema reads name, description, schema and strict. Output is held to
// the schema whatever strict says.
func readNamedSchema(f *fields) polymath.Format {
	readName(f.get("name"))
	if v := f.get("description"); v.present() {
		v.text()
	}
	if v := f.get("strict"); v.present() {
		v.boolean()
	}
	return polymath.Format{Kind: polymath.FormatSchema, Text: readSchema(f.get("schema"))}
}

// readName reads the name of a function or a schema.
func readName(v value) string {
	name := v.text()
	if !v.isString() {
		return ""
	}
	good := len(name) > 0 && len(name) <= 64
	for _, c := range []byte(name) {
		good = good && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-')
	}
	if !good {
		v.invalid("expected 1 to 64 of a-z, A-Z, 0-9, _ and -, but got %q.", clip(name))
	}
	return name
}

func readTools(f *fields, r *chatRequest) {
	seen := map[string]bool{}
	if v := f.get("tools"); v.present() {
		for _, e := range v.array(f.d.limits.Tools) {
			tool := e.object()
			tool.get("type").choice("function")
			inner := tool.get("function").object()
			addTool(r, seen, readFunction(inner), inner.get("name"))
			inner.end()
			tool.end()
		}
	}
	r.options.ParallelToolCalls = true
	if v := f.get("parallel_tool_calls"); v.present() {
		r.options.ParallelToolCalls = v.boolean()
	}
	r.options.ToolChoice = readToolChoice(f.get("tool_choice"), seen, func(choice *fields) value {
		inner := choice.get("function").object()
		name := inner.get("name")
		inner.end()
		return name
	})
}

// refuseFormat refuses a format for the content where the answer is calls and
// has none. response is the value that may hold it, beside the guides.
func refuseFormat(r *chatRequest, response value, f *fields) {
	mode := r.options.ToolChoice.Mode
	if r.options.Format.Kind == polymath.FormatText || mode != polymath.ToolRequired && mode != polymath.ToolNamed {
		return
	}
	format := response
	for _, name := range []string{"guided_regex", "guided_grammar"} {
		if v := f.get(name); v.present() {
			format = v
		}
	}
	format.invalid("it is for content, and this 'tool_choice' makes the answer a call. Leave one of them out, or give 'tool_choice': 'auto'.")
}

func addTool(r *chatRequest, seen map[string]bool, tool chat.Tool, name value) {
	if seen[tool.Name] {
		name.invalid("two functions have the name %q.", clip(tool.Name))
	}
	seen[tool.Name] = true
	r.conversation.Tools = append(r.conversation.Tools, tool)
}

// readFunction reads name, description, parameters and strict.
func readFunction(f *fields) chat.Tool {
	tool := chat.Tool{Name: readName(f.get("name"))}
	if v := f.get("description"); v.present() {
		tool.Description = v.text()
	}
	if v := f.get("parameters"); v.present() {
		tool.Parameters = json.RawMessage(readSchema(v))
	}
	if v := f.get("strict"); v.present() {
		tool.Strict = v.boolean()
	}
	return tool
}

// readToolChoice reads a mode or the choice of one function, whose name nameOf
// finds.
func readToolChoice(v value, tools map[string]bool, nameOf func(*fields) value) polymath.ToolChoice {
	if !v.present() {
		return polymath.ToolChoice{}
	}
	if v.isString() {
		mode := v.choice("none", "auto", "required")
		if mode == "required" && len(tools) == 0 {
			v.invalid("'required' is allowed when 'tools' are given.")
		}
		return polymath.ToolChoice{Mode: map[string]polymath.ToolMode{
			"none": polymath.ToolNone, "auto": polymath.ToolAuto, "required": polymath.ToolRequired,
		}[mode]}
	}
	f := v.object()
	f.get("type").choice("function")
	named := nameOf(f)
	name := named.text()
	if named.isString() && !tools[name] {
		named.invalid("there is no function %q in 'tools'.", clip(name))
	}
	f.end()
	return polymath.ToolChoice{Mode: polymath.ToolNamed, Name: name}
}
