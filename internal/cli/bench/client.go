package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// client speaks to a server over HTTP, as a user's program does.
type client struct {
	url  string // of the server
	http *http.Client
}

func newClient(url string, connections int) *client {
	return &client{url: url, http: &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: connections, DisableCompression: true,
	}}}
}

// close ends idle connections.
func (c *client) close() { c.http.CloseIdleConnections() }

// post sends body as JSON.
func (c *client) post(ctx context.Context, path string, body any) (*http.Response, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	return c.postBytes(ctx, path, text)
}

func (c *client) postBytes(ctx context.Context, path string, body []byte) (*http.Response, error) {
	return c.postFrom(ctx, path, bytes.NewReader(body))
}

func (c *client) postFrom(ctx context.Context, path string, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+path, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	return c.http.Do(r)
}

// maxAnswer bounds what the client reads of an answer.
const maxAnswer = 16 << 20

// statusError is an answer that is not 200.
type statusError struct {
	status     int
	retryAfter string
	body       string
}

func (e *statusError) Error() string { return fmt.Sprintf("status %d: %s", e.status, e.body) }

// readError makes an error of an answer that is not 200 and closes it.
func readError(r *http.Response) error {
	defer r.Body.Close()
	body, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer))
	return errors.Join(&statusError{r.StatusCode, r.Header.Get("Retry-After"), string(body)}, err)
}

// stream posts a request with "stream": true and hands each event's data to
// receive, which says whether to go on. It is an error if the stream does not
// end with [DONE].
func (c *client) stream(ctx context.Context, path string, body any, receive func(data []byte, at time.Time) (more bool)) error {
	r, err := c.post(ctx, path, body)
	if err != nil {
		return err
	}
	if r.StatusCode != http.StatusOK {
		return readError(r)
	}
	defer r.Body.Close()
	lines := bufio.NewScanner(r.Body)
	lines.Buffer(nil, maxAnswer)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		switch {
		case !ok: // a blank line or a comment
		case data == "[DONE]":
			return nil
		case strings.HasPrefix(data, `{"error"`):
			return errors.New(data)
		case !receive([]byte(data), time.Now()):
			return nil
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return errors.New("the stream ended before [DONE]")
}
