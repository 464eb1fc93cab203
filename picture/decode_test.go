package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestOtherFormatsAreNamed(t *testing.T) {
	for _, c := range []struct{ data, name string }{
		{"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "HEIC"},
		{"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00", "AVIF"},
		{"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00", "HEIC or AVIF"},
		{"\x00\x00\x00\x1cftypisom\x00\x00\x00\x00", "MP4 video"},
		{"\x00\x00\x00\x1cftypqt  \x00\x00\x00\x00", "QuickTime video"},
		{"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"},
		{"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x --><SVG/>", "SVG"},
		{"<!DOCTYPE html><html>", "HTML"},
		{"BM\x9a\x00\x00\x00", "BMP"},
		{"II*\x00\x08\x00\x00\x00", "TIFF"},
		{"MM\x00*\x00\x00\x00\x08", "TIFF"},
		{"%PDF-1.7\n", "PDF"},
		{"\x00\x00\x01\x00\x01\x00", "ICO"},
		{"\xff\x0a\x00", "JPEG XL"},
		{"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"},
		{"\x1a\x45\xdf\xa3\x01", "Matroska or WebM video"},
		{"RIFF\x00\x00\x00\x00AVI LIST", "AVI video"},
		{"", ""},
		{"hello", ""},
		{"\xff\xd8", ""},
		{"RIFF\x00\x00\x00\x00WAVE", ""},
	} {
		_, err := Decode([]byte(c.data), Limits{})
		var format *FormatError
		if !errors.As(err, &format) || format.Name != c.name || !strings.Contains(err.Error(), Accepted) {
			t.Errorf("%q: %v, want the name %q", c.data, err, c.name)
		}
	}
}

// TestCutShort cuts every image at many places.
func TestCutShort(t *testing.T) {
	for _, c := range readGolden(t).Decode {
		end := len(c.Data)
		switch {
		case c.Name == "gif frames":
			continue // what follows the first is not read
		case strings.HasPrefix(c.Name, "gif"):
			// The first frame may be whole without what follows it.
			end = bytes.LastIndexByte(c.Data, ',') + 20
		case strings.HasPrefix(c.Name, "webp"):
			// The length of the file and padding are not held against the data,
			// and EXIF comes last.
			end = 12 + 8 + 10
		}
		for n := 0; n < end; n += 1 + n/20 {
			p, err := Decode(c.Data[:n], Limits{})
			if err == nil || p != nil {
				t.Errorf("%s: the first %d of %d bytes are taken", c.Name, n, len(c.Data))
				break
			}
		}
	}
}

// TestDamage flips bits: whatever comes of it, no panic, and a picture of the
// size that the header says.
func TestDamage(t *testing.T) {
	for _, c := range readGolden(t).Decode {
		for i := 0; i < len(c.Data); i += 1 + len(c.Data)/60 {
			data := bytes.Clone(c.Data)
			data[i] ^= 1 << (i % 8)
			checkDecode(t, data)
		}
	}
}

// checkDecode decodes anything and checks what must hold.
func checkDecode(t testing.TB, data []byte) {
	t.Helper()
	p, err := Decode(data, Limits{Pixels: 1 << 18})
	var format *FormatError
	var limit *LimitError
	var damage *DamageError
	switch {
	case err == nil:
		p.check()
		if p.Width*p.Height > 1<<18 {
			t.Fatalf("%dx%d", p.Width, p.Height)
		}
	case p != nil:
		t.Fatalf("a picture with an error: %v", err)
	case !errors.As(err, &format) && !errors.As(err, &limit) && !errors.As(err, &damage):
		t.Fatalf("an error of no type: %v", err)
	}
}

func chunk(kind string, body []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	out = append(append(out, kind...), body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

func pngHeader(width, height uint32, depth, kind byte) []byte {
	body := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height)
	return append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(body, depth, kind, 0, 0, 0))...)
}

