package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/polymath-lm/polymath"
)

// Types of errors, as OpenAI's clients know them.
const (
	typeInvalid    = "invalid_request_error"
	typeAuth       = "authentication_error"
	typePermission = "permission_error"
	typeNotFound   = "not_found_error"
	typeRate       = "rate_limit_error"
	typeServer     = "server_error"
)

// statusClientGone is what the access log and the metrics say of a request
// whose client left before the answer; nobody receives it.
const statusClientGone = 499

// apiError is an answer that is an error, in OpenAI's shape.
type apiError struct {
	status     int
	kind       string
	code       string
	param      string // path of the field, or ""
	message    string
	retryAfter time.Duration // 0: no header
}

func (e *apiError) Error() string { return e.message }

// errorBody is its JSON.
type errorBody struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    *string `json:"code"`
}

func (e *apiError) body() errorBody {
	b := errorBody{Message: e.message, Type: e.kind}
	if e.param != "" {
		b.Param = &e.param
	}
	if e.code != "" {
		b.Code = &e.code
	}
	return b
}

// write sends the error; the answer must not have begun.
func (e *apiError) write(w http.ResponseWriter) {
	if e.retryAfter > 0 {
		seconds := int64((e.retryAfter + time.Second - 1) / time.Second)
		w.Header().Set("Retry-After", strconv.FormatInt(seconds, 10))
	}
	writeJSON(w, e.status, map[string]errorBody{"error": e.body()})
}

// writeJSON sends v. A client that has gone is noticed by whoever writes next.
func writeJSON(w http.ResponseWriter, status int, v any) {
	data, err := marshal(v)
	if err != nil {
		panic(err) // our own types: a bug
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n'))
}

func badRequest(code, param, format string, args ...any) *apiError {
	return &apiError{status: http.StatusBadRequest, kind: typeInvalid, code: code, param: param, message: fmt.Sprintf(format, args...)}
}

func invalidValue(param, format string, args ...any) *apiError {
	return badRequest("invalid_value", param, "Invalid value for '"+param+"': "+format, args...)
}

func unsupported(param, why string) *apiError {
	return badRequest("unsupported_parameter", param, "Unsupported parameter: '%s': %s.", param, why)
}

func modelNotFound(name string) *apiError {
	return &apiError{
		status: http.StatusNotFound, kind: typeInvalid, code: "model_not_found", param: "model",
		message: fmt.Sprintf("The model %q does not exist here; GET /v1/models lists those that do.", name),
	}
}

func serverError(message string) *apiError {
	return &apiError{status: http.StatusInternalServerError, kind: typeServer, code: "internal_error", message: message}
}

func tooBusy(message string) *apiError {
	return &apiError{status: http.StatusServiceUnavailable, kind: typeServer, code: "overloaded", message: message, retryAfter: time.Second}
}

// modelError turns what a Model reports into an answer. param names the field
// that holds the prompt.
func modelError(err error, param string) *apiError {
	var own *apiError
	var window *polymath.ContextWindowError
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &window):
		return windowExceeded(window, param)
	case errors.Is(err, polymath.ErrContextWindow):
		return badRequest("context_length_exceeded", param, "%v", err)
	case errors.Is(err, polymath.ErrBusy):
		return tooBusy("The queue is full; try again in a moment.")
	case errors.Is(err, polymath.ErrClosed):
		return tooBusy("The server is shutting down.")
	case errors.Is(err, context.Canceled):
		return &apiError{status: statusClientGone, kind: typeServer, code: "cancelled", message: "The request was cancelled."}
	case errors.Is(err, polymath.ErrImage):
		return badRequest("image_not_supported", param, "Invalid '%s': %v.", param, err)
	case errors.Is(err, polymath.ErrFormat):
		return badRequest("invalid_schema", "", "%v", err)
	case errors.Is(err, polymath.ErrConversation):
		return badRequest("invalid_value", param, "%v", err)
	case errors.Is(err, polymath.ErrPrompt):
		return badRequest("invalid_value", param, "%v", err)
	case errors.Is(err, polymath.ErrSampling), errors.Is(err, polymath.ErrStop):
		return badRequest("invalid_value", "", "%v", err)
	}
	return nil
}

// windowExceeded gives the window and what was asked of it, both.
func windowExceeded(e *polymath.ContextWindowError, param string) *apiError {
	if e.Completion == 0 {
		advice := "Please reduce their length."
		if e.Prompt == e.Window {
			advice = "Please reduce their length, to leave room for an answer."
		}
		return badRequest("context_length_exceeded", param,
			"This model's maximum context length is %d tokens. However, your %s resulted in %d tokens. %s",
			e.Window, param, e.Prompt, advice)
	}
	return badRequest("context_length_exceeded", param,
		"This model's maximum context length is %d tokens. However, you requested %d tokens (%d in the %s, %d in the completion). Please reduce one of them.",
		e.Window, e.Prompt+e.Completion, e.Prompt, param, e.Completion)
}

// marshal is JSON as clients expect it: < and > stay themselves.
func marshal(v any) ([]byte, error) {
	var b jsonBuffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return b[:len(b)-1], nil
}

// jsonBuffer collects what an encoder writes.
type jsonBuffer []byte

func (b *jsonBuffer) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}
