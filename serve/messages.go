package serve

import (
	"github.com/polymath-lm/polymath/chat"
)

// readMessages reads the conversation.
func readMessages(v value, r *chatRequest) {
	elements := v.array(v.d.limits.Messages)
	if v.isArray() && len(elements) == 0 {
		v.d.fail(badRequest("empty_array", v.path, "Invalid '%s': empty array. Expected at least one message.", v.path))
	}
	for _, e := range elements {
		r.conversation.Messages = append(r.conversation.Messages, readMessage(e, r))
		if v.d.fault != nil {
			return
		}
	}
}

func readMessage(v value, r *chatRequest) chat.Message {
	f := v.object()
	role := chat.Role(f.get("role").choice("system", "developer", "user", "assistant", "tool"))
	m := chat.Message{Role: role}
	if name := f.get("name"); name.present() {
		m.Name = name.text()
	}
	content := f.get("content")
	switch role {
	case chat.User:
		m.Content = readContent(content, r, "text", "image_url")
	case chat.Assistant:
		m.ToolCalls = readCalls(f.get("tool_calls"))
		if refusal := f.get("refusal"); refusal.present() {
			m.Content = append(m.Content, chat.Part{Text: refusal.text()})
		}
		if content.present() || len(m.ToolCalls) == 0 && len(m.Content) == 0 {
			m.Content = append(m.Content, readContent(content, r, "text", "refusal")...)
		}
		if v := f.get("annotations"); v.present() { // clients send back what other servers answered
			v.array(0)
		}
		f.refuse(notHere, "audio")
		f.refuse("use 'tool_calls'", "function_call")
	case chat.ToolResult:
		m.ToolCallID = f.get("tool_call_id").text()
		m.Content = readContent(content, r, "text")
	default:
		m.Content = readContent(content, r, "text")
	}
	f.end()
	return m
}

// readContent reads a string or an array of parts of the allowed types.
func readContent(v value, r *chatRequest, allowed ...string) []chat.Part {
	if v.isString() {
		return []chat.Part{{Text: v.text()}}
	}
	if !v.isArray() {
		v.wrongType("a string or an array of content parts")
		return nil
	}
	elements := v.array(v.d.limits.Parts)
	if len(elements) == 0 {
		v.d.fail(badRequest("empty_array", v.path, "Invalid '%s': empty array. Expected at least one part.", v.path))
	}
	var parts []chat.Part
	for _, e := range elements {
		f := e.object()
		switch kind := f.get("type").choice(allowed...); kind {
		case "text", "refusal":
			parts = append(parts, chat.Part{Text: f.get(kind).text()})
		case "image_url":
			inner := f.get("image_url").object()
			parts = append(parts, chat.Part{Image: r.readImage(inner.get("url"), inner.get("detail"))})
			inner.end()
		}
		f.end()
	}
	return parts
}

// readImage notes an image for prepareImages.
func (r *chatRequest) readImage(url, detail value) *chat.Image {
	image := &chat.Image{URL: url.text()}
	if detail.present() {
		image.Detail = detail.choice("auto", "low", "high")
	}
	r.images = append(r.images, imageRef{image, url.path})
	if limit := url.d.limits.Images; len(r.images) > limit {
		url.invalid("a request has at most %d images.", limit)
	}
	return image
}

// readCalls reads the tool calls of an assistant's message.
func readCalls(v value) []chat.ToolCall {
	if !v.present() {
		return nil
	}
	var calls []chat.ToolCall
	for _, e := range v.array(v.d.limits.Tools) {
		f := e.object()
		call := chat.ToolCall{ID: f.get("id").text()}
		f.get("type").choice("function")
		inner := f.get("function").object()
		call.Name = inner.get("name").text()
		call.Arguments = inner.get("arguments").text()
		inner.end()
		f.end()
		calls = append(calls, call)
	}
	return calls
}
