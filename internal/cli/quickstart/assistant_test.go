package quickstart

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/align/question"
	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/train"
)

// packages makes Go packages whose functions have doc comments.
func packages(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(1, 1))
	word := func() string {
		return []string{"Stone", "River", "Cloud", "Tower", "Grain", "Vessel", "Lantern", "Meadow"}[random.IntN(8)]
	}
	for p := range 40 {
		name := fmt.Sprintf("pack%d", p)
		var b strings.Builder
		fmt.Fprintf(&b, "// Package %s keeps the %s of a %s.\npackage %s\n", name, strings.ToLower(word()), strings.ToLower(word()), name)
		for f := range 12 {
			symbol := fmt.Sprintf("%s%s%c%c", word(), word(), 'a'+f, 'a'+p%26)
			fmt.Fprintf(&b, "\n// %s returns the %s of the %s that number %d names, and reports whether it was there.\nfunc %s(n int) (string, bool) {\n\treturn %q, n > %d\n}\n",
				symbol, strings.ToLower(word()), strings.ToLower(word()), random.IntN(1000), symbol, word(), random.IntN(100))
		}
		if err := os.MkdirAll(filepath.Join(dir, name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, name+".go"), []byte(b.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// untaught is a session whose model has learned from text, and is about to learn to see
// and to answer.
func untaught(t *testing.T) *session {
	t.Helper()
	s := madeModel(t, packages(t))
	p := s.state.Plan
	p.Shape.StepTokens, p.Shape.Sequence = 512, 256
	p.StepSeconds, p.FLOPsPerToken, p.SightSeconds = 0.01, 1e6, 10
	p.Eyes = Eyes{Side: 72, Patch: 12, Width: 32, Layers: 1, Heads: 1, StepTokens: 512, LR: 1e-3}
	s.Minutes = 2
	if err := s.planAssistant(t.Context(), p); err != nil || p.AssistantSeconds == 0 {
		t.Fatalf("%+v, %v", s.state.Skipped, err)
	}
	hold(s)
	if err := os.Rename(s.path(runDir), s.path(textRunDir)); err != nil {
		t.Fatal(err)
	}
	s.state.Sight = &Sight{Eyes: p.Eyes, Pictures: 30, TextTokens: 1000, LaterPictures: 20, LaterTokens: 1000, Steps: 3}
	return s
}

// The model that sees goes on to answer, and sees still; it is examined on names that it
// was not taught, and the card shows what it says.
func TestAssistant(t *testing.T) {
	s := untaught(t)
	if err := s.look(t.Context()); err != nil || s.modelDir() != s.path(sightRunDir, "model") {
		t.Fatal(s.modelDir(), err)
	}
	s.state.Assistant = &Assistant{Steps: 4}
	if err := s.teach(t.Context()); err != nil || !s.state.talks() || s.modelDir() != s.path(runDir, "model") {
		t.Fatalf("%+v, %s, %v", s.state.Assistant, s.modelDir(), err)
	}
	m, err := polymath.Open(s.modelDir())
	if err != nil || !m.Sees() || m.Close() != nil {
		t.Fatalf("the finished model: %v", err)
	}
	s.state.Asked = &Asked{Each: 20}
	if err := s.askAssistant(t.Context()); err != nil {
		t.Fatal(err)
	}
	a := s.state.Asked
	if len(a.Shown) != len(askedTasks) || len(a.Scores) != 9 || !s.state.asked() {
		t.Fatalf("%+v, %v", a, s.state.Skipped)
	}
	for _, name := range []string{assistantName, assistantMarkdown} {
		if _, err := os.Stat(s.path(name)); err != nil {
			t.Error(err)
		}
	}
	var b strings.Builder
	a.conversations(&b)
	if !strings.Contains(strings.Join(strings.Fields(b.String()), " "), strings.Join(strings.Fields(a.Shown[0].Right), " ")) {
		t.Error(b.String())
	}
}

// Without sight it learns to answer all the same, and wherever that is stopped it goes on
// to the same model.
func TestAssistantGoesOn(t *testing.T) {
	var want []byte
	for _, stops := range []int{0, 2} {
		s := untaught(t)
		s.state.Sight, s.state.Skipped = nil, map[string]string{sightStage: "for this test"}
		s.state.Assistant = &Assistant{Steps: 5, TextTokens: 1000}
		for range stops {
			running, stop := context.WithCancel(t.Context())
			if err := s.retell(t.Context(), s.state.Assistant); err != nil {
				t.Fatal(err)
			}
			s.state.Assistant.Ready = true
			trainer, err := train.New(s.assistantRecipe(s.state.Plan, s.state.Assistant),
				train.Options{RunDir: s.path(runDir), Resume: true, Observer: train.Observe(func(train.Record) { stop() })})
			if err != nil {
				t.Fatal(err)
			}
			if result, err := trainer.Run(running); err != nil || result.Finished || trainer.Close() != nil {
				t.Fatalf("%+v, %v", result, err)
			}
		}
		if err := s.teach(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(s.modelDir(), "model.safetensors"))
		if err != nil || stops > 0 && !bytes.Equal(got, want) {
			t.Errorf("another model than that of an uninterrupted one: %v", err)
		}
		want = got
	}
}

// No question that is asked was taught, nor was its name or its form, and the same text
// gives the same conversations.
func TestAskedIsHeldOut(t *testing.T) {
	s := untaught(t)
	talks := fileLines(t, s.path(assistantDir, talksName))
	if s.state.Plan.Talks.Number != len(talks) || len(talks) < 20 {
		t.Errorf("%+v, and there are %d", s.state.Plan.Talks, len(talks))
	}
	taught, groups := map[string]bool{}, map[string]bool{}
	for _, line := range talks {
		var x talk
		if err := json.Unmarshal([]byte(line), &x); err != nil || len(x.Messages) != 2 {
			t.Fatal(line, err)
		}
		taught[x.Messages[0].Content], groups[x.Group] = true, true
	}
	for _, one := range askedTasks {
		rows := fileLines(t, s.path(examDir, one.name+".jsonl"))
		if len(rows) < tooFew || len(rows) > mostAsked {
			t.Errorf("%s: %d rows", one.name, len(rows))
		}
		for _, line := range rows {
			var row struct{ Question, Answer, Cluster, Section string }
			if err := json.Unmarshal([]byte(line), &row); err != nil {
				t.Fatal(err)
			}
			if taught[row.Question] || groups[row.Cluster] || row.Answer == "" {
				t.Errorf("%s: %+v", one.name, row)
			}
		}
	}
	again := untaught(t)
	if strings.Join(fileLines(t, again.path(assistantDir, talksName)), "\n") != strings.Join(talks, "\n") {
		t.Error("the same packages gave other conversations")
	}
}

// Where the time is short, or the text says nothing of names, there is no assistant, and
// the card says why.
func TestAssistantIsSkipped(t *testing.T) {
	short := testSession(t, 0.5)
	if err := short.planAssistant(t.Context(), &Plan{}); err != nil || short.state.Skipped[assistantStage] == "" {
		t.Errorf("%+v, %v", short.state.Skipped, err)
	}
	plain := blindModel(t)
	if err := plain.planAssistant(t.Context(), plain.state.Plan); err != nil || plain.state.Plan.AssistantSeconds != 0 || !strings.Contains(plain.state.Skipped[assistantStage], "no doc comments") {
		t.Errorf("%+v, %v", plain.state.Skipped, err)
	}
	late := untaught(t)
	late.state.Skipped = map[string]string{sightStage: "for this test"}
	late.Minutes, late.state.Seconds = 2, 120
	if err := late.teach(t.Context()); err != nil || late.state.Skipped[assistantStage] == "" || !late.state.taught() || !late.state.asked() {
		t.Errorf("%+v, %v", late.state.Skipped, err)
	}
	if late.modelDir() != late.path(textRunDir, "model") {
		t.Error(late.modelDir())
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := untaught(t).planAssistant(stopped, &Plan{Eyes: eyesOf(shapeOf(64, 0)), StepSeconds: 1, FLOPsPerToken: 1, Shape: shapeOf(64, 0)}); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}

// The card's lines about the assistant fit, and say what was measured.
func TestCardOfAssistant(t *testing.T) {
	a := &Asked{Each: 100, Shown: []Shown{{Question: strings.Repeat("What does it do? ", 20), Answer: "It\nends.", Right: "It returns."}}}
	zeros := stat.Mean(make([]float64, 100), nil)
	for _, name := range []string{"asked_text", "asked_memory"} {
		a.Scores = append(a.Scores, AskedScore{name, askedF1, zeros}, AskedScore{name, askedExact, zeros}, AskedScore{name, askedDenied, stat.Mean([]float64{1}, nil)})
	}
	a.Scores = append(a.Scores, AskedScore{"asked_missing", askedDenied, zeros}, AskedScore{"asked_refuse", askedRefused, zeros})
	var b strings.Builder
	a.card(&b, "polymath-quickstart/assistant.html")
	a.conversations(&b)
	for line := range strings.Lines(b.String()) {
		if n := len([]rune(line)); n > cardColumns+1 {
			t.Errorf("%d columns: %s", n-1, line)
		}
	}
	for _, want := range []string{`what a given text says of a name +words right \(F1\) 0% \(0 to`, `100%\s+\(too few for\s+an\s+interval\)`, `names that do not exist +said to be missing 0%`, `(?m)^it answers +It`} {
		if !regexp.MustCompile(want).MatchString(b.String()) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "harmless") {
		t.Error("what was not measured is on the card")
	}
	sum := 0.0
	for _, way := range question.Ways {
		sum += talkShares[way]
	}
	if sum < 0.999 || sum > 1.001 {
		t.Errorf("the shares make %v", sum)
	}
}
