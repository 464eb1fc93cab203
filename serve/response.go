package serve

import (
	"context"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/polymath-lm/polymath"
)

// responseBody is an object response.
type responseBody struct {
	ID                 string             `json:"id"`
	Object             string             `json:"object"`
	CreatedAt          int64              `json:"created_at"`
	CompletedAt        *int64             `json:"completed_at"`
	Status             string             `json:"status"`
	Background         bool               `json:"background"`
	Error              *responseError     `json:"error"`
	IncompleteDetails  *incompleteDetails `json:"incomplete_details"`
	Model              string             `json:"model"`
	Output             []*responseItem    `json:"output"`
	PreviousResponseID *string            `json:"previous_response_id"`
	Store              bool               `json:"store"`
	Truncation         string             `json:"truncation"`
	ServiceTier        string             `json:"service_tier"`
	Usage              *responseUsage     `json:"usage,omitempty"`
	responseEcho
}

type responseError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

type incompleteDetails struct {
	Reason string `json:"reason"`
}

type responseUsage struct {
	InputTokens         int           `json:"input_tokens"`
	InputTokensDetails  inputDetails  `json:"input_tokens_details"`
	OutputTokens        int           `json:"output_tokens"`
	OutputTokensDetails outputDetails `json:"output_tokens_details"`
	TotalTokens         int           `json:"total_tokens"`
}

type inputDetails struct {
	CachedTokens     int `json:"cached_tokens"`
	CacheWriteTokens int `json:"cache_write_tokens"`
	ImageTokens      int `json:"image_tokens,omitempty"` // beyond OpenAI's
}

type outputDetails struct {
	ReasoningTokens int `json:"reasoning_tokens"`
}

// responseItem is a message or a function call.
type responseItem struct {
	ID        string         `json:"id"`
	Type      string         `json:"type"`
	Status    string         `json:"status"`
	Role      string         `json:"role,omitempty"`
	Content   []responsePart `json:"content,omitzero"`
	CallID    string         `json:"call_id,omitempty"`
	Name      string         `json:"name,omitempty"`
	Arguments *string        `json:"arguments,omitempty"`
}

// responsePart is an output_text.
type responsePart struct {
	Type        string         `json:"type"`
	Text        string         `json:"text"`
	Annotations []struct{}     `json:"annotations"`
	Logprobs    []tokenLogprob `json:"logprobs"`
}

func newPart() responsePart {
	return responsePart{Type: "output_text", Annotations: []struct{}{}, Logprobs: []tokenLogprob{}}
}

// respond answers POST /v1/responses.
func (s *Server) respond(x *exchange) *apiError {
	if fault := x.readBody(); fault != nil {
		return fault
	}
	r, fault := readResponseRequest(x.body, &s.limits)
	if fault == nil {
		fault = x.prepareChat(&r.chatRequest, "input")
	}
	if fault != nil {
		return fault
	}
	a := newResponder(x, r)
	run := func(ctx context.Context, _ int) iter.Seq2[polymath.ChatChunk, error] {
		return x.model.Model.ChatStream(ctx, r.conversation, r.options)
	}
	take := func(_ int, chunk polymath.ChatChunk) error { return a.add(chunk) }
	if !r.stream {
		if err := consume(x, 1, run, take, nil, nil); err != nil {
			return x.ended(err, "input")
		}
		writeJSON(x.w, http.StatusOK, a.body)
		return nil
	}
	a.events = &eventStream{x: x, failure: a.fail}
	if err := consume(x, 1, run, take, a.events.flush, a.events.comment); err != nil {
		return x.ended(err, "input")
	}
	return streamFault(a.events.flush())
}

// responder turns chunks into items, and into events if they are wanted.
type responder struct {
	x      *exchange
	r      *responseRequest
	body   responseBody
	events *eventStream // nil: no events
	number int          // of the next event
	begun  bool
	open   *responseItem // the item that grows; nil: none
	calls  int           // function calls so far
	space  string        // white space that is content only if more follows
	meter  meter
}

func newResponder(x *exchange, r *responseRequest) *responder {
	a := &responder{x: x, r: r, meter: newMeter(x)}
	a.body = responseBody{
		ID: newID("resp_"), Object: "response", CreatedAt: time.Now().Unix(), Status: "in_progress",
		Model: x.model.Name, Output: []*responseItem{}, Truncation: "disabled", ServiceTier: "default", responseEcho: r.echo,
	}
	return a
}

// add takes a chunk.
func (a *responder) add(chunk polymath.ChatChunk) error {
	a.meter.tokens(len(chunk.Tokens))
	if err := a.begin(); err != nil {
		return err
	}
	if chunk.Progress != nil {
		return a.send("response.in_progress", responseEvent{Response: &a.body, PromptProgress: newPromptProgress(chunk.Progress)})
	}
	tokens := chunk.Tokens
	if !a.r.wantLogprobs {
		tokens = nil
	}
	for _, e := range chunk.Events {
		var err error
		if e.Call < 0 {
			err = a.content(e.Content, tokens)
			tokens = nil // once
		} else {
			err = a.call(e.Call, chunk.CallIDs[e.Call], e.Name, e.Arguments)
		}
		if err != nil {
			return err
		}
	}
	if chunk.Finish == "" {
		return nil
	}
	return a.finish(chunk)
}

