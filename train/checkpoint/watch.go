package checkpoint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// watchInterval is how often a live page looks for new records.
const watchInterval = 500 * time.Millisecond

// Watch serves the page of a run's directory, live: write renders the template of the
// name "page" or "body", see NewPageTemplate. It reads the directory only, so the run
// may go on in another process, and may begin later.
//
//	/        the page
//	/body    its changing part, as an HTML fragment
//	/events  server-sent events: "record" with a record as JSON, from ?from=N on
//
// It answers only to localhost and numeric addresses, so that no site can reach
// it through a name of its own. Goroutines may share it.
func (f *Form[R]) Watch(runDir string, write func(w io.Writer, name string) error) http.Handler {
	w := &watch[R]{form: f, path: filepath.Join(runDir, MetricsFile)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(out http.ResponseWriter, _ *http.Request) { serve(out, "page", write) })
	mux.HandleFunc("GET /body", func(out http.ResponseWriter, _ *http.Request) { serve(out, "body", write) })
	mux.HandleFunc("GET /events", w.events)
	return http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		if !localHost(in.Host) {
			http.Error(out, "open this page as localhost", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(out, in)
	})
}

func localHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return host == "localhost" || net.ParseIP(host) != nil
}

func serve(out http.ResponseWriter, name string, write func(w io.Writer, name string) error) {
	var b bytes.Buffer
	if err := write(&b, name); err != nil {
		http.Error(out, err.Error(), http.StatusInternalServerError)
		return
	}
	out.Header().Set("Content-Type", "text/html; charset=utf-8")
	out.Header().Set("Cache-Control", "no-store")
	_, _ = out.Write(b.Bytes()) // the reader has gone if this fails
}

// watch is the events of a journal.
type watch[R any] struct {
	form *Form[R]
	path string
}

// events pushes records from number ?from on, or after the last one that a
// reader which lost the connection has seen.
func (w *watch[R]) events(out http.ResponseWriter, in *http.Request) {
	next, err := strconv.Atoi(in.FormValue("from"))
	if err != nil || next < 0 {
		next = 0
	}
	if last, err := strconv.Atoi(in.Header.Get("Last-Event-ID")); err == nil && last >= 0 {
		next = last + 1
	}
	control := http.NewResponseController(out)
	out.Header().Set("Content-Type", "text/event-stream")
	out.Header().Set("Cache-Control", "no-store")
	out.WriteHeader(http.StatusOK)
	tail := &tail[R]{form: w.form, path: w.path}
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	number := 0
	for {
		for _, r := range tail.more() {
			if number >= next && writeEvent(out, number, r) != nil {
				return
			}
			number++
		}
		if tail.restarted {
			number, next, tail.restarted = 0, 0, false
			continue
		}
		if control.Flush() != nil {
			return
		}
		select {
		case <-in.Context().Done():
			return
		case <-tick.C:
		}
	}
}

func writeEvent(out http.ResponseWriter, number int, r any) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "id: %d\nevent: record\ndata: %s\n\n", number, text)
	return err
}

// tail reads what is appended to a journal.
type tail[R any] struct {
	form      *Form[R]
	path      string
	file      os.FileInfo // of the file at the last reading
	offset    int64
	restarted bool // the file is another or shorter one: a run was resumed
}

// more returns the records since the last call. A file that cannot be read has
// none: it may come.
func (t *tail[R]) more() []R {
	info, err := os.Stat(t.path)
	if err != nil {
		return nil
	}
	if t.file != nil && (!os.SameFile(info, t.file) || info.Size() < t.offset) {
		t.offset, t.restarted, t.file = 0, true, nil
		return nil
	}
	t.file = info
	if info.Size() == t.offset {
		return nil
	}
	f, err := os.Open(t.path)
	if err != nil {
		return nil
	}
	defer f.Close()
	text := make([]byte, info.Size()-t.offset)
	n, _ := f.ReadAt(text, t.offset) // a file cut short meanwhile gives less
	text = text[:n]
	end := bytes.LastIndexByte(text, '\n') + 1
	records, err := t.form.Decode(text[:end])
	if err != nil {
		return nil
	}
	t.offset += int64(end)
	return records
}
