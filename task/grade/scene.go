package grade

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/polymath-lm/polymath/picture/draw"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/grade/scene"
)

// The names of the shares that the grader scene counts.
const (
	FactsTrue    = "stated facts true"
	ObjectsNamed = "objects named"
)

// described compares descriptions with pictures.
type described struct {
	extract        *extractor
	shown          *task.Template
	facts, objects float64
}

func newScene(o *task.Scene) (task.Grader, error) {
	x, err := newExtractor(&o.Extract)
	if err != nil {
		return nil, err
	}
	shown, err := newTemplate("shown", o.Shown)
	return &described{x, shown, o.Facts, o.Objects}, err
}

// Grade implements task.Grader. Facts that cannot be read are an error.
func (g *described) Grade(_ context.Context, item *task.Item, answer string) (task.Verdict, error) {
	text, err := g.shown.Execute(item.Row)
	if err != nil {
		return task.Verdict{}, err
	}
	var shown draw.Facts
	if err := json.Unmarshal([]byte(text), &shown); err != nil {
		return task.Verdict{}, fmt.Errorf("what the picture shows: %w", err)
	}
	e := g.extract.of(answer)
	v := task.Verdict{}
	if e.ended != nil {
		v, e.text = *e.ended, ""
	}
	r := scene.Judge(e.text, &shown)
	v.Shares = []task.Share{
		{Name: FactsTrue, Part: r.True, Whole: r.Stated},
		{Name: ObjectsNamed, Part: r.Named, Whole: r.Objects},
	}
	facts, objects := float64(r.True)/float64(r.Stated), float64(r.Named)/float64(max(1, r.Objects))
	if facts+objects > 0 {
		v.Score = 2 * facts * objects / (facts + objects)
	}
	v.Right = facts >= g.facts && objects >= g.objects && !v.Abstained
	if v.Why == "" && len(r.False) > 0 {
		v.Why = "not true: " + strings.Join(r.False[:min(len(r.False), 8)], "; ")
	}
	return v, nil
}
