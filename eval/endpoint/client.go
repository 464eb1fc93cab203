package endpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/internal/visible"
)

// client asks an API, again where that may help.
type client struct {
	base    *url.URL
	key     string
	http    *http.Client
	slots   chan struct{} // as many as requests may be under way
	timeout time.Duration
	retries int
	most    int64
	met     *atomic.Bool // something has answered
	wait    func(context.Context, time.Duration) error
}

func newClient(base *url.URL, o *Options) client {
	c := client{
		base: base, key: o.Key, slots: make(chan struct{}, o.Parallel), timeout: o.Timeout,
		retries: max(0, o.Retries), most: o.MaxResponse, met: new(atomic.Bool), wait: o.wait,
	}
	c.http = &http.Client{Transport: o.transport, CheckRedirect: c.redirect}
	if o.transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = o.Parallel
		c.http.Transport = t
	}
	return c
}

// errRedirect ends a request that would go elsewhere.
var errRedirect = errors.New("redirected")

// redirect refuses to go to another host, or unencrypted, with the key.
func (c *client) redirect(r *http.Request, via []*http.Request) error {
	switch {
	case len(via) > 5:
		return fmt.Errorf("%w in a circle", errRedirect)
	case c.key == "":
		return nil
	case r.URL.Host != c.base.Host || r.URL.Scheme != c.base.Scheme:
		return fmt.Errorf("%w to %s://%s, which the key is not for: give that address if you trust it", errRedirect, r.URL.Scheme, r.URL.Host)
	}
	return nil
}

// fault is an answer that is an error.
type fault struct {
	status  int
	message string
	param   string
	code    string
	kind    string
	after   time.Duration
}

func (f *fault) Error() string { return fmt.Sprintf("HTTP %d: %s", f.status, f.message) }

// again says that the request may succeed when it is sent once more.
func (f *fault) again() bool {
	switch f.status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests:
		return f.code != "insufficient_quota"
	}
	return f.status >= 500 && f.status != http.StatusNotImplemented && !f.window()
}

// refused says that no request will be taken.
func (f *fault) refused() bool {
	return f.status == http.StatusUnauthorized || f.status == http.StatusForbidden || f.code == "insufficient_quota"
}

// noModel says that there is no model of the name.
func (f *fault) noModel() bool {
	return f.code == "model_not_found" || f.status == http.StatusNotFound && strings.Contains(f.message, "does not exist")
}

// sightless says that the model takes no images.
func (f *fault) sightless() bool {
	message := strings.ToLower(f.message)
	return f.code == "image_not_supported" || slices.ContainsFunc([]string{
		"cannot see images", "does not support image", "not support image input", "images are not supported", "image input is not supported",
	}, func(words string) bool { return strings.Contains(message, words) })
}

// window says that the request was too long.
func (f *fault) window() bool {
	text := strings.ToLower(f.message)
	return f.code == "context_length_exceeded" || f.status == http.StatusRequestEntityTooLarge ||
		f.kind == "exceed_context_size_error" || strings.Contains(text, "exceeds the available context size") || // llama.cpp, as 400 or 500
		f.status == http.StatusBadRequest && (strings.Contains(text, "context length") || strings.Contains(text, "context window") || strings.Contains(text, "maximum model length"))
}

// errResponse is wrapped where an answer makes no sense; another attempt may.
var errResponse = errors.New("the answer makes no sense")

// ErrKey is wrapped where an API wants a key and has none, or not the right one.
var ErrKey = errors.New("the key is missing or not the right one")

// errTooLong is wrapped where an answer is longer than is read.
var errTooLong = errors.New("the answer is too long")

// firstRetries are enough to see that nobody is there.
const firstRetries = 2

