package progress

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/polymath-lm/polymath/train"
)

// logEvery is the time between log lines of steps.
const logEvery = 10 * time.Second

// Training shows a run: it is a train.Observer. On a terminal the state of the
// run is redrawn in place; elsewhere it logs a line every ten seconds.
type Training struct {
	screen *Screen
	log    *slog.Logger
	steps  int
	losses []float64
	eval   *train.EvalRecord
	logged time.Time
}

// NewTraining returns the view of a run of the given number of steps.
func NewTraining(screen *Screen, log *slog.Logger, steps int) *Training {
	return &Training{screen: screen, log: log, steps: steps}
}

// SetSteps changes the length of the run.
func (t *Training) SetSteps(n int) { t.steps = n }

// Observe shows a record.
func (t *Training) Observe(r train.Record) {
	switch r.Kind {
	case train.KindStep:
		t.step(r)
	case train.KindSkip:
		t.say(fmt.Sprintf("step %d skipped: %s", r.Step, r.Skip.Reason),
			slog.LevelWarn, "step skipped", "step", r.Step, "reason", r.Skip.Reason)
	case train.KindEval:
		t.eval = r.Eval
		args := []any{"step", r.Step, "loss", round(r.Eval.Loss), "bits_per_byte", round(r.Eval.BitsPerByte)}
		if r.Eval.SwappedLoss > 0 {
			args = append(args, "other_pictures", round(r.Eval.SwappedLoss))
		}
		if s := r.Eval.Stage; s != nil {
			args = append(args, "stage", s.Stage, "stage_loss", round(s.Loss))
			if s.SwappedLoss > 0 {
				args = append(args, "stage_other_pictures", round(s.SwappedLoss))
			}
		}
		t.record(slog.LevelInfo, "held-out", args...)
	case train.KindSample:
		t.sample(r)
	case train.KindCheckpoint:
		t.record(slog.LevelInfo, "saved", "path", r.Checkpoint.Path, "size", Bytes(r.Checkpoint.Bytes))
	}
}

func (t *Training) step(r train.Record) {
	t.losses = append(t.losses, r.Train.Loss)
	if t.screen.Live() {
		t.screen.Show(t.lines(r)...)
		return
	}
	if time.Since(t.logged) < logEvery && r.Step != t.steps && r.Step != 1 {
		return
	}
	t.logged = time.Now()
	worst, _ := busiest(r.Train.ExpertLoad)
	t.log.Info("training", "step", fmt.Sprintf("%d/%d", r.Step, t.steps), "loss", round(r.Train.Loss),
		"lr", r.Train.LR, "tokens_per_second", int(r.Timing.TokensPerSecond), "mfu", round(r.Timing.MFU),
		"busiest_expert", round(worst), "eta", Duration(seconds(r.Timing.ETA)))
}

// lines is the live state: bar, numbers, curve, experts.
func (t *Training) lines(r train.Record) []string {
	width := t.screen.Width() - 1
	lines := []string{stepBar(width, r.Step, t.steps, r.Timing.ETA), t.numbers(r)}
	lines = append(lines, Curve(t.losses, min(width, 78), 6)...)
	if worst, layer := busiest(r.Train.ExpertLoad); layer >= 0 {
		lines = append(lines, fmt.Sprintf("  experts of layer %d  %s  busiest %.1fx the mean",
			layer, Levels(r.Train.ExpertLoad[layer]), worst))
	}
	return lines
}

// stepBar says how far a run is; left is in seconds.
func stepBar(width, step, steps int, left float64) string {
	share := float64(step) / float64(max(steps, 1))
	return fmt.Sprintf("  %s %3.0f%%  step %s of %s, %s left", Bar(share, min(40, width/3)), 100*share,
		Count(int64(step)), Count(int64(steps)), Duration(seconds(left)))
}

func (t *Training) numbers(r train.Record) string {
	parts := []string{
		fmt.Sprintf("loss %.3f", r.Train.Loss),
		Count(int64(r.Timing.TokensPerSecond)) + " tokens/s",
	}
	if r.Timing.MFU > 0 {
		parts = append(parts, fmt.Sprintf("MFU %.0f%%", 100*r.Timing.MFU))
	}
	if t.eval != nil {
		held := fmt.Sprintf("held-out %.3f", t.eval.Loss)
		if t.eval.BitsPerByte > 0 {
			held += fmt.Sprintf(" (%.3f bits/byte)", t.eval.BitsPerByte)
		}
		parts = append(parts, held)
	}
	parts = append(parts, fmt.Sprintf("lr %.2g", r.Train.LR), fmt.Sprintf("gradient %.2f", r.Train.GradNorm))
	return "  " + strings.Join(parts, " · ")
}

// sample prints what the model wrote, its first lines.
func (t *Training) sample(r train.Record) {
	if !t.screen.Live() {
		t.log.Info("sample", "step", r.Step, "prompt", r.Sample.Prompt, "text", Visible(r.Sample.Text))
		return
	}
	text := Excerpt(r.Sample.Text, 6, t.screen.Width()-4)
	t.screen.Print(fmt.Sprintf("  step %d, after %q:\n%s", r.Step, r.Sample.Prompt, text))
}

// Excerpt returns the first lines of text, safe to show, indented by four and
// cut to width columns.
func Excerpt(text string, lines, width int) string {
	var b strings.Builder
	for line := range strings.Lines(Visible(text)) {
		if lines--; lines < 0 {
			b.WriteString("    …\n")
			break
		}
		line = strings.TrimRight(strings.ReplaceAll(line, "\t", "    "), "\n ")
		b.WriteString("    " + cutLine(line, width-4) + "\n")
	}
	return b.String()
}

func (t *Training) say(text string, level slog.Level, message string, fields ...any) {
	if t.screen.Live() {
		t.screen.Print("  " + text)
		return
	}
	t.record(level, message, fields...)
}

// record logs where no terminal shows the state.
func (t *Training) record(level slog.Level, message string, fields ...any) {
	if !t.screen.Live() {
		t.log.Log(context.Background(), level, message, fields...)
	}
}

// busiest returns the load of the busiest expert over the mean, and its layer;
// -1 without experts.
func busiest(load [][]int) (worst float64, layer int) {
	layer = -1
	for l, counts := range load {
		sum, most := 0, 0
		for _, c := range counts {
			sum += c
			most = max(most, c)
		}
		if sum > 0 {
			if ratio := float64(most*len(counts)) / float64(sum); ratio > worst {
				worst, layer = ratio, l
			}
		}
	}
	return worst, layer
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
