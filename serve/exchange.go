package serve

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"runtime/debug"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/polymath-lm/polymath"
)

// exchange is one request and its answer.
type exchange struct {
	s     *Server
	w     *recorder
	r     *http.Request
	rc    *http.ResponseController
	id    string
	route string
	start time.Time
	model *entry
	key   *keyState // nil: no keys in use
	body  []byte
	// images are those of the request, in the conversation's order.
	images []imageRef
	large  bool      // its body has one of the places for large ones
	fault  *apiError // what was answered
	usage  polymath.Usage
	sse    *eventStream // not nil once an answer streams
	// generated counts the tokens that came, also those of an answer that was
	// broken off.
	generated int
	// meters counts the completions of the request, begun those that have a token.
	meters, begun int
	span          trace.Span // nil: no traces
}

// handler answers an exchange, or returns the error to answer with.
type handler func(x *exchange) *apiError

// recorder notes the status and whether the answer has begun, and gives the
// client a time for each piece of it.
type recorder struct {
	http.ResponseWriter
	rc        *http.ResponseController
	writeTime time.Duration
	status    int
	bytes     int64
	failed    bool // the client did not take all
}

// writePiece is how many bytes of an answer a client has its time for.
const writePiece = 64 << 10

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	total := 0
	for {
		piece := p[total:min(total+writePiece, len(p))]
		r.limitWrite()
		n, err := r.ResponseWriter.Write(piece)
		r.bytes += int64(n)
		if total += n; err != nil || total == len(p) {
			r.failed = r.failed || err != nil
			return total, err
		}
	}
}

// limitWrite gives the client its time from now on. The server lifts it when the
// answer has ended.
func (r *recorder) limitWrite() {
	_ = r.rc.SetWriteDeadline(time.Now().Add(r.writeTime)) // not every writer can: a test's
}

// Unwrap lets http.ResponseController find the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// begun reports that the status has been sent.
func (r *recorder) begun() bool { return r.status != 0 }

// handle makes an http.Handler of h: it counts, logs, and keeps a panic from
// reaching anyone else.
func (s *Server) handle(route string, h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		rec := &recorder{ResponseWriter: w, rc: rc, writeTime: s.limits.WriteTime}
		x := &exchange{s: s, w: rec, r: r, rc: rc, id: newID("req_"), route: route, start: time.Now()}
		if r.Body != http.NoBody {
			_ = rc.SetReadDeadline(x.start.Add(s.limits.BodyTime)) // also of a body that nobody will read
		}
		w.Header().Set("X-Request-Id", x.id)
		x.beginSpan()
		defer x.finish()
		x.fault = x.guard(h)
		if x.fault != nil {
			x.answerFault()
		}
	})
}

// guard runs h and turns a panic into an error.
func (x *exchange) guard(h handler) (fault *apiError) {
	defer func() {
		if p := recover(); p != nil {
			fault = x.panicked(p, debug.Stack())
		}
	}()
	return h(x)
}

// panicked logs a bug and returns what the client is told of it.
func (x *exchange) panicked(p any, stack []byte) *apiError {
	x.s.log.Error("panic", "request", x.id, "route", x.route, "panic", p, "stack", string(stack))
	return serverError("The server has a bug that this request met; request id " + x.id + ".")
}

// answerFault sends the error as the whole answer, or as the end of a stream.
func (x *exchange) answerFault() {
	if x.fault.status >= 500 && x.fault.status != http.StatusServiceUnavailable {
		x.s.log.Error("failed", "request", x.id, "route", x.route, "error", x.fault.message)
	}
	switch {
	case x.fault.status == statusClientGone:
	case !x.w.begun():
		x.fault.write(x.w)
	case x.sse != nil:
		x.sse.fail(x.fault)
	}
}

// finish counts and logs the exchange.
func (x *exchange) finish() {
	status := x.w.status
	switch {
	case x.fault != nil:
		status = x.fault.status
	case x.w.failed:
		status = statusClientGone
	}
	x.releaseBody()
	x.payCompletion(x.generated)
	x.s.metrics.answered(x.route, status, time.Since(x.start))
	x.endSpan(status)
	x.logAccess(status)
}

func (x *exchange) logAccess(status int) {
	attributes := []any{
		"request", x.id, "method", x.r.Method, "route", x.route, "status", status,
		"bytes", x.w.bytes, "time", time.Since(x.start).Round(time.Microsecond).String(), "from", x.r.RemoteAddr,
	}
	if x.model != nil {
		attributes = append(attributes, "model", x.model.Name,
			"prompt_tokens", x.usage.PromptTokens, "cached_tokens", x.usage.CachedTokens, "image_tokens", x.usage.ImageTokens, "completion_tokens", x.usage.CompletionTokens)
	}
	if x.key != nil {
		attributes = append(attributes, "key", x.key.ID)
	}
	if x.fault != nil && x.fault.code != "" {
		attributes = append(attributes, "error", x.fault.code)
	}
	if x.s.options.LogPrompts && x.body != nil {
		attributes = append(attributes, "body", string(x.body))
	}
	x.s.log.Info("request", attributes...)
}

// find sets the model that the request names.
func (x *exchange) find(name string) *apiError {
	m, ok := x.s.models[name]
	if !ok {
		return modelNotFound(clip(name))
	}
	x.model = m
	return nil
}

// ended turns an error of the model into the answer. Whatever the model says
// of a context that ended, the client who left is the reason.
func (x *exchange) ended(err error, param string) *apiError {
	var own *apiError
	switch {
	case errors.As(err, &own):
		return own
	case x.s.stopped.Err() != nil:
		return tooBusy("The server is shutting down.")
	case x.r.Context().Err() != nil:
		return modelError(context.Canceled, param)
	}
	var image *polymath.ImageError
	if errors.As(err, &image) && image.Image < len(x.images) {
		return imageError(image, x.images[image.Image].path)
	}
	if e := modelError(err, param); e != nil {
		return e
	}
	var bug *polymath.PanicError
	if errors.As(err, &bug) {
		return x.panicked(bug.Value, bug.Stack)
	}
	x.s.log.Error("model failed", "request", x.id, "model", x.model.Name, "error", err.Error())
	return serverError("The model failed; request id " + x.id + ".")
}

// newID makes an identifier that nobody has to be able to guess.
func newID(prefix string) string { return prefix + rand.Text() }
