package polymath

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/infer"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/picture"
)

// Images are parts of messages (chat.Part), or GenerateOptions.Images. Their URLs
// are data: URLs with the file itself, JPEG, PNG, GIF or WebP.

// WithImageLimits bounds the images that the model takes, and so the time and
// memory of decoding them. The default is picture.DefaultLimits.
func WithImageLimits(l picture.Limits) Option {
	return func(o *openOptions) { o.images = l }
}

// WithImageCacheBytes limits the memory of what is kept of images that the model
// has seen, so that it need not look again while a conversation goes on, to n
// bytes. The default is 128 MiB.
func WithImageCacheBytes(n int64) Option {
	return func(o *openOptions) { o.imageCache = n }
}

// ImageBytes returns the memory that a model of this shape takes for images beside
// its weights, with WithImageCacheBytes(cache), 0 for the default: what it keeps of
// them, what completions hold until they end, those that wait included, and what it
// works with, Attention included. Images are excepted that are being decoded, which
// WithImageLimits bounds. It is 0 for a model that does not see.
//
// Completions hold 4 times what is kept at most, or 32 full windows where these are
// less, and one in any case; more of them wait.
func ImageBytes(cfg *model.Config, cache int64) int64 {
	if cfg.Vision == nil {
		return 0
	}
	held := roomBytes(cache, heldBytes(cfg.MaxPositions, cfg.HiddenSize))
	return featureBytes(cache) + held + maxSeers*model.VisionWorkspaceBytes(cfg, seerViews) + min(gazeBytes(cfg, cfg.MaxPositions), maxGazeBytes)
}

// featureBytes is the memory of what is kept of images.
func featureBytes(cache int64) int64 {
	if cache > 0 {
		return cache
	}
	return defaultFeatureBytes
}

// Sees reports whether the model takes images.
func (m *Model) Sees() bool { return m.sight != nil }

// Seen says what a model sees of an image.
type Seen struct {
	Width, Height int // in pixels, upright
	Views         int // that it is cut into
	Tokens        int // that it takes in a prompt
}

// See looks at an image ahead of its use in a prompt. Errors wrap ErrImage or are
// those of ctx.
func (m *Model) See(ctx context.Context, image chat.Image) (Seen, error) {
	if m.sight == nil {
		return Seen{}, fmt.Errorf("%w: %w", ErrImage, errBlind)
	}
	f, err := m.sight.open(&image)
	if err != nil {
		return Seen{}, fmt.Errorf("%w: %w", ErrImage, err)
	}
	v, err := m.sight.look(ctx, f)
	if err != nil {
		if unrelated(err) {
			return Seen{}, err
		}
		return Seen{}, fmt.Errorf("%w: %w", ErrImage, err)
	}
	return Seen{Width: v.size[0], Height: v.size[1], Views: 1 + len(v.layout.Tiles), Tokens: v.layout.Tokens}, nil
}

var errBlind = errors.New("this model cannot see images")

// ImageError says which image is at fault. errors.Is takes it for ErrImage, and
// errors.As finds the *picture.FormatError, *picture.LimitError or
// *picture.DamageError that says why, unless it is the URL that is bad.
type ImageError struct {
	Image int    // of all images of the conversation or of GenerateOptions.Images, from 0
	Place string // such as "message 1, part 0"
	Err   error
}

// Error names the place and the reason.
func (e *ImageError) Error() string { return fmt.Sprintf("%v: %s: %v", ErrImage, e.Place, e.Err) }

// Unwrap returns ErrImage and the reason.
func (e *ImageError) Unwrap() []error { return []error{ErrImage, e.Err} }

// fault is err about image k. What is no fault of the image stays as it is: that the
// context ended, the model was closed or too many wait.
func (p *prompt) fault(k int, err error) error {
	if unrelated(err) {
		return err
	}
	return &ImageError{Image: k, Place: p.place(k), Err: err}
}

// unrelated reports that err is about no image.
func unrelated(err error) bool {
	for _, other := range []error{context.Canceled, context.DeadlineExceeded, ErrClosed, ErrBusy} {
		if errors.Is(err, other) {
			return true
		}
	}
	return false
}

// place is where an image stands, for errors.
type place struct{ message, part int }

func (p place) String() string { return fmt.Sprintf("message %d, part %d", p.message, p.part) }

// places lists where the images of a conversation stand.
func places(c *chat.Conversation) []place {
	var list []place
	for i := range c.Messages {
		for j, part := range c.Messages[i].Content {
			if part.Image != nil {
				list = append(list, place{i, j})
			}
		}
	}
	return list
}

// prompt is what a completion begins with.
type prompt struct {
	ids    []int32
	files  []*pictureFile // in their order
	counts []int          // of their tokens
	place  func(image int) string
	seen   []*seen // once they were looked at
	images []infer.Image
	free   func() // gives back the room that it holds; nil: it holds none
}