// begin sends the first events, once.
func (a *responder) begin() error {
	if a.begun {
		return nil
	}
	a.begun = true
	for _, name := range []string{"response.created", "response.in_progress"} {
		if err := a.send(name, responseEvent{Response: &a.body}); err != nil {
			return err
		}
	}
	return nil
}

// content takes a piece of a message.
func (a *responder) content(text string, tokens []polymath.Token) error {
	if a.open == nil || a.open.Type != "message" {
		if a.space += text; strings.TrimSpace(a.space) == "" && a.calls > 0 {
			return nil // between calls
		}
		text, a.space = a.space, ""
		if err := a.openMessage(); err != nil {
			return err
		}
	}
	part := &a.open.Content[0]
	part.Text += text
	logprobs := []tokenLogprob{}
	for _, t := range tokens {
		logprobs = append(logprobs, newTokenLogprob(t))
	}
	part.Logprobs = append(part.Logprobs, logprobs...)
	if text == "" && len(logprobs) == 0 {
		return nil
	}
	return a.send("response.output_text.delta", a.inPart(responseEvent{Delta: &text, Logprobs: logprobs}))
}

func (a *responder) openMessage() error {
	item := &responseItem{ID: newID("msg_"), Type: "message", Status: "in_progress", Role: "assistant", Content: []responsePart{}}
	if err := a.openItem(item); err != nil {
		return err
	}
	part := newPart()
	item.Content = []responsePart{part}
	return a.send("response.content_part.added", a.inPart(responseEvent{Part: &part}))
}

// openItem ends the item before and begins another.
func (a *responder) openItem(item *responseItem) error {
	if err := a.closeItem("completed"); err != nil {
		return err
	}
	a.open = item
	a.body.Output = append(a.body.Output, item)
	return a.send("response.output_item.added", a.inOutput(responseEvent{Item: item}))
}

// call takes a piece of a function call.
func (a *responder) call(index int, id, name, arguments string) error {
	if index >= a.calls {
		a.calls, a.space = index+1, ""
		empty := ""
		item := &responseItem{ID: newID("fc_"), Type: "function_call", Status: "in_progress", CallID: id, Name: name, Arguments: &empty}
		if err := a.openItem(item); err != nil {
			return err
		}
	}
	if arguments == "" {
		return nil
	}
	whole := *a.open.Arguments + arguments
	a.open.Arguments = &whole
	return a.send("response.function_call_arguments.delta", a.inItem(responseEvent{Delta: &arguments}))
}

// closeItem ends the open item, if there is one.
func (a *responder) closeItem(status string) error {
	item := a.open
	if item == nil {
		return nil
	}
	if item.Type == "message" {
		part := item.Content[0]
		if err := a.send("response.output_text.done", a.inPart(responseEvent{Text: &part.Text, Logprobs: part.Logprobs})); err != nil {
			return err
		}
		if err := a.send("response.content_part.done", a.inPart(responseEvent{Part: &part})); err != nil {
			return err
		}
	} else if err := a.send("response.function_call_arguments.done", a.inItem(responseEvent{Arguments: item.Arguments, Name: item.Name})); err != nil {
		return err
	}
	item.Status = status
	if err := a.send("response.output_item.done", a.inOutput(responseEvent{Item: item})); err != nil {
		return err
	}
	a.open = nil
	return nil
}

// finish ends the response.
func (a *responder) finish(chunk polymath.ChatChunk) error {
	status, name := "completed", "response.completed"
	if chunk.Finish == "length" {
		status, name = "incomplete", "response.incomplete"
		a.body.IncompleteDetails = &incompleteDetails{Reason: "max_output_tokens"}
	}
	if len(a.body.Output) == 0 {
		if err := a.openMessage(); err != nil {
			return err
		}
	}
	if err := a.closeItem(status); err != nil {
		return err
	}
	if chunk.Usage != nil {
		a.meter.end(*chunk.Usage, chunk.Finish, true)
	}
	u := a.x.usage
	a.body.Usage = &responseUsage{
		InputTokens: u.PromptTokens, InputTokensDetails: inputDetails{CachedTokens: u.CachedTokens, ImageTokens: u.ImageTokens},
		OutputTokens: u.CompletionTokens, TotalTokens: u.PromptTokens + u.CompletionTokens,
	}
	a.body.Status = status
	if status == "completed" {
		now := time.Now().Unix()
		a.body.CompletedAt = &now
	}
	return a.send(name, responseEvent{Response: &a.body})
}
