// Package grade makes the graders that tasks name: they take an answer out of
// what a model wrote and say whether it is right.
//
// An answer that cannot be found or that may mean two things is wrong and never
// guessed at; the verdict says why. What has nothing to do with the answer, such
// as a sandbox that cannot be had, is an error and no verdict.
package grade

import (
	"context"
	"errors"
	"fmt"

	"github.com/polymath-lm/polymath/align/rubric"
	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/sandbox"
	"github.com/polymath-lm/polymath/task"
)

// Options are what some graders need besides the task.
type Options struct {
	// Sandbox runs code. Without it tasks with code have errors for verdicts. A nil
	// *sandbox.Sandbox must not be put here.
	Sandbox Runner
	// Judge judges by rubrics. Without it tasks with a rubric have errors for
	// verdicts.
	Judge Judge
	// Rubric is what the grader safety goes by; nil is the default one.
	Rubric *rubric.Rubric
}

// A Runner runs programs where they can do no harm; *sandbox.Sandbox is one.
type Runner interface {
	Run(ctx context.Context, p sandbox.Program) (sandbox.Outcome, error)
}

// Errors of Grade where something is missing that the answer has no part in.
var (
	ErrNoSandbox = errors.New("code is not run without a sandbox: 'polymath eval sandbox' says what is missing")
	ErrNoJudge   = errors.New("no judge: give one with --judge, or judge the finished run with 'polymath eval judge'")
)

// maxAnswer bounds the bytes of an answer that are looked at, from its end: where
// an answer is longer, what was meant stands there.
const maxAnswer = 1 << 20

// New makes the grader of a task. Mistakes in its options are *recipe.ValueError
// with keys below "grader". A task without a grader gets none, and no error.
func New(t *task.Task, o Options) (task.Grader, error) {
	g := t.Grader
	if g == nil {
		return nil, nil
	}
	if err := g.Check(); err != nil {
		return nil, recipe.Below("grader", err)
	}
	grader, err := build(g, o)
	if err != nil {
		return nil, recipe.Below("grader."+g.Name(), err)
	}
	return &guarded{grader: grader, task: t.Name}, nil
}

func build(g *task.Grading, o Options) (task.Grader, error) {
	switch {
	case g.Exact != nil:
		return newExact(g.Exact)
	case g.Numeric != nil:
		return newNumeric(g.Numeric)
	case g.Math != nil:
		return newMath(g.Math)
	case g.F1 != nil:
		return newF1(g.F1)
	case g.Regex != nil:
		return newRegex(g.Regex)
	case g.Set != nil:
		return newSet(g.Set)
	case g.Letter != nil:
		return newLetter(g.Letter)
	case g.Code != nil:
		return newCode(g.Code, o.Sandbox)
	case g.Characters != nil:
		return newCharacters(g.Characters)
	case g.Scene != nil:
		return newScene(g.Scene)
	case g.Safety != nil:
		return newSafety(g.Safety, o.Rubric)
	case g.Instructions != nil:
		return newInstructions(g.Instructions)
	case g.Grounded != nil:
		return newGrounded(g.Grounded, o.Judge)
	}
	return newRubric(g.Rubric, o.Judge)
}

// guarded names the item in errors and bounds answers.
type guarded struct {
	grader task.Grader
	task   string
}

// Grade implements task.Grader.
func (g *guarded) Grade(ctx context.Context, item *task.Item, answer string) (task.Verdict, error) {
	if len(answer) > maxAnswer {
		answer = answer[len(answer)-maxAnswer:]
	}
	v, err := g.grader.Grade(ctx, item, answer)
	if err != nil {
		return task.Verdict{}, fmt.Errorf("task %s, item %s: %w", g.task, item.ID, err)
	}
	return v, nil
}

// verdict is all or nothing.
func verdict(right bool) task.Verdict {
	if right {
		return task.Verdict{Score: 1, Right: true}
	}
	return task.Verdict{}
}
