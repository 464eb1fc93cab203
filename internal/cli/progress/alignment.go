package progress

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/polymath-lm/polymath/align"
)

// Alignment shows a run of package align: it is an align.Observer. On a terminal the
// state of the run is redrawn in place; elsewhere it logs a line every ten seconds.
type Alignment struct {
	screen *Screen
	log    *slog.Logger
	steps  int
	curve  []float64 // of the reward, or of the loss
	eval   align.Measures
	logged time.Time
}

// NewAlignment returns the view of a run of the given number of steps.
func NewAlignment(screen *Screen, log *slog.Logger, steps int) *Alignment {
	return &Alignment{screen: screen, log: log, steps: steps}
}

// SetSteps changes the length of the run.
func (t *Alignment) SetSteps(n int) { t.steps = n }

// headlines are the measures that are shown as a run goes on, where it has them;
// those of single rewards stand where "reward/" does. All others are in the run's
// metrics.jsonl and on its page.
var headlines = []string{
	"reward", "accuracy", "reward/", "multiplier/", "margin", "loss", "policy_loss", "value_loss", "kl", "entropy", "answer_length", "logprob_difference",
}

// Headlines lists the names of a step's measures that are worth a line, the most
// telling one first: of a measurement on several tasks each one's accuracy.
func Headlines(m align.Measures) []string {
	var names []string
	for _, head := range headlines {
		if _, ok := m[head]; ok {
			names = append(names, head)
		}
		if !strings.HasSuffix(head, "/") {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(m)) {
			if strings.HasPrefix(name, head) && strings.Count(name, "/") == 1 {
				names = append(names, name)
			}
		}
	}
	if len(names) > 0 {
		return names
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if strings.HasSuffix(name, "/accuracy") {
			names = append(names, name)
		}
	}
	return names
}

// Observe shows a record.
func (t *Alignment) Observe(r align.Record) {
	switch r.Kind {
	case align.KindStep:
		t.step(r)
	case align.KindSkip:
		t.warn(fmt.Sprintf("step %d: an update is left out: %s", r.Step, Visible(r.Skip.Reason)),
			"update left out", "step", r.Step, "reason", r.Skip.Reason)
	case align.KindEval:
		t.eval = r.Values
		t.record(slog.LevelInfo, "held-out", append([]any{"step", r.Step}, fields(r.Values)...)...)
	case align.KindSample:
		t.sample(r)
	case align.KindCheckpoint:
		t.record(slog.LevelInfo, "saved", "path", r.Checkpoint.Path, "size", Bytes(r.Checkpoint.Bytes))
	}
}

func (t *Alignment) step(r align.Record) {
	names := Headlines(r.Values)
	for _, name := range []string{"reward", "loss"} {
		if v, ok := r.Values[name]; ok {
			t.curve = append(t.curve, v)
			break
		}
	}
	if r.Values["alarm"] > 0 {
		t.warn(fmt.Sprintf("step %d: the reward model's score rises while a reward that is not learned from falls: read the samples", r.Step),
			"reward model and other rewards drift apart", "step", r.Step)
	}
	if d := r.Values["logprob_difference"]; d != 0 {
		t.warn(fmt.Sprintf("step %d: log-probabilities of answers and of training differ by %s and must not: this is a bug, please report it", r.Step, digits(d)),
			"answers and training disagree", "step", r.Step, "difference", d)
	}
	if t.screen.Live() {
		t.screen.Show(t.lines(r, names)...)
		return
	}
	if time.Since(t.logged) < logEvery && r.Step != t.steps && r.Step != 1 {
		return
	}
	t.logged = time.Now()
	args := append([]any{"step", fmt.Sprintf("%d/%d", r.Step, t.steps)}, fields(r.Values)...)
	t.log.Info("aligning", append(args, "eta", Duration(seconds(r.Timing.ETA)))...)
}

// fields are the headlines as the arguments of a log line.
func fields(m align.Measures) []any {
	var args []any
	for _, name := range Headlines(m) {
		args = append(args, name, digits(m[name]))
	}
	return args
}

// digits writes a measure with four digits.
func digits(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

// lines is the live state: bar, numbers, curve.
func (t *Alignment) lines(r align.Record, names []string) []string {
	width := t.screen.Width() - 1
	lines := []string{stepBar(width, r.Step, t.steps, r.Timing.ETA), "  " + Numbers(r.Values, names)}
	if held := Headlines(t.eval); len(held) > 0 {
		lines = append(lines, "  held-out: "+Numbers(t.eval, held))
	}
	if phases := phasesOf(r.Timing.Phases); phases != "" {
		lines = append(lines, "  time: "+phases)
	}
	return append(lines, Curve(t.curve, min(width, 78), 6)...)
}

// Numbers writes the measures of these names in one line.
func Numbers(m align.Measures, names []string) string {
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = Visible(name) + " " + digits(m[name])
	}
	return strings.Join(parts, " · ")
}

// phasesOf says what share of a step's time went into each phase, the longest first.
func phasesOf(phases map[string]align.Phase) string {
	sum := 0.0
	for _, p := range phases {
		sum += p.Seconds
	}
	names := slices.SortedFunc(maps.Keys(phases), func(a, b string) int {
		if phases[a].Seconds != phases[b].Seconds {
			return int(math.Copysign(1, phases[b].Seconds-phases[a].Seconds))
		}
		return strings.Compare(a, b)
	})
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = fmt.Sprintf("%s %.0f%%", name, 100*phases[name].Seconds/max(sum, 1e-9))
	}
	return strings.Join(parts, " · ")
}

// sample prints an answer, its first lines.
func (t *Alignment) sample(r align.Record) {
	if !t.screen.Live() {
		t.log.Info("sample", "step", r.Step, "prompt", Visible(r.Sample.Prompt), "answer", Visible(r.Sample.Answer))
		return
	}
	width := t.screen.Width() - 4
	t.screen.Print(fmt.Sprintf("  step %d, asked:\n%s  answered (%s):\n%s", r.Step, Excerpt(r.Sample.Prompt, 4, width),
		Numbers(r.Sample.Values, slices.Sorted(maps.Keys(r.Sample.Values))), Excerpt(r.Sample.Answer, 6, width)))
}

// warn says what should not go unseen: as text on a terminal, else as a log line.
func (t *Alignment) warn(text, message string, args ...any) {
	if t.screen.Live() {
		t.screen.Print("  " + text)
		return
	}
	t.record(slog.LevelWarn, message, args...)
}

// record logs where no terminal shows the state.
func (t *Alignment) record(level slog.Level, message string, args ...any) {
	if !t.screen.Live() {
		t.log.Log(context.Background(), level, message, args...)
	}
}