// call sends a request and reads the answer into answer, with as many attempts as there
// are. Errors wrap eval.ErrUnavailable where all was tried, *fault where the request was
// refused as it is, and have no key in them.
func (c *client) call(ctx context.Context, method, path string, request, answer any) error {
	var body []byte
	if request != nil {
		var err error
		if body, err = json.Marshal(request); err != nil {
			return err
		}
	}
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for attempt := 0; ; attempt++ {
		err := c.attempt(ctx, method, path, body, answer)
		if err == nil || ctx.Err() != nil {
			return errors.Join(ctx.Err(), nil)
		}
		var f *fault
		isFault := errors.As(err, &f)
		switch {
		case isFault && f.status == http.StatusUnauthorized:
			return fmt.Errorf("%s: %w: %w: %w", c.where(path), eval.ErrUnavailable, ErrKey, err)
		case isFault && f.refused():
			return fmt.Errorf("%s: %w: %w", c.where(path), eval.ErrUnavailable, err)
		case isFault && !f.again(), errors.Is(err, errTooLong):
			return fmt.Errorf("%s: %w", c.where(path), err)
		case errors.Is(err, errRedirect):
			return fmt.Errorf("%s: %w: %w", c.where(path), eval.ErrUnavailable, c.scrubbed(err))
		case attempt >= c.retries, attempt >= firstRetries && !c.met.Load():
			return fmt.Errorf("%s: %w after %d attempts: %w", c.where(path), eval.ErrUnavailable, attempt+1, c.scrubbed(err))
		}
		if err := c.wait(ctx, backoff(attempt, f)); err != nil {
			return err
		}
	}
}

func (c *client) where(path string) string { return c.base.String() + path }

// scrubbed is an error without the key.
func (c *client) scrubbed(err error) error {
	if c.key == "" || !strings.Contains(err.Error(), c.key) {
		return err
	}
	return errors.New(strings.ReplaceAll(err.Error(), c.key, "(the key)"))
}

// Bounds of a wait.
const (
	firstWait = 500 * time.Millisecond
	mostWait  = 30 * time.Second
	mostAfter = 5 * time.Minute // that a server may ask for
)

// backoff is how long to wait: as long as the server says, or twice as long each time,
// spread so that not all come back at once.
func backoff(attempt int, f *fault) time.Duration {
	d := min(firstWait<<min(attempt, 10), mostWait)
	d = d/2 + rand.N(d/2+1)
	if f != nil && f.after > 0 {
		d = max(min(f.after, mostAfter), d)
	}
	return d
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *client) attempt(ctx context.Context, method, path string, body []byte, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, c.where(path), bytes.NewReader(body))
	if err != nil {
		return err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Accept", "application/json")
	if c.key != "" {
		r.Header.Set("Authorization", "Bearer "+c.key)
	}
	response, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	c.met.Store(true)
	data, err := io.ReadAll(io.LimitReader(response.Body, c.most+1))
	switch {
	case int64(len(data)) > c.most:
		return fmt.Errorf("%w: more than %d bytes", errTooLong, c.most)
	case response.StatusCode != http.StatusOK:
		return c.faultOf(response, data) // whatever there is of its text
	case err != nil:
		return fmt.Errorf("%w: %w", errResponse, err)
	}
	if err := json.Unmarshal(data, answer); err != nil {
		return fmt.Errorf("%w: %w", errResponse, err)
	}
	return nil
}

// faultOf reads what an answer says is wrong.
func (c *client) faultOf(r *http.Response, data []byte) *fault {
	f := &fault{status: r.StatusCode, message: http.StatusText(r.StatusCode)}
	var body struct {
		Error   json.RawMessage `json:"error"`
		Message string          `json:"message"`
		Detail  json.RawMessage `json:"detail"`
	}
	if json.Unmarshal(data, &body) == nil {
		f.read(body.Error, body.Message, body.Detail)
	}
	const long = 500
	if f.message = c.scrub(visible.Text(f.message)); len(f.message) > long {
		f.message = strings.ToValidUTF8(f.message[:long], "") + "…"
	}
	if seconds, err := strconv.ParseFloat(r.Header.Get("Retry-After"), 64); err == nil && seconds > 0 && seconds < 1e6 {
		f.after = time.Duration(seconds * float64(time.Second))
	} else if at, err := http.ParseTime(r.Header.Get("Retry-After")); err == nil {
		f.after = max(0, time.Until(at))
	}
	return f
}

func (c *client) scrub(text string) string {
	if c.key == "" {
		return text
	}
	return strings.ReplaceAll(text, c.key, "(the key)")
}

// read takes the shapes in which servers say what is wrong.
func (f *fault) read(object json.RawMessage, message string, detail json.RawMessage) {
	var e struct {
		Message string `json:"message"`
		Param   string `json:"param"`
		Code    any    `json:"code"`
		Type    any    `json:"type"`
	}
	var text string
	switch {
	case json.Unmarshal(object, &e) == nil && e.Message != "":
		f.message, f.param = e.Message, e.Param
		f.code, _ = e.Code.(string)
		f.kind, _ = e.Type.(string)
	case json.Unmarshal(object, &text) == nil && text != "":
		f.message = text
	case message != "":
		f.message = message
	case len(detail) > 0:
		f.message = string(detail)
	}
}
