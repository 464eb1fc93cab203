package grade

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/polymath-lm/polymath/internal/visible"
	"github.com/polymath-lm/polymath/sandbox"
	"github.com/polymath-lm/polymath/task"
)

// code runs what the model wrote with tests.
type code struct {
	options *task.Code
	program *task.Template
	tests   *task.Template // nil: the program has them
	runner  Runner
}

func newCode(o *task.Code, runner Runner) (g task.Grader, err error) {
	c := &code{options: o, runner: runner}
	if c.program, err = newTemplate("program", o.Program); err == nil && o.Tests != "" {
		c.tests, err = newTemplate("tests", o.Tests)
	}
	return c, err
}

// slow is how many times longer than its processor time a program may take, so
// that the verdict does not hang on what else the machine does.
const slow = 3

// Grade implements task.Grader. The answer is right where the program comes to its
// end, and ends with exit code 0. That it could not be run is an error.
func (g *code) Grade(ctx context.Context, item *task.Item, answer string) (task.Verdict, error) {
	if g.runner == nil {
		return task.Verdict{}, ErrNoSandbox
	}
	prompt, ok := item.Row["prompt"].(string)
	if !ok {
		prompt = item.Prompt
	}
	s := source{language: g.options.Language, prompt: prompt}
	s.read(answer, g.options.Continues)
	if strings.TrimSpace(s.code) == "" {
		return task.Verdict{Why: "no code"}, nil
	}
	trial, err := g.trial(item, &s)
	if err != nil {
		return task.Verdict{}, err
	}
	limit := time.Duration(g.options.Timeout * float64(time.Second))
	trial.program.Limits = sandbox.Limits{Wall: slow * limit, CPU: limit}
	outcome, err := g.runner.Run(ctx, trial.program)
	if err != nil {
		return task.Verdict{}, fmt.Errorf("running the code: %w", err)
	}
	v := verdict(trial.passed(&outcome))
	v.Extracted = s.code
	if !v.Right {
		v.Why = why(&outcome)
	}
	return v, nil
}

// trial makes the program that shows whether the code passes.
func (g *code) trial(item *task.Item, s *source) (*trial, error) {
	program, err := g.program.Execute(with(item.Row, map[string]any{"prompt": s.prompt, "answer": s.code}))
	if err != nil {
		return nil, err
	}
	if g.tests == nil {
		if s.whole {
			program = settleGo(program, s.imports)
		}
		return newTrial(g.options.Language, program), nil
	}
	tests, err := g.tests.Execute(with(item.Row, map[string]any{"prompt": s.prompt}))
	if err != nil {
		return nil, err
	}
	return newApart(program, tests, s)
}

// why says in a few words how a program failed.
func why(o *sandbox.Outcome) string {
	switch {
	case o.OK():
		return "ended before its tests did"
	case o.Reason == sandbox.ReasonBuild:
		return "does not compile: " + complaint(o.Stderr, false)
	case o.Reason != "":
		return "ended for its " + o.Reason
	case o.Signal != "":
		return "ended by " + o.Signal
	}
	output := o.Stderr
	if strings.TrimSpace(output) == "" {
		output = o.Stdout
	}
	text := fmt.Sprintf("exit code %d", o.ExitCode)
	if c := complaint(output, true); c != "" {
		text += ": " + c
	}
	return text
}

// maxWhy bounds the bytes of what a program says that are kept.
const maxWhy = 300

// complaint is the line of an output that says most: of a Go panic or a compiler
// the first ones, of a Python traceback the last one.
func complaint(output string, ran bool) string {
	var lines []string
	for line := range strings.Lines(output) {
		if line = strings.TrimSpace(line); strings.Trim(line, "^~ ") != "" { // Python marks places
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return ""
	}
	said := lines[len(lines)-1]
	if !ran {
		said = strings.Join(lines[:min(len(lines), 3)], "; ")
	}
	for i, line := range lines {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			said = line
			break
		}
		if i == len(lines)-1 && len(lines) > 2 && said == "AssertionError" && strings.HasPrefix(lines[i-1], "assert") {
			said += ": " + lines[i-1]
		}
	}
	said = strings.ToValidUTF8(said, "\uFFFD")
	if len(said) > maxWhy {
		said = strings.ToValidUTF8(said[:maxWhy], "") + " ..."
	}
	return visible.Text(said)
}
