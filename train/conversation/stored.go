package conversation

import (
	"encoding/binary"
	"fmt"

	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/picture"
	"github.com/polymath-lm/polymath/tensor"
)

// Shards have the file of a picture as it came. Where the tower sees far fewer
// pixels than the file has, they have the views instead: to decode a photograph
// takes longer than to train on it. The patches are the same to the bit.
//
//	offset  bytes
//	     0      8  magic "PLYVIEWS"
//	     8      4  side of a view in pixels
//	    12      4  number of views
//	    16         red, green and blue of the pixels of each view, in rows from the top
const (
	viewsMagic  = "PLYVIEWS"
	viewsHeader = 16
	shrunk      = 4 // pixels of a file for each that is seen, from which on views are stored
)

// packViews returns what shards have instead of the file of a picture, nil if they
// have that.
func packViews(cfg *vision.Config, p *picture.Picture, d picture.Detail) []byte {
	l := cfg.Layout(p.Width, p.Height, d)
	n := 1 + len(l.Tiles)
	size := n * l.Side * l.Side
	if p.Width*p.Height < shrunk*size {
		return nil
	}
	b := append(make([]byte, 0, viewsHeader+3*size), viewsMagic...)
	b = binary.LittleEndian.AppendUint32(b, uint32(l.Side))
	b = binary.LittleEndian.AppendUint32(b, uint32(n))
	for _, v := range l.Views(p) {
		b = append(b, v.Pix...)
	}
	return b
}

func isViews(data []byte) bool {
	return len(data) >= viewsHeader && string(data[:len(viewsMagic)]) == viewsMagic
}

// views checks a picture that is stored as views.
func views(cfg *vision.Config, data []byte) (int, error) {
	side, n := uint64(binary.LittleEndian.Uint32(data[8:])), uint64(binary.LittleEndian.Uint32(data[12:]))
	if side != uint64(cfg.ImageSize) {
		return 0, fmt.Errorf("it is stored as views of %d pixels, and those of the tower have %d: make the shards again for this tower", side, cfg.ImageSize)
	}
	if n < 1 || n > uint64(len(data)) || n*side*side*3 != uint64(len(data)-viewsHeader) {
		return 0, fmt.Errorf("%d views of %d pixels are stored in %d bytes", n, side, len(data))
	}
	return int(n), nil
}

// MeasurePicture returns how many pixels a picture of a shard has, and how many
// tokens the tower makes of it, by its header alone.
func MeasurePicture(cfg *vision.Config, data []byte, d picture.Detail) (pixels int64, tokens int, err error) {
	if isViews(data) {
		n, err := views(cfg, data)
		return int64(n) * int64(cfg.ImageSize) * int64(cfg.ImageSize), n * cfg.Patches(), err
	}
	width, height, err := picture.Size(data, PictureLimits())
	if err != nil {
		return 0, 0, err
	}
	_, tokens = cfg.Count(width, height, d)
	return int64(width) * int64(height), tokens, nil
}

// ReadPicture returns the patches of a picture of a shard, and how many pixels it
// has. Goroutines may share cfg.
func ReadPicture(cfg *vision.Config, data []byte, d picture.Detail) (patches []tensor.BF16, pixels int64, err error) {
	if !isViews(data) {
		in, err := cfg.Read(data, d, PictureLimits())
		if err != nil {
			return nil, 0, err
		}
		return in.Patches, int64(in.Width) * int64(in.Height), nil
	}
	n, err := views(cfg, data)
	if err != nil {
		return nil, 0, err
	}
	side := cfg.ImageSize
	scale := picture.NewScale(cfg.Mean, cfg.Std, tensor.FromFloat32)
	patches = make([]tensor.BF16, 0, n*cfg.Patches()*cfg.PatchLen())
	for rest := data[viewsHeader:]; len(rest) > 0; rest = rest[3*side*side:] {
		view := &picture.Picture{Width: side, Height: side, Pix: rest[:3*side*side]}
		patches = scale.Patches(patches, view, cfg.PatchSize)
	}
	return patches, int64(n) * int64(side) * int64(side), nil
}
