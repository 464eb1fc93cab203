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
//	     0      8  magic "PLYVIEW2"
//	     8      4  side of a view in pixels
//	    12      4  number of views
//	    16      8  box and short of the resolution, 0 where one view is all
//	    24         red, green and blue of the pixels of each view, in rows from the top
//
// Earlier versions wrote "PLYVIEWS", with the pixels in place of box and short.
const (
	viewsMagic  = "PLYVIEW2"
	viewsHeader = 24
	oldMagic    = "PLYVIEWS"
	oldHeader   = 16
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
	box, short := bounds(cfg, d)
	b = binary.LittleEndian.AppendUint32(b, box)
	b = binary.LittleEndian.AppendUint32(b, short)
	for _, v := range l.Views(p) {
		b = append(b, v.Pix...)
	}
	return b
}

// bounds are what says how many views a tower makes of a picture.
func bounds(cfg *vision.Config, d picture.Detail) (box, short uint32) {
	r := cfg.Resolution()
	if d == picture.Low || r.Box <= r.Side {
		return 0, 0
	}
	return uint32(r.Box), uint32(r.Short)
}

func isViews(data []byte) bool { return headerOf(data) > 0 }

// headerOf is the length of the header of views, 0 for a file.
func headerOf(data []byte) int {
	switch {
	case len(data) >= viewsHeader && string(data[:len(viewsMagic)]) == viewsMagic:
		return viewsHeader
	case len(data) >= oldHeader && string(data[:len(oldMagic)]) == oldMagic:
		return oldHeader
	}
	return 0
}

// views checks a picture that is stored as views.
func views(cfg *vision.Config, data []byte, d picture.Detail) (int, error) {
	header, number := headerOf(data), binary.LittleEndian.Uint32
	side, n := uint64(number(data[8:])), uint64(number(data[12:]))
	if side != uint64(cfg.ImageSize) {
		return 0, fmt.Errorf("it is stored as views of %d pixels, and those of the tower have %d: make the shards again for this tower", side, cfg.ImageSize)
	}
	if n < 1 || n > uint64(len(data)) || n*side*side*3 != uint64(len(data)-header) {
		return 0, fmt.Errorf("%d views of %d pixels are stored in %d bytes", n, side, len(data))
	}
	if header == oldHeader {
		return int(n), nil
	}
	box, short := bounds(cfg, d)
	if was, wasShort := number(data[16:]), number(data[20:]); was != box || wasShort != short {
		return 0, fmt.Errorf("it is stored as views of a picture of at most %d x %d pixels, and the tower looks at %d x %d (0: one view is all): make the shards again for this tower", was, wasShort, box, short)
	}
	return int(n), nil
}

// MeasurePicture returns how many pixels a picture of a shard has, and how many
// tokens the tower makes of it, by its header alone.
func MeasurePicture(cfg *vision.Config, data []byte, d picture.Detail) (pixels int64, tokens int, err error) {
	if isViews(data) {
		n, err := views(cfg, data, d)
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
	n, err := views(cfg, data, d)
	if err != nil {
		return nil, 0, err
	}
	side := cfg.ImageSize
	scale := picture.NewScale(cfg.Mean, cfg.Std, tensor.FromFloat32)
	patches = make([]tensor.BF16, 0, n*cfg.Patches()*cfg.PatchLen())
	for rest := data[headerOf(data):]; len(rest) > 0; rest = rest[3*side*side:] {
		view := &picture.Picture{Width: side, Height: side, Pix: rest[:3*side*side]}
		patches = scale.Patches(patches, view, cfg.PatchSize)
	}
	return patches, int64(n) * int64(side) * int64(side), nil
}
