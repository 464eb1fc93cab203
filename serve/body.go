package serve

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"
)

// Bodies over smallBody bytes wait for a place: what is read from one may take
// ten times its size, and all of them together would take any memory there is.
const (
	smallBody = 1 << 20
	placeTime = 30 * time.Second
)

// readBody reads a JSON body within the limits of size and time.
func (x *exchange) readBody() *apiError {
	if fault := checkBodyType(x.r.Header); fault != nil {
		return fault
	}
	// The reader closes the connection of a client that sends too much, for
	// which it needs the server's own writer.
	reader := http.MaxBytesReader(x.w.ResponseWriter, x.r.Body, x.s.limits.Body)
	var body bytes.Buffer
	n, err := io.CopyN(&body, reader, smallBody+1)
	if err == nil && n > smallBody {
		if fault := x.placeBody(); fault != nil {
			return fault
		}
		_ = x.rc.SetReadDeadline(time.Now().Add(x.s.limits.BodyTime)) // the wait was not the client's
		if x.r.ContentLength > n && x.r.ContentLength <= x.s.limits.Body {
			body.Grow(int(x.r.ContentLength-n) + bytes.MinRead)
		}
		_, err = body.ReadFrom(reader)
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return &apiError{
			status: http.StatusRequestEntityTooLarge, kind: typeInvalid, code: "request_too_large",
			message: "The body is larger than the limit of " + sizeText(x.s.limits.Body) + ".",
		}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &apiError{status: http.StatusRequestTimeout, kind: typeInvalid, code: "request_timeout", message: "The body did not arrive in time."}
	case err != nil && !errors.Is(err, io.EOF):
		return badRequest("invalid_body", "", "The body could not be read: %v.", err)
	}
	_ = x.rc.SetReadDeadline(time.Time{}) // or it would end the wait for the answer
	x.body = body.Bytes()
	return nil
}

// checkBodyType refuses what is not JSON as it is.
func checkBodyType(h http.Header) *apiError {
	refused := func(message string) *apiError {
		return &apiError{status: http.StatusUnsupportedMediaType, kind: typeInvalid, code: "unsupported_media_type", message: message}
	}
	if kind := h.Get("Content-Type"); kind != "" {
		if media, _, err := mime.ParseMediaType(kind); err != nil || media != "application/json" {
			return refused("The body must be JSON: send 'Content-Type: application/json'.")
		}
	}
	if coding := h.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return refused("The body must not be compressed: send it without 'Content-Encoding'.")
	}
	return nil
}

// placeBody waits for one of the places for large bodies.
func (x *exchange) placeBody() *apiError {
	timer := time.NewTimer(placeTime)
	defer timer.Stop()
	select {
	case x.s.large <- struct{}{}:
		x.large = true
		return nil
	case <-timer.C:
		return tooBusy("Too many large requests at a time; try again in a moment.")
	case <-x.s.stopped.Done():
		return tooBusy("The server is shutting down.")
	case <-x.r.Context().Done():
		return clientGone()
	}
}

// dropRequest lets go of what is large of the request once the model has read all of
// it, so that others need not wait for the end of the answer.
func (x *exchange) dropRequest() {
	if !x.s.options.LogPrompts {
		x.body = nil
	}
	for _, ref := range x.images {
		ref.image.URL = ""
	}
	x.releaseBody()
}

// releaseBody gives the place to another request.
func (x *exchange) releaseBody() {
	if x.large {
		x.large = false
		<-x.s.large
	}
}
