package quickstart

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/train"
)

// What a quick start keeps in its directory.
const (
	stateName  = "quickstart.json"
	corpusDir  = "corpus"
	recipeName = "recipe.yaml"
	trialDir   = "trial"
	// The runs of a model that learns something else afterwards, and the last one.
	textRunDir  = "run-text"
	sightRunDir = "run-sight"
	runDir      = "run"
	// What it learns from besides text.
	sightDir     = "sight"
	assistantDir = "assistant"
	cardName     = "card.txt"
	// The questions, below it the model's answers, and the page of both.
	examDir      = "exam"
	answersDir   = "run"
	reportName   = "report.html"
	markdownName = "report.md"
	// The same of the drawn pictures.
	seenDir       = "seen"
	blindDir      = "withheld"
	sightName     = "sight.html"
	sightMarkdown = "sight.md"
	// And of the questions to the assistant.
	askedDir          = "asked"
	assistantName     = "assistant.html"
	assistantMarkdown = "assistant.md"
)

// madeNames are what a quick start makes beside its state, and may remove.
var madeNames = []string{
	corpusDir, trialDir, textRunDir, sightRunDir, runDir, sightDir, assistantDir, cardName, examDir,
	reportName, markdownName, sightName, sightMarkdown, assistantName, assistantMarkdown,
}

const stateVersion = 5

// state is what an interrupted quick start goes on from. A stage that is done
// has its part here; that of the tokenizer and the tokens holds their hashes.
type state struct {
	Version int     `json:"version"`
	Text    string  `json:"text"`
	Minutes float64 `json:"minutes"`
	// Seconds were spent in earlier sessions.
	Seconds   float64           `json:"seconds"`
	Machine   *Machine          `json:"machine,omitempty"`
	Draft     *Draft            `json:"draft,omitempty"`
	Tokens    *Tokens           `json:"tokens,omitempty"`
	Plan      *Plan             `json:"plan,omitempty"`
	Work      Work              `json:"work"`
	Training  *Training         `json:"training,omitempty"`
	Sight     *Sight            `json:"sight,omitempty"`
	Assistant *Assistant        `json:"assistant,omitempty"`
	Exam      *Exam             `json:"exam,omitempty"`
	Samples   []Sample          `json:"samples,omitempty"`
	Drawn     *Drawn            `json:"drawn,omitempty"`
	Asked     *Asked            `json:"asked,omitempty"`
	Answers   *Answers          `json:"answers,omitempty"`
	Skipped   map[string]string `json:"skipped,omitempty"`
}

func (s *state) spent() time.Duration { return time.Duration(s.Seconds * float64(time.Second)) }

func (s *state) examined() bool { return s.Exam != nil || s.Skipped["examination"] != "" }

func (s *state) sampled() bool { return s.Samples != nil || s.Skipped["samples"] != "" }

func (s *state) answered() bool {
	return s.Answers != nil && s.Answers.Scores != nil || s.Skipped["questions"] != ""
}

func (s *state) finished() bool {
	return s.Training != nil && s.looked() && s.taught() && s.examined() && s.sampled() && s.read() && s.asked() && s.answered()
}

// Training is what the training stage ended with.
type Training struct {
	Steps  int              `json:"steps"`
	Tokens int64            `json:"tokens"`
	Loss   float64          `json:"loss"`
	Eval   train.EvalRecord `json:"eval"`
}

// modelDir is where the last model lies that is complete.
func (s *session) modelDir() string {
	switch {
	case s.state.talks():
		return s.path(runDir, "model")
	case s.state.seeing():
		return filepath.Join(s.sightRun(), "model")
	}
	return filepath.Join(s.textRun(), "model")
}

// textRun is the directory of the run that reads text, sightRun that of the one that
// looks at pictures: the last run that was planned is in runDir.
func (s *session) textRun() string {
	if p := s.state.Plan; p != nil && p.SightSeconds+p.AssistantSeconds > 0 {
		return s.path(textRunDir)
	}
	return s.path(runDir)
}

