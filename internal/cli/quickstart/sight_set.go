package quickstart

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/picture/draw"
	"github.com/polymath-lm/polymath/task"
)

// The files of what the model learns to see from, below sightDir, and of what of that
// kind is among what it learns next, below assistantDir.
const (
	picturesName = "pictures.jsonl"
	textsName    = "texts.jsonl"
)

// Seeds of the pictures. Scenes that are held out are so whatever the seed.
const (
	learnSeed = 1
	askSeed   = 2
)

func dataURL(d *draw.Drawing) (string, error) {
	data, err := d.PNG()
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(data), err
}

// drawSet writes what the model learns to see from, with texts of the corpus among
// them so that it does not forget them; what it sees again in the lesson after that; and
// the questions about pictures that were held out. It is a function of the corpus and
// the plan: one that was interrupted begins anew.
func (s *session) drawSet(ctx context.Context, g *Sight) error {
	from, err := s.readSources(ctx, g.TextTokens, g.LaterTokens)
	if err != nil {
		return err
	}
	if err := s.writeTexts(sightDir, from.texts); err != nil {
		return err
	}
	all := g.Pictures + g.LaterPictures
	l := &illustrator{eyes: g.Eyes}
	var drawn map[string]bool
	l.texts, drawn = chooseTexts(from.lines, (all+linesOf)/linesOf*linesIn)
	if err := s.drawPictures(ctx, sightDir, l, 0, g.Pictures, all); err != nil {
		return err
	}
	if g.LaterPictures > 0 {
		if err := s.writeTexts(assistantDir, from.later); err != nil {
			return err
		}
		if err := s.drawPictures(ctx, assistantDir, l, g.Pictures, all, all); err != nil {
			return err
		}
	}
	return s.drawQuestions(l, from.held, drawn)
}

// writeTexts writes texts to learn from, whole.
func (s *session) writeTexts(dir string, texts []string) error {
	if err := os.MkdirAll(s.path(dir), 0o777); err != nil {
		return err
	}
	_, err := atomicfile.Write(s.path(dir, textsName), func(w io.Writer) error {
		for _, text := range texts {
			if err := json.NewEncoder(w).Encode(map[string]string{"text": text}); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// drawPictures draws the pictures from first to end of all that are learned from.
func (s *session) drawPictures(ctx context.Context, dir string, l *illustrator, first, end, all int) error {
	const batch = 256
	lines, errs := make([][]byte, batch), make([]error, batch)
	_, err := atomicfile.Write(s.path(dir, picturesName), func(w io.Writer) error {
		for ; first < end; first += batch {
			if err := ctx.Err(); err != nil {
				return err
			}
			some := min(batch, end-first)
			par.For(some, func(_, i int) { lines[i], errs[i] = l.picture(first+i, all) })
			for i := range some {
				if errs[i] != nil {
					return errs[i]
				}
				if _, err := w.Write(lines[i]); err != nil {
					return err
				}
			}
			s.Screen.Show(fmt.Sprintf("  %-12s %s %s pictures", "drawing", progress.Bar(float64(first+some)/float64(all), 30), progress.Count(int64(all))))
		}
		return nil
	})
	return err
}

// drawQuestions writes the tasks about pictures that were held out: of lines of
// held-out documents of which the model saw none drawn, and of held-out scenes.
func (s *session) drawQuestions(l *illustrator, held []heldLine, seen map[string]bool) error {
	if err := os.MkdirAll(s.path(examDir), 0o777); err != nil {
		return err
	}
	var lines []task.Row
	for i := 0; i < len(held) && len(lines) < mostDrawn; i++ {
		from := held[uint64(i)*2654435761%uint64(len(held))]
		d, err := l.line(askSeed, i, from.text)
		if err != nil {
			return err
		}
		if d == nil || seen[d.Facts.Text.Text] {
			continue
		}
		seen[d.Facts.Text.Text] = true
		row, err := drawnRow(d, &d.Questions[0], from.document)
		if err != nil {
			return err
		}
		lines = append(lines, row)
	}
	var scenes []task.Row
	asked := map[draw.QuestionType]int{}
	for i := range mostDrawn {
		d, err := l.scene(askSeed, i, mostDrawn, true)
		if err != nil {
			return err
		}
		short := shortQuestions(d)
		q := &short[0]
		for k := range short {
			if asked[short[k].Type] < asked[q.Type] {
				q = &short[k]
			}
		}
		asked[q.Type]++
		row, err := drawnRow(d, q, d.Group)
		if err != nil {
			return err
		}
		scenes = append(scenes, row)
	}
	if len(lines) < tooFew {
		s.skip(lineTask, fmt.Sprintf("the held-out documents give %d lines to read, and %d are the least", len(lines), tooFew))
	} else if _, err := s.writeTask(lineTask, lines); err != nil {
		return err
	}
	_, err := s.writeTask(sceneTask, scenes)
	return err
}

// drawnRow is one question about a picture.
func drawnRow(d *draw.Drawing, q *draw.Question, cluster string) (task.Row, error) {
	url, err := dataURL(d)
	return task.Row{
		"id": fmt.Sprintf("%s-%d", d.Kind, d.Index), "section": string(q.Type), "cluster": cluster,
		"question": q.Text, "answer": q.Answer, "picture": url,
	}, err
}
