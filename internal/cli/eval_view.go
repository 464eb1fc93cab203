package cli

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/internal/cli/progress"
)

// evalView shows how far an examination is: two lines that redraw themselves on a
// terminal, a log line every ten seconds elsewhere.
type evalView struct {
	mu     sync.Mutex
	screen *progress.Screen
	log    *slog.Logger
	start  time.Time
	shown  time.Time
	state  map[string]eval.Progress
	order  []string
	total  int // answers of all tasks, as far as they are known
	left   int // answers when this start began
}

func newEvalView(out io.Writer, model string, sheets []eval.Sheet) *evalView {
	v := &evalView{
		screen: progress.NewScreen(out), log: slog.New(slog.NewTextHandler(out, nil)), start: time.Now(), shown: time.Now(),
		state: map[string]eval.Progress{},
	}
	items, tasks := 0, 0
	for i := range sheets {
		if sheets[i].Skip == "" {
			items += len(sheets[i].Items)
			tasks++
		}
	}
	v.screen.Print(fmt.Sprintf("examining %s: %s, %s", progress.Visible(model), plural(int64(tasks), "task"), plural(int64(items), "item")))
	return v
}

// Times between two displays.
const (
	viewEvery    = 100 * time.Millisecond
	viewLogEvery = 10 * time.Second
)

// begin tells of the tasks before the first answer.
func (v *evalView) begin(all []eval.Progress) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, p := range all {
		v.order = append(v.order, p.Task)
		v.state[p.Task] = p
		v.total += p.Total
		v.left += p.Total - p.Done
	}
}

// observe shows an answer.
func (v *evalView) observe(p eval.Progress) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.state[p.Task] = p
	finished := p.Done == p.Total
	every := viewLogEvery
	if v.screen.Live() {
		every = viewEvery
	}
	if time.Since(v.shown) < every && !finished {
		return
	}
	v.shown = time.Now()
	done, before := 0, 0
	for _, s := range v.state {
		done += s.Done
		before += s.Before
	}
	eta := v.eta(done - before)
	if finished {
		v.screen.Print("  " + taskLine(p))
	}
	if v.screen.Live() {
		width := min(40, v.screen.Width()/3)
		v.screen.Show(
			fmt.Sprintf("  %s %s", progress.Bar(shareDone(p.Done, p.Total), width), taskLine(p)),
			fmt.Sprintf("  %s %s of %s answers%s", progress.Bar(shareDone(done, v.total), width), progress.Count(int64(done)), progress.Count(int64(v.total)), eta),
		)
	} else if !finished {
		v.log.Info("examining", "task", p.Task, "done", fmt.Sprintf("%d/%d", p.Done, p.Total), "all", fmt.Sprintf("%d/%d", done, v.total),
			"score", fmt.Sprintf("%.4f", stat.Mean(p.Values, nil).Value), "errors", p.Errors, "left", strings.TrimSuffix(strings.TrimPrefix(eta, ", "), " left"))
	}
}

// eta is how long the rest takes if it is like what this start has done.
func (v *evalView) eta(done int) string {
	elapsed := time.Since(v.start)
	if done == 0 || elapsed < time.Second {
		return ""
	}
	left := time.Duration(float64(elapsed) / float64(done) * float64(max(0, v.left-done)))
	return ", " + progress.Duration(left) + " left"
}

func shareDone(done, total int) float64 { return float64(done) / float64(max(1, total)) }

// taskLine is a task with its score so far.
func taskLine(p eval.Progress) string {
	e := stat.Mean(p.Values, p.Clusters)
	line := fmt.Sprintf("%s %s/%s  %s", p.Task, progress.Count(int64(p.Done)), progress.Count(int64(p.Total)), scoreText(e))
	if p.Errors > 0 {
		line += fmt.Sprintf("  %s", plural(int64(p.Errors), "error"))
	}
	return line
}

func (v *evalView) end() { v.screen.Clear() }
