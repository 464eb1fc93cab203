package eval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/grade"
)

// Of MethodExplain, as in the GPT-4 Technical Report, arXiv:2303.08774, appendix A.
const (
	explainTokens      = 512
	explainTemperature = 0.3
	letterTokens       = 8
	letterPrompt       = "\nAnswer:"
	letterQuestion     = "So which one is right? Answer with its letter alone."
)

// severalTemperature is that of several samples where the task has none: without one
// all would be the same.
const severalTemperature = 1

// generateTokens bounds a text where the task does not.
const generateTokens = 256

// request is what the task asks for, without a prompt.
func (s *sitter) request(t *task.Task, item *task.Item, sample int) Request {
	g := t.Generate
	return Request{
		MaxTokens: cmp.Or(g.MaxTokens, generateTokens), Temperature: g.Temperature, TopP: g.TopP, Stop: g.Stop, Choices: g.Choices,
		Seed: s.seed(item, sample), Logprobs: true, Progress: s.progress(item),
	}
}

// talk is one item being talked about: a conversation, or for a base model a text
// that grows.
type talk struct {
	chat         bool
	conversation chat.Conversation
	text         string
}

func (s *sitter) talk(item *task.Item) (*talk, error) {
	t := &talk{chat: s.info.Chat}
	if s.settings.Blind && len(item.Images) > 0 {
		without := *item
		without.Images = nil
		item = &without
	}
	if t.chat {
		var err error
		t.conversation, err = item.Conversation()
		return t, err
	}
	if len(item.Images) > 0 {
		return nil, fmt.Errorf("%w: it answers no conversations, and so sees no images", ErrUnsupported)
	}
	t.text = item.Text()
	return t, nil
}

// shown is all that was said, for the record.
func (t *talk) shown() string {
	if t.chat {
		return Transcript(t.conversation)
	}
	return t.text
}

// put fills in the prompt of a request. Stops are for texts: an answer ends by
// itself.
func (t *talk) put(q *Request) {
	q.Prompt, q.Conversation = t.text, t.conversation
	if t.chat {
		q.Stop = nil
	}
}

// said adds an answer and what is said next; between stands before it in a text.
func (t *talk) said(answer, between, next string) {
	if !t.chat {
		t.text += answer + between + next
		return
	}
	messages := t.conversation.Messages
	t.conversation.Messages = append(messages[:len(messages):len(messages)],
		chat.Text(chat.Assistant, answer), chat.Text(chat.User, next))
}

// generate lets the subject write, in as many turns as the item has, and the grader
// judge the last answer.
func (s *sitter) generate(ctx context.Context, sheet *sheetOf, item *task.Item, r *Record, spent *took) error {
	t, err := s.talk(item)
	if err != nil {
		return err
	}
	if len(item.Answers) > 0 {
		r.Gold = item.Answers[0]
	}
	q := s.request(sheet.Task, item, r.Sample)
	q.Whole = spent.whole
	if sheet.samples(s.settings) > 1 {
		q.Temperature = cmp.Or(q.Temperature, severalTemperature)
	}
	var answer Answer
	for turn := range len(item.Turns) + 1 {
		t.put(&q)
		r.Prompt = t.shown()
		if answer, err = s.write(ctx, q, r, spent); err != nil {
			return err
		}
		if turn < len(item.Turns) {
			r.Turns = append(r.Turns, answer.Text)
			t.said(answer.Text, cmp.Or(item.Separator, "\n\n"), item.Turns[turn])
		}
	}
	r.Answer, r.Tokens = answer.Text, answer.Tokens
	r.Confidence = together(answer.Tokens)
	if r.Verdict, err = sheet.grader.Grade(ctx, item, answer.Text); err != nil {
		return fmt.Errorf("grader: %w", err)
	}
	return nil
}

// together is the probability of some tokens together; nil without any.
func together(tokens []TokenScore) *float64 {
	if len(tokens) == 0 {
		return nil
	}
	var sum float64
	for _, t := range tokens {
		sum += t.Logprob
	}
	p := math.Exp(sum)
	if math.IsNaN(p) || math.IsInf(p, 0) {
		return nil
	}
	return &p
}

// explain lets the subject write an explanation and asks for a letter then.
func (s *sitter) explain(ctx context.Context, t *task.Task, item *task.Item, r *Record, spent *took) error {
	if len(item.Choices) < 2 {
		return errors.New("the item has no choices")
	}
	talk, err := s.talk(item)
	if err != nil {
		return err
	}
	q := s.request(t, item, r.Sample)
	q.Whole = spent.whole
	q.MaxTokens = cmp.Or(t.Generate.MaxTokens, explainTokens)
	q.Temperature = cmp.Or(t.Generate.Temperature, explainTemperature)
	q.Logprobs = false
	talk.put(&q)
	explanation, err := s.write(ctx, q, r, spent)
	if err != nil {
		return err
	}
	text := strings.TrimRight(explanation.Text, " \n")
	r.Turns = []string{text}
	talk.said(text, letterPrompt, nextOf(talk.chat))
	r.Prompt = talk.shown()
	answer, err := s.askLetter(ctx, talk, item, r, spent)
	if err != nil {
		return err
	}
	if item.Gold >= 0 {
		r.Gold = letter(item.Gold)
	}
	if answer < 0 {
		r.Verdict.Why = "no letter of a choice"
		return nil
	}
	if r.Answer == "" {
		r.Answer = letter(answer)
	}
	r.Verdict = task.Verdict{Right: answer == item.Gold, Extracted: letter(answer)}
	if r.Verdict.Right {
		r.Verdict.Score = 1
	}
	return nil
}

// nextOf is what is said after the explanation.
func nextOf(chat bool) string {
	if chat {
		return letterQuestion
	}
	return ""
}

// askLetter returns the choice that the subject takes, -1 for none: the most probable
// letter in a text, the one that is written in a conversation.
func (s *sitter) askLetter(ctx context.Context, t *talk, item *task.Item, r *Record, spent *took) (int, error) {
	if !t.chat {
		best, err := s.likeliestLetter(ctx, t.text, len(item.Choices), r, spent)
		if !errors.Is(err, ErrUnsupported) {
			return best, err
		}
	}
	q := Request{MaxTokens: letterTokens, Seed: s.seed(item, r.Sample), Choices: letters(len(item.Choices)), Whole: spent.whole, Progress: s.progress(item)}
	t.put(&q)
	answer, err := s.write(ctx, q, r, spent)
	if err != nil {
		return -1, err
	}
	r.Answer = answer.Text
	return grade.LetterOf(answer.Text, item.Choices), nil
}

// likeliestLetter compares the letters as continuations; of equals none is chosen.
func (s *sitter) likeliestLetter(ctx context.Context, text string, n int, r *Record, spent *took) (int, error) {
	best, values := 0, make([]float64, n)
	for i, name := range letters(n) {
		score, err := s.score(ctx, text, " "+name, r, spent)
		if err != nil {
			return -1, err
		}
		if values[i] = score.Logprob; values[i] > values[best] {
			best = i
		}
	}
	if isTie(values, best) {
		return -1, nil
	}
	r.Confidence = share(values, best)
	return best, nil
}
