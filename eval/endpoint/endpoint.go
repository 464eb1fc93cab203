// Package endpoint puts examinations to a model behind an API like OpenAI's, be it
// chat/completions, completions or both.
//
// The key goes to the host it was given for and to no other, encrypted unless that is
// this machine, and stands in no message.
package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/polymath-lm/polymath/eval"
)

// Options say where the model is and how to ask it.
type Options struct {
	// URL is the API's, such as https://api.example.com/v1; without a scheme it is https.
	URL string
	// Model is its name there; it may be empty where there is only one.
	Model string
	// Key is the API key; empty sends none.
	Key string
	// Chat is auto, on or off: whether items to be generated are put to it as
	// conversations. Auto is on where chat/completions answers.
	Chat string
	// Parallel is how many requests are under way at once; 0 is 8.
	Parallel int
	// Timeout is how long one attempt may take, Retries how many follow the first;
	// 0 are 5 minutes and 6, and less than 0 is no retry.
	Timeout time.Duration
	Retries int
	// MaxResponse bounds an answer in bytes; 0 is 64 MiB.
	MaxResponse int64

	transport http.RoundTripper                          // for tests
	wait      func(context.Context, time.Duration) error // for tests
}

// Defaults of Options.
const (
	defaultParallel    = 8
	defaultTimeout     = 5 * time.Minute
	defaultRetries     = 6
	defaultMaxResponse = 64 << 20
)

func (o *Options) setDefaults() {
	if o.Parallel <= 0 {
		o.Parallel = defaultParallel
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Retries == 0 {
		o.Retries = defaultRetries
	}
	if o.MaxResponse <= 0 {
		o.MaxResponse = defaultMaxResponse
	}
	if o.wait == nil {
		o.wait = wait
	}
}

// Endpoint is a model behind an API. Goroutines share it.
type Endpoint struct {
	client client
	model  string
	info   eval.SubjectInfo
	score  scoring

	// From the first requests: the models' names, and whether every path that was
	// asked for is unknown.
	listed  []string
	nothing bool

	mu      sync.Mutex
	dropped map[string]bool // fields that the API does not take
}

// Open asks the API which models it has and what it can do, with a few short
// requests. Errors name what to change.
func Open(ctx context.Context, o Options) (*Endpoint, error) {
	o.setDefaults()
	base, err := baseURL(o.URL, o.Key)
	if err != nil {
		return nil, err
	}
	e := &Endpoint{client: newClient(base, &o), dropped: map[string]bool{}}
	if err := e.choose(ctx, o.Model); err != nil {
		return nil, err
	}
	if err := e.probe(ctx, o.Chat); err != nil {
		return nil, err
	}
	e.info.Parallel = o.Parallel
	return e, nil
}

// baseURL checks an address.
func baseURL(text, key string) (*url.URL, error) {
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("the address of the endpoint cannot be read; give one such as https://host/v1") // err has the text, which may hold a password
	case u.User != nil:
		return nil, fmt.Errorf("the address of the endpoint holds a name or password: give the key in POLYMATH_API_KEY instead")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("%s: the scheme is %q; give https or http", text, u.Scheme)
	case u.Host == "":
		return nil, fmt.Errorf("%s: there is no host in it", text)
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("%s: leave out what begins with ? or #", u.Scheme+"://"+u.Host+u.Path) // the rest may be a key
	case u.Scheme == "http" && key != "" && !isLocal(u.Hostname()):
		return nil, fmt.Errorf("%s is not encrypted and there is an API key: use https, or unset POLYMATH_API_KEY and OPENAI_API_KEY", text)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}

// isLocal says that a host is this machine.
func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// Info describes the model. What it writes is not taken to be the same each time,
// whatever the seed.
func (e *Endpoint) Info() eval.SubjectInfo { return e.info }
