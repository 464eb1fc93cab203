package draw_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/picture/draw"
)

func setOptions(number int) draw.SetOptions {
	return draw.SetOptions{Options: draw.Options{Size: 64, Questions: 3}, Kinds: []draw.Kind{draw.Scene, draw.Clock, draw.Text}, Seed: 5, Number: number}
}

func mustWrite(t *testing.T, dir string, o draw.SetOptions) *draw.Manifest {
	t.Helper()
	m, err := draw.Write(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// files returns what is in a directory, by name.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, dir)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func wantSame(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	for name, data := range want {
		if got[name] != data {
			t.Errorf("%s: %s differs or is not there", what, name)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: %s is there", what, name)
		}
	}
}

// TestSetSame writes a set at once, with one worker, in two parts, interrupted,
// and after a file was damaged: the files are the same.
func TestSetSame(t *testing.T) {
	const number = draw.ShardPictures + 70
	setOptions := func(number int) draw.SetOptions {
		o := setOptions(number)
		o.Inline = true
		return o
	}
	whole := t.TempDir()
	m := mustWrite(t, whole, setOptions(number))
	if m.Pictures != number || len(m.Shards) != 2 || m.Shards[1].Pictures != 70 {
		t.Fatalf("%+v", m)
	}
	want := files(t, whole)

	single := t.TempDir()
	threads := par.Threads()
	par.SetThreads(1)
	mustWrite(t, single, setOptions(number))
	par.SetThreads(threads)
	wantSame(t, "one worker", files(t, single), want)

	parts := t.TempDir()
	mustWrite(t, parts, setOptions(33))
	mustWrite(t, parts, setOptions(number-1))
	if err := os.Truncate(filepath.Join(parts, m.Shards[0].Train.Name), 100); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, parts, setOptions(number))
	wantSame(t, "in parts", files(t, parts), want)

	stopped := t.TempDir()
	ctx, stop := context.WithCancelCause(t.Context())
	o := setOptions(number)
	why := errors.New("enough")
	o.Observe = func(done int) {
		if done > draw.ShardPictures {
			stop(why)
		}
	}
	if _, err := draw.Write(ctx, stopped, o); err != nil { // it had come to the last batch
		if !errors.Is(err, why) {
			t.Fatal(err)
		}
	}
	mustWrite(t, stopped, setOptions(number))
	wantSame(t, "interrupted", files(t, stopped), want)
}

// TestSetLines reads what was written as others would.
func TestSetLines(t *testing.T) {
	for _, inline := range []bool{false, true} {
		dir := t.TempDir()
		o := setOptions(90)
		o.Inline = inline
		m := mustWrite(t, dir, o)
		n := 0
		for _, file := range []draw.ShardFile{m.Shards[0].Train, m.Shards[0].HeldOut} {
			data, err := os.ReadFile(filepath.Join(dir, file.Name))
			if err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(bytes.NewReader(data))
			lines.Buffer(nil, 1<<22)
			count := 0
			for lines.Scan() {
				count++
				checkLine(t, dir, lines.Bytes(), strings.HasPrefix(file.Name, "held-out"))
			}
			if count != file.Pictures || int64(len(data)) != file.Bytes {
				t.Errorf("%s has %d lines and %d bytes: %+v", file.Name, count, len(data), file)
			}
			n += count
		}
		if n != 90 {
			t.Errorf("%d lines", n)
		}
	}
}

func checkLine(t *testing.T, dir string, line []byte, heldOut bool) {
	t.Helper()
	var l draw.Line
	if err := json.Unmarshal(line, &l); err != nil {
		t.Fatal(err)
	}
	url := l.Messages[0].Content[0].ImageURL.URL
	data, inline := strings.CutPrefix(url, "data:image/png;base64,")
	file, err := base64.StdEncoding.DecodeString(data)
	if !inline {
		file, err = os.ReadFile(filepath.Join(dir, url))
	}
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	d := mustMake(t, l.Seed, l.Index, draw.Options{Kind: l.Kind, Size: 64, Questions: 3})
	for i := range 64 * 64 {
		x, y := i%64, i/64
		r, g, b, a := img.At(x, y).RGBA()
		if wr, wg, wb, wa := d.Image.At(x, y).RGBA(); r != wr || g != wg || b != wb || a != wa {
			t.Fatalf("%s: the picture differs at %d, %d", l.ID, x, y)
		}
	}
	if l.HeldOut != heldOut || d.HeldOut != heldOut || len(l.Messages) != 2*len(l.Types) || len(l.Types) != len(d.Questions) {
		t.Errorf("%s: %+v", l.ID, l)
	}
	for i, q := range d.Questions {
		ask, answer := l.Messages[2*i], l.Messages[2*i+1]
		if ask.Content[len(ask.Content)-1].Text != q.Text || answer.Content[0].Text != q.Answer || ask.Role != "user" || answer.Role != "assistant" || l.Types[i] != q.Type {
			t.Errorf("%s: question %d is %v %v", l.ID, i, ask, answer)
		}
	}
}

