package conversation

import (
	"sync"

	"github.com/polymath-lm/polymath/picture"
)

// decodedPictures is how many of the largest pictures are decoded at a time.
const decodedPictures = 4

// decoder decodes pictures of so many pixels at a time: memory would grow with the
// processors if each had one. Goroutines share it.
type decoder struct {
	most int64 // pixels
	read func([]byte, picture.Limits) (*picture.Picture, error)

	mu   sync.Mutex
	left sync.Cond // signals that held is less
	held int64     // pixels of those that are decoded
}

func newDecoder(most int64) *decoder {
	d := &decoder{most: most, read: picture.Decode}
	d.left.L = &d.mu
	return d
}

// decode hands a picture to use, which must not keep it: then there is room for
// another.
func (d *decoder) decode(data []byte, use func(*picture.Picture)) error {
	limits := PictureLimits()
	width, height, err := picture.Size(data, limits)
	if err != nil {
		return err
	}
	n := min(int64(width)*int64(height), d.most) // one always has room
	d.enter(n)
	defer d.leave(n) // also after a panic
	p, err := d.read(data, limits)
	if err != nil {
		return err
	}
	use(p)
	return nil
}

func (d *decoder) enter(pixels int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.held+pixels > d.most {
		d.left.Wait()
	}
	d.held += pixels
}

func (d *decoder) leave(pixels int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.held -= pixels
	d.left.Broadcast()
}
