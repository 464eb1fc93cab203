package quickstart

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/picture/draw"
	"github.com/polymath-lm/polymath/task"
)

// The files of what the model learns to see from, below sightDir.
const (
	picturesName = "pictures.jsonl"
	textsName    = "texts.jsonl"
)

// Seeds of the pictures. Scenes that are held out are so whatever the seed.
const (
	learnSeed = 1
	askSeed   = 2
)

const (
	// lineLetters is the most characters of a picture of text. It is in one font of one
	// size and begins in the corner, so that letters stand in the same places of
	// patches: anything else takes more time to learn than a quick start has.
	lineLetters = 12
	lineFont    = "mono"
	lineEm      = 10 // pixels: letters are 6 wide, and lines 12 high
	// sceneQuestions are asked of a scene at most, a description among them.
	sceneQuestions = 5
	// linesOf and linesIn say that of so many pictures these are of text, the others
	// scenes.
	linesOf, linesIn = 4, 3
	// drawTries is how many lines are tried for a picture.
	drawTries = 64
)

// What is asked of a picture of text.
const (
	readQuestion  = "What does the text say?"
	spellQuestion = "Spell the text."
)

// illustrator draws. Goroutines share it.
type illustrator struct {
	eyes  Eyes
	lines []string
}

// options are those of all pictures of a kind.
func (l *illustrator) options(kind draw.Kind) draw.Options {
	return draw.Options{Kind: kind, Size: l.eyes.Side, Questions: sceneQuestions, TextMax: lineLetters, TextFont: lineFont, TextEm: lineEm, TextCorner: true}
}

// line draws as many characters of a text as are allowed, if the font has them and
// there is room for a word; nil if not.
func (l *illustrator) line(seed uint64, index int, text string, letters int) (*draw.Drawing, error) {
	o := l.options(draw.Text)
	o.Texts, o.TextMax = []string{text}, letters
	d, err := draw.Make(seed, index, o)
	if err != nil || !strings.HasPrefix(text, d.Facts.Text.Text) {
		return nil, err
	}
	d.Questions = []draw.Question{{Type: draw.ReadOut, Text: readQuestion, Answer: d.Facts.Text.Text}}
	return d, nil
}

// scene draws a scene on one side, learned from or held out.
func (l *illustrator) scene(seed uint64, index, stride int, held bool) (*draw.Drawing, error) {
	for ; ; index += stride {
		is, err := draw.HeldOut(seed, index, l.options(draw.Scene))
		if err != nil {
			return nil, err
		}
		if is == held {
			return draw.Make(seed, index, l.options(draw.Scene))
		}
	}
}

// picture makes picture i of n to learn from: a line of JSON, and the text in it.
func (l *illustrator) picture(i, n int) (line []byte, text string, err error) {
	var d *draw.Drawing
	if i%linesOf < linesIn && len(l.lines) > 0 {
		for try := 0; d == nil && try < drawTries; try++ {
			// Neighbors in the list are of one document.
			at := uint64(i)*2654435761 + uint64(try)*40503
			// Some are short: they teach the first letters, on which the others build.
			letters := lineLetters * (1 + i/linesOf%3) / 3
			if d, err = l.line(learnSeed, i, l.lines[at%uint64(len(l.lines))], letters); err != nil {
				return nil, "", err
			}
		}
	}
	if d != nil {
		text = d.Facts.Text.Text
		// Letter by letter there is more to learn from a picture. One of the two answers
		// can be read off the other: half of the time this, half of the time that.
		spelled := draw.Question{Type: draw.ReadOut, Text: spellQuestion, Answer: strings.Join(strings.Split(text, ""), " ")}
		d.Questions = slices.Insert(d.Questions, i/(3*linesOf)%2, spelled)
	} else if d, err = l.scene(learnSeed, i, n, false); err != nil {
		return nil, "", err
	}
	url, err := dataURL(d)
	if err != nil {
		return nil, "", err
	}
	line, err = json.Marshal(map[string]any{"messages": draw.NewLine(d, url).Messages})
	return append(line, '\n'), text, err
}

func dataURL(d *draw.Drawing) (string, error) {
	data, err := d.PNG()
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(data), err
}

// drawSet writes what the model learns to see from, with texts of the corpus among
// them so that it does not forget them, and the questions about pictures that were
// held out. It is a function of the corpus and the plan: one that was interrupted
// begins anew.
func (s *session) drawSet(ctx context.Context, g *Sight) error {
	if err := os.MkdirAll(s.path(sightDir), 0o777); err != nil {
		return err
	}
	from, err := s.readSources(ctx, int64(float64(g.TextTokens)*s.state.Tokens.BytesPerToken))
	if err != nil {
		return err
	}
	_, err = atomicfile.Write(s.path(sightDir, textsName), func(w io.Writer) error {
		for _, text := range from.texts {
			if err := json.NewEncoder(w).Encode(map[string]string{"text": text}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	l := &illustrator{g.Eyes, from.lines}
	seen := map[string]bool{} // texts that were drawn
	_, err = atomicfile.Write(s.path(sightDir, picturesName), func(w io.Writer) error { return s.drawPictures(ctx, w, l, g.Pictures, seen) })
	if err != nil {
		return err
	}
	return s.drawQuestions(l, from.held, seen)
}

// drawPictures draws n pictures to learn from, and notes the texts in them.
func (s *session) drawPictures(ctx context.Context, w io.Writer, l *illustrator, n int, seen map[string]bool) error {
	const batch = 256
	lines, texts, errs := make([][]byte, batch), make([]string, batch), make([]error, batch)
	for first := 0; first < n; first += batch {
		if err := ctx.Err(); err != nil {
			return err
		}
		some := min(batch, n-first)
		par.For(some, func(_, i int) { lines[i], texts[i], errs[i] = l.picture(first+i, n) })
		for i := range some {
			if errs[i] != nil {
				return errs[i]
			}
			if _, err := w.Write(lines[i]); err != nil {
				return err
			}
			seen[texts[i]] = true
		}
		s.Screen.Show(fmt.Sprintf("  %-12s %s %s pictures", "drawing", progress.Bar(float64(first+some)/float64(n), 30), progress.Count(int64(n))))
	}
	return nil
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
		d, err := l.line(askSeed, i, from.text, lineLetters)
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
		q := &d.Questions[0]
		for k := range d.Questions[:len(d.Questions)-1] { // the last asks for a description
			if asked[d.Questions[k].Type] < asked[q.Type] {
				q = &d.Questions[k]
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
