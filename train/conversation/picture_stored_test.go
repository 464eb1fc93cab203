package conversation

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/picture"
	"github.com/polymath-lm/polymath/picture/draw"
	"github.com/polymath-lm/polymath/shard"
)

// TestCutPictures: documents that are too long are cut before a picture and never
// within; those of a text go on after it, and no token is lost.
func TestCutPictures(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.png"), testPNG(8, 1), 0o666); err != nil {
		t.Fatal(err)
	}
	text := `{"text": "the answer <image> is the number<image><image> and the number <image> is the answer", "images": ["a.png", "a.png", "a.png", "a.png"]}`
	talk := `{"messages": [{"role": "user", "content": "<image>"}, {"role": "assistant", "content": "ho"}, {"role": "user", "content": "hi <image> again <image>"}, {"role": "assistant", "content": "so"}], "images": ["a.png", "a.png", "a.png"]}`
	whole, _ := prepare(t, dir, seeingOptions(1000), text)
	all := whole.Doc(nil, 0)
	for most := 10; most < 60; most++ {
		s, r := prepare(t, dir, seeingOptions(most), text)
		var targets []int32
		for doc := range s.NumDocs() {
			tokens := s.Doc(nil, doc)
			if len(tokens) > most+1 {
				t.Errorf("rows of %d: a document of %d tokens", most, len(tokens))
			}
			targets = append(targets, tokens[1:]...)
		}
		if !slices.Equal(targets, all[1:]) || r.Pictures != 4 || r.ImageTokens != 16 {
			t.Errorf("rows of %d: %d targets of %d, %+v", most, len(targets), len(all)-1, r)
		}
		checkMask(t, s)
		o := seeingOptions(most)
		path := filepath.Join(dir, "talk.jsonl")
		if err := os.WriteFile(path, []byte(talk+"\n"+text), 0o666); err != nil {
			t.Fatal(err)
		}
		out := t.TempDir()
		if r, err := Prepare([]string{path}, out, o); err != nil || r.CutShort+r.Dropped+r.Split < 1 && most < 40 {
			t.Fatalf("rows of %d: %+v, %v", most, r, err)
		}
		again, err := shard.OpenSet(out) // which checks the runs
		if err != nil {
			t.Fatal(err)
		}
		again.Close()
	}
	// Without an end of text, pictures at the end have nothing after them.
	o := seeingOptions(100)
	o.End = -1
	if s, _ := prepare(t, dir, o, `{"text": "the answer<image> <image>", "images": ["a.png", "a.png"]}`); strings.HasSuffix(spelled(s, 0), "]") || len(s.Pictures(nil, 0)) != 1 {
		t.Errorf("%q", spelled(s, 0))
	}
}

