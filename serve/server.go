package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"
	"golang.org/x/net/netutil"

	"github.com/polymath-lm/polymath/internal/energy"
)

// Options are the settings of a Server. The zero value asks for no key, serves
// no pages and logs nothing.
type Options struct {
	// Limits bound requests; the zero value is the defaults.
	Limits Limits
	// Keys is the file of API keys; with one, every request for a model needs a
	// key. Empty: none is needed. It is read again when it changes.
	Keys string
	// Origins are the sites whose pages may ask this server through a browser,
	// such as https://example.org; "*" is all of them.
	Origins []string
	// Hosts are names beside localhost under which a server on a loopback
	// address may be asked.
	Hosts []string
	// ImageURLs lets requests name images elsewhere, which are fetched from
	// public addresses only.
	ImageURLs bool
	// UI, if not nil, serves every path that is not the API's.
	UI http.Handler
	// Log receives one record for each request, and faults; nil: nobody does.
	// It holds no text of prompts unless LogPrompts is set.
	Log        *slog.Logger
	LogPrompts bool
	// Traces, if not nil, receives a span for each request; see NewTraces.
	Traces trace.TracerProvider
	// Meter, if not nil, is read for /metrics, and at least every half minute.
	Meter *energy.Meter
	// Drain is how long requests in progress may take when the server ends; 0
	// is 30 seconds.
	Drain time.Duration
	// TLS, if not nil, is used for all connections.
	TLS *tls.Config
}

// Server answers the API. Make one with New.
type Server struct {
	options  Options
	limits   Limits
	log      *slog.Logger
	models   map[string]*entry
	order    []*entry
	keys     *keyring // nil: no keys
	fetcher  *imageFetcher
	large    chan struct{} // holds one for each large body in memory
	gazes    chan struct{} // holds one for each request for attention
	metrics  *metrics
	tracer   trace.Tracer // nil: no traces
	handler  http.Handler
	loopback atomic.Bool
	draining atomic.Bool
	stopped  context.Context // ends when requests in progress are given up
	stop     context.CancelFunc
}

// New makes a server for models, whose names must differ; the first is the one
// that pages choose. The caller closes the models after Serve has returned.
func New(models []Named, o Options) (*Server, error) {
	s := &Server{options: o, limits: o.Limits.withDefaults(), log: o.Log, models: map[string]*entry{}}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.options.Drain == 0 {
		s.options.Drain = 30 * time.Second
	}
	if len(models) == 0 {
		return nil, errors.New("there is no model to serve")
	}
	for _, m := range models {
		if s.models[m.Name] != nil {
			return nil, fmt.Errorf("two models are called %q: give one of them another name", m.Name)
		}
		if err := CheckModelName(m.Name); err != nil {
			return nil, err
		}
		e := newEntry(m)
		s.models[m.Name] = e
		s.order = append(s.order, e)
	}
	if o.Keys != "" {
		var err error
		if s.keys, err = newKeyring(o.Keys, s.log); err != nil {
			return nil, err
		}
	}
	s.large = make(chan struct{}, s.limits.LargeBodies)
	s.fetcher = newImageFetcher(&s.limits, o.ImageURLs, publicAddress)
	s.gazes = make(chan struct{}, maxGazes)
	s.metrics = newMetrics(s.order)
	s.metrics.meter(o.Meter)
	if o.Traces != nil {
		s.tracer = o.Traces.Tracer("github.com/polymath-lm/polymath/serve")
	}
	s.stopped, s.stop = context.WithCancel(context.Background())
	s.handler = s.routes()
	return s, nil
}

// CheckModelName returns an error that says what a name of a model may hold.
func CheckModelName(name string) error {
	const longest = 200
	bad := func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`"\?#%`, r) }
	if name == "" || len(name) > longest || strings.ContainsFunc(name, bad) || slices.Contains([]string{".", ".."}, name) {
		return fmt.Errorf(`%q cannot be a model's name: it is 1 to %d bytes without spaces, ", \, ?, # and %%`, name, longest)
	}
	return nil
}

func newEntry(m Named) *entry {
	e := &entry{Named: m, info: m.Model.Info(), created: time.Now().Unix()}
	e.fingerprint = "fp_" + e.info.Fingerprint[:min(16, len(e.info.Fingerprint))]
	return e
}

// Handler answers requests; Serve is what an operator wants, this is for tests
// and for programs that have a server of their own.
func (s *Server) Handler() http.Handler { return s.handler }

// Serve answers requests from listener until ctx ends. Then it takes no new
// connection, says on /ready that it is going, lets requests in progress end
// for as long as Options.Drain, gives up those that have not, and returns nil.
// It returns an error if listener fails. It may be called once.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	defer s.stop()
	s.loopback.Store(isLoopback(listener.Addr()))
	server := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: s.limits.HeaderTime,
		IdleTimeout:       s.limits.IdleTime,
		MaxHeaderBytes:    s.limits.Header,
		BaseContext:       func(net.Listener) context.Context { return s.stopped },
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		TLSConfig:         s.options.TLS,
	}
	if s.options.Meter != nil {
		defer s.options.Meter.Watch()()
	}
	listener = netutil.LimitListener(listener, s.limits.Connections)
	failed := make(chan error, 1)
	go func() {
		if s.options.TLS != nil {
			failed <- server.ServeTLS(listener, "", "")
			return
		}
		failed <- server.Serve(listener)
	}()
	select {
	case err := <-failed:
		_ = server.Close() // err is what matters
		return err
	case <-ctx.Done():
	}
	return s.drain(server)
}

// drain ends the server in order.
func (s *Server) drain(server *http.Server) error {
	s.draining.Store(true)
	s.log.Info("draining", "limit", s.options.Drain.String())
	ctx, cancel := context.WithTimeout(context.Background(), s.options.Drain)
	defer cancel()
	if server.Shutdown(ctx) == nil {
		return nil
	}
	s.log.Warn("requests given up", "after", s.options.Drain.String())
	s.stop()
	// What has been given up says so to its client, and then there is no more
	// reason to wait.
	const parting = 2 * time.Second
	ctx, cancel = context.WithTimeout(context.Background(), parting)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		_ = server.Close() // connections of clients that do not read
	}
	return nil
}

func isLoopback(a net.Addr) bool {
	where, err := netip.ParseAddrPort(a.String())
	return err == nil && where.Addr().IsLoopback()
}
