package localpage

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// Serve shows a page, which handler answers, at an address until done is closed, or
// ctx ends, whose error it then returns. ready is told where the page is.
func (p *Page) Serve(ctx context.Context, address string, handler http.Handler, done <-chan struct{}, ready func(url string)) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: time.Minute, MaxHeaderBytes: 1 << 16}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	ready("http://" + listener.Addr().String() + p.Path())
	select {
	case err = <-failed:
		return err
	case <-ctx.Done():
		err = ctx.Err()
	case <-done:
	}
	closing, stop := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer stop()
	if closed := server.Shutdown(closing); closed != nil && !errors.Is(closed, context.DeadlineExceeded) {
		err = errors.Join(err, closed)
	}
	return err
}
