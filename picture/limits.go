package picture

import "fmt"

// Limits bound what Decode works on, and so its time and memory: up to 27 bytes
// for each pixel while it decodes a progressive JPEG of four components, 20 of three,
// mostly 7. A field that is 0 stands for that of DefaultLimits.
type Limits struct {
	Bytes  int64 // of the file
	Pixels int64 // width times height
	Side   int   // pixels of the longer side
	Aspect int   // longer side by shorter
}

// DefaultLimits returns limits that let the pictures of cameras and screens
// pass: 20 MiB, 2^26 pixels, 32768 on a side, 200 times as long as short.
func DefaultLimits() Limits {
	return Limits{Bytes: 20 << 20, Pixels: 1 << 26, Side: 1 << 15, Aspect: 200}
}

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	if l.Bytes == 0 {
		l.Bytes = d.Bytes
	}
	if l.Pixels == 0 {
		l.Pixels = d.Pixels
	}
	if l.Side == 0 {
		l.Side = d.Side
	}
	if l.Aspect == 0 {
		l.Aspect = d.Aspect
	}
	return l
}

// maxScanned bounds pixels times scans of a JPEG, because each scan, of a few
// bytes, may visit all pixels. A progressive JPEG has 10 scans as libjpeg writes
// it, and may have them at the default limit of pixels.
const maxScanned = 10 << 26

// densest is the number of pixels that one byte of each format can stand for
// at most; a header that claims more is a lie. JPEG: one bit for a block of 64,
// twice that for color at 4:1:0. PNG: eight to a byte, which deflate shrinks
// 1032 times. GIF: a code of at least three bits for a run of at most 4096. In
// WebP a picture of one color takes no bits at all.
var densest = map[string]int64{"JPEG": 1024, "PNG": 8 * 1032, "GIF": 3 * 4096}

// check holds what a header says against the limits.
func (l Limits) check(format string, bytes int64, width, height int) error {
	if width <= 0 || height <= 0 {
		return &DamageError{format, fmt.Errorf("its header says %d by %d pixels", width, height)}
	}
	long, short, pixels := max(width, height), min(width, height), int64(width)*int64(height)
	if pixels > l.Pixels {
		return &LimitError{"pixels", pixels, l.Pixels}
	}
	if long > l.Side {
		return &LimitError{"pixels on a side", int64(long), int64(l.Side)}
	}
	if int64(long) > int64(l.Aspect)*int64(short) {
		return &LimitError{"times as long as it is short", int64((long + short - 1) / short), int64(l.Aspect)}
	}
	if d, ok := densest[format]; ok && pixels > d*bytes {
		return &DamageError{format, fmt.Errorf("its header says %d by %d pixels, which %d bytes cannot hold", width, height, bytes)}
	}
	return nil
}
