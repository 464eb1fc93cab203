package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/polymath-lm/polymath/align/label"
	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/internal/cli/interrupt"
	"github.com/polymath-lm/polymath/internal/cli/progress"
)

// labelParallel is how many prompts are answered at a time: few, so that the first
// comparisons are there soon.
const labelParallel = 8

// labelWriter lets models answer prompts, for people to compare.
type labelWriter struct {
	a        *app
	store    *label.Store
	flags    *labelFlags
	subjects []*openedSubject
	sources  []label.Source // of each subject
	prompts  []label.Prompt

	mu           sync.Mutex
	done, failed int
	comparisons  int
	identical    int
	first        error // why the first of those that failed did
}

// labelWriter reads the prompts and opens the models; without models it does nothing.
// Its store is still to be set.
func (a *app) labelWriter(ctx context.Context, models []string, o *labelFlags) (*labelWriter, error) {
	w := &labelWriter{a: a, flags: o}
	if len(models) == 0 {
		return w, nil
	}
	err := label.Each(o.prompts, func(p label.Prompt, _ []label.Answer) error {
		if o.limit == 0 || len(w.prompts) < o.limit {
			w.prompts = append(w.prompts, p)
		}
		return nil
	})
	if err == nil && len(w.prompts) == 0 {
		err = fmt.Errorf("%s has no prompts", o.prompts)
	}
	for _, m := range models {
		if err == nil {
			err = w.open(ctx, m)
		}
	}
	if err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// open opens a model; of one at an address the name there may follow a #.
func (w *labelWriter) open(ctx context.Context, model string) error {
	o := w.flags
	flags := o.subject
	if isEndpoint(model) {
		address, name, _ := strings.Cut(model, "#")
		model, flags.model = address, cmp.Or(name, flags.model)
	}
	subject, err := w.a.openSubject(ctx, model, &flags)
	if err != nil {
		return err
	}
	w.subjects = append(w.subjects, subject)
	info := subject.subject.Info()
	source := label.Source{Name: info.Name, Settings: fmt.Sprintf("weights %s, chat %t, temperature %g, top-p %g, at most %d tokens",
		cmp.Or(info.Fingerprint, "unknown at "+model), info.Chat, o.temperature, o.topP, o.maxTokens)}
	if slices.Contains(w.sources, source) {
		return fmt.Errorf("%s is named twice: name another model, or it alone for two answers of it", info.Name)
	}
	w.sources = append(w.sources, source)
	return nil
}

func (w *labelWriter) close() {
	for _, s := range w.subjects {
		s.close()
	}
}

// wanted are the answers to a prompt, without their texts: two draws of one model, or
// one of each.
func (w *labelWriter) wanted() (list []label.Answer, by []eval.Subject) {
	for i, s := range w.subjects {
		list, by = append(list, label.Answer{Source: w.sources[i]}), append(by, s.subject)
	}
	if len(list) == 1 {
		again := list[0]
		again.Draw = 1
		list, by = append(list, again), append(by, by[0])
	}
	return list, by
}

// run answers all prompts, in about their order, and what was answered before not
// again. An interruption is no error; a prompt that cannot be answered is left out.
func (w *labelWriter) run(ctx context.Context) error {
	if len(w.subjects) == 0 {
		return nil
	}
	screen := progress.NewScreen(w.a.Err)
	defer screen.Clear()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	next := make(chan label.Prompt)
	var all sync.WaitGroup
	for range min(labelParallel, max(1, w.subjects[0].subject.Info().Parallel)) {
		all.Go(func() {
			for p := range next {
				if err := w.answer(ctx, p); err != nil {
					stop(err)
				}
				w.show(screen)
			}
		})
	}
	for _, p := range w.prompts {
		select {
		case next <- p:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	all.Wait()
	return w.outcome(screen, context.Cause(ctx))
}

// outcome says what was written, and is the error of a run that an error ended.
func (w *labelWriter) outcome(screen *progress.Screen, err error) error {
	screen.Print(fmt.Sprintf("answers to %d of %s: %s, %d of identical answers left out\n", w.done-w.failed, plural(int64(len(w.prompts)), "prompt"),
		plural(int64(w.comparisons), "new comparison"), w.identical))
	switch {
	case err != nil && !interrupt.Alone(err):
		err = fmt.Errorf("no more answers are written: %w", err)
		screen.Print(err.Error() + "\n")
		return err
	case w.failed > 0:
		err := fmt.Errorf("%s could not be answered; the first: %w", plural(int64(w.failed), "prompt"), w.first)
		screen.Print(err.Error() + "\n")
		if w.failed == w.done {
			return err
		}
	}
	return nil
}

func (w *labelWriter) show(screen *progress.Screen) {
	w.mu.Lock()
	defer w.mu.Unlock()
	screen.Show(fmt.Sprintf("  %s answers to %d of %d prompts", progress.Bar(shareDone(w.done, len(w.prompts)), 40), w.done, len(w.prompts)))
}

// answer gets what is missing of the answers to a prompt and keeps them. An error
// ends all: the models cannot be reached, or nothing can be kept.
func (w *labelWriter) answer(ctx context.Context, p label.Prompt) error {
	have, err := w.store.Answers(ctx, p)
	if err != nil {
		return err
	}
	list, by := w.wanted()
	for i := range list {
		for _, h := range have {
			if h.Source == list[i].Source && h.Draw == list[i].Draw {
				list[i].Text, by[i] = h.Text, nil
			}
		}
		if by[i] == nil {
			continue
		}
		list[i].Text, err = w.ask(ctx, by[i], p, &list[i])
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, eval.ErrUnavailable):
			return err
		case err != nil:
			w.fail(err)
			return nil
		}
	}
	added, err := w.store.Add(ctx, p, list)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done++
	w.comparisons += added.Comparisons
	w.identical += added.Identical
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (w *labelWriter) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done++
	w.failed++
	w.first = cmp.Or(w.first, err)
}

// ask has a model answer a prompt as the answer's source and draw say.
func (w *labelWriter) ask(ctx context.Context, s eval.Subject, p label.Prompt, a *label.Answer) (string, error) {
	seed, err := w.store.AnswerSeed(p, a.Source, a.Draw)
	if err != nil {
		return "", err
	}
	r := eval.Request{MaxTokens: w.flags.maxTokens, Temperature: w.flags.temperature, TopP: w.flags.topP, Seed: seed}
	switch {
	case s.Info().Chat:
		r.Conversation = chat.Conversation{Messages: p.Messages}
	case len(p.Messages) > 1:
		return "", fmt.Errorf("%s answers no conversations, and a prompt is one", s.Info().Name)
	default:
		for _, part := range p.Messages[0].Content {
			r.Prompt += part.Text
		}
	}
	answer, err := s.Generate(ctx, r)
	switch {
	case err != nil:
		return "", err
	case answer.Cut > 0:
		return "", fmt.Errorf("the prompt is %d tokens too long for %s", answer.Cut, s.Info().Name)
	}
	return strings.TrimSpace(answer.Text), nil
}