// TestSetPicturesGone draws again what is damaged or gone of the pictures.
func TestSetPicturesGone(t *testing.T) {
	dir := t.TempDir()
	mustWrite(t, dir, setOptions(9))
	want := files(t, dir)
	path := filepath.Join(dir, "images", "00000", "clock-0000002.png")
	for name, damage := range map[string]func() error{
		"cut":   func() error { return os.Truncate(path, 40) },
		"empty": func() error { return os.Truncate(path, 0) },
		"gone":  func() error { return os.Remove(path) },
		"all":   func() error { return os.RemoveAll(filepath.Dir(path)) },
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		mustWrite(t, dir, setOptions(9))
		wantSame(t, name, files(t, dir), want)
	}
}

// TestSetRefuses wants errors that say what is wrong.
func TestSetRefuses(t *testing.T) {
	dir := t.TempDir()
	mustWrite(t, dir, setOptions(20))
	for want, change := range map[string]func(o *draw.SetOptions){
		"seed 5, and not 6":           func(o *draw.SetOptions) { o.Seed = 6 },
		"size 64, and not 65":         func(o *draw.SetOptions) { o.Size = 65 },
		"kinds scene, clock, text":    func(o *draw.SetOptions) { o.Kinds = o.Kinds[:1] },
		"inline false, and not true":  func(o *draw.SetOptions) { o.Inline = true },
		"other texts":                 func(o *draw.SetOptions) { o.Texts = []string{"hello"} },
		"already has 20 pictures":     func(o *draw.SetOptions) { o.Number = 19 },
		"draw at least 1":             func(o *draw.SetOptions) { o.Number = 0 },
		"name at least one kind":      func(o *draw.SetOptions) { o.Kinds = nil },
		"no kind \"circus\"":          func(o *draw.SetOptions) { o.Kinds = []draw.Kind{"circus"} },
		"characters of text 24, and ": func(o *draw.SetOptions) { o.TextMax = 25 },
	} {
		o := setOptions(20)
		change(&o)
		_, asked := o.Begun(dir)
		_, err := draw.Write(t.Context(), dir, o)
		if err == nil || !strings.Contains(err.Error(), want) || asked == nil || asked.Error() != err.Error() {
			t.Errorf("%v, and asked before %v; not %q", err, asked, want)
		}
	}
}

// TestSetDiskFails fails every operation in turn: the error says so, what is left
// is sound, and the next call gives the files of a faultless one.
func TestSetDiskFails(t *testing.T) {
	want := t.TempDir()
	mustWrite(t, want, setOptions(4))
	good := files(t, want)
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	mustWrite(t, t.TempDir(), setOptions(4))
	ops := disk.Ops()
	if ops < 30 {
		t.Fatalf("only %d operations", ops)
	}
	for op := range ops {
		dir := t.TempDir()
		disk.FailOp(op, syscall.ENOSPC)
		_, err := draw.Write(t.Context(), dir, setOptions(4))
		if err != nil && !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("operation %d fails with %v", op, err)
		}
		if err == nil {
			wantSame(t, "a failure that did not matter", files(t, dir), good)
			continue
		}
		for name, data := range files(t, dir) {
			if want, ok := good[name]; ok && data != want {
				t.Errorf("operation %d left a part of %s", op, name)
			}
		}
		disk.Reset()
		mustWrite(t, dir, setOptions(4))
		wantSame(t, "after a failure", files(t, dir), good)
	}
	for _, room := range []int64{0, 100, 5000} {
		dir := t.TempDir()
		disk.FailAtByte(room, syscall.ENOSPC)
		if _, err := draw.Write(t.Context(), dir, setOptions(4)); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("a disk with %d bytes left: %v", room, err)
		}
		disk.Reset()
		mustWrite(t, dir, setOptions(4))
		wantSame(t, "after a full disk", files(t, dir), good)
	}
}

// FuzzReadManifest wants an error or a manifest whose numbers fit.
func FuzzReadManifest(f *testing.F) {
	f.Add([]byte(`{"version":1,"pictures":20,"shards":[{"pictures":20}]}`))
	f.Add([]byte(`{"version":1,"pictures":520,"shards":[{"pictures":500},{"pictures":20}]}`))
	f.Add([]byte(`{"version":2}`))
	f.Add([]byte(`{"version":1,"pictures":-5,"shards":[{"pictures":-5}]}`))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, draw.ManifestName), data, 0o666); err != nil {
			t.Fatal(err)
		}
		m, err := draw.ReadManifest(dir)
		if err != nil {
			return
		}
		sum := 0
		for _, s := range m.Shards {
			if s.Pictures < 1 || s.Pictures > draw.ShardPictures {
				t.Errorf("a shard of %d pictures", s.Pictures)
			}
			sum += s.Pictures
		}
		if sum != m.Pictures {
			t.Errorf("%d pictures in shards, %d in all", sum, m.Pictures)
		}
	})
}
