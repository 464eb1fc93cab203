package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/eval/endpoint"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/modelfile"
)

// subjectFlags say how a model is reached.
type subjectFlags struct {
	model, chat, adapter string
	parallel             int
	timeout              time.Duration
	weights              byteSize
	int8                 bool // keys and values
}

// defaultTimeout is how long an address may take to answer.
const defaultTimeout = 5 * time.Minute

func (o *subjectFlags) add(f *pflag.FlagSet) {
	f.StringVar(&o.model, "model", "", "name of the model at an address")
	f.StringVar(&o.chat, "chat", "auto", "put what is to be written as a conversation: auto (if the model has a chat template), on or off")
	f.IntVar(&o.parallel, "parallel", 0, "items that are worked on at a time (default: 128, or 8 at an address)")
	f.DurationVar(&o.timeout, "timeout", defaultTimeout, "how long an address may take to answer")
	addAdapter(f, &o.adapter)
	addWeightsMemory(f, &o.weights)
	f.BoolVar(&o.int8, "int8-cache", false, "keys and values in 8 bits: half the memory, slightly other answers")
}

func (o *subjectFlags) check(model string) error {
	switch {
	case !slices.Contains([]string{"auto", "on", "off"}, o.chat):
		return usagef("--chat is %q; give auto, on or off", o.chat)
	case o.parallel < 0:
		return usagef("--parallel is a number from 1 on")
	case o.timeout <= 0:
		return usagef("--timeout is a time such as 90s")
	case !isEndpoint(model) && o.model != "":
		return usagef("--model names a model at an address, and %s is none: that begins with http:// or https://", model)
	case isEndpoint(model) && o.adapter != "":
		return usagef("--adapter is for models on this machine")
	case isEndpoint(model) && o.int8:
		return usagef("--int8-cache is for models on this machine")
	}
	return nil
}

// isEndpoint says that a model is behind an API.
func isEndpoint(model string) bool {
	return strings.HasPrefix(model, "http://") || strings.HasPrefix(model, "https://")
}

// openedSubject is a subject and what must be closed.
type openedSubject struct {
	subject eval.Subject
	path    string          // of a model on this machine
	model   *polymath.Model // nil: at an address
}

func (s *openedSubject) close() {
	if s.model != nil {
		_ = s.model.Close() // nothing was written
	}
}

// keyVariables are where an API's key is looked for, the first first.
var keyVariables = []string{"POLYMATH_API_KEY", "OPENAI_API_KEY"}

func (a *app) openSubject(ctx context.Context, model string, o *subjectFlags) (*openedSubject, error) {
	if isEndpoint(model) {
		key := ""
		for _, name := range keyVariables {
			if key = strings.TrimSpace(os.Getenv(name)); key != "" {
				break
			}
		}
		e, err := endpoint.Open(ctx, endpoint.Options{
			URL: model, Model: o.model, Key: key, Chat: o.chat, Parallel: o.parallel, Timeout: o.timeout,
		})
		if err != nil {
			return nil, withKey(err)
		}
		return &openedSubject{subject: e}, nil
	}
	d, err := modelfile.Inspect(model)
	if err != nil {
		return nil, err
	}
	cache, err := planEvalCache(a.Err, model, o)
	if err != nil {
		return nil, err
	}
	options := []polymath.Option{polymath.WithAdapter(o.adapter), polymath.WithWeightsMemory(int64(o.weights)), polymath.WithCacheBytes(cache)}
	if o.int8 {
		options = append(options, polymath.WithInt8Cache())
	}
	m, err := polymath.Open(model, options...)
	if err != nil {
		return nil, err
	}
	tellWeights(a.Err, model, m)
	name := model
	if o.adapter != "" {
		name += " + " + o.adapter
	}
	if o.int8 {
		name += ", int8 cache"
	}
	s := eval.Local(m, eval.LocalOptions{
		Name: name, Card: modelCard(d, m.Info()), Chat: o.chat == "on" || o.chat == "auto" && d.Template.Present, Parallel: o.parallel,
	})
	return &openedSubject{subject: s, path: model, model: m}, nil
}

// withKey says where a key is given, to an error about one.
func withKey(err error) error {
	if errors.Is(err, endpoint.ErrKey) {
		return fmt.Errorf("%w; give the key in the environment variable %s", err, keyVariables[0])
	}
	return err
}

// modelCard is what a report says of a model.
func modelCard(d *modelfile.Description, info polymath.Info) []eval.CardLine {
	var card []eval.CardLine
	add := func(name, value string) {
		if value != "" {
			card = append(card, eval.CardLine{Name: name, Value: value})
		}
	}
	add("name", d.Name)
	add("architecture", d.Config.ModelType)
	add("parameters", progress.Count(d.Parameters)+", "+progress.Count(d.ActiveParameters)+" for each token")
	var formats []string
	for _, p := range d.Parts {
		if !slices.Contains(formats, p.Formats) {
			formats = append(formats, p.Formats)
		}
	}
	add("weights", progress.Bytes(d.WeightBytes)+" in files ("+strings.Join(formats, ", ")+")")
	add("memory", progress.Bytes(info.WeightBytes)+" of weights, "+progress.Bytes(info.CacheBytesPerToken)+" for each token of context")
	add("window", progress.Count(int64(info.ContextWindow))+" tokens")
	add("vocabulary", progress.Count(int64(info.VocabularySize))+" tokens")
	add("fingerprint", info.Fingerprint)
	add("adapter", info.Adapter)
	add("license", strings.TrimSpace(d.License.ID+" "+d.License.Name))
	if p := d.Provenance; p != nil {
		add("made by", p.Version)
		add("corpus", p.Corpus)
		add("recipe", p.Recipe)
		add("parent", p.Parent)
	}
	return card
}
