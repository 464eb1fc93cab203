package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/picture"
)

// errBlind is about images for a model that does not see.
var errBlind = errors.New("this model cannot see images")

// ReadImage reads an image file and lets the model look at it. Errors name the
// file.
func ReadImage(ctx context.Context, m Model, path string) (chat.Image, polymath.Seen, error) {
	fail := func(err error) (chat.Image, polymath.Seen, error) {
		return chat.Image{}, polymath.Seen{}, err
	}
	f, err := os.Open(path)
	if err != nil {
		if strings.Contains(path, "://") || strings.HasPrefix(path, "data:") {
			err = fmt.Errorf("%s: give the path of a file; addresses are not fetched", path)
		}
		return fail(err)
	}
	defer f.Close()
	limit := picture.DefaultLimits().Bytes
	file, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return fail(err)
	}
	if int64(len(file)) > limit {
		return fail(fmt.Errorf("%s: the file is too large for an image: at most %d MiB are taken", path, limit>>20))
	}
	if len(file) == 0 {
		return fail(fmt.Errorf("%s: the file is empty", path))
	}
	if !m.Sees() {
		return fail(fmt.Errorf("%w: %s was not attached", errBlind, path))
	}
	image := polymath.DataImage(file)
	seen, err := m.See(ctx, image)
	if err != nil {
		return fail(fmt.Errorf("%s: %w", path, err))
	}
	return image, seen, nil
}

// attach reads images that go with the next message.
func (s *session) attach(ctx context.Context, paths []string) error {
	for _, path := range paths {
		image, _, err := ReadImage(ctx, s.model, path)
		if err != nil {
			return err
		}
		s.images = append(s.images, image)
	}
	return nil
}

// imagesOf returns those of a message.
func imagesOf(m chat.Message) []chat.Image {
	var images []chat.Image
	for _, p := range m.Content {
		if p.Image != nil {
			images = append(images, *p.Image)
		}
	}
	return images
}

// shownText is a message as the terminal shows it.
func shownText(m chat.Message) string {
	return strings.Repeat("[image]\n", len(imagesOf(m))) + textOf(m)
}

// looked says that the model has looked at an image, or could not.
type looked struct {
	path  string
	image chat.Image
	seen  polymath.Seen
	err   error
}

// image attaches a file to the next message; - takes back what was attached.
func (u *ui) image(path string) tea.Cmd {
	switch path {
	case "":
		u.fail(fmt.Errorf("/image wants FILE, or - to take back the %d images attached", len(u.session.images)))
		return nil
	case "-":
		u.session.images = nil
		u.note("no image is attached")
		return nil
	}
	u.looking++
	ctx, m := u.ctx, u.session.model
	return func() tea.Msg {
		image, seen, err := ReadImage(ctx, m, path)
		return looked{path, image, seen, err}
	}
}

// attached takes what the model has seen.
func (u *ui) attached(l looked) {
	u.looking--
	if l.err != nil {
		u.fail(l.err)
		return
	}
	u.session.images = append(u.session.images, l.image)
	u.note(fmt.Sprintf("%s (%d x %d pixels, %s tokens) goes with your next message",
		l.path, l.seen.Width, l.seen.Height, progress.Count(int64(l.seen.Tokens))))
}
