package eval

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/tokenizer"
)

const proverbs = `A stitch in time saves nine. Birds of a feather flock together. The early bird catches the worm.
A watched pot never boils. Actions speak louder than words. Look before you leap. Practice makes perfect. `

// openRandom opens a model that knows nothing.
func openRandom(t testing.TB, options ...polymath.Option) *polymath.Model {
	t.Helper()
	text := []byte(proverbs)
	tok, err := tokenizer.Train(slices.Values([][]byte{text, text}), tokenizer.TrainOptions{
		VocabSize: 300, Special: []string{tokenizer.EndOfText, "<|im_start|>", "<|im_end|>"},
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := model.Default(model.Qwen3MoE)
	if err != nil {
		t.Fatal(err)
	}
	cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers = tok.VocabSize(), 32, 2
	cfg.NumHeads, cfg.NumKVHeads, cfg.HeadDim = 4, 2, 16
	cfg.NumExperts, cfg.NumExpertsPerTok, cfg.MoEIntermediateSize = 4, 2, 32
	cfg.MaxPositions = 256
	cfg.InitStd = 0.2 // so that logits differ from token to token
	weights, err := model.New(cfg, 3)
	if err != nil {
		t.Fatal(err)
	}
	m, err := polymath.New(weights, tok, chat.Default(), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// exam are sheets of all methods over texts cut from the proverbs.
func exam(n int) []Sheet {
	random := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields(proverbs)
	some := func(n int) string {
		var list []string
		for range n {
			list = append(list, words[random.IntN(len(words))])
		}
		return strings.Join(list, " ")
	}
	exact := &task.Grading{Exact: &task.Exact{}}
	sheets := []Sheet{
		{Task: &task.Task{Name: "choice", Method: task.MethodChoice, Choice: task.Choice{Unconditional: "Answer:", Norm: task.NormBytes}}},
		{Task: &task.Task{Name: "contexts", Method: task.MethodChoice, Choice: task.Choice{Unconditional: "Answer:"}}},
		{Task: &task.Task{Name: "pair", Method: task.MethodPair}},
		{Task: &task.Task{Name: "cloze", Method: task.MethodCloze}},
		{Task: &task.Task{Name: "text", Method: task.MethodText}},
		{Task: &task.Task{Name: "explain", Method: task.MethodExplain, Generate: task.Generate{MaxTokens: 12}}},
		{Task: &task.Task{Name: "write", Method: task.MethodGenerate, Grader: exact, Generate: task.Generate{MaxTokens: 10, Temperature: 1, Samples: 3}}},
		{Task: &task.Task{Name: "turns", Method: task.MethodGenerate, Grader: exact, Generate: task.Generate{MaxTokens: 6, Choices: []string{"left", "right"}}}},
	}
	for s := range sheets {
		name := sheets[s].Task.Name
		sheets[s].Hash = "hash of " + name
		for i := range n {
			item := task.Item{
				Task: name, ID: fmt.Sprintf("%s-%d", name, i), Number: i, Cluster: fmt.Sprintf("c%d", i/2), Section: []string{"one", "two"}[i%2],
				Prompt: some(6), Before: " ", Separator: "\n\n", Gold: random.IntN(3),
				Answers: []string{some(1), some(1)}, Choices: []string{some(1), some(2), some(3)},
			}
			switch name {
			case "choice", "explain":
				item.Shots = []task.Shot{{Prompt: "A stitch in time", Answer: "saves nine."}, {Prompt: "Look before", Answer: "you leap."}}
			case "contexts":
				item.Contexts, item.Choices, item.Gold = []string{some(4), some(5)}, []string{some(2)}, i%2
			case "pair":
				item.Prompt, item.Choices, item.Gold = "", []string{some(5), some(5)}, i%2
				if i == 0 {
					item.Choices[1] = item.Choices[0]
				}
			case "text":
				item.Prompt = some(5 + 60*(i%3))
			case "turns":
				item.Turns = []string{some(2), some(2)}
			}
			sheets[s].Items = append(sheets[s].Items, item)
		}
	}
	return sheets
}

// vowels is a grader: an answer whose first letter is a vowel is right.
type vowels struct{}

func (vowels) Grade(_ context.Context, item *task.Item, answer string) (task.Verdict, error) {
	if item.Number == 3 {
		return task.Verdict{}, errors.New("the third cannot be graded")
	}
	text := strings.TrimSpace(answer)
	if text == "" {
		return task.Verdict{Abstained: true}, nil
	}
	v := task.Verdict{Extracted: text[:1], Right: strings.ContainsAny(text[:1], "aeiouAEIOU")}
	if v.Right {
		v.Score = 1
	}
	return v, nil
}

func graders(*task.Task) (task.Grader, error) { return vowels{}, nil }

// fake is a Subject whose scores and answers are functions of the texts. It counts,
// and may fail.
type fake struct {
	info  SubjectInfo
	fails func(prompt string) error
	calls chan string // of what is asked; nil: not recorded
}

func (f *fake) Info() SubjectInfo { return f.info }

func (f *fake) ask(ctx context.Context, prompt string) error {
	if f.calls != nil {
		f.calls <- prompt
	}
	if f.fails != nil {
		if err := f.fails(prompt); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func hashed(texts ...string) uint64 {
	h := fnv.New64a()
	for _, t := range texts {
		h.Write([]byte(t + "\x00"))
	}
	return h.Sum64()
}

func (f *fake) Score(ctx context.Context, prompt, continuation string) (Score, error) {
	logprob := -float64(hashed(prompt, continuation)%1000) / 100
	return Score{Logprob: logprob, Greedy: hashed(prompt, continuation)%5 == 0, Tokens: []TokenScore{{continuation + "\xe2\x82", logprob}}}, f.ask(ctx, prompt)
}

func (f *fake) Generate(ctx context.Context, r Request) (Answer, error) {
	text := string(rune('a' + hashed(r.Prompt, fmt.Sprint(r.Seed))%26))
	return Answer{Text: text}, f.ask(ctx, r.Prompt)
}
