package quickstart

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"io"
	"os"
	"strings"

	"github.com/charmbracelet/colorprofile"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/cli/progress"
)

// drawnWords are what the tasks' scores are called.
var drawnWords = map[string]string{lineTask: "characters read wrong in %s lines", sceneTask: "right answers about %s scenes"}

// summary is the score as one line.
func (d *DrawnScore) summary() string {
	interval := "too few for an interval"
	if d.Seen.Available() {
		interval = fmt.Sprintf("%.1f to %.1f", 100*d.Seen.Low, 100*d.Seen.High)
	}
	withheld := fmt.Sprintf("%.1f%%", 100*d.Blind.Value)
	if d.Blind.Available() {
		withheld += fmt.Sprintf(", %.1f to %.1f", 100*d.Blind.Low, 100*d.Blind.High)
	}
	return fmt.Sprintf("%.1f%% (%s); picture withheld: %s", 100*d.Seen.Value, interval, withheld)
}

// name says what the score counts.
func (d *DrawnScore) name() string {
	return fmt.Sprintf(drawnWords[d.Task], progress.Count(int64(d.Number)))
}

// card lists what the model sees; dir is that of the quick start.
func (d *Drawn) card(b *strings.Builder, e Eyes, report string) {
	fmt.Fprintf(b, "\nwhat it sees in drawn pictures that were held out\n")
	for i := range d.Scores {
		paragraph(b, "  "+d.Scores[i].name(), 38, d.Scores[i].summary())
	}
	paragraph(b, "", 0, fmt.Sprintf("Pictures have %d x %d pixels. Lines are of held-out documents, up to %d characters of each, in one font and size at one place, "+
		"and no picture that it learned from has the same text. With the picture withheld it is asked the same, and guesses. "+
		"In brackets and after it are 95%% intervals. Each answer is in", e.Side, e.Side, lineLetters))
	fmt.Fprintf(b, "  %s\n", report)
}

// answers shows the first question of each kind, with the picture or where it is.
func (s *session) answers(b *strings.Builder, picture func(b *strings.Builder, file string)) {
	for _, x := range s.state.Drawn.Shown {
		fmt.Fprintf(b, "\n")
		picture(b, s.path(x.File))
		row := func(name, value string) { paragraph(b, name, 13, progress.Visible(value)) }
		row("question", x.Question)
		row("it answers", x.Answer)
		row("right is", x.Right)
	}
}

// named tells where the picture is.
func named(b *strings.Builder, file string) { fmt.Fprintf(b, "%-13s%s\n", "picture", file) }

// painted shows the picture as half blocks, in colors that the terminal has.
func painted(profile colorprofile.Profile) func(b *strings.Builder, file string) {
	return func(b *strings.Builder, file string) {
		const most = 1 << 20
		data, err := atomicfile.ReadSmall(file, most)
		if err == nil {
			var p image.Image
			if p, err = png.Decode(bytes.NewReader(data)); err == nil {
				w := &colorprofile.Writer{Forward: b, Profile: profile}
				_, err = w.WriteString(halfBlocks(p))
			}
		}
		if err != nil {
			named(b, file)
		}
	}
}

// halfBlocks draws a picture with two pixels in each character, one above the other.
func halfBlocks(p image.Image) string {
	all := p.Bounds()
	pixels := image.NewNRGBA(image.Rect(0, 0, min(all.Dx(), cardColumns), all.Dy()))
	draw.Draw(pixels, pixels.Rect, p, all.Min, draw.Src)
	var b strings.Builder
	for y := 0; y < pixels.Rect.Dy(); y += 2 {
		for x := range pixels.Rect.Dx() {
			top, low := pixels.NRGBAAt(x, y), pixels.NRGBAAt(x, min(y+1, pixels.Rect.Dy()-1))
			fmt.Fprintf(&b, "\x1b[38;2;%d;%d;%d;48;2;%d;%d;%dm▀", top.R, top.G, top.B, low.R, low.G, low.B)
		}
		b.WriteString("\x1b[m\n")
	}
	return b.String()
}

// colors are those that out shows.
func colors(out io.Writer) colorprofile.Profile { return colorprofile.Detect(out, os.Environ()) }
