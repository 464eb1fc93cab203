package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
)

// remote holds what the files of one list share: connections and credentials.
type remote struct {
	opt    Options
	client *http.Client

	once sync.Once
	s3   *minio.Core
	err  error
}

func newRemote(opt Options) *remote {
	var def Options
	def.SetDefaults()
	if opt.Retries == 0 {
		opt.Retries = def.Retries
	}
	if opt.Stall == 0 {
		opt.Stall = def.Stall
	}
	return &remote{opt: opt, client: &http.Client{Transport: transport()}}
}

// transport never unpacks: what is stored is what is read.
func transport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 20 * time.Second}).DialContext,
		TLSHandshakeTimeout:   20 * time.Second,
		ResponseHeaderTimeout: time.Minute,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       time.Minute,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true,
	}
}

// With returns a file that is reached with these options, like one of a List with
// them: for files whose fields were stored in between.
func (f File) With(opt Options) File {
	f.remote = newRemote(opt)
	return f
}

// reach returns what a file is reached by, also for one that no list made.
func (f File) reach() *remote {
	if f.remote != nil {
		return f.remote
	}
	return newRemote(Options{})
}

// span is the part of a file that is asked for: n bytes from a byte on, or all
// with n < 0.
type span struct{ from, n int64 }

// header is the value of a Range header, and "" where the whole file is meant.
func (s span) header() string {
	switch {
	case s.n >= 0:
		return fmt.Sprintf("bytes=%d-%d", s.from, s.from+s.n-1)
	case s.from > 0:
		return fmt.Sprintf("bytes=%d-", s.from)
	}
	return ""
}

// part is an answer: bytes of a file from a byte on.
type part struct {
	body io.ReadCloser
	from int64 // 0 where the server sends all although a part was asked for
	size int64 // of the whole file; -1 unknown
	tag  string
	time time.Time
}

// fault is an answer that is no part. Passing ones are worth another try.
type fault struct {
	err     error
	passing bool
	after   time.Duration // the server asks to wait
}

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

// get asks for a part of a file, once.
func (r *remote) get(ctx context.Context, f File, s span) (*part, error) {
	if scheme(f.Path) == "s3" {
		return r.getS3(ctx, f, s)
	}
	return r.getHTTP(ctx, f, s)
}

// try calls fn until it succeeds, fails for good, or has failed too often.
func (r *remote) try(ctx context.Context, path string, fn func() error) error {
	for failures := 0; ; failures++ {
		err := fn()
		if err == nil {
			return nil
		}
		if err := r.wait(ctx, path, failures, err); err != nil {
			return err
		}
	}
}

// limit is how long a transfer may stand still.
func (r *remote) limit() time.Duration { return time.Duration(r.opt.Stall) * time.Second }

// watched returns a context that ends when idle is not reset within the limit.
func (r *remote) watched(ctx context.Context) (_ context.Context, idle *time.Timer, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	idle = time.AfterFunc(r.limit(), cancel)
	return ctx, idle, func() {
		idle.Stop()
		cancel()
	}
}

// stalled says of an error that the limit made it, if ctx, which is above the
// watched one, goes on.
func (r *remote) stalled(ctx context.Context, err error) error {
	if errors.Is(err, context.Canceled) && ctx.Err() == nil {
		return fmt.Errorf("nothing came for %d seconds", r.opt.Stall)
	}
	return err
}

// wait sleeps before the next try, longer each time, or returns the error that
// ends them.
func (r *remote) wait(ctx context.Context, path string, failures int, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", display(path), context.Cause(ctx))
	}
	var f *fault
	if errors.As(err, &f) && !f.passing {
		return fmt.Errorf("%s: %w", display(path), f.err)
	}
	if failures >= r.opt.Retries {
		return fmt.Errorf("%s: %w: gave up after %d tries: %w; check the connection and run again", display(path), ErrTransfer, failures+1, err)
	}
	pause := min(backoff<<failures, 15*time.Second)
	if f != nil && f.after > 0 {
		pause = min(f.after, time.Minute)
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", display(path), context.Cause(ctx))
	}
}

// backoff is the first pause between tries; each following one is twice as
// long. Tests shorten it.
var backoff = 250 * time.Millisecond
