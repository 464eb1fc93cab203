package quickstart

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/colorprofile"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/picture/draw"
	"github.com/polymath-lm/polymath/train"
)

// blindModel is a session whose model has learned from text, and is about to see.
func blindModel(t *testing.T) *session {
	t.Helper()
	s := madeModel(t, texts(t, 40, 2000))
	p := s.state.Plan
	p.Shape.StepTokens, p.Shape.Sequence = 512, 256
	p.Eyes = Eyes{Side: 72, Patch: 12, Width: 32, Layers: 1, Heads: 1, StepTokens: 512, LR: 1e-3}
	p.StepSeconds, p.FLOPsPerToken, p.SightSeconds = 0.01, 1e6, 10
	if err := os.Rename(s.path(runDir), s.path(textRunDir)); err != nil {
		t.Fatal(err)
	}
	s.state.Sight = &Sight{Eyes: p.Eyes, Pictures: 60, TextTokens: 2000, Steps: 6}
	return s
}

// hold keeps the number of steps: nothing is measured that may change it.
func hold(s *session) { s.Minutes = maxMinutes }

// The model that read text goes on to see, with a tower of the plan's shape; it is
// examined with pictures and without, and the card shows what it reads.
func TestSight(t *testing.T) {
	s := blindModel(t)
	hold(s)
	if err := s.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !s.state.seeing() || s.modelDir() != s.path(runDir, "model") {
		t.Fatalf("%+v, %s", s.state.Sight, s.modelDir())
	}
	m, err := polymath.Open(s.modelDir())
	if err != nil || !m.Sees() || m.Close() != nil {
		t.Fatalf("the finished model: %v", err)
	}
	s.state.Drawn = &Drawn{Each: 30}
	if err := s.askDrawn(t.Context()); err != nil {
		t.Fatal(err)
	}
	d := s.state.Drawn
	if len(d.Scores) != 2 || len(d.Shown) != 2 || !s.state.read() {
		t.Fatalf("%+v, %v", d, s.state.Skipped)
	}
	for _, score := range d.Scores {
		if score.Number != 30 || !score.Seen.Available() || !score.Blind.Available() {
			t.Errorf("%+v", score)
		}
	}
	var b strings.Builder
	s.answers(&b, named)
	for _, x := range d.Shown {
		if _, err := os.Stat(s.path(x.File)); err != nil || !strings.Contains(b.String(), s.path(x.File)) || !strings.Contains(b.String(), x.Right) {
			t.Errorf("%+v, %v in\n%s", x, err, b.String())
		}
	}
	for _, name := range []string{sightName, sightMarkdown} {
		if _, err := os.Stat(s.path(name)); err != nil {
			t.Error(err)
		}
	}
}

// Wherever learning to see is stopped, it goes on to the same model.
func TestSightGoesOn(t *testing.T) {
	whole := blindModel(t)
	hold(whole)
	if err := whole.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(whole.modelDir(), "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	s := blindModel(t)
	hold(s)
	ended, end := context.WithCancel(t.Context())
	end()
	if err := s.look(ended); !errors.Is(err, context.Canceled) || s.state.Sight.Drawn {
		t.Fatalf("while it draws: %v", err)
	}
	g := s.state.Sight
	if err := s.drawSet(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	g.Drawn = true
	for stop := 1; stop < 4; stop++ {
		running, stopped := context.WithCancel(t.Context())
		r := s.sightRecipe(s.state.Plan, g)
		trainer, err := train.New(r, train.Options{RunDir: s.path(runDir), Resume: true, Observer: train.Observe(func(train.Record) { stopped() })})
		if err != nil {
			t.Fatal(err)
		}
		result, err := trainer.Run(running)
		if err != nil || result.Finished || trainer.Close() != nil {
			t.Fatalf("stop %d: %+v, %v", stop, result, err)
		}
	}
	if err := s.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(s.modelDir(), "model.safetensors"))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("another model than that of an uninterrupted one: %v", err)
	}
}

