package conversation

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/picture"
)

const largeSide = 60 // pixels of a large picture

// meeting lets nobody on before so many have come.
type meeting struct {
	want, come atomic.Int64
}

// wait reports whether they came in time.
func (m *meeting) wait() bool {
	m.come.Add(1)
	for end := time.Now().Add(20 * time.Second); m.come.Load() < m.want.Load(); runtime.Gosched() {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// aloneDecoder has room for one large picture, and finds fault with a second one.
func aloneDecoder(t *testing.T) (d *decoder, decoded *atomic.Int64) {
	d, decoded = newDecoder(largeSide*largeSide), &atomic.Int64{}
	read := d.read
	var large atomic.Int64
	d.read = func(data []byte, l picture.Limits) (*picture.Picture, error) {
		decoded.Add(1)
		if width, _, err := picture.Size(data, l); err == nil && width == largeSide {
			if large.Add(1) > 1 {
				t.Error("two large pictures are decoded at once")
			}
			defer large.Add(-1)
			time.Sleep(time.Millisecond) // others could come
		}
		return read(data, l)
	}
	return d, decoded
}

// TestDecoderRoom: with room for one large picture never two are decoded at once,
// whether they can be or not, and small ones are.
func TestDecoderRoom(t *testing.T) {
	large, small := testPNG(largeSide, 1), testPNG(8, 2)
	d, decoded := aloneDecoder(t)
	var group sync.WaitGroup
	for i := range 24 {
		data := [][]byte{large, small, large[:len(large)-20]}[i%3]
		group.Go(func() {
			err := d.decode(data, func(p *picture.Picture) {
				if held := d.pixels(); held < int64(p.Width*p.Height) || held > d.most {
					t.Errorf("%d pixels are decoded", held)
				}
			})
			if (err != nil) != (i%3 == 2) {
				t.Errorf("picture %d: %v", i, err)
			}
		})
	}
	group.Wait()
	if decoded.Load() != 24 || d.pixels() != 0 {
		t.Errorf("%d pictures, %d pixels are still held", decoded.Load(), d.pixels())
	}
	var m meeting
	m.want.Store(4)
	for range 4 {
		group.Go(func() {
			if err := d.decode(small, func(*picture.Picture) {
				if !m.wait() {
					t.Error("small pictures are decoded one after the other")
				}
			}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

// TestDecoderGivesBack: whatever comes of a picture, there is room for the next
// one, also if it has more pixels than there is room for.
func TestDecoderGivesBack(t *testing.T) {
	d := newDecoder(100)
	large := testPNG(largeSide, 1)
	nothing := func(*picture.Picture) {}
	for range 2 {
		if err := d.decode(large, nothing); err != nil {
			t.Error(err)
		}
		if err := d.decode(large[:len(large)-20], nothing); err == nil {
			t.Error("a damaged picture is decoded")
		}
		var format *picture.FormatError
		if err := d.decode([]byte("hello"), nothing); !errors.As(err, &format) {
			t.Error(err)
		}
		func() {
			defer func() { _ = recover() }()
			_ = d.decode(large, func(*picture.Picture) { panic("x") })
		}()
		if d.pixels() != 0 {
			t.Fatalf("%d pixels are held", d.pixels())
		}
	}
}

func (d *decoder) pixels() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.held
}
