package report

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/eval/exam"
	"github.com/polymath-lm/polymath/task"
)

// hostile is text that wants to be more than text.
const hostile = `</pre></script></title><script>alert(1)</script><img src=x onerror=alert(2)>"'><a href="javascript:alert(3)">&lt;b&gt; <!-- ]]> {{.}} \u003c | ` + "`*_" + "\u202e\x1b[31m\x00"

// words makes text of no meaning.
func words(r *rand.Rand, n int) string {
	list := strings.Fields("the river model under seven bright lamp does carry which of these would most likely people energy water because after moon simple answer school garden")
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(list[r.IntN(len(list))])
	}
	return b.String()
}

// invented makes a run of n items a task, by a model that is right with the
// probability; text stands in everything that data and models give. The items are the
// same for the same n.
func invented(n int, skill float64, model, text string) *eval.Finished {
	items, r := rand.New(rand.NewPCG(uint64(n), 1)), rand.New(rand.NewPCG(uint64(1000*skill), 7))
	f := &eval.Finished{Result: &eval.Result{
		Version: "polymath 0.6" + text, Suite: "invented" + text, Settings: eval.Settings{Seed: 1, Shots: -1},
		Subject: eval.SubjectInfo{
			Name: model + text, Fingerprint: strings.Repeat("0123456789abcdef", 4), ContextWindow: 2048, Deterministic: true,
			Card: []eval.CardLine{
				{Name: "parameters", Value: "12.6M, 4.1M of them active"},
				{Name: "corpus", Value: strings.Repeat("ab", 32)},
				{Name: "trained on", Value: "226.9M tokens in 4 h 12 min" + text},
			},
		},
		Started: time.Date(2026, 11, 26, 6, 0, 0, 0, time.UTC), Took: 754 * time.Second, CachedTokens: int64(n) * 300,
		NotChecked: "the model has no lineage" + text, Records: strings.Repeat("5", 64),
	}}
	add := func(t eval.TaskResult, make func(rec *eval.Record, i int)) {
		t.Title, t.License, t.Source, t.TaskHash = t.Title+text, "MIT"+text, "us"+text, fmt.Sprintf("%064x", len(t.Task))
		for i := range n {
			id := fmt.Sprintf("%s-%04d%s", t.Task, i, text)
			rec := eval.Record{Task: t.Task, Item: id, Cluster: id, Number: i, PromptTokens: 120 + i%50, CompletionTokens: 3}
			make(&rec, i)
			f.Records = append(f.Records, rec)
		}
		f.Result.Tasks = append(f.Result.Tasks, t)
	}
	sections := []string{"abstract_algebra", "anatomy", "professional_law", "professional_medicine", "world_religions"}
	add(eval.TaskResult{Task: "mmlu", Title: "MMLU, validation part", Method: task.MethodChoice, Norm: task.NormNone, Chance: 0.25, Samples: 1}, func(rec *eval.Record, i int) {
		rec.Section = sections[i%len(sections)] + text
		gold := items.IntN(4)
		rec.Prompt = "The following are multiple choice questions (with answers).\n\n" + words(items, 30) + text + "?\nA. " + words(items, 4) + "\nB. " + words(items, 4) + "\nC. " + words(items, 4) + "\nD. " + words(items, 4) + "\nAnswer:"
		chosen := gold
		if r.Float64() > 0.25+0.75*skill {
			chosen = (gold + 1 + r.IntN(3)) % 4
		}
		rec.Gold, rec.Answer = "ABCD"[gold:gold+1]+text, "ABCD"[chosen:chosen+1]+text
		sum, most := 0.0, math.Inf(-1)
		for k := range 4 {
			lp := -2.5 - 2*r.Float64()
			if k == chosen {
				lp = -1.2 * r.Float64()
			}
			rec.Choices = append(rec.Choices, eval.ChoiceScore{Text: "ABCD"[k:k+1] + text, Logprob: lp, NumTokens: 1, NumBytes: 2, Unconditional: -3})
			sum, most = sum+math.Exp(lp), max(most, lp)
		}
		sure := math.Exp(most) / sum
		rec.Confidence, rec.Verdict = &sure, verdict(chosen == gold)
		rec.Scores = map[task.Norm]float64{}
		for _, norm := range task.Norms {
			rec.Scores[norm] = rec.Verdict.Score
		}
		rec.Tokens = []eval.TokenScore{{Text: " " + rec.Answer, Logprob: most}}
	})
	add(eval.TaskResult{Task: "gsm8k_test", Title: "GSM8K", Method: task.MethodGenerate, Grader: "numeric", Samples: 1}, func(rec *eval.Record, i int) {
		gold := items.IntN(90) + 10
		rec.Prompt = "Question: " + words(items, 45) + text + "?\nAnswer:"
		rec.Gold = fmt.Sprint(gold)
		got := gold
		if r.Float64() > skill/2 {
			got++
		}
		for _, word := range strings.Fields(words(r, 25)) {
			rec.Tokens = append(rec.Tokens, eval.TokenScore{Text: " " + word, Logprob: math.Log(r.Float64())})
		}
		rec.Tokens = append(rec.Tokens, eval.TokenScore{Text: "\xe2\x82", Logprob: -0.1}, eval.TokenScore{Text: "\xac", Logprob: -0.01}, eval.TokenScore{Text: text, Logprob: -4})
		for _, t := range rec.Tokens {
			rec.Answer += t.Text
		}
		rec.Verdict = verdict(got == gold)
		rec.Verdict.Extracted, rec.Verdict.Why = fmt.Sprint(got)+text, map[bool]string{false: "the numbers differ" + text}[got == gold]
		switch {
		case i%23 == 7:
			rec.Verdict = task.Verdict{Abstained: true}
		case i%29 == 5:
			rec.Error = "the endpoint gave no answer in 60 s" + text
		}
	})
	add(eval.TaskResult{Task: "lambada", Title: "LAMBADA", Method: task.MethodCloze}, func(rec *eval.Record, i int) {
		rec.Prompt, rec.Gold = words(items, 60)+text, "lamp"
		rec.Answer, rec.Verdict = "lamp", verdict(r.Float64() < skill)
		rec.Tokens = []eval.TokenScore{{Text: " lamp", Logprob: -r.Float64()}}
	})
	add(eval.TaskResult{Task: "wiki", Title: "Encyclopedia" + text, Method: task.MethodText}, func(rec *eval.Record, i int) {
		rec.Prompt, rec.NumTokens, rec.NumBytes = words(items, 100)+text, 130, 600
		rec.Logprob = -(400 + 50*r.Float64()) * (1.3 - skill/2)
	})
	f.Result.Tasks = append(f.Result.Tasks, eval.TaskResult{Task: "lsat_6lsn68", Title: "LSAT" + text, Skipped: "exams/lsat_6lsn68.jsonl is not below the data directory" + text})
	eval.Summarize(f.Result, f.Records)
	f.Result.Exams = exam.Results(exam.All(), f.Result)
	return f
}