// A run that turns out faster or slower than planned goes on with another number of
// steps, and no other setting of it hangs on that.
func TestSightIsPlannedAgain(t *testing.T) {
	s := blindModel(t)
	hold(s)
	p := s.state.Plan
	s.state.Sight = s.newSight(p, p.SightSeconds)
	g := s.state.Sight
	g.Pictures, g.Steps = 30, 80
	if g.Warmup < 2 || g.EvalEvery < 2 {
		t.Fatalf("%+v", g)
	}
	if err := s.drawSet(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	g.Drawn = true
	running, stop := context.WithCancel(t.Context())
	trainer, err := train.New(s.sightRecipe(p, g), train.Options{RunDir: s.path(runDir), Observer: train.Observe(func(train.Record) { stop() })})
	if err != nil {
		t.Fatal(err)
	}
	if result, err := trainer.Run(running); err != nil || result.Finished || trainer.Close() != nil {
		t.Fatalf("%+v, %v", result, err)
	}
	g.Steps = g.Warmup + 1
	if err := s.look(t.Context()); err != nil || g.Tokens != int64(g.Steps)*int64(g.Eyes.StepTokens) {
		t.Errorf("%+v, %v", g, err)
	}
}

// No picture that is asked about was learned from, nor was its text drawn, and lines
// are those of held-out documents.
func TestDrawnPicturesAreHeldOut(t *testing.T) {
	s := blindModel(t)
	if err := s.drawSet(t.Context(), s.state.Sight); err != nil {
		t.Fatal(err)
	}
	from, err := s.readSources(t.Context(), 1000, 0)
	if err != nil {
		t.Fatal(err)
	}
	learned := fileLines(t, s.path(sightDir, picturesName))
	if len(learned) != 60 {
		t.Errorf("%d pictures", len(learned))
	}
	images, answers := map[string]bool{}, map[string]bool{}
	read, spelt := 0, 0
	for _, line := range learned {
		var x struct{ Messages []draw.Message }
		if err := json.Unmarshal([]byte(line), &x); err != nil {
			t.Fatal(err)
		}
		images[x.Messages[0].Content[0].ImageURL.URL] = true
		if len(x.Messages) != 2 {
			t.Fatalf("%d messages: one question and its answer", len(x.Messages))
		}
		answer := x.Messages[1].Content[0].Text
		switch x.Messages[0].Content[1].Text {
		case readQuestion:
			read++
			answers[answer] = true
		case spellQuestion:
			spelt++
			text := ""
			for i, r := range []rune(answer) {
				if i%2 == 0 {
					text += string(r)
				}
			}
			answers[text] = true
			if spelled(text) != answer {
				t.Errorf("spelled %q", answer)
			}
		}
		if strings.Contains(x.Messages[1].Content[0].Text, ". ") {
			t.Errorf("a description: %s", line[len(line)-200:])
		}
	}
	if read == 0 || spelt == 0 || read+spelt == len(learned) {
		t.Errorf("of %d pictures %d are read and %d spelled", len(learned), read, spelt)
	}
	for _, name := range []string{lineTask, sceneTask} {
		rows := fileLines(t, s.path(examDir, name+".jsonl"))
		if len(rows) < tooFew || len(rows) > mostDrawn {
			t.Errorf("%s: %d rows", name, len(rows))
		}
		for _, line := range rows {
			var row struct{ Picture, Answer, Cluster string }
			if err := json.Unmarshal([]byte(line), &row); err != nil {
				t.Fatal(err)
			}
			if images[row.Picture] {
				t.Errorf("%s: a picture was learned from", name)
			}
			if name != lineTask {
				continue
			}
			if answers[row.Answer] || !slices.ContainsFunc(from.held, func(l heldLine) bool { return l.document == row.Cluster && strings.HasPrefix(l.text, row.Answer) }) {
				t.Errorf("%q of %s", row.Answer, row.Cluster)
			}
		}
	}
}

func fileLines(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n")
}

// Where little time is left, or too little memory is there, the text's model is the
// finished one, and the card says why.
func TestSightIsSkipped(t *testing.T) {
	short := testSession(t, 0.2)
	short.planSight(&Plan{})
	if short.sees() || short.state.Skipped[sightStage] == "" || short.learningShare() != trainingShare {
		t.Errorf("%+v", short.state.Skipped)
	}
	s := blindModel(t)
	s.state.Sight, s.state.Seconds = nil, 60*s.Minutes
	if err := s.look(t.Context()); err != nil || s.state.Skipped[sightStage] == "" || !s.state.looked() || !s.state.read() {
		t.Errorf("%v, %+v", err, s.state.Skipped)
	}
	if s.modelDir() != s.path(textRunDir, "model") {
		t.Error(s.modelDir())
	}
}

// However few the examples, some are held out and most are not.
func TestFewExamplesAreHeldOut(t *testing.T) {
	for n, want := range map[int]float64{0: 0.25, 30: 0.25, 256: 30.0 / 256, 3000: 0.01, 1e6: 0.01} {
		o := lessonOptions{examples: n}
		if got := o.heldOut(); got != want {
			t.Errorf("of %d a share of %v, want %v", n, got, want)
		}
	}
}

// A recipe for every shape is one that trains.
func TestEyes(t *testing.T) {
	for _, width := range widths {
		s := shapeOf(width, 1e15)
		e := eyesOf(s)
		r := e.recipe(s, lessonOptions{name: "a", from: "m", files: []string{"a"}, steps: 100, saveEvery: 10, decay: 0.2, towerShare: 1})
		if err := r.Validate(); err != nil {
			t.Errorf("width %d: %v", width, err)
		}
		if most := e.tokens() + lineLetters + 60; most > s.Sequence {
			t.Errorf("width %d: a picture with its text takes %d tokens of a row of %d", width, most, s.Sequence)
		}
	}
}

// A picture has a character for two pixels, and where the terminal has no colors its
// file is named.
func TestHalfBlocks(t *testing.T) {
	p := image.NewNRGBA(image.Rect(0, 0, 2, 3))
	for i, c := range []color.NRGBA{{1, 2, 3, 255}, {4, 5, 6, 255}, {7, 8, 9, 255}, {10, 11, 12, 255}, {13, 14, 15, 255}, {16, 17, 18, 255}} {
		p.SetNRGBA(i%2, i/2, c)
	}
	want := "\x1b[38;2;1;2;3;48;2;7;8;9m▀\x1b[38;2;4;5;6;48;2;10;11;12m▀\x1b[m\n\x1b[38;2;13;14;15;48;2;13;14;15m▀\x1b[38;2;16;17;18;48;2;16;17;18m▀\x1b[m\n"
	if got := halfBlocks(p); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	var b strings.Builder
	painted(colorprofile.TrueColor)(&b, filepath.Join(t.TempDir(), "missing.png"))
	if !strings.HasPrefix(b.String(), "picture ") {
		t.Error(b.String())
	}
	if colors(&b) >= colorprofile.ANSI256 {
		t.Error("a buffer shows colors")
	}
}

// The card's lines about pictures fit, whatever the numbers.
func TestCardOfSight(t *testing.T) {
	d := &Drawn{}
	for _, task := range []string{lineTask, sceneTask} {
		d.Scores = append(d.Scores, DrawnScore{task, 200, stat.Mean(make([]float64, 200), nil), stat.Mean(slices.Repeat([]float64{1}, 200), nil)}, DrawnScore{task, 1, stat.Mean([]float64{1}, nil), stat.Mean([]float64{1}, nil)})
	}
	var b strings.Builder
	d.card(&b, eyesOf(shapeFor(1e15)), "polymath-quickstart/sight.html")
	for line := range strings.Lines(b.String()) {
		if n := len([]rune(line)); n > cardColumns+1 {
			t.Errorf("%d columns: %s", n-1, line)
		}
	}
	for _, want := range []string{`characters read wrong in 200 lines +0\.0% \(0\.0 to`, `picture\s+withheld:\s+100\.0%`, `too few for an interval`} {
		if !regexp.MustCompile(want).MatchString(b.String()) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
}
