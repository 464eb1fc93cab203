package polymath_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/picture"
)

func TestImageErrors(t *testing.T) {
	m := openSeeing(t, polymath.WithImageLimits(picture.Limits{Bytes: 1 << 16, Pixels: 1 << 14}), polymath.WithContextWindow(100))
	good := paint(16, 16, 1)
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 16, 16)), nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		image chat.Image
		want  string
	}{
		{polymath.DataImage([]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic")), "HEIC is not accepted"},
		{chat.Image{URL: "data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'/%3E"}, "SVG is not accepted"},
		{polymath.DataImage([]byte("BM\x9a\x00\x00\x00")), "BMP is not accepted"},
		{polymath.DataImage([]byte("hello")), "no image of a known format"},
		{polymath.DataImage(nil), "no image of a known format"},
		{polymath.DataImage(paint(200, 200, 1)), "too large: 40000 pixels"},
		{polymath.DataImage(make([]byte, 1<<16+1)), "too large: 65537 bytes"},
		{polymath.DataImage(make([]byte, 1<<20)), "too large: 1048576 bytes"},
		{polymath.DataImage(good[:len(good)-20]), "cannot be decoded"},
		{polymath.DataImage(photo.Bytes()[:photo.Len()/2]), "cannot be decoded"},
		{chat.Image{URL: "https://example.com/a.png"}, "only data: URLs"},
		{chat.Image{URL: "file:///etc/passwd"}, "only data: URLs"},
		{chat.Image{URL: ""}, "only data: URLs"},
		{chat.Image{URL: "data:image/png;base64"}, "no comma"},
		{chat.Image{URL: "data:image/png;base64,!!!"}, "illegal base64"},
		{chat.Image{URL: "data:image/png,%zz"}, "invalid URL escape"},
		{chat.Image{URL: dataURL("image/png", good), Detail: "close"}, `detail "close"`},
	} {
		talk := conversation(chat.Text(chat.System, "s"), shown("x", good, c.image))
		_, err := m.Chat(t.Context(), talk, sampled)
		if !errors.Is(err, polymath.ErrImage) || !strings.Contains(err.Error(), "message 1, part 2: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60s: %v, want %q", c.image.URL, err, c.want)
		}
		var fault *polymath.ImageError
		if !errors.As(err, &fault) || fault.Image != 1 || fault.Place != "message 1, part 2" {
			t.Errorf("%.60s: %+v", c.image.URL, fault)
		}
		if _, err := m.See(t.Context(), c.image); !errors.Is(err, polymath.ErrImage) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60s: %v, want %q", c.image.URL, err, c.want)
		}
		_, err = m.Generate(t.Context(), "x", polymath.GenerateOptions{Images: []chat.Image{polymath.DataImage(good), c.image}})
		if !errors.Is(err, polymath.ErrImage) || !strings.Contains(err.Error(), "image 1: ") {
			t.Errorf("%.60s: %v", c.image.URL, err)
		}
	}
	var window *polymath.ContextWindowError
	many := conversation(shown(good, good, good, good, good, good, good))
	if _, err := m.Chat(t.Context(), many, sampled); !errors.As(err, &window) || window.Prompt < 7*16 {
		t.Errorf("images beyond the window: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Chat(ctx, conversation(shown(paint(16, 16, 77))), sampled); !errors.Is(err, context.Canceled) || errors.Is(err, polymath.ErrImage) {
		t.Errorf("canceled: %v", err)
	}
	if _, err := m.Chat(t.Context(), ask("x"), polymath.ChatOptions{GenerateOptions: polymath.GenerateOptions{Images: []chat.Image{polymath.DataImage(good)}}}); !errors.Is(err, polymath.ErrImage) {
		t.Errorf("images beside a conversation: %v", err)
	}
	m.Close()
	if _, err := m.Chat(t.Context(), conversation(shown(good)), sampled); !errors.Is(err, polymath.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// TestImagesBeyondWindow: what has no room in the window is not decoded. Here that is
// known because the pixels are damaged.
func TestImagesBeyondWindow(t *testing.T) {
	file := paint(60, 20, 1) // 4 views of 16 tokens
	file = file[:len(file)-len(file)/4]
	for window, want := range map[int]error{60: polymath.ErrContextWindow, 200: polymath.ErrImage} {
		m := openSeeing(t, polymath.WithContextWindow(window))
		if _, err := m.Chat(t.Context(), conversation(shown(file)), polymath.ChatOptions{}); !errors.Is(err, want) {
			t.Errorf("a window of %d: %v, want %v", window, err, want)
		}
	}
}

// TestImageQueue: no more wait to be looked at than WithQueueLimit lets, and others
// are not hurt.
func TestImageQueue(t *testing.T) {
	m := openSeeing(t, polymath.WithQueueLimit(1))
	var busy, seen atomic.Int64
	var group sync.WaitGroup
	images := make([]chat.Image, 40)
	for i := range images {
		images[i] = polymath.DataImage(paint(400, 400, i))
	}
	begin := make(chan struct{})
	for _, image := range images {
		group.Go(func() {
			<-begin
			switch _, err := m.See(t.Context(), image); {
			case err == nil:
				seen.Add(1)
			case errors.Is(err, polymath.ErrBusy) && !errors.Is(err, polymath.ErrImage):
				busy.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	close(begin)
	group.Wait()
	if seen.Load() < 1 || busy.Load() < 1 {
		t.Errorf("%d were seen and %d turned away", seen.Load(), busy.Load())
	}
	if _, err := m.See(t.Context(), polymath.DataImage(paint(300, 300, 100))); err != nil {
		t.Error(err)
	}
}
