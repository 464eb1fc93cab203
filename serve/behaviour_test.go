package serve

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"
)

// slowBody is a body whose end does not come until more is called.
func slowBody(text string) (body io.Reader, more func()) {
	r, w := io.Pipe()
	go func() { _, _ = io.WriteString(w, text[:len(text)/2]) }()
	return r, func() { _ = w.Close() }
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 500 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("never: ", what)
}

// A client that leaves ends the work at once, streamed or not.
func TestClientLeaves(t *testing.T) {
	s := newSite(t)
	for i, more := range []string{"", `,"stream":true`, `,"n":3`} {
		ctx, leave := context.WithCancel(t.Context())
		r, _ := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+chatPath, strings.NewReader(say("wait", more)))
		done := make(chan struct{})
		go func() {
			if got, err := http.DefaultClient.Do(r); err == nil {
				_, _ = io.Copy(io.Discard, got.Body)
				_ = got.Body.Close()
			}
			close(done)
		}()
		until(t, "running", func() bool { return s.model.running.Load() > 0 })
		leave()
		<-done
		until(t, fmt.Sprint("ended ", i), func() bool { return s.model.running.Load() == 0 })
	}
	until(t, "logged", func() bool { return strings.Count(s.log.String(), "status=499") == 3 })
}

// While nothing comes, comments do.
func TestKeepAlive(t *testing.T) {
	s := newSite(t)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	r, _ := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+chatPath, strings.NewReader(say("wait", `,"stream":true`)))
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	line, err := bufio.NewReader(got.Body).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, ":") {
		t.Errorf("%q, %v", line, err)
	}
}