// release gives back the room that hold took, once the engine is done with p. It
// may be called again, and of a nil prompt.
func (p *prompt) release() {
	if p != nil && p.free != nil {
		p.free()
		p.free = nil
	}
}

// numImageTokens is the length of all pictures.
func (p *prompt) numImageTokens() int {
	n := 0
	for _, count := range p.counts {
		n += count
	}
	return n
}

// addImages opens the images, and finds their lengths.
func (m *Model) addImages(p *prompt, images []*chat.Image) error {
	for k, image := range images {
		if m.sight == nil {
			return p.fault(k, errBlind)
		}
		f, err := m.sight.open(image)
		if err != nil {
			return p.fault(k, err)
		}
		n, err := m.sight.count(f)
		if err != nil {
			return p.fault(k, err)
		}
		p.files, p.counts = append(p.files, f), append(p.counts, n)
	}
	return nil
}

// hold is look when there is room for what is seen, which p has until release: not
// after an error.
func (m *Model) hold(ctx context.Context, p *prompt) error {
	if len(p.files) == 0 || len(p.ids) >= m.window {
		return m.look(ctx, p) // there is nothing to see, or it refuses
	}
	r, n := m.sight.room, heldBytes(p.numImageTokens(), m.sight.width)
	if err := r.take(ctx, n); err != nil {
		return err
	}
	p.free = func() { r.give(n) }
	seen := false
	defer func() { // also after a panic
		if !seen {
			p.release()
		}
	}()
	err := m.look(ctx, p)
	seen = err == nil
	return err
}

// look makes the images of p.ids ready for the engine.
func (m *Model) look(ctx context.Context, p *prompt) error {
	if len(p.files) == 0 {
		return nil
	}
	if len(p.ids) >= m.window { // do not look at what has no room
		return &ContextWindowError{Window: m.window, Prompt: len(p.ids)}
	}
	at := 0
	for k, f := range p.files {
		v, err := m.sight.look(ctx, f)
		if err != nil {
			return p.fault(k, err)
		}
		next := slices.Index(p.ids[at:], m.imageToken)
		if next < 0 || v.layout.Tokens != p.counts[k] {
			return p.fault(k, fmt.Errorf("it has %d tokens and its header promised %d", v.layout.Tokens, p.counts[k]))
		}
		at += next
		p.seen = append(p.seen, v)
		p.images = append(p.images, infer.Image{At: at, Features: v.features, Hash: v.hash})
		at += p.counts[k]
	}
	p.files = nil // large, and the completion may take long
	return nil
}

// checkPlaces reports a prompt whose markup has other image tokens than images.
func (m *Model) checkPlaces(p *prompt) error {
	if m.sight == nil {
		return nil
	}
	n := 0
	for _, id := range p.ids {
		if id == m.imageToken {
			n++
		}
	}
	if want := p.numImageTokens(); n != want {
		return fmt.Errorf("%w: the prompt has %d image tokens for images of %d: the chat template or the tokenizer has another image token than the model's, %d (%q)",
			ErrImage, n, want, m.imageToken, m.tokenizer.Bytes(m.imageToken))
	}
	return nil
}

// appendText appends the tokens of text that people wrote. Image tokens are never
// among them, also where the vocabulary has theirs as an ordinary one.
func (m *Model) appendText(ids []int32, text string) []int32 {
	n := len(ids)
	ids = m.tokenizer.AppendEncode(ids, []byte(text))
	if m.sight != nil && slices.Contains(ids[n:], m.imageToken) {
		ids = append(ids[:n], chat.EncodeText(m.tokenizer, text)...)
	}
	return ids
}

// imagePrompt is the prompt of a text with images: where it has chat.ImageToken, or
// else before it, each with a newline after.
func (m *Model) imagePrompt(text string, images []chat.Image) (*prompt, error) {
	p := &prompt{place: func(k int) string { return fmt.Sprintf("image %d", k) }}
	list := make([]*chat.Image, len(images))
	for k := range images {
		list[k] = &images[k]
	}
	if err := m.addImages(p, list); err != nil {
		return nil, err
	}
	pieces := strings.Split(text, chat.ImageToken)
	between := ""
	switch len(pieces) {
	case len(images) + 1:
	case 1:
		pieces = append(make([]string, len(images)), text)
		between = "\n"
	default:
		return nil, fmt.Errorf("%w: the prompt's places %s (%d) are not as many as the images (%d)", ErrImage, chat.ImageToken, len(pieces)-1, len(images))
	}
	p.ids = m.begin()
	for k, piece := range pieces {
		if k > 0 {
			p.ids = append(p.ids, slices.Repeat([]int32{m.imageToken}, p.counts[k-1])...)
			piece = between + piece
		}
		p.ids = m.appendText(p.ids, piece)
	}
	return p, nil
}
