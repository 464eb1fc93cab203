package eval

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/task"
)

// sitter puts items to a subject. Goroutines share it.
type sitter struct {
	subject  Subject
	info     SubjectInfo
	settings *Settings
	memo     memo
	reading  func(Reading) // nil: nobody wants to know
}

// sheetOf is what answers to the items of one task have in common.
type sheetOf struct {
	*Sheet
	grader task.Grader // nil for methods that need none
}

// took is what an answer took, and what it is held to, beside what its record says.
type took struct {
	cached int
	whole  bool // nothing may be cut
}

// answer puts one item to the subject. What goes wrong with the item is in the
// record; an error ends the task or the run: it wraps ErrUnsupported or
// ErrUnavailable, or is that of ctx.
func (s *sitter) answer(ctx context.Context, sheet *sheetOf, u unit) (Record, took, error) {
	item := &sheet.Items[u.item]
	r := Record{
		Task: item.Task, Item: item.ID, Number: item.Number,
		Section: item.Section, Cluster: item.Cluster, Sample: u.sample,
	}
	r.locate(item.Row)
	t := took{whole: sheet.Task.Whole || r.Length > 0}
	var err error
	switch sheet.Task.Method {
	case task.MethodChoice:
		err = s.choice(ctx, sheet.Task, item, &r, &t)
	case task.MethodPair:
		err = s.pair(ctx, item, &r, &t)
	case task.MethodCloze:
		err = s.cloze(ctx, item, &r, &t)
	case task.MethodText:
		if sheet.Task.ByPosition {
			err = s.byPosition(ctx, item, &r, &t)
		} else {
			err = s.text(ctx, item, &r, &t)
		}
	case task.MethodExplain:
		err = s.explain(ctx, sheet.Task, item, &r, &t)
	case task.MethodGenerate:
		err = s.generate(ctx, sheet, item, &r, &t)
	default:
		err = fmt.Errorf("no method is called %q", sheet.Task.Method)
	}
	switch {
	case err == nil:
		return r, t, nil
	case ctx.Err() != nil:
		return r, t, ctx.Err()
	case errors.Is(err, ErrUnsupported):
		return r, t, err
	case r.unfit(err):
		return r, t, nil
	}
	r.Error = err.Error()
	r.Verdict, r.Scores, r.Confidence = task.Verdict{}, nil, nil
	if errors.Is(err, ErrUnavailable) {
		return r, t, err
	}
	return r, t, nil
}

// score asks for one score and counts what it took.
func (s *sitter) score(ctx context.Context, prompt, continuation string, r *Record, t *took) (Score, error) {
	score, err := s.ask(ctx, prompt, continuation)
	if err == nil {
		r.Cut = max(r.Cut, score.Cut)
		r.PromptTokens += score.PromptTokens
		t.cached += score.CachedTokens
		if score.Cut > 0 && t.whole {
			err = &WindowError{
				Prompt: score.PromptTokens + score.Cut, Window: s.info.ContextWindow,
				Err: fmt.Errorf("%d tokens of the prompt have no room", score.Cut),
			}
		}
	}
	return score, err
}

// ask asks for a score.
func (s *sitter) ask(ctx context.Context, prompt, continuation string) (Score, error) {
	return finite(s.subject.Score(ctx, prompt, continuation))
}

// finite refuses a score that is no number.
func finite(score Score, err error) (Score, error) {
	if err == nil && (math.IsNaN(score.Logprob) || math.IsInf(score.Logprob, 0)) {
		err = fmt.Errorf("the model gives a log-probability of %v", score.Logprob)
	}
	return score, err
}

// write asks for a text and counts what it took.
func (s *sitter) write(ctx context.Context, q Request, r *Record, t *took) (Answer, error) {
	answer, err := s.subject.Generate(ctx, q)
	if err == nil {
		r.Cut = max(r.Cut, answer.Cut)
		r.PromptTokens += answer.PromptTokens
		r.CompletionTokens += answer.CompletionTokens
		t.cached += answer.CachedTokens
	}
	return answer, err
}

// seed is where the random choices of a sample begin. It differs from item to item:
// with one for all, the luck of one would be that of all. It is a number that APIs take,
// of 53 bits.
func (s *sitter) seed(item *task.Item, sample int) uint64 {
	h := sha256.New()
	fmt.Fprintf(h, "%d\x00%s\x00%s\x00%d", s.settings.Seed, item.Task, item.ID, sample)
	return binary.LittleEndian.Uint64(h.Sum(nil)) >> 11
}

// letters are the names of n choices.
func letters(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = letter(i)
	}
	return list
}

// letter is the name of a choice: A to Z, then numbers from 27 on.
func letter(i int) string {
	if i < 26 {
		return string(rune('A' + i))
	}
	return fmt.Sprint(i + 1)
}

// Transcript is a conversation as records show it: the role of each message on a line
// of its own in brackets, then its text.
func Transcript(c chat.Conversation) string {
	var b strings.Builder
	for _, m := range c.Messages {
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "[%s]\n", m.Role)
		for _, p := range m.Content {
			if p.Image != nil {
				b.WriteString("(image)\n")
				continue
			}
			b.WriteString(p.Text)
		}
	}
	return b.String()
}