func encoded(t testing.TB, m image.Image, form string) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch form {
	case "png":
		err = png.Encode(&b, m)
	case "jpeg":
		err = jpeg.Encode(&b, m, nil)
	case "gif":
		err = gif.Encode(&b, m, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestLimits(t *testing.T) {
	plain := encoded(t, image.NewGray(image.Rect(0, 0, 60, 20)), "png")
	for _, c := range []struct {
		name   string
		data   []byte
		limits Limits
		what   string
		value  int64
	}{
		{"bytes", plain, Limits{Bytes: 10}, "bytes", int64(len(plain))},
		{"pixels", plain, Limits{Pixels: 1199}, "pixels", 1200},
		{"side", plain, Limits{Side: 59}, "pixels on a side", 60},
		{"aspect", plain, Limits{Aspect: 2}, "times as long as it is short", 3},
		{"a large PNG", pngHeader(100000, 100000, 8, 2), Limits{}, "pixels", 1e10},
		{"a long PNG", pngHeader(1<<20, 1, 8, 2), Limits{}, "pixels on a side", 1 << 20},
		{"a large GIF", []byte("GIF89a\xff\xff\xff\xff\x00\x00\x00"), Limits{}, "pixels", 65535 * 65535},
		{"a large WebP", []byte("RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x9f\x86\x01\x0f\x27\x00"), Limits{}, "pixels", 1e9},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Decode(c.data, c.limits)
			var limit *LimitError
			if !errors.As(err, &limit) || limit.What != c.what || limit.Value != c.value {
				t.Errorf("%v, want %d %s", err, c.value, c.what)
			}
		})
	}
	if p, err := Decode(plain, Limits{Bytes: int64(len(plain)), Pixels: 1200, Side: 60, Aspect: 3}); err != nil || p.Width != 60 {
		t.Errorf("at the limits: %v", err)
	}
}

// TestLyingHeader: sizes that pass the limits but that the bytes cannot fill are
// refused before anything of that size is allocated.
func TestLyingHeader(t *testing.T) {
	small := encoded(t, image.NewGray(image.Rect(0, 0, 16, 16)), "jpeg")
	at := bytes.Index(small, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(small[at+5:], 8000)
	binary.BigEndian.PutUint16(small[at+7:], 8000)
	for name, data := range map[string][]byte{
		"png":  pngHeader(8000, 8000, 8, 2),
		"jpeg": small,
		"gif":  []byte("GIF89a\x40\x1f\x40\x1f\x00\x00\x00,\x00\x00\x00\x00\x40\x1f\x40\x1f\x00\x02"),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Decode(data, Limits{})
			runtime.ReadMemStats(&after)
			used := after.TotalAlloc - before.TotalAlloc
			var damage *DamageError
			if !errors.As(err, &damage) || used > 1<<20 {
				t.Errorf("%v after %d bytes", err, used)
			}
		})
	}
}

// TestBombs: files made to cost much are quick.
func TestBombs(t *testing.T) {
	palette := color.Palette{color.Black, color.White}
	frames := &gif.GIF{}
	for range 2000 {
		frames.Image = append(frames.Image, image.NewPaletted(image.Rect(0, 0, 100, 100), palette))
		frames.Delay = append(frames.Delay, 1)
	}
	var many bytes.Buffer
	if err := gif.EncodeAll(&many, frames); err != nil {
		t.Fatal(err)
	}
	whole := encoded(t, image.NewGray(image.Rect(0, 0, 8, 8)), "png")
	text := chunk("zTXt", append([]byte("Comment\x00\x00"), bytes.Repeat([]byte{0x78, 0xda, 0xec, 0xc1}, 1<<18)...))
	compressed := append(append(bytes.Clone(whole[:33]), text...), whole[33:]...)
	for name, c := range map[string]struct {
		data []byte
		ok   bool
	}{
		"frames": {many.Bytes(), true},
		"zTXt":   {compressed, true},
		"scans":  {manyScans(t), false},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := Decode(c.data, Limits{})
			var limit *LimitError
			if c.ok && err != nil || !c.ok && !errors.As(err, &limit) {
				t.Error(err)
			}
			if spent := time.Since(start); spent > 2*time.Second {
				t.Errorf("%v", spent)
			}
		})
	}
}

// manyScans is a JPEG of 1024x1024 whose scan stands there 2000 times.
func manyScans(t *testing.T) []byte {
	data := encoded(t, image.NewGray(image.Rect(0, 0, 1024, 1024)), "jpeg")
	at := bytes.Index(data, []byte{0xff, 0xda})
	scan := data[at : len(data)-2]
	return append(append(bytes.Clone(data[:at]), bytes.Repeat(scan, 2000)...), 0xff, 0xd9)
}

