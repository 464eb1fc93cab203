package quickstart

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/polymath-lm/polymath/align/question"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/dialogue"
	"github.com/polymath-lm/polymath/task"
)

// Talks are the conversations that were made.
type Talks struct {
	// Entries are the names that the text says something of.
	Entries int                  `json:"entries"`
	Number  int                  `json:"number"`
	Made    map[question.Way]int `json:"made"` // of them, by way
}

// talksName is the file of conversations, below assistantDir.
const talksName = "talks.jsonl"

// talkShares are how often is asked in which way. What can be copied from a text is
// learned in the time, what is to be known by heart hardly.
var talkShares = map[question.Way]float64{
	question.Memory: 0.25, question.Given: 0.35, question.Missing: 0.15, question.Absent: 0.1, question.Refuse: 0.15,
}

// asks are the questions: short answers in words.
var asks = []question.Ask{question.AskDoes, question.AskIs, question.AskMeaning, question.AskCell, question.AskSays}

const (
	// leastEntries is the fewest names of which an assistant is made.
	leastEntries = 100
	// namesHeldOut is the share of names that are kept for the questions afterwards.
	namesHeldOut = 0.1
	// mostTalks bounds the disk's space.
	mostTalks = 200_000
	talkSeed  = 1
	askedSeed = 2
	// signTokens are those that say who speaks.
	signTokens = 12
)

// noTalksError says why a text gives no conversations.
type noTalksError struct{ problem string }

func (e *noTalksError) Error() string { return e.problem }

// makeTalks reads what the text says of names, and writes conversations of about so many
// tokens and the questions that are asked afterwards.
func (s *session) makeTalks(ctx context.Context, tokens float64) (*Talks, error) {
	set, err := question.Read(ctx, s.talkSources())
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, question.ErrNothing):
		return nil, &noTalksError{"the text has no doc comments, tables, dictionaries or headings to make questions of"}
	case err != nil:
		return nil, &noTalksError{err.Error()}
	}
	t := &Talks{Entries: len(set.Entries())}
	if t.Entries < leastEntries {
		return nil, &noTalksError{fmt.Sprintf("the text says something of %d names, and %d are the least to make questions of", t.Entries, leastEntries)}
	}
	if err := os.MkdirAll(s.path(assistantDir), 0o777); err != nil {
		return nil, err
	}
	_, err = atomicfile.Write(s.path(assistantDir, talksName), func(w io.Writer) error {
		t.Made, err = s.writeTalks(w, set, tokens)
		return err
	})
	if err == nil {
		err = s.makeAsked(set)
	}
	if errors.Is(err, question.ErrNothing) {
		return nil, &noTalksError{err.Error()}
	}
	for _, n := range t.Made {
		t.Number += n
	}
	return t, err
}

// talkSources are the text: of the Go toolchain's sources the standard library's. What
// is taken of it fits the rows of training.
func (s *session) talkSources() question.Sources {
	const perAnswer, perPassage = 0.55, 1.3 // characters by tokens of a row
	row := float64(s.state.Tokens.Shape.Sequence)
	q := question.Sources{
		Paths:  []string{s.Text},
		Limits: question.Limits{Subject: 60, Answer: int(perAnswer * row), Passage: int(perPassage * row)},
		Observe: func(done, all int) {
			s.Screen.Show(fmt.Sprintf("  %-12s %s", "reading docs", progress.Bar(float64(done)/float64(max(all, 1)), 30)))
		},
	}
	if s.Text == "" {
		q.Paths = []string{strings.TrimSuffix(s.state.Tokens.Root, "/") + "/src/**/*.go"}
		q.Exclude = []string{"**/testdata", "**/internal", "**/vendor", "cmd"}
	}
	return q
}

// errEnough ends the making of conversations.
var errEnough = errors.New("there are enough")

// talk is a conversation and what it is about.
type talk struct {
	Group string `json:"group"`
	dialogue.Conversation
}

// writeTalks writes conversations, as many as make so many tokens, about.
func (s *session) writeTalks(w io.Writer, set *question.Set, tokens float64) (map[question.Way]int, error) {
	made := map[question.Way]int{}
	o := s.talkOptions(question.Train, mostTalks)
	return made, dialogue.Lines(w, func(add func(any) error) error {
		_, err := question.Each(set, o, func(item *question.Item) error {
			if tokens <= 0 {
				return errEnough
			}
			tokens -= signTokens + float64(len(item.Prompt)+len(item.Answer))/s.state.Tokens.BytesPerToken
			made[item.Way]++
			messages := []dialogue.Message{dialogue.User(item.Prompt), dialogue.Assistant(item.Answer)}
			return add(talk{item.Group, dialogue.Conversation{Messages: messages}})
		})
		if errors.Is(err, errEnough) {
			return nil
		}
		return err
	})
}

func (s *session) talkOptions(split question.Split, number int) question.Options {
	return question.Options{Split: split, Number: number, Seed: talkSeed, HeldOut: namesHeldOut, Shares: talkShares, Asks: asks}
}

// askedTasks are the tasks of the assistant, and the ways of their questions.
var askedTasks = []struct {
	name string
	ways []question.Way
}{
	{"asked_text", []question.Way{question.Given}},
	{"asked_memory", []question.Way{question.Memory}},
	{"asked_missing", []question.Way{question.Missing, question.Absent}},
	{"asked_refuse", []question.Way{question.Refuse}},
}

// makeAsked writes the tasks with questions about held-out names, in forms that were
// held out too.
func (s *session) makeAsked(set *question.Set) error {
	rows := map[question.Way][]task.Row{}
	// Of the rarest way there are enough among so many; where names are few it ends before.
	o := s.talkOptions(question.Test, 12*mostAsked)
	o.Seed = askedSeed
	_, err := question.Each(set, o, func(item *question.Item) error {
		rows[item.Way] = append(rows[item.Way], task.Row{
			"id": fmt.Sprintf("%s-%d", item.Way, len(rows[item.Way])), "section": string(item.Way), "cluster": item.Group,
			"question": item.Prompt, "answer": item.Answer, "kind": string(item.Safety),
		})
		return nil
	})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.path(examDir), 0o777); err != nil {
		return err
	}
	for _, t := range askedTasks {
		var list []task.Row
		for _, way := range t.ways {
			list = append(list, rows[way][:min(len(rows[way]), mostAsked/len(t.ways))]...)
		}
		if len(list) < tooFew {
			s.skip(t.name, fmt.Sprintf("the text gives %d such questions about held-out names, and %d are the least", len(list), tooFew))
			continue
		}
		if _, err := s.writeTask(t.name, list); err != nil {
			return err
		}
	}
	return nil
}
