package source

import (
	"context"
	"fmt"
	"io"
	"time"
)

// stream reads a remote file and takes it up again where a transfer broke.
type stream struct {
	ctx      context.Context
	cancel   context.CancelFunc
	file     File
	at       int64 // the next byte
	size     int64 // -1 unknown
	body     io.ReadCloser
	stop     func()      // ends the current request
	idle     *time.Timer // calls stop when nothing comes
	failures int         // in a row without a byte
}

func openStream(ctx context.Context, f File, offset int64) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancel(ctx)
	s := &stream{ctx: ctx, cancel: cancel, file: f, at: offset, size: f.Size}
	s.file.remote = f.reach()
	if f.Size >= 0 && offset > f.Size {
		cancel()
		return nil, fmt.Errorf("%s: cannot open at byte %d: the file has %d", display(f.Path), offset, f.Size)
	}
	if err := s.file.remote.try(ctx, f.Path, s.connect); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// connect asks for the rest of the file.
func (s *stream) connect() error {
	if s.size >= 0 && s.at == s.size {
		return nil // no server serves an empty range
	}
	ctx, idle, stop := s.file.remote.watched(s.ctx)
	s.idle, s.stop = idle, stop
	p, err := s.file.remote.get(ctx, s.file, span{s.at, -1})
	if err != nil {
		s.disconnect()
		return s.file.remote.stalled(s.ctx, err)
	}
	s.body = p.body
	if s.size < 0 {
		s.size = p.size
	}
	if p.tag != "" {
		s.file.Tag = p.tag
	}
	s.file.Time = p.time
	if p.from < s.at { // a server without ranges
		if err := s.discard(s.at - p.from); err != nil {
			s.disconnect()
			return err
		}
	}
	return nil
}

func (s *stream) discard(n int64) error {
	buf := make([]byte, 64<<10)
	for n > 0 {
		got, err := s.body.Read(buf[:min(int64(len(buf)), n)])
		n -= int64(got)
		s.idle.Reset(s.file.remote.limit())
		if err == io.EOF && n > 0 {
			return &fault{err: fmt.Errorf("cannot open at byte %d: the file ends before", s.at)}
		}
		if err != nil && n > 0 {
			return err
		}
	}
	return nil
}

func (s *stream) disconnect() {
	if s.body != nil {
		s.body.Close()
		s.body = nil
	}
	if s.stop != nil {
		s.stop()
		s.stop = nil
	}
}

// Read implements io.Reader.
func (s *stream) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		if s.size >= 0 && s.at >= s.size {
			return 0, io.EOF
		}
		n, err := s.read(p)
		if n > 0 {
			s.at += int64(n)
			s.failures = 0
			return n, nil // an error comes again with the next call
		}
		if err == nil {
			continue
		}
		if err == io.EOF && s.size < 0 {
			return 0, io.EOF
		}
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		s.disconnect()
		if err := s.file.remote.wait(s.ctx, s.file.Path, s.failures, err); err != nil {
			return 0, err
		}
		s.failures++
	}
}

// read reads what comes on the current connection, made anew where there is
// none.
func (s *stream) read(p []byte) (int, error) {
	if s.body == nil {
		if err := s.connect(); err != nil {
			return 0, err
		}
	}
	s.idle.Reset(s.file.remote.limit())
	if s.size >= 0 {
		p = p[:min(int64(len(p)), s.size-s.at)]
	}
	n, err := s.body.Read(p)
	s.idle.Stop()
	return n, s.file.remote.stalled(s.ctx, err)
}

// Close implements io.Closer.
func (s *stream) Close() error {
	s.disconnect()
	s.cancel()
	return nil
}
