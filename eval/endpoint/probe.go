package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/internal/visible"
)

// scoring says how log-probabilities of a text can be had.
type scoring struct {
	maxTokens int    // 0, or 1 where the API does not take 0
	why       string // not at all, and why; else empty
}

// choose finds the model.
func (e *Endpoint) choose(ctx context.Context, name string) error {
	var list modelList
	err := e.client.call(ctx, http.MethodGet, "/models", nil, &list)
	var f *fault
	switch {
	case errors.As(err, &f) && !f.refused() && name != "":
		list.Data = nil // an API may have no list
		e.nothing = f.status == http.StatusNotFound
	case err != nil:
		return err
	}
	var ids []string
	for i := range list.Data {
		m := &list.Data[i]
		ids = append(ids, visible.Text(m.ID))
		if m.ID == name || name == "" && len(list.Data) == 1 {
			name = m.ID
			e.info.ContextWindow = max(m.MaxModelLen, m.Polymath.Window)
			e.info.Fingerprint = m.Polymath.Fingerprint
			if p := m.Polymath; p.Parameters > 0 {
				e.info.Card = append(e.info.Card, eval.CardLine{Name: "architecture", Value: p.Architecture},
					eval.CardLine{Name: "parameters", Value: fmt.Sprintf("%d, %d for each token", p.Parameters, p.Active)})
			}
		}
	}
	if name == "" {
		return fmt.Errorf("%s has %s: choose by --model", e.client.base, some(ids))
	}
	e.model = name
	e.listed = ids
	e.info.Name, e.info.Address = name, e.client.base.String()
	e.info.Card = append([]eval.CardLine{{Name: "endpoint", Value: e.client.base.String()}}, e.info.Card...)
	return nil
}

// some are the first names of a list.
func some(names []string) string {
	const few = 20
	switch {
	case len(names) == 0:
		return "no models"
	case len(names) > few:
		return fmt.Sprintf("%d models, such as %s", len(names), strings.Join(names[:few], ", "))
	}
	if len(names) == 1 {
		return "the model " + names[0]
	}
	return "the models " + strings.Join(names, ", ")
}

// probe finds out what the API can do.
func (e *Endpoint) probe(ctx context.Context, mode string) error {
	if err := e.probeScoring(ctx); err != nil {
		return err
	}
	switch mode {
	case "on":
		e.info.Chat = true
		return nil
	case "off":
		return nil
	}
	_, err := e.Generate(ctx, eval.Request{
		Conversation: chat.Conversation{Messages: []chat.Message{chat.Text(chat.User, "Say yes.")}}, MaxTokens: 16,
	})
	var f *fault
	switch {
	case err == nil:
		e.info.Chat = true
	case !errors.As(err, &f) || f.refused() || f.again():
		return err
	case e.nothing:
		return fmt.Errorf("no API is found at %s (%w): most addresses of one end in /v1", e.client.base, f)
	}
	return nil
}

// probeScoring asks for the log-probabilities of a short text.
func (e *Endpoint) probeScoring(ctx context.Context) error {
	const prompt, continuation = "The sky is", " blue"
	for _, e.score.maxTokens = range []int{0, 1} {
		_, err := e.scoreWhole(ctx, prompt, continuation)
		var f *fault
		switch {
		case err == nil:
			e.score.why, e.nothing = "", false
			return nil
		case errors.Is(err, errNoScores):
			e.score.why, e.nothing = err.Error(), false
			return nil
		case errors.As(err, &f) && f.noModel() && len(e.listed) > 0 && !slices.Contains(e.listed, e.model):
			return fmt.Errorf("%s has no model %q, but %s: choose by --model", e.client.base, e.model, some(e.listed))
		case errors.As(err, &f) && !f.refused() && !f.again():
			e.nothing = e.nothing && f.status == http.StatusNotFound
			e.score.why = fmt.Sprintf("%v: %s", errNoScores, f.message)
		default:
			return err
		}
	}
	return nil
}
