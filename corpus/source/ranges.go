package source

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// A remote file read in any order is fetched in blocks, a few of which are
// kept: readers of columns ask for many small neighbouring parts.
const (
	blockSize = 1 << 20
	blockKeep = 16
)

type ranges struct {
	ctx    context.Context
	cancel context.CancelFunc
	file   File
	blocks []block // most recently used last
}

type block struct {
	at   int64
	data []byte
}

func openRanges(ctx context.Context, f File) (ReaderAt, int64, error) {
	ctx, cancel := context.WithCancel(ctx)
	r := &ranges{ctx: ctx, cancel: cancel, file: f}
	r.file.remote = f.reach()
	if _, err := r.block(0); err != nil && (err != io.EOF || r.file.Size < 0) {
		cancel()
		return nil, 0, err
	}
	return r, r.file.Size, nil
}

// ReadAt implements io.ReaderAt.
func (r *ranges) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) {
		at := off + int64(n)
		data, err := r.block(at / blockSize * blockSize)
		if err != nil {
			return n, err
		}
		from := at % blockSize
		if from >= int64(len(data)) {
			return n, io.EOF
		}
		n += copy(p[n:], data[from:])
	}
	return n, nil
}

// block returns the block that begins at a byte.
func (r *ranges) block(at int64) ([]byte, error) {
	for i, b := range r.blocks {
		if b.at == at {
			r.blocks = append(append(r.blocks[:i:i], r.blocks[i+1:]...), b)
			return b.data, nil
		}
	}
	if r.file.Size >= 0 && at >= r.file.Size {
		return nil, io.EOF
	}
	var data []byte
	err := r.file.remote.try(r.ctx, r.file.Path, func() (err error) {
		data, err = r.fetch(at)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(r.blocks) == blockKeep {
		r.blocks = append(r.blocks[:0:0], r.blocks[1:]...)
	}
	r.blocks = append(r.blocks, block{at, data})
	return data, nil
}

func (r *ranges) fetch(at int64) ([]byte, error) {
	n := int64(blockSize)
	if r.file.Size >= 0 {
		n = min(n, r.file.Size-at)
	}
	ctx, idle, stop := r.file.remote.watched(r.ctx)
	defer stop()
	p, err := r.file.remote.get(ctx, r.file, span{at, n})
	if err != nil {
		return nil, r.file.remote.stalled(r.ctx, err)
	}
	defer p.body.Close()
	if p.size < 0 {
		return nil, &fault{err: errors.New("the server does not say how long the file is; fetch it first")}
	}
	if p.from != at {
		return nil, &fault{err: errors.New("the server does not send parts of files, which this format needs; fetch the file first")}
	}
	r.file.Size, r.file.Tag, r.file.Time = p.size, p.tag, p.time
	data := make([]byte, min(n, p.size-at))
	for rest := data; len(rest) > 0; {
		idle.Reset(r.file.remote.limit())
		n, err := io.ReadAtLeast(p.body, rest, 1)
		if err != nil {
			return nil, fmt.Errorf("the transfer broke: %w", r.file.remote.stalled(r.ctx, err))
		}
		rest = rest[n:]
	}
	return data, nil
}

// Close implements io.Closer.
func (r *ranges) Close() error {
	r.cancel()
	return nil
}
