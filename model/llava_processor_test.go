package model

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
	"github.com/polymath-lm/polymath/model/vision"
)

// TestProcessorFiles: what is written is read back, in the place that newer
// transformers gives it too, and overrules config.json.
func TestProcessorFiles(t *testing.T) {
	c := withTower(small(t, Qwen3))
	c.Vision.Mean, c.Vision.Std = [3]float32{0.25, 0.5, 0.75}, [3]float32{0.5, 0.25, 1}
	m := newModel(t, c)
	dir := filepath.Join(t.TempDir(), "model")
	if err := m.Save(dir, Provenance{}, nil); err != nil {
		t.Fatal(err)
	}
	man, err := Verify(dir)
	if err != nil || man.Files[preprocessorName] == "" || man.Files[processorName] == "" {
		t.Errorf("manifest %+v, %v", man, err)
	}
	check := func(what string) {
		t.Helper()
		back, err := ReadConfig(dir)
		if err != nil {
			t.Fatal(what, err)
		}
		if diff := cmp.Diff(c.Vision, back.Vision); diff != "" {
			t.Errorf("%s reads otherwise:\n%s", what, diff)
		}
	}
	check("what was written")
	path := filepath.Join(dir, preprocessorName)
	data := readFile(t, path)
	config := filepath.Join(dir, configName)
	mustWrite(t, config, merged(t, readFile(t, config), `{"image_mean": [0, 0, 0]}`))
	check("with another mean in config.json")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	nested := `{"processor_class": "LlavaProcessor", "image_processor": ` + string(data) + `}`
	mustWrite(t, filepath.Join(dir, processorName), []byte(nested))
	check("nested")
	if err := os.Remove(filepath.Join(dir, processorName)); err != nil {
		t.Fatal(err)
	}
	c.Vision.Mean = [3]float32{}
	check("without any file")
}

// TestProcessorNamesTheField: what an image processor would do otherwise is refused.
func TestProcessorNamesTheField(t *testing.T) {
	v := withTower(small(t, Qwen3)).Vision
	base := (&Config{Vision: v}).processorFiles()[preprocessorName]
	for _, tt := range []struct{ change, want string }{
		{`{"image_processor_type": "CLIPImageProcessor"}`, "CLIPImageProcessor"},
		{`{"do_center_crop": true}`, "do_center_crop"},
		{`{"do_pad": true}`, "do_pad"},
		{`{"do_normalize": false}`, "do_normalize"},
		{`{"do_rescale": false}`, "do_rescale"},
		{`{"do_resize": false}`, "do_resize"},
		{`{"rescale_factor": 0.0078125}`, "rescale_factor"},
		{`{"resample": 2}`, "resample"},
		{`{"size": {"height": 384, "width": 384}}`, "size"},
		{`{"size": 384}`, "size"},
		{`{"image_mean": [0.5, 0.5]}`, "image_mean"},
		{`{"image_std": [0, 0.5, 0.5]}`, "image_std"},
		{`{"do_sharpen": true}`, "do_sharpen"},
	} {
		own := *v
		if found, err := parseProcessor(merged(t, base, tt.change), false, &own); !found || err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v does not name %s", tt.change, err, tt.want)
		}
	}
	own := *v
	if _, err := parseProcessor([]byte(`{"size": {"shortest_edge": 24}}`), false, &own); err == nil || !strings.Contains(err.Error(), "size") {
		t.Errorf("the shortest edge: %v", err)
	}
	if found, err := parseProcessor([]byte(`{"processor_class": "LlavaProcessor"}`), true, &own); found || err != nil {
		t.Errorf("nothing nested: %v, %v", found, err)
	}
}

// FuzzProcessor: whatever the bytes, the reader leaves a valid tower or returns an
// error.
func FuzzProcessor(f *testing.F) {
	v := withTower(target()).Vision
	f.Add((&Config{Vision: v}).processorFiles()[preprocessorName], false)
	f.Add([]byte(`{"image_processor": {"size": {"height": 24, "width": 24}, "image_mean": [1e30, 0, -1e30], "image_std": [1e-40, 1, 1]}}`), true)
	f.Add([]byte(`{"image_processor": null}`), true)
	f.Add([]byte(`null`), false)
	f.Add([]byte(`[]`), true)
	f.Fuzz(func(t *testing.T, data []byte, nested bool) {
		own := *v
		found, err := parseProcessor(data, nested, &own)
		if err != nil || !found {
			return
		}
		if err := own.Validate(); err != nil {
			t.Fatal(err)
		}
		c := withTower(target())
		c.Vision = &own
		out, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseConfig(out)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if diff := cmp.Diff(&own, back.Vision); diff != "" {
			t.Errorf("read back differs:\n%s", diff)
		}
	})
}

// TestSightDisk: a disk that fails at any moment of saving leaves the model that
// was there, the new one, or a directory that says what is wrong.
func TestSightDisk(t *testing.T) {
	save := func(dir string, v *vision.Config, seed uint64) error {
		c := small(t, Llama)
		c.Vision = v
		m, err := New(c, seed)
		if err != nil {
			t.Fatal(err)
		}
		return m.Save(dir, Provenance{}, nil)
	}
	old, next := withTower(small(t, Llama)).Vision, withTower(small(t, Llama)).Vision
	next.Mean = [3]float32{0.25, 0.25, 0.25}
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	dir := t.TempDir()
	if err := save(dir, next, 2); err != nil {
		t.Fatal(err)
	}
	for op := range disk.Ops() {
		disk.Reset()
		if err := save(dir, old, 1); err != nil {
			t.Fatal(err)
		}
		disk.FailOp(op, syscall.ENOSPC)
		saved := save(dir, next, 2)
		disk.Reset()
		m, err := Load(dir, false)
		if err != nil {
			if saved == nil || !strings.Contains(err.Error(), dir) {
				t.Errorf("operation %d: %v after %v", op, err, saved)
			}
			continue
		}
		if saved == nil && m.cfg.Vision.Mean != next.Mean {
			t.Errorf("operation %d: the old model after saving a new one", op)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
}