func TestAnimatedWebPIsRefused(t *testing.T) {
	data := []byte("RIFF\x24\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\x07\x00\x00\x07\x00\x00ANIM\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	_, err := Decode(data, Limits{})
	var damage *DamageError
	if !errors.As(err, &damage) || !errors.Is(err, errAnimated) {
		t.Error(err)
	}
}

func TestPanicsOfDecodersAreErrors(t *testing.T) {
	c := codecs["PNG"]
	c.decode = nil
	p, err := c.read(encoded(t, image.NewGray(image.Rect(0, 0, 8, 8)), "png"), "PNG", DefaultLimits())
	if p != nil || err == nil {
		t.Errorf("%v, %v", p, err)
	}
}

func TestExifOrientation(t *testing.T) {
	entry := func(tag, kind, count, value string) string { return tag + kind + count + value }
	good := entry("\x12\x01", "\x03\x00", "\x01\x00\x00\x00", "\x06\x00\x00\x00")
	for name, c := range map[string]struct {
		tiff string
		want int
	}{
		"good":            {"II*\x00\x08\x00\x00\x00\x01\x00" + good, 6},
		"second":          {"II*\x00\x08\x00\x00\x00\x02\x00" + strings.Repeat("\x01", 12) + good, 6},
		"later":           {"II*\x00\x0a\x00\x00\x00zz\x01\x00" + good, 6},
		"many said":       {"II*\x00\x08\x00\x00\x00\xff\xff" + good, 6},
		"none said":       {"II*\x00\x08\x00\x00\x00\x00\x00" + good, 1},
		"cut":             {"II*\x00\x08\x00\x00\x00\x01\x00" + good[:11], 1},
		"beyond":          {"II*\x00\xff\xff\xff\xff\x01\x00" + good, 1},
		"in the header":   {"II*\x00\x00\x00\x00\x00\x01\x00" + good, 1},
		"nine":            {"II*\x00\x08\x00\x00\x00\x01\x00" + good[:8] + "\x09\x00\x00\x00", 1},
		"zero":            {"II*\x00\x08\x00\x00\x00\x01\x00" + good[:8] + "\x00\x00\x00\x00", 1},
		"two values":      {"II*\x00\x08\x00\x00\x00\x01\x00" + good[:4] + "\x02\x00\x00\x00\x06\x00\x06\x00", 1},
		"no byte order":   {"IM*\x00\x08\x00\x00\x00\x01\x00" + good, 1},
		"empty":           {"", 1},
		"header and less": {"II*\x00\x08\x00\x00\x00\x01", 1},
	} {
		if got := exifOrientation([]byte(c.tiff)); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, c := range readGolden(f).Decode {
		f.Add(c.Data)
	}
	f.Add(pngHeader(100000, 100000, 8, 2))
	f.Fuzz(func(t *testing.T, data []byte) {
		checkDecode(t, data)
		checkSize(t, data)
	})
}

// TestSize: what Decode reads has the size that Size tells; what Size refuses
// Decode refuses with the same words.
func TestSize(t *testing.T) {
	check := func(data []byte) { checkSize(t, data) }
	for _, c := range readGolden(t).Decode {
		check(c.Data)
		check(c.Data[:len(c.Data)/2])
		check(c.Data[:20])
	}
	check(pngHeader(100000, 100000, 8, 2))
	check([]byte("hello"))
	if w, h, err := Size(pngHeader(5, 7, 8, 2), Limits{}); err != nil || w != 5 || h != 7 {
		t.Errorf("%d x %d, %v of a header alone", w, h, err)
	}
}

func checkSize(t *testing.T, data []byte) {
	t.Helper()
	width, height, err := Size(data, Limits{})
	p, decodeErr := Decode(data, Limits{})
	if err != nil && (decodeErr == nil || decodeErr.Error() != err.Error()) {
		t.Errorf("Size says %v, Decode %v", err, decodeErr)
	}
	if decodeErr == nil && (p.Width != width || p.Height != height) {
		t.Errorf("%d x %d, and decoded %d x %d", width, height, p.Width, p.Height)
	}
}

func FuzzExifOrientation(f *testing.F) {
	f.Add([]byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00"))
	f.Add([]byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if o := exifOrientation(data); o < 1 || o > 8 {
			t.Fatal(o)
		}
	})
}

func FuzzContainers(f *testing.F) {
	for _, c := range readGolden(f).Decode {
		f.Add(c.Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 12 {
			return
		}
		for _, look := range []func([]byte, int64) (int, error){lookJPEG, lookPNG, lookWebP} {
			if o, err := look(data, 1<<20); err == nil && (o < 1 || o > 8) {
				t.Fatal(o)
			}
		}
	})
}
