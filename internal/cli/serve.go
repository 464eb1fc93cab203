package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/infer"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/energy"
	"github.com/polymath-lm/polymath/serve"
	"github.com/polymath-lm/polymath/serve/ui"
)

// serveFlags are the settings of one command line.
type serveFlags struct {
	host    string
	port    int
	engine  engineFlags
	access  accessFlags
	server  serve.Options
	log     string
	otlp    string
	noUI    bool
	carbon  float64
	dryRun  bool
	portSet bool
	hostSet bool
}

// engineFlags are those of every model that is served.
type engineFlags struct {
	window, batch, queue int
	cache, weights       byteSize
	int8, lookup         bool
	draft, adapter       string
}

// accessFlags say who may ask, and over what.
type accessFlags struct {
	keys        string
	noAuth      bool
	cert, key   string
	autocert    []string
	autocertDir string
	keysSet     bool
}

func (a *app) serveCommand() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve MODEL...",
		Short: "Serve models over OpenAI's HTTP API, with a chat in the browser",
		Long: `Serve answers OpenAI's HTTP API with each MODEL, a directory or a GGUF file. A
model is called as its directory or file is; NAME=PATH gives it another name.

On a loopback address, which only this machine reaches, no API key is asked for
unless --keys names a file. On any other address a key is needed unless
--no-auth says otherwise: 'polymath serve keys add NAME' makes one.

SIGTERM or ctrl-C ends in order: no new connections, requests in progress may
end within --drain-timeout. The same a second time ends at once.

GET /openapi.json describes the API, GET /metrics is for Prometheus, GET /health
and /ready are for whoever watches.`,
		Example: `  polymath serve polymath-quickstart/run/model
  polymath serve small=models/a large=models/b --weights-memory 8GiB
  polymath serve MODEL --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem
  curl http://127.0.0.1:8080/v1/chat/completions \
    -H 'Content-Type: application/json' -d \
    '{"model":"model","messages":[{"role":"user","content":"Hello"}]}'`,
		Annotations: map[string]string{"argument": "MODEL... [flags]"},
		Args:        atLeastOne("MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.portSet, f.hostSet = cmd.Flags().Changed("port"), cmd.Flags().Changed("host")
			f.access.resolve()
			return a.serve(cmd.Context(), args, &f)
		},
	}
	f.define(cmd)
	cmd.AddCommand(a.keysCommand())
	return cmd
}

