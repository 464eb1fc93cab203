package serve

// responseEvent is any of the events of a streamed response; which fields it
// has depends on its type.
type responseEvent struct {
	Type           string         `json:"type"`
	SequenceNumber int            `json:"sequence_number"`
	Response       *responseBody  `json:"response,omitempty"`
	OutputIndex    *int           `json:"output_index,omitempty"`
	ContentIndex   *int           `json:"content_index,omitempty"`
	ItemID         string         `json:"item_id,omitempty"`
	Item           *responseItem  `json:"item,omitempty"`
	Part           *responsePart  `json:"part,omitempty"`
	Delta          *string        `json:"delta,omitempty"`
	Text           *string        `json:"text,omitempty"`
	Name           string         `json:"name,omitempty"`
	Arguments      *string        `json:"arguments,omitempty"`
	Logprobs       []tokenLogprob `json:"logprobs,omitzero"`

	PromptProgress *promptProgress `json:"prompt_progress,omitempty"` // beyond OpenAI's, in response.in_progress
}

// errorEvent ends a stream that failed.
type errorEvent struct {
	Type           string  `json:"type"`
	SequenceNumber int     `json:"sequence_number"`
	Code           *string `json:"code"`
	Message        string  `json:"message"`
	Param          *string `json:"param"`
}

// send sends an event, if events are wanted.
func (a *responder) send(name string, e responseEvent) error {
	if a.events == nil {
		return nil
	}
	e.Type, e.SequenceNumber = name, a.number
	a.number++
	return a.events.send(name, e)
}

// inOutput says which item of the output the event is about: the open one, the
// last.
func (a *responder) inOutput(e responseEvent) responseEvent {
	index := len(a.body.Output) - 1
	e.OutputIndex = &index
	return e
}

func (a *responder) inItem(e responseEvent) responseEvent {
	e = a.inOutput(e)
	e.ItemID = a.open.ID
	return e
}

func (a *responder) inPart(e responseEvent) responseEvent {
	e = a.inItem(e)
	first := 0
	e.ContentIndex = &first
	return e
}

// fail ends the events with those of an error.
func (a *responder) fail(fault *apiError) error {
	body := fault.body()
	event := errorEvent{Type: "error", SequenceNumber: a.number, Code: body.Code, Message: body.Message, Param: body.Param}
	a.number++
	if err := a.events.send("error", event); err != nil {
		return err
	}
	if !a.begun {
		return nil
	}
	a.body.Status = "failed"
	a.body.Error = &responseError{Code: "server_error", Message: fault.message}
	return a.send("response.failed", responseEvent{Response: &a.body})
}
