package conversation

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/picture"
)

// manyPictures writes objects of all kinds into dir: with none, one and several
// pictures, stored as files and as views, in the object and beside it, and damaged.
func manyPictures(t *testing.T, dir string) (path string, pictures int) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "a.png"), testPNG(largeSide, 90), 0o666); err != nil {
		t.Fatal(err)
	}
	var objects []string
	for i := range 60 {
		side := []int{8, 40, largeSide}[i%3]
		url := dataURL(testPNG(side, uint8(i)))
		switch i % 6 {
		case 0:
			objects = append(objects, `{"text": "the answer is the number"}`)
		case 1, 2:
			objects = append(objects, fmt.Sprintf(`{"text": "x<image>y", "images": [%q]}`, url))
			pictures++
		case 3:
			objects = append(objects, fmt.Sprintf(`{"prompt": "<image>is<image>", "completion": " two<image>", "images": ["a.png", %q, "a.png"]}`, url))
			pictures += 3
		case 4:
			list := strings.Repeat(`"a.png", `, 7) + fmt.Sprintf("%q", url)
			objects = append(objects, fmt.Sprintf(`{"text": %q, "images": [%s]}`, strings.Repeat("the <image> is ", 8), list))
			pictures += 8
		case 5:
			cut := testPNG(largeSide, 7)
			objects = append(objects, fmt.Sprintf(`{"text": "<image>x<image>", "images": ["a.png", %q]}`, dataURL(cut[:len(cut)-20])))
			pictures += 2
		}
	}
	path = filepath.Join(dir, "data.jsonl")
	if err := os.WriteFile(path, []byte(strings.Join(objects, "\n")), 0o666); err != nil {
		t.Fatal(err)
	}
	return path, pictures
}

// filesIn returns the bytes of the files of a directory.
func filesIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(data)
	}
	return files
}

// threads runs the rest of a test with n workers.
func threads(t *testing.T, n int) {
	t.Helper()
	old := par.Threads()
	par.SetThreads(n)
	t.Cleanup(func() { par.SetThreads(old) })
}

// TestRoomForPictures: the bytes of shards and the report do not depend on how
// much is kept of pictures, how many are decoded at a time and who does it; no more
// is kept than there is room for, and what has room is decoded once.
func TestRoomForPictures(t *testing.T) {
	path, pictures := manyPictures(t, t.TempDir())
	o := seeingOptions(40) // the texts of 8 pictures are split
	o.SkipBad = true
	views := len(packed(t, testPNG(largeSide, 1)))
	threads(t, 1)
	out := t.TempDir()
	report, err := Prepare([]string{path}, out, o)
	if err != nil {
		t.Fatal(err)
	}
	if report.Bad != 10 || report.Split != 10 || report.Shrunk < 100 {
		t.Errorf("%+v", report)
	}
	want := filesIn(t, out)
	for _, workers := range []int{1, 4} {
		for _, keep := range []int{1, 3 * views, 16 * views, 1 << 20} {
			threads(t, workers)
			p := newPreparation(o)
			var decoded *atomic.Int64
			p.decoder, decoded = aloneDecoder(t)
			p.keep = int64(keep)
			read := p.read
			p.read = func(data []byte, l picture.Limits) (*picture.Picture, error) {
				if kept := p.kept.Load(); kept >= p.keep+int64(workers*views) {
					t.Errorf("%d workers, room for %d bytes: %d are kept", workers, keep, kept)
				}
				return read(data, l)
			}
			out := t.TempDir()
			got, err := p.run([]string{path}, out)
			if err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(filesIn(t, out), want) || fmt.Sprint(got) != fmt.Sprint(report) {
				t.Errorf("%d workers, room for %d bytes: other shards, %+v", workers, keep, got)
			}
			if p.kept.Load() != 0 || p.pixels() != 0 {
				t.Errorf("%d bytes are still kept, %d pixels held", p.kept.Load(), p.pixels())
			}
			if n := decoded.Load(); n < int64(pictures) || keep >= 16*views && n > int64(pictures) {
				t.Errorf("%d workers, room for %d bytes: %d pictures were decoded %d times", workers, keep, pictures, n)
			}
		}
	}
}

// packed is what shards have of a picture.
func packed(t *testing.T, file []byte) []byte {
	t.Helper()
	s := (&Picture{Data: file}).look("", testVision(), newDecoder(1))
	if s.err != nil || !s.views {
		t.Fatalf("%+v", s)
	}
	return s.stored
}

// TestNoRoomIsParallel: workers share the pictures of objects when nothing is kept of
// them, and also those of an object that are decoded again.
func TestNoRoomIsParallel(t *testing.T) {
	threads(t, 4)
	const number = 12 // of which not all are seen by four workers in one round
	var one, many []string
	for i := range number {
		url := dataURL(testPNG(largeSide, uint8(i)))
		one = append(one, fmt.Sprintf(`{"text": "x", "image": %q}`, url))
		many = append(many, fmt.Sprintf("%q", url))
	}
	for _, c := range []struct {
		objects     []string
		time        int64 // for which two pictures are decoded at once
		least, most int64 // times that pictures are decoded
	}{
		{one, 1, number, number},
		{[]string{`{"text": "x", "images": [` + strings.Join(many, ",") + `]}`}, 2, number + 2, 2 * number},
	} {
		path := writeFile(t, strings.Join(c.objects, "\n"))
		p := newPreparation(seeingOptions(300))
		p.keep = 1
		var m meeting
		m.want.Store(2)
		var times [number]atomic.Int64 // of each picture, which its shade tells
		read := p.read
		p.read = func(data []byte, l picture.Limits) (*picture.Picture, error) {
			decoded, err := read(data, l)
			if err == nil && times[decoded.Pix[3]].Add(1) == c.time && !m.wait() {
				t.Errorf("%d objects: pictures are decoded one after the other", len(c.objects))
			}
			return decoded, err
		}
		if _, err := p.run([]string{path}, t.TempDir()); err != nil {
			t.Fatal(err)
		}
		n := int64(0)
		for i := range times {
			n += times[i].Load()
		}
		if n < c.least || n > c.most {
			t.Errorf("%d objects: %d pictures were decoded %d times", len(c.objects), number, n)
		}
	}
}