func (f *serveFlags) define(cmd *cobra.Command) {
	s, l := cmd.Flags(), &f.server.Limits
	s.StringVar(&f.host, "host", "127.0.0.1", "address to listen on; 0.0.0.0 is every one of this machine")
	s.IntVar(&f.port, "port", 8080, "port to listen on; 0 chooses a free one")
	s.IntVar(&f.engine.window, "window", 0, "tokens of prompt and completion together at most; 0 is the model's own limit")
	s.Var(&f.engine.cache, "cache", "memory for keys and values of each model, such as 8GiB; 0 is room for --max-batch full windows, in 1 GiB at most unless 4 windows take more")
	addWeightsMemory(s, &f.engine.weights)
	s.StringVar(&f.engine.adapter, "adapter", "", adapterUsage+", for a single MODEL")
	s.BoolVar(&f.engine.int8, "int8-cache", false, "keys and values in 8 bits: half the memory, slightly other answers")
	s.IntVar(&f.engine.batch, "max-batch", 32, "completions that are worked on at a time, for each model")
	s.IntVar(&f.engine.queue, "queue", 256, "completions that may wait, for each model; more are answered with 503")
	s.BoolVar(&f.engine.lookup, "lookup", false, "guess tokens from what the text holds already: faster where it repeats itself")
	s.StringVar(&f.engine.draft, "draft", "", "small model with the same tokenizer that guesses tokens, for a single MODEL")
	s.StringVar(&f.access.keys, "keys", "", "file of API keys, asked for on a loopback address too; else polymath/keys.json in the user's configuration")
	s.BoolVar(&f.access.noAuth, "no-auth", false, "ask for no keys, on any address")
	s.StringVar(&f.access.cert, "tls-cert", "", "certificate in PEM, for https")
	s.StringVar(&f.access.key, "tls-key", "", "its private key in PEM")
	s.StringArrayVar(&f.access.autocert, "autocert", nil, "get a certificate for this domain from Let's Encrypt, on port 443 of every address; may be given several times")
	s.StringVar(&f.access.autocertDir, "autocert-cache", "", "directory for the certificates of --autocert; else polymath/autocert in the user's cache")
	s.StringArrayVar(&f.server.Origins, "cors", nil, "site whose pages may ask through a browser, such as https://example.org, or *; may be given several times")
	s.StringArrayVar(&f.server.Hosts, "allow-host", nil, "name beside localhost under which a loopback address may be asked, by a proxy; may be given several times")
	s.BoolVar(&f.server.ImageURLs, "allow-image-urls", false, "fetch images that requests name by http(s), from public addresses")
	s.DurationVar(&f.server.Drain, "drain-timeout", 30*time.Second, "how long requests in progress may take at the end")
	s.Int64Var(&l.Body, "max-body", 32<<20, "bytes of a request at most")
	s.IntVar(&l.Connections, "max-connections", 1024, "open connections at most")
	s.StringVar(&f.log, "log", "text", "what to log requests as, on the standard error: text, json or off")
	s.BoolVar(&f.server.LogPrompts, "log-prompts", false, "log what requests say too")
	s.StringVar(&f.otlp, "otlp-endpoint", "", "OpenTelemetry collector that receives traces, such as http://127.0.0.1:4318")
	s.BoolVar(&f.noUI, "no-ui", false, "no chat in the browser")
	addCarbon(s, &f.carbon)
	s.BoolVar(&f.dryRun, "dry-run", false, "say what would be loaded, how much memory it takes and what is in the way, and end")
}

// serve runs the server until ctx ends.
func (a *app) serve(ctx context.Context, args []string, f *serveFlags) error {
	if err := f.check(args); err != nil {
		return err
	}
	plan, err := planServe(args, &f.engine)
	if err != nil {
		return err
	}
	if f.dryRun {
		return f.rehearse(a.Out, plan)
	}
	if err := plan.complete(); err != nil {
		return err
	}
	if err := plan.fits(); err != nil {
		return err
	}
	if f.server.Log, err = newLog(f.log, a.Err); err != nil {
		return err
	}
	listener, err := f.listen(ctx)
	if err != nil {
		return err
	}
	defer listener.Close()
	if err := f.access.apply(f.host, listener.Addr(), &f.server); err != nil {
		return err
	}
	if !f.noUI {
		f.server.UI = ui.Handler()
	}
	plan.print(a.Out)
	plan.printLimits(a.Out, &f.engine)
	models, err := plan.load(ctx, &f.engine)
	defer closeModels(models)
	if err != nil {
		return err
	}
	shutdown, err := f.startTraces(ctx)
	if err != nil {
		return err
	}
	defer shutdown()
	f.server.Meter = energy.Open()
	server, err := serve.New(models, f.server)
	if err != nil {
		return err
	}
	for _, m := range models {
		tellWeights(a.Out, m.Name, m.Model.(*polymath.Model))
	}
	f.announce(a.Out, listener.Addr(), models)
	said := make(chan struct{})
	ending := context.AfterFunc(ctx, func() {
		fmt.Fprintf(a.Err, "polymath: ending; requests in progress have %s, the same signal again ends at once\n", f.server.Drain)
		close(said)
	})
	err = server.Serve(ctx, listener)
	if !ending() {
		<-said
	}
	if spent := f.server.Meter.Spent(f.carbon); spent.Known() {
		fmt.Fprintf(a.Err, "polymath: energy %s\n", spent)
	}
	return err
}