// A client that does not read is given up.
func TestSlowClient(t *testing.T) {
	s := newSite(t, func(o *Options) { o.Limits.WriteTime = 200 * time.Millisecond })
	connection, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	_ = connection.(*net.TCPConn).SetReadBuffer(4096)
	body := say("forever", `,"stream":true`)
	fmt.Fprintf(connection, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", chatPath, len(body), body)
	until(t, "running", func() bool { return s.model.running.Load() == 1 })
	until(t, "given up", func() bool { return s.model.running.Load() == 0 })
	// Others did not notice.
	if a := s.post(chatPath, say("say x", "")); a.status != 200 {
		t.Error(a.text)
	}
}

// A client that reads slowly gets all of a large answer: the time is for each piece.
func TestSlowReader(t *testing.T) {
	s := newSite(t, func(o *Options) { o.Limits.WriteTime = 500 * time.Millisecond })
	body := `{"text":"` + strings.Repeat("x", maxPieces) + `","pieces":true}`
	c, r := dial(t, s, fmt.Sprintf("POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
	_ = c.(*net.TCPConn).SetReadBuffer(64 << 10)
	a, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	began, total := time.Now(), 0
	for piece := make([]byte, 64<<10); err == nil; time.Sleep(12 * time.Millisecond) {
		var n int
		n, err = io.ReadFull(a.Body, piece)
		total += n
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) || total < 8<<20 || time.Since(began) < time.Second {
		t.Errorf("%d bytes in %s: %v", total, time.Since(began), err)
	}
	until(t, "logged", func() bool { return strings.Contains(s.log.String(), "status=200") })
}

// dial sends the text of requests on one connection.
func dial(t *testing.T, s *site, text string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return c, bufio.NewReader(c)
}

// The time for one answer is not that for the next on the same connection.
func TestConnectionAgain(t *testing.T) {
	s := newSite(t, func(o *Options) { o.Limits.WriteTime, o.Limits.BodyTime = 100*time.Millisecond, 100*time.Millisecond })
	body := say("say x", `,"stream":true`)
	request := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", chatPath, len(body), body)
	c, r := dial(t, s, request)
	for i := range 3 {
		a, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal("answer ", i, ": ", err)
		}
		if text, err := io.ReadAll(a.Body); err != nil || !strings.Contains(string(text), "[DONE]") {
			t.Fatalf("answer %d: %s %v", i, text, err)
		}
		time.Sleep(200 * time.Millisecond)
		// An answer that has no body writes nothing that would set the time.
		_, _ = io.WriteString(c, "OPTIONS "+chatPath+" HTTP/1.1\r\nHost: localhost\r\n\r\n"+request)
		if a, err := http.ReadResponse(r, nil); err != nil || a.StatusCode != http.StatusNoContent {
			t.Fatal(a, err)
		}
	}
	// An answer may take longer than the body may.
	if a := s.post(chatPath, say("count 300", "")); a.status != 200 {
		t.Error(a.text)
	}
}

// BenchmarkStream is what a streamed token costs beyond the model.
func BenchmarkStream(b *testing.B) {
	s := newSite(b)
	for _, more := range []string{"", `,"logprobs":true,"top_logprobs":5`} {
		b.Run("logprobs="+fmt.Sprint(more != ""), func(b *testing.B) {
			r, _ := http.NewRequestWithContext(b.Context(), http.MethodPost, s.URL+chatPath, strings.NewReader(say(fmt.Sprint("quick ", b.N), `,"stream":true`+more)))
			got, err := http.DefaultClient.Do(r)
			if err != nil {
				b.Fatal(err)
			}
			defer got.Body.Close()
			if _, err := io.Copy(io.Discard, got.Body); err != nil {
				b.Error(err)
			}
		})
	}
}

// More connections than are allowed wait for one to end.
func TestConnectionLimit(t *testing.T) {
	s := startServing(t, func(o *Options) { o.Limits.Connections = 1 })
	address := strings.TrimPrefix(s.URL, "http://")
	ask := func() (net.Conn, *bufio.Reader) {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
		return c, bufio.NewReader(c)
	}
	first, r := ask()
	if a, err := http.ReadResponse(r, nil); err != nil || a.StatusCode != 200 {
		t.Fatal(err)
	}
	second, r := ask()
	defer second.Close()
	_ = second.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if _, err := r.Peek(1); err == nil {
		t.Error("the second was answered beside the first")
	}
	_ = first.Close()
	_ = second.SetReadDeadline(time.Now().Add(5 * time.Second))
	if a, err := http.ReadResponse(r, nil); err != nil || a.StatusCode != 200 {
		t.Error(err)
	}
}

// A header that is too long is refused before anything else.
func TestHeaderLimit(t *testing.T) {
	s := startServing(t, func(o *Options) { o.Limits.Header = 4096 })
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/health", nil)
	r.Header.Set("X-Long", strings.Repeat("x", 20000))
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Error(a.Status)
	}
}

// A body that nobody reads does not hold the connection.
func TestBodyNotRead(t *testing.T) {
	_, keys := keyed(t)
	s := newSite(t, keys, func(o *Options) { o.Limits.BodyTime = 200 * time.Millisecond })
	c, r := dial(t, s, "POST "+chatPath+" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	a, err := http.ReadResponse(r, nil)
	if err != nil || a.StatusCode != 401 {
		t.Fatal(a, err)
	}
	_, _ = io.ReadAll(a.Body)
	if _, err := r.ReadByte(); err != io.EOF {
		t.Error("the connection is still open: ", err)
	}
}

// serving runs Serve on a port of its own.
type serving struct {
	*site
	end  context.CancelFunc
	done chan error
}

func startServing(t *testing.T, change ...func(*Options)) *serving {
	t.Helper()
	s := newSite(t, change...)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	v := &serving{s, end, make(chan error, 1)}
	go func() { v.done <- s.s.Serve(ctx, listener) }()
	s.URL = "http://" + listener.Addr().String()
	t.Cleanup(end)
	return v
}

func TestDrain(t *testing.T) {
	s := startServing(t, func(o *Options) { o.Drain = 5 * time.Second })
	if a := s.do("GET", "/ready", ""); a.status != 200 {
		t.Fatal(a.text)
	}
	// A connection that is open, and a request in progress.
	answered := make(chan answer, 1)
	go func() { answered <- s.post(chatPath, say("count 300", "")) }()
	until(t, "running", func() bool { return s.model.running.Load() == 1 })
	s.end()
	until(t, "draining", func() bool { return s.s.draining.Load() })
	until(t, "no new connections", func() bool {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})
	if a := <-answered; a.status != 200 || !strings.Contains(a.text, strings.Repeat("x", 300)) {
		t.Error("the request in progress was broken off:", a.text)
	}
	if err := <-s.done; err != nil {
		t.Error(err)
	}
	// What asks the handler now is told.
	r, _ := http.NewRequest(http.MethodGet, "http://localhost/ready", nil)
	w := httptest.NewRecorder()
	s.s.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable {
		t.Error(w.Code)
	}
}

func TestDrainGivesUp(t *testing.T) {
	s := startServing(t, func(o *Options) { o.Drain = 100 * time.Millisecond })
	answered := make(chan answer, 2)
	go func() { answered <- s.post(chatPath, say("wait", "")) }()
	go func() { answered <- s.post(chatPath, say("wait", `,"stream":true`)) }()
	until(t, "running", func() bool { return s.model.running.Load() == 2 })
	time.Sleep(100 * time.Millisecond) // the stream begins
	s.end()
	if err := <-s.done; err != nil {
		t.Error(err)
	}
	for range 2 {
		if a := <-answered; !strings.Contains(a.text, "shutting down") {
			t.Errorf("%d %s", a.status, a.text)
		}
	}
	if s.model.running.Load() != 0 {
		t.Error("still running")
	}
}

// A bug that ended a completion is logged with its stack, and told without.
func TestModelsBugIsLogged(t *testing.T) {
	s := newSite(t)
	a := s.post(chatPath, say("panicked", ""))
	if strings.Contains(a.text, "mask") || !strings.Contains(s.log.String(), "the mask's stack") {
		t.Errorf("told %s\nlogged %s", a.text, s.log.String())
	}
}

// After many requests of all kinds nothing is left behind.
func TestNoGoroutineLeaks(t *testing.T) {
	s := startServing(t)
	before := 0
	for round := range 3 {
		for range 20 {
			s.post(chatPath, say("say x", `,"n":2`))
			s.post(chatPath, say("say x", `,"stream":true`))
			s.post(chatPath, say("late broken", `,"stream":true,"n":3`))
			s.post(chatPath, say("panic", ""))
			s.post("/v1/embeddings", `{"model":"fake","input":["a","panic","b"]}`)
			ctx, leave := context.WithTimeout(t.Context(), 5*time.Millisecond)
			r, _ := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+chatPath, strings.NewReader(say("wait", `,"n":4`)))
			if got, err := http.DefaultClient.Do(r); err == nil {
				_ = got.Body.Close()
			}
			leave()
		}
		until(t, "idle", func() bool { return s.model.running.Load() == 0 })
		http.DefaultClient.CloseIdleConnections()
		time.Sleep(50 * time.Millisecond)
		now := runtime.NumGoroutine()
		if round == 0 {
			before = now
			continue
		}
		if now > before+5 {
			buffer := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before:\n%s", now, before, buffer[:runtime.Stack(buffer, true)])
		}
	}
}
