package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/webp"
)

// A codec is one accepted format.
type codec struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	rgb    func(image.Image, *Picture) error
	// look walks the file without decoding it: it returns the orientation that
	// EXIF states, and an error if decoding must not be tried.
	look func(data []byte, pixels int64) (orientation int, err error)
}

var codecs = map[string]codec{
	"JPEG": {jpeg.DecodeConfig, jpeg.Decode, toRGB, lookJPEG},
	"PNG":  {png.DecodeConfig, png.Decode, toRGB, lookPNG},
	"GIF":  {gif.DecodeConfig, gif.Decode, toRGB, func([]byte, int64) (int, error) { return 1, nil }},
	"WebP": {webp.DecodeConfig, webp.Decode, webpToRGB, lookWebP},
}

// Decode reads a JPEG, PNG, GIF (its first frame, on its canvas) or WebP,
// turns it as EXIF says, and puts what is transparent on white. Of 16 bits the
// upper 8 are taken; CMYK is converted without a profile. What Limits forbid is
// found in the header, before anything is decoded. The data is not kept.
//
// The error is a *FormatError, *LimitError or *DamageError: the data's fault
// in each case. Damaged EXIF is no error: the picture stays as it is. Data
// after the end of the picture is not looked at.
func Decode(data []byte, limits Limits) (*Picture, error) {
	limits = limits.orDefault()
	if int64(len(data)) > limits.Bytes {
		return nil, &LimitError{"bytes", int64(len(data)), limits.Bytes}
	}
	format := sniff(data)
	c, ok := codecs[format]
	if !ok {
		return nil, &FormatError{format}
	}
	p, err := c.read(data, format, limits)
	return p, dataFault(format, err)
}

// read decodes one file. A panic in a decoder is the data's fault.
func (c codec) read(data []byte, format string, limits Limits) (p *Picture, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, fmt.Errorf("the decoder failed: %v", r)
		}
	}()
	width, height, orientation, err := c.header(data, format, limits)
	if err != nil {
		return nil, err
	}
	m, err := c.decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	p = white(width, height)
	if !m.Bounds().In(image.Rect(0, 0, p.Width, p.Height)) {
		return nil, fmt.Errorf("its header says %dx%d and its data is %v", p.Width, p.Height, m.Bounds())
	}
	if err := c.rgb(m, p); err != nil {
		return nil, err
	}
	return p.turn(orientation), nil
}
