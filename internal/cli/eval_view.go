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
	total  int   // answers of all tasks, as far as they are known
	left   int64 // work when this start began, see eval.Progress
	read   map[[2]string]eval.Reading
}

func newEvalView(out io.Writer, model string, sheets []eval.Sheet) *evalView {
	v := &evalView{
		screen: progress.NewScreen(out), log: slog.New(slog.NewTextHandler(out, nil)), start: time.Now(), shown: time.Now(),
		state: map[string]eval.Progress{}, read: map[[2]string]eval.Reading{},
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
		v.left += p.WorkTotal - p.Work
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
	if finished {
		v.screen.Print("  " + taskLine(p))
	}
	v.show(p, finished)
}

// observeReading shows how far long prompts are read: an answer to one may be minutes
// away.
func (v *evalView) observeReading(r eval.Reading) {
	if r.Total > 0 && r.Total < longPrompt {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.read[[2]string{r.Task, r.Item}] = r
	if r.Read >= r.Total {
		delete(v.read, [2]string{r.Task, r.Item})
	}
	if r.Total == 0 {
		return
	}
	every := viewLogEvery
	if v.screen.Live() {
		every = viewEvery
	}
	if time.Since(v.shown) < every {
		return
	}
	v.shown = time.Now()
	v.show(v.state[r.Task], false)
}

// tokenWork makes what is read of a prompt comparable with eval.Progress.Work,
// roughly.
const tokenWork = 4

// longPrompt is from how many tokens on it is shown how far a prompt is read.
const longPrompt = 4096

// readingText says how far long prompts are read; empty where none is being read.
func (v *evalView) readingText() string {
	read, total := 0, 0
	for _, r := range v.read {
		read, total = read+r.Read, total+r.Total
	}
	if total == 0 {
		return ""
	}
	return fmt.Sprintf("%s: %s of %s tokens", plural(int64(len(v.read)), "long prompt"), progress.Count(int64(read)), progress.Count(int64(total)))
}

// show draws a task and all of them, or logs them.
func (v *evalView) show(p eval.Progress, finished bool) {
	done, work := 0, int64(0)
	for _, s := range v.state {
		done += s.Done
		work += s.Work - s.WorkBefore
	}
	for _, r := range v.read {
		work += int64(r.Read) * tokenWork
	}
	eta, reading := v.eta(work), v.readingText()
	if v.screen.Live() {
		width := min(40, v.screen.Width()/3)
		lines := []string{
			fmt.Sprintf("  %s %s", progress.Bar(shareDone(p.Done, p.Total), width), taskLine(p)),
			fmt.Sprintf("  %s %s of %s answers%s", progress.Bar(shareDone(done, v.total), width), progress.Count(int64(done)), progress.Count(int64(v.total)), eta),
		}
		if reading != "" {
			lines = append(lines, "  reading "+reading)
		}
		v.screen.Show(lines...)
	} else if !finished {
		args := []any{
			"task", p.Task, "done", fmt.Sprintf("%d/%d", p.Done, p.Total), "all", fmt.Sprintf("%d/%d", done, v.total),
			"score", fmt.Sprintf("%.4f", stat.Mean(p.Values, nil).Value), "errors", p.Errors, "left", strings.TrimSuffix(strings.TrimPrefix(eta, ", "), " left"),
		}
		if reading != "" {
			args = append(args, "reading", reading)
		}
		v.log.Info("examining", args...)
	}
}

// eta is how long the rest takes if it is like what this start has done.
func (v *evalView) eta(done int64) string {
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
	if p.Unfit > 0 {
		line += fmt.Sprintf("  %s longer than the window", progress.Count(int64(p.Unfit)))
	}
	return line
}

func (v *evalView) end() { v.screen.Clear() }
