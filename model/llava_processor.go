package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"strings"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/model/vision"
)

// The files beside a seeing model's weights that say how pictures become numbers.
// Newer transformers puts what the first holds into the second.
const (
	preprocessorName = "preprocessor_config.json"
	processorName    = "processor_config.json"
)

// imageToken is the text of the image token, by which processors find it.
const imageToken = "<image>"

// processorFiles are the two files, as transformers reads them.
func (c *Config) processorFiles() map[string][]byte {
	v := c.Vision
	if v == nil {
		return nil
	}
	files := map[string][]byte{}
	for name, content := range map[string]map[string]any{
		preprocessorName: {
			"image_processor_type": "SiglipImageProcessor", "processor_class": "LlavaProcessor",
			"do_convert_rgb": true, "do_resize": true, "do_rescale": true, "do_normalize": true,
			"image_mean": v.Mean, "image_std": v.Std, "rescale_factor": 1.0 / 255,
			"resample": bicubic, "size": map[string]int{"height": v.ImageSize, "width": v.ImageSize},
		},
		processorName: {
			"processor_class": "LlavaProcessor", "image_token": imageToken, "patch_size": v.PatchSize,
			"num_additional_image_tokens": 0, "vision_feature_select_strategy": "full",
		},
	} {
		data, err := json.MarshalIndent(content, "", "  ")
		if err != nil {
			panic(err) // finite numbers and texts always marshal
		}
		files[name] = append(data, '\n')
	}
	return files
}

// bicubic is Pillow's number for it.
const bicubic = 3

// readProcessor reads how pictures become numbers from the files in dir; where
// there are none, v stays as it is.
func readProcessor(dir string, v *vision.Config) error {
	for _, name := range []string{preprocessorName, processorName} {
		path := filepath.Join(dir, name)
		data, err := atomicfile.ReadSmall(path, maxConfig)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		found, err := parseProcessor(data, name == processorName, v)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if found {
			return nil
		}
	}
	return nil
}

// parseProcessor reads an image processor's fields. nested says that they are a
// member of the object, which may be missing.
func parseProcessor(data []byte, nested bool, v *vision.Config) (found bool, err error) {
	f := &fields{}
	if err := json.Unmarshal(data, &f.left); err != nil {
		return false, fmt.Errorf("not a JSON object: %w", err)
	}
	if nested {
		if f.left["image_processor"] == nil {
			return false, nil
		}
		if f = f.object("image_processor"); f.err != nil {
			return false, f.err
		}
	}
	return true, f.readProcessor(v)
}

func (f *fields) readProcessor(v *vision.Config) error {
	kind, size, factor := "", map[string]int{}, 1.0/255
	f.take("image_processor_type", &kind)
	f.take("feature_extractor_type", &kind) // an older name
	f.take("size", &size)
	f.take("rescale_factor", &factor)
	f.readChannels(v)
	f.want("resample", float64(bicubic))
	for _, name := range []string{"do_resize", "do_rescale", "do_normalize"} {
		f.want(name, true)
	}
	for _, name := range []string{"do_center_crop", "do_pad"} {
		f.want(name, false)
	}
	for _, name := range []string{
		"processor_class", "do_convert_rgb", "crop_size", "pad_size", "_valid_processor_keys", "default_to_square", "data_format",
		"input_data_format", "device", "disable_grouping", "return_tensors", "image_seq_length", "backend",
	} { // which of our views change nothing
		delete(f.left, name)
	}
	switch {
	case f.err != nil:
		return f.err
	case kind != "" && !strings.HasPrefix(kind, "Siglip"):
		return fmt.Errorf("%simage_processor_type: this program does not do %s; it must be SiglipImageProcessor", f.prefix, short([]byte(kind)))
	case len(size) > 0 && (size["height"] != v.ImageSize || size["width"] != v.ImageSize):
		return fmt.Errorf("%ssize is %v; the tower asks for a height and width of %d, its image_size", f.prefix, size, v.ImageSize)
	case !(math.Abs(factor*255-1) < 1e-6):
		return fmt.Errorf("%srescale_factor: this program does not do %v; it must be 1/255", f.prefix, factor)
	}
	if err := f.end(); err != nil {
		return err
	}
	return v.Validate()
}