// TestDrawn: a set that corpus draw makes is taken as it is, and its pictures are
// those of the files, whether beside the lines or in them.
func TestDrawn(t *testing.T) {
	want := map[string]bool{}
	for _, inline := range []bool{false, true} {
		dir := t.TempDir()
		set := draw.SetOptions{Kinds: draw.Kinds(), Number: 40, Seed: 3, Inline: inline}
		set.Size = 64
		if _, err := draw.Write(t.Context(), dir, set); err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
		if err != nil || len(files) != 2 {
			t.Fatal(files, err)
		}
		if !inline {
			err := filepath.WalkDir(filepath.Join(dir, "images"), func(path string, d os.DirEntry, err error) error {
				if err == nil && !d.IsDir() {
					var data []byte
					data, err = os.ReadFile(path)
					want[string(data)] = true
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		out := t.TempDir()
		o := seeingOptions(2000)
		o.Vision.ImageSize, o.Vision.PatchSize, o.Vision.Box, o.Vision.Short = 64, 16, 0, 0
		r, err := Prepare(files, out, o)
		if err != nil {
			t.Fatal(err)
		}
		s, err := shard.OpenSet(out)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		got := map[string]bool{}
		for doc := range s.NumDocs() {
			for _, p := range s.Pictures(nil, doc) {
				got[string(p.Data)] = true
				if _, err := picture.Decode(p.Data, PictureLimits()); err != nil {
					t.Error(err)
				}
			}
		}
		if r.Examples != 40 || r.Pictures != 40 || len(got) != len(want) {
			t.Errorf("inline %v: %+v, %d pictures of %d", inline, r, len(got), len(want))
		}
		for data := range want {
			if !got[data] {
				t.Errorf("inline %v: a picture is missing", inline)
				break
			}
		}
	}
}

// TestViews: of pictures with far more pixels than are seen the shards have the
// views, of which the patches are those of the file, kept in memory or made again.
func TestViews(t *testing.T) {
	dir := t.TempDir()
	cfg := testVision()
	var objects []string
	var files [][]byte
	for i, side := range []int{8, 16, 35, 36, 60, 61, 200} {
		data := testPNG(side, uint8(i))
		files = append(files, data)
		objects = append(objects, `{"text": "x", "image": "`+dataURL(data)+`"}`)
	}
	s, r := prepare(t, dir, seeingOptions(100), objects...)
	stored := 0
	for doc, file := range files {
		p := s.Pictures(nil, int64(doc))[0]
		in, err := cfg.Read(file, picture.Auto, PictureLimits())
		if err != nil {
			t.Fatal(err)
		}
		got, pixels, err := ReadPicture(cfg, p.Data, picture.Auto)
		_, tokens, errM := MeasurePicture(cfg, p.Data, picture.Auto)
		if err != nil || errM != nil || !slices.Equal(got, in.Patches) || tokens != in.Tokens || p.Tokens != tokens {
			t.Errorf("document %d: other patches than of the file: %v, %v", doc, err, errM)
		}
		if isViews(p.Data) {
			stored++
			if int(pixels)*shrunk > in.Width*in.Height {
				t.Errorf("document %d: views of %d pixels of %d x %d", doc, pixels, in.Width, in.Height)
			}
			x := &Picture{Data: file}
			d := newDecoder(1)
			seen := x.look(dir, cfg, d)
			if seen.err != nil {
				t.Fatal(seen.err)
			}
			seen.stored = nil
			if again, err := x.again(dir, cfg, &seen, d); err != nil || !bytes.Equal(again, p.Data) {
				t.Errorf("document %d: made again it differs: %v", doc, err)
			}
		} else if !bytes.Equal(p.Data, file) {
			t.Errorf("document %d has another file", doc)
		}
	}
	if stored != 4 || r.Shrunk != 4 { // 5 views of 8 x 8 are 320 pixels, a quarter of 1280
		t.Errorf("%d are stored as views, %+v", stored, r)
	}
	other := testVision()
	other.ImageSize = 16
	p := s.Pictures(nil, 6)[0]
	for name, data := range map[string][]byte{"cut": p.Data[:len(p.Data)-1], "head": p.Data[:viewsHeader], "none": append([]byte(viewsMagic), 8, 0, 0, 0, 0, 0, 0, 0)} {
		if _, _, err := ReadPicture(cfg, data, picture.Auto); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	closer, blunt := testVision(), testVision()
	closer.Box, closer.Short = 2*closer.Box, 2*closer.Short
	blunt.Box, blunt.Short = 0, 0
	for _, other := range []*vision.Config{other, closer, blunt} {
		if _, _, err := MeasurePicture(other, p.Data, picture.Auto); err == nil || !strings.Contains(err.Error(), "make the shards again") {
			t.Errorf("%+v: %v", other, err)
		}
	}
	old := append([]byte(oldMagic), p.Data[len(oldMagic):oldHeader]...)
	old = append(old, p.Data[viewsHeader:]...)
	before, _, err := ReadPicture(cfg, old, picture.Auto)
	if now, _, _ := ReadPicture(cfg, p.Data, picture.Auto); err != nil || !slices.Equal(before, now) {
		t.Errorf("views as earlier versions stored them: %v", err)
	}
}

// TestOnePictureOneSide: documents about one picture are on one side of a split.
func TestOnePictureOneSide(t *testing.T) {
	dir := t.TempDir()
	var objects []string
	for i := range 60 {
		name := fmt.Sprintf("%d.png", i%12)
		if err := os.WriteFile(filepath.Join(dir, name), testPNG(8, uint8(20*(i%12))), 0o666); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, fmt.Sprintf(`{"prompt": "what is %d?<image>", "completion": " it", "images": [%q]}`, i, name))
		objects = append(objects, fmt.Sprintf(`{"prompt": "is it %d?", "completion": " it is", "images": [%q], "group": "g%d"}`, i, name, i%20))
	}
	s, r := prepare(t, dir, seeingOptions(100), objects...)
	_, held := s.Split(0.4)
	sides := map[[32]byte]bool{}
	ids := map[shard.ID]bool{}
	groups := map[int64]bool{}
	for doc := range s.NumDocs() {
		ids[s.ID(doc)] = true
		if doc%2 == 1 {
			group := doc / 2 % 20
			if side, seen := groups[group]; seen && side != held.Holds(doc) {
				t.Errorf("group %d is on both sides", group)
			}
			groups[group] = held.Holds(doc)
			continue
		}
		sum := sha256.Sum256(s.Pictures(nil, doc)[0].Data)
		if side, seen := sides[sum]; seen && side != held.Holds(doc) {
			t.Errorf("a picture is on both sides")
		}
		sides[sum] = held.Holds(doc)
	}
	if len(sides) != 12 || len(groups) != 20 || len(ids) != 120 || held.Docs() == 0 || held.Docs() == 120 || len(r.Ignored) > 0 {
		t.Errorf("%d pictures, %d groups, %d names, %d held out, %v", len(sides), len(groups), len(ids), held.Docs(), r.Ignored)
	}
}

// TestPicturesDisk: a disk that fails is an error and leaves no set.
func TestPicturesDisk(t *testing.T) {
	path := writeFile(t, `{"text": "x", "image": "`+dataURL(testPNG(8, 1))+`"}`)
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	if _, err := Prepare([]string{path}, t.TempDir(), seeingOptions(50)); err != nil {
		t.Fatal(err)
	}
	for op, name := range disk.Log() {
		disk.FailOp(op, syscall.ENOSPC)
		if _, err := Prepare([]string{path}, t.TempDir(), seeingOptions(50)); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s (operation %d): %v", name, op, err)
		}
	}
}
