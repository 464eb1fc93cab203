// Package pdf makes text of PDF files with PDFium, which runs as WebAssembly:
// what a hostile file can break is its own instance.
package pdf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// What is wrong with a file. Errors of Text wrap one of these, or the context's.
var (
	ErrEncrypted = errors.New("the PDF is encrypted: decrypt it first")
	ErrDamaged   = errors.New("the PDF is damaged, or is no PDF")
	ErrNoText    = errors.New("the PDF has no text, perhaps only scanned pages: it needs OCR")
	ErrTimeout   = errors.New("the PDF takes too long")
	ErrTooLarge  = errors.New("the PDF is too large")
	ErrClosed    = errors.New("the PDF pool is closed")
)

// limits bound what one file may cost.
type limits struct {
	time   time.Duration // and again for each 2 MiB
	file   int           // bytes of the PDF
	text   int           // bytes of its text
	pages  int           // pages of the PDF
	memory uint32        // of an instance, in units of 64 KiB
}

var defaultLimits = limits{time: time.Minute, file: 192 << 20, text: 64 << 20, pages: 20000, memory: 512 << 4}

// timeFor is far more than a sound file of that many bytes takes, so that the
// speed of the machine seldom decides.
func (l *limits) timeFor(size int) time.Duration {
	return min(l.time*time.Duration(1+size>>21), 20*l.time)
}

// Pool runs up to a number of PDFs at a time. Every file gets an instance of its
// own, so that nothing of one file reaches another. Goroutines may share a Pool.
type Pool struct {
	limits limits
	slots  chan struct{}

	mu      sync.Mutex
	pdfium  pdfium.Pool // nil before the first file
	failure error       // of starting it, or ErrClosed
}

// New returns a pool for that many files at a time, at least one. It costs
// nothing: PDFium is compiled, which takes seconds, when the first file comes.
func New(workers int) (*Pool, error) {
	if workers < 1 {
		return nil, fmt.Errorf("a PDF pool of %d workers: it needs one at least", workers)
	}
	return &Pool{limits: defaultLimits, slots: make(chan struct{}, workers)}, nil
}

// Text returns the text of a PDF in UTF-8, line by line; pages are parted by a
// line of one form feed. A word that is divided at the end of a line keeps its
// hyphen and its line break. meta has title, author and date, as far as the file
// has them, and damaged_pages, the number of pages that could not be read. The
// same bytes give the same text.
func (p *Pool) Text(ctx context.Context, content []byte) (text []byte, meta map[string]string, err error) {
	if len(content) > p.limits.file {
		return nil, nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(content), p.limits.file)
	}
	if !bytes.Contains(content[:min(len(content), 1024)], []byte("%PDF-")) {
		return nil, nil, fmt.Errorf("%w: %%PDF- is not at its beginning", ErrDamaged)
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	library, err := p.start()
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, p.limits.timeFor(len(content)), ErrTimeout)
	defer cancel()
	instance, err := library.GetInstanceWithContext(ctx)
	if err != nil {
		return nil, nil, cause(ctx, err)
	}
	defer guard(ctx, instance)()
	r := reader{instance: instance, limits: p.limits}
	if err := r.read(ctx, content); err != nil {
		return nil, nil, cause(ctx, err)
	}
	return r.text, r.meta, nil
}

// cause prefers the reason for which ctx ended, which breaks what runs.
func cause(ctx context.Context, err error) error {
	if ended := context.Cause(ctx); ended != nil {
		return ended
	}
	return err
}

// guard kills the instance when ctx ends. The function that it returns gives the
// instance back, however it is.
func guard(ctx context.Context, instance pdfium.Pdfium) (release func()) {
	killed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(killed)
		_ = instance.Kill() // all that can fail is to count it
	})
	return func() {
		if stop() {
			_ = instance.Close()
			return
		}
		<-killed
	}
}

// start returns PDFium, compiled once.
func (p *Pool) start() (pdfium.Pool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pdfium == nil && p.failure == nil {
		p.pdfium, p.failure = compile(cap(p.slots), p.limits.memory)
	}
	return p.pdfium, p.failure
}

// compile makes machine code of the module. Instances see no files, no clock and
// no chance: they depend on the PDF alone.
func compile(workers int, memory uint32) (pdfium.Pool, error) {
	library, err := webassembly.Init(webassembly.Config{
		Context:      experimental.WithCompilationWorkers(context.Background(), runtime.GOMAXPROCS(0)),
		MaxTotal:     workers,
		FSConfig:     wazero.NewFSConfig(),
		Stdout:       io.Discard,
		Stderr:       io.Discard,
		RandomSource: zeros{},
		RuntimeConfig: wazero.NewRuntimeConfig().
			WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
			WithMemoryLimitPages(memory).
			WithCloseOnContextDone(true),
	})
	if err != nil {
		return nil, fmt.Errorf("starting PDFium: %w", err)
	}
	return library, nil
}

// zeros is a source of chance that has none and can be shared.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// Close frees PDFium. Files must be done; later ones get ErrClosed.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	library := p.pdfium
	p.pdfium, p.failure = nil, ErrClosed
	if library == nil {
		return nil
	}
	return library.Close()
}