// startTraces sends traces, if they are wanted, until shutdown.
func (f *serveFlags) startTraces(ctx context.Context) (shutdown func(), err error) {
	if f.otlp == "" {
		return func() {}, nil
	}
	traces, end, err := serve.NewTraces(ctx, f.otlp, readVersion())
	if err != nil {
		return nil, usageError{fmt.Errorf("--otlp-endpoint: %w", err)}
	}
	f.server.Traces = traces
	return func() {
		const parting = 5 * time.Second
		ctx, cancel := context.WithTimeout(context.Background(), parting)
		defer cancel()
		_ = end(ctx) // a collector that is gone loses traces, and nothing else
	}, nil
}

// load opens the models of the plan.
func (p *servePlan) load(ctx context.Context, e *engineFlags) ([]serve.Named, error) {
	options := []polymath.Option{
		polymath.WithContextWindow(e.window), polymath.WithMaxBatch(e.batch),
		polymath.WithQueueLimit(e.queue),
		polymath.WithImageLimits(serve.ImageLimits()),
	}
	if e.int8 {
		options = append(options, polymath.WithInt8Cache())
	}
	if e.lookup {
		options = append(options, polymath.WithPromptLookup())
	}
	if e.draft != "" {
		options = append(options, polymath.WithDraft(e.draft))
	}
	if e.adapter != "" {
		options = append(options, polymath.WithAdapter(e.adapter))
	}
	var models []serve.Named
	for _, m := range p.models {
		if err := ctx.Err(); err != nil {
			return models, err
		}
		weights := m.limit
		if weights == 0 { // it fits
			weights = math.MaxInt64
		}
		opened, err := polymath.Open(m.dir, append(slices.Clip(options), polymath.WithWeightsMemory(weights), polymath.WithCacheBytes(m.cache))...)
		if err != nil {
			return models, err
		}
		models = append(models, serve.Named{Name: m.name, Model: opened})
	}
	return models, nil
}

func closeModels(models []serve.Named) {
	for _, m := range models {
		_ = m.Model.(*polymath.Model).Close() // reports nothing
	}
}

// announce says where the server is to be found.
func (f *serveFlags) announce(w io.Writer, at net.Addr, models []serve.Named) {
	url := f.url(at)
	who := "no API key needed"
	if f.server.Keys != "" {
		who = "API keys of " + f.server.Keys
	}
	fmt.Fprintf(w, "\nlistening on %s (%s)\n", url, who)
	if f.server.UI != nil {
		fmt.Fprintf(w, "  chat in the browser   %s/\n", url)
	}
	fmt.Fprintf(w, "  for OpenAI's clients  base URL %s/v1, model %s\n", url, models[0].Name)
}

// url is how a client on this machine reaches the address.
func (f *serveFlags) url(at net.Addr) string {
	scheme, host := "http", f.host
	if f.server.TLS != nil {
		scheme = "https"
	}
	_, port, err := net.SplitHostPort(at.String())
	if err != nil {
		return scheme + "://" + at.String()
	}
	if len(f.access.autocert) > 0 {
		host = f.access.autocert[0]
	} else if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	if scheme == "https" && port == "443" {
		return scheme + "://" + host
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// newLog makes the log of requests.
func newLog(kind string, w io.Writer) (*slog.Logger, error) {
	switch kind {
	case "text":
		return slog.New(slog.NewTextHandler(w, nil)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, nil)), nil
	case "off":
		return nil, nil
	}
	return nil, usagef("--log %s: give text, json or off", kind)
}

// options are the engine's, for a prediction.
func (e *engineFlags) options() infer.Options {
	return infer.Options{
		Window: e.window, MaxBatch: e.batch, CacheBytes: int64(e.cache), Int8: e.int8, QueueLimit: e.queue, Lookup: e.lookup || e.draft != "",
	}
}

// size writes bytes for people.
func size(bytes int64) string { return progress.Bytes(bytes) }

// configDir is a directory below the user's own; the working directory where
// there is none.
func configDir(base func() (string, error), names ...string) string {
	dir, err := base()
	if err != nil {
		dir = "."
	}
	return filepath.Join(append([]string{dir, "polymath"}, names...)...)
}

func defaultKeys() string        { return configDir(os.UserConfigDir, "keys.json") }
func defaultAutocertDir() string { return configDir(os.UserCacheDir, "autocert") }