func (s *session) sightRun() string {
	if s.state.Plan.AssistantSeconds > 0 {
		return s.path(sightRunDir)
	}
	return s.path(runDir)
}

// Work is what went into training steps, without saving and measuring.
type Work struct {
	Steps   int     `json:"steps"` // those that a crash undid included
	Seconds float64 `json:"seconds"`
	FLOPs   float64 `json:"flops"`
	// Limit is what the machine could have done in that time.
	Limit float64 `json:"limit_flops"`
}

// open finds out what Dir holds.
func (s *session) open() error {
	s.state = state{Version: stateVersion, Text: s.Text, Minutes: s.Minutes}
	if s.DryRun {
		return nil
	}
	if err := s.claim(); err != nil {
		return err
	}
	if err := os.MkdirAll(s.Dir, 0o777); err != nil {
		return fmt.Errorf("quick start: %w", err)
	}
	var err error
	if s.unlock, err = atomicfile.Lock(s.Dir); err != nil {
		return fmt.Errorf("quick start: %w", err)
	}
	if s.Fresh {
		if err := s.remove(); err != nil {
			return fmt.Errorf("quick start: %w", err)
		}
	}
	data, err := os.ReadFile(s.path(stateName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.ready = true
		return s.save()
	case err != nil:
		return fmt.Errorf("quick start: %w", err)
	}
	if err := s.resume(data); err != nil {
		return err
	}
	s.ready = true
	return nil
}

// claim makes sure that what a quick start removes and writes over in Dir is a
// quick start's: its state lies beside.
func (s *session) claim() error {
	_, err := os.Stat(s.path(stateName))
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("quick start: %w", err)
	}
	for _, name := range madeNames {
		if _, err := os.Lstat(s.path(name)); err == nil {
			return &OptionError{fmt.Sprintf("%s holds %s, which no quick start made (there is no %s); name another --dir", s.Dir, name, stateName)}
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("quick start: %w", err)
		}
	}
	return nil
}

// resume takes up the state of an earlier session.
func (s *session) resume(data []byte) error {
	found, err := parseState(data)
	if err != nil {
		return fmt.Errorf("%s: %w; begin anew with --fresh", s.path(stateName), err)
	}
	same := found.Text == s.Text && found.Minutes == s.Minutes
	if found.Tokens == nil && (found.Draft == nil || !same) {
		return nil // little was made: begin with the options of now
	}
	if !same {
		return &OptionError{fmt.Sprintf("%s holds a quick start of %v minutes on %s; go on with those, name another --dir, or begin anew with --fresh",
			s.Dir, found.Minutes, textName(found.Text))}
	}
	s.state = *found
	if s.state.Training == nil && s.state.Seconds > 0 {
		s.say("going on in %s after %.0f s", s.Dir, s.state.Seconds)
	}
	return s.checkTokens()
}

func textName(text string) string {
	if text == "" {
		return "the Go toolchain's sources"
	}
	return text
}

func parseState(data []byte) (*state, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var found state
	if err := decoder.Decode(&found); err != nil {
		return nil, err
	}
	if found.Version != stateVersion {
		return nil, fmt.Errorf("written by another version of the program (%d, this is %d)", found.Version, stateVersion)
	}
	if !(found.Seconds >= 0) {
		return nil, fmt.Errorf("%v seconds spent", found.Seconds)
	}
	return &found, nil
}

// save writes the state with the time spent so far.
func (s *session) save() error {
	now := s.state
	now.Seconds = s.spent().Seconds()
	data, err := json.MarshalIndent(&now, "", "  ")
	if err != nil {
		return err
	}
	if _, err := atomicfile.WriteBytes(s.path(stateName), append(data, '\n')); err != nil {
		return fmt.Errorf("quick start: %w", err)
	}
	return nil
}
