package polymath

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/model/vision"
)

// smallSight sees pictures of 8 by 8 pixels in 4 tokens of 64 bytes.
func smallSight(t *testing.T, budget int64) *sight {
	t.Helper()
	cfg, err := model.Default(model.Qwen3)
	if err != nil {
		t.Fatal(err)
	}
	cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers, cfg.IntermediateSize = 20, 32, 1, 32
	cfg.NumHeads, cfg.NumKVHeads, cfg.HeadDim = 2, 2, 16
	v := vision.Default()
	v.ImageSize, v.PatchSize, v.HiddenSize, v.IntermediateSize, v.NumLayers, v.NumHeads = 8, 4, 16, 16, 1, 1
	cfg.Vision = &v
	m, err := model.New(cfg, 1)
	if err != nil {
		t.Fatal(err)
	}
	return newSight(m, &openOptions{imageCache: budget})
}

// openFile opens an even picture of a brightness.
func openFile(t *testing.T, s *sight, width int, brightness uint8, detail string) *pictureFile {
	t.Helper()
	p := image.NewGray(image.Rect(0, 0, width, 8))
	for i := range p.Pix {
		p.Pix[i] = brightness
	}
	p.SetGray(0, 0, color.Gray{255 - brightness})
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	picture := DataImage(b.Bytes())
	picture.Detail = detail
	f, err := s.open(&picture)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestSightKeepsWhatFits: what was used last is kept, within the budget, and what
// is kept is not looked at again.
func TestSightKeepsWhatFits(t *testing.T) {
	const picture = 4 * 32 * 2 // bytes
	s := smallSight(t, 2*picture)
	look := func(brightness uint8) *seen {
		t.Helper()
		v, err := s.look(t.Context(), openFile(t, s, 8, brightness, ""))
		if err != nil {
			t.Fatal(err)
		}
		if s.bytes > s.budget || s.kept.Len() != len(s.byKey) || s.bytes != int64(s.kept.Len())*picture {
			t.Errorf("%d pictures in %d bytes", s.kept.Len(), s.bytes)
		}
		return v
	}
	a, b := look(1), look(2)
	if look(1) != a || look(2) != b || look(1) != a {
		t.Error("a picture that was kept is looked at again")
	}
	look(3) // b was not used for longest
	if look(1) != a {
		t.Error("what was used went")
	}
	again := look(2)
	if again == b || again.hash != b.hash || !slices.Equal(again.features, b.features) {
		t.Error("a picture looks different the second time")
	}
	s = smallSight(t, picture-1)
	if first, second := look(4), look(4); first == second {
		t.Error("what is larger than the budget was kept")
	}
	s.close()
	if _, err := s.look(t.Context(), openFile(t, s, 8, 1, "")); !errors.Is(err, ErrClosed) || len(s.byKey) > 0 {
		t.Errorf("closed: %v, %d pictures", err, len(s.byKey))
	}
}

// TestSightTellsDetailsApart: one file at two details is two pictures.
func TestSightTellsDetailsApart(t *testing.T) {
	s := smallSight(t, 0)
	if s.budget != defaultFeatureBytes {
		t.Errorf("a budget of %d", s.budget)
	}
	low, high := openFile(t, s, 20, 1, "low"), openFile(t, s, 20, 1, "high")
	if low.key == high.key {
		t.Error("details have one key")
	}
	for _, f := range []*pictureFile{low, high} {
		n, err := s.count(f)
		v, err2 := s.look(t.Context(), f)
		if err != nil || err2 != nil || v.layout.Tokens != n || len(v.features) != n*s.width {
			t.Errorf("%d tokens were promised: %+v, %v, %v", n, v.layout, err, err2)
		}
	}
}

// TestSightIsBounded: only some look at a time, and who waits leaves with its
// context.
func TestSightIsBounded(t *testing.T) {
	s := smallSight(t, 0)
	for range maxSeers {
		<-s.seers
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.look(ctx, openFile(t, s, 8, 1, "")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	var group sync.WaitGroup
	for i := range 10 {
		group.Go(func() {
			f := openFile(t, s, 8, uint8(i/2), "")
			v, err := s.look(t.Context(), f)
			if err != nil || v.key != f.key {
				t.Errorf("picture %d: %v", i, err)
			}
		})
	}
	for range maxSeers {
		s.seers <- nil
	}
	group.Wait()
	if len(s.seers) != maxSeers || s.kept.Len() != 5 {
		t.Errorf("%d seers, %d pictures", len(s.seers), s.kept.Len())
	}
}

// TestSightLooksOnce: of all who want to know of a picture one looks, also if it
// cannot be kept; if that one leaves, another does.
func TestSightLooksOnce(t *testing.T) {
	s := smallSight(t, 1)
	f := openFile(t, s, 8, 1, "")
	for range maxSeers {
		<-s.seers
	}
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := s.look(ctx, f)
		left <- err
	}()
	for { // until it looks
		s.mu.Lock()
		n := len(s.glances)
		s.mu.Unlock()
		if n == 1 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	results := make(chan *seen)
	for range 10 {
		go func() {
			v, err := s.look(t.Context(), f)
			if err != nil {
				t.Error(err)
			}
			results <- v
		}()
	}
	time.Sleep(20 * time.Millisecond) // they wait, most likely
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	time.Sleep(20 * time.Millisecond)
	for range maxSeers {
		s.seers <- nil
	}
	first := <-results
	for range 9 {
		if v := <-results; v != first || v == nil {
			t.Error("it was looked at again")
		}
	}
	if len(s.glances) != 0 || len(s.byKey) != 0 {
		t.Errorf("%d looks in progress, %d kept", len(s.glances), len(s.byKey))
	}
}

// FuzzReadDataURL: no URL makes more data than the limit, or a panic.
func FuzzReadDataURL(f *testing.F) {
	for _, text := range []string{
		"data:image/png;base64,aGVsbG8=", "data:,hello%20you", "DATA:;BASE64,aGVsbG8", "data:;base64,-_-_", "data:;base64,aGVs\r\nbG8=\n",
		"data:", "data:base64,x", "data:text/plain;charset=utf-8,x", "data:;base64,=", "http://x/y,z", "data:;base64,a",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		data, err := readDataURL(text, 10)
		if err == nil && len(data) > 10 {
			t.Errorf("%q: %d bytes", text, len(data))
		}
	})
}

func TestReadDataURL(t *testing.T) {
	for text, want := range map[string]string{
		"data:image/png;base64,aGVsbG8=": "hello", "data:,hello%20you": "hello you", "DATA:;BASE64,aGVsbG8": "hello",
		"data:;base64,-_-_": "\xfb\xff\xbf", "data:;base64,aGVs\r\nbG8=\n": "hello", "data:;base64,": "", "data:text/plain;base64;charset=x,a,b": "a,b",
	} {
		if got, err := readDataURL(text, 100); err != nil || string(got) != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	image := DataImage([]byte("any \x00\xff"))
	if got, err := readDataURL(image.URL, 100); err != nil || string(got) != "any \x00\xff" {
		t.Errorf("%q: %q, %v", image.URL, got, err)
	}
	if (chat.Image{URL: image.URL}) != image {
		t.Error("a detail")
	}
}