func verdict(right bool) task.Verdict {
	if right {
		return task.Verdict{Score: 1, Right: true}
	}
	return task.Verdict{}
}

// contaminated marks some items of the first task as found in the corpus.
func contaminated(f *eval.Finished, text string) {
	f.Result.Checked, f.Result.NotChecked = true, ""
	t := &f.Result.Tasks[0]
	c := &eval.Contamination{Items: t.NumItems, Checkable: t.NumItems - 3, Dirty: 4, Documents: 12345, Rules: map[string]int{"50 characters" + text: 3, "13-gram": 4}}
	for i := range 4 {
		c.DirtyItems = append(c.DirtyItems, f.Records[3*i].Item)
		if i < 3 { // not all places are kept
			c.Found = append(c.Found, eval.Sighting{Item: f.Records[3*i].Item, Document: "d" + text, Origin: "wiki.jsonl:12" + text, Rule: "13-gram" + text})
		}
	}
	for i := 20; i < 23; i++ {
		c.ShortItems = append(c.ShortItems, f.Records[i].Item)
	}
	t.Contamination = c
	eval.Summarize(f.Result, f.Records)
}

// render makes the page and its Markdown.
func render(t *testing.T, d *Data) (page, markdown string) {
	t.Helper()
	var h, m bytes.Buffer
	if err := HTML(&h, d); err != nil {
		t.Fatal(err)
	}
	if err := Markdown(&m, d); err != nil {
		t.Fatal(err)
	}
	return h.String(), m.String()
}

// two is a comparison of invented runs.
func two(t *testing.T, n int, text string) *Data {
	t.Helper()
	a, b := invented(n, 0.35, "/models/base", text), invented(n, 0.6, "/models/aligned", text)
	contaminated(a, text)
	c, err := eval.Compare(a, b)
	if err != nil {
		t.Fatal(err)
	}
	return &Data{Run: a, Other: b, Comparison: c}
}
