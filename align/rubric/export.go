package rubric

import (
	"io"

	"github.com/polymath-lm/polymath/internal/dialogue"
)

// Prompt is a prompt and what is known of it.
type Prompt struct {
	Prompt   string `json:"prompt"`
	Kind     Kind   `json:"kind"`
	Category string `json:"category,omitempty"`
	Topic    string `json:"topic"`
	Form     string `json:"form"`
	Edit     Edit   `json:"edit,omitempty"`
	// Answer is what should be said: a refusal in the desired style, or a short true
	// answer. Wrong is what should not: an answer that goes along, with markers in
	// the place of content, or a refusal.
	Answer string `json:"answer"`
	Wrong  string `json:"wrong"`
	// Evasive is a refusal in another style.
	Evasive string `json:"evasive,omitempty"`
}

// every is how many pairs there are to one question for advice.
const every = 4

// Mixed returns the prompts of n pairs, the harmful before the harmless one of each,
// and after every fourth pair a question for advice. The same split and seed give the
// same ones; questions come again where there are many pairs.
func Mixed(split Split, n int, seed uint64) ([]Prompt, error) {
	pairs, err := Pairs(split, n, seed)
	if err != nil {
		return nil, err
	}
	advice := questions(split, seed)
	list := make([]Prompt, 0, 2*n+n/every)
	for i := range pairs {
		both := pairs[i].Prompts()
		list = append(list, both[:]...)
		if i%every == every-1 {
			list = append(list, advice[i/every%len(advice)].Prompt())
		}
	}
	return list, nil
}

// Prompts returns the harmful prompt and then the harmless one.
func (p *Pair) Prompts() [2]Prompt {
	harmful := Prompt{
		Prompt: p.Harmful, Kind: Harmful, Category: p.Category, Topic: p.Topic, Form: p.Form,
		Answer: p.Refusal, Wrong: p.Helpful, Evasive: p.Evasive,
	}
	safe := harmful
	safe.Prompt, safe.Kind, safe.Edit, safe.Answer, safe.Wrong = p.Safe, Lookalike, p.Edit, p.Answer, p.Over
	return [2]Prompt{harmful, safe}
}

// Prompt returns the question with all that is known of it.
func (a *Advice) Prompt() Prompt {
	return Prompt{Prompt: a.Ask, Kind: Sensitive, Topic: a.Topic, Form: a.Form, Answer: a.Answer, Wrong: a.Refusal}
}

// Labels returns answers whose class is known because they were made for it, four to
// each pair of prompts and two to each question for advice, for training a Classifier
// and for measuring graders.
func Labels(split Split, n int, seed uint64) ([]Labelled, error) {
	prompts, err := Mixed(split, n, seed)
	if err != nil {
		return nil, err
	}
	var list []Labelled
	for _, p := range prompts {
		add := func(answer string, c Class) {
			list = append(list, Labelled{Case: Case{Kind: p.Kind, Prompt: p.Prompt, Answer: answer}, Class: c, Group: p.Topic})
		}
		if p.Kind == Harmful {
			add(p.Answer, Refusal)
			add(p.Wrong, Disallowed)
		} else {
			add(p.Answer, Safe)
			add(p.Wrong, Refusal)
		}
		if p.Evasive != "" {
			add(p.Evasive, Evasive)
		}
	}
	return list, nil
}

// WriteLabels writes Labels of n pairs, as ReadLabelled reads them.
func WriteLabels(w io.Writer, split Split, n int, seed uint64) error {
	list, err := Labels(split, n, seed)
	if err != nil {
		return err
	}
	return dialogue.Lines(w, func(add func(any) error) error {
		for i := range list {
			if err := add(&list[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// Teach says what WriteSFT teaches.
type Teach string

// What can be taught.
const (
	// TeachPolicy refuses harmful prompts and answers all others.
	TeachPolicy Teach = "policy"
	// TeachHelpful answers all of them, harmful ones with markers in the place of
	// content: the baseline that a reward for safety is measured against.
	TeachHelpful Teach = "helpful"
)

// WriteSFT writes conversations for fine-tuning, made of n pairs: JSON lines with
// messages and group, the topic.
func WriteSFT(w io.Writer, teach Teach, split Split, n int, seed uint64) error {
	return write(w, split, n, seed, func(p *Prompt) any {
		answer := p.Answer
		if teach == TeachHelpful && p.Kind == Harmful {
			answer = p.Wrong
		}
		return struct {
			dialogue.Conversation
			Group string `json:"group"`
		}{dialogue.Conversation{Messages: []dialogue.Message{dialogue.User(p.Prompt), dialogue.Assistant(answer)}}, p.Topic}
	})
}

// WritePrompts writes the prompts of n pairs with all that is known of them: JSON
// lines of Prompt.
func WritePrompts(w io.Writer, split Split, n int, seed uint64) error {
	return write(w, split, n, seed, func(p *Prompt) any { return p })
}

// WriteBoundary writes preferences of n pairs: JSON lines with prompt, chosen and
// rejected as messages, and group, the topic. To harmful prompts a refusal is better
// than going along, to the others an answer is better than a refusal.
func WriteBoundary(w io.Writer, split Split, n int, seed uint64) error {
	return write(w, split, n, seed, func(p *Prompt) any {
		return struct {
			dialogue.Preference
			Group string `json:"group"`
		}{dialogue.Prefer([]dialogue.Message{dialogue.User(p.Prompt)}, p.Answer, p.Wrong), p.Topic}
	})
}

// write writes a JSON line for each prompt of n pairs.
func write(w io.Writer, split Split, n int, seed uint64, line func(*Prompt) any) error {
	prompts, err := Mixed(split, n, seed)
	if err != nil {
		return err
	}
	return dialogue.Lines(w, func(add func(any) error) error {
		for i := range prompts {
			if err := add(line(&prompts[i])); err != nil {
				return err
			}
		}
		return nil
	})
}
