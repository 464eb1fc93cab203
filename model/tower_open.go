package model

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/glob"
	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/safetensors"
)

// towerSource is an open directory with a tower: that of a whole model, or of a
// SigLIP model by itself.
type towerSource struct {
	path    string
	cfg     *vision.Config
	weights *Weights          // of a whole model, or nil
	file    *safetensors.File // of SigLIP, or nil
}

func openTower(path string) (*towerSource, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: there is no such model: %w", path, fs.ErrNotExist)
	}
	data, err := atomicfile.ReadSmall(filepath.Join(path, configName), maxConfig)
	if err != nil {
		return nil, err
	}
	var kind struct {
		ModelType string          `json:"model_type"`
		Vision    json.RawMessage `json:"vision_config"`
	}
	if err := json.Unmarshal(data, &kind); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(path, configName), err)
	}
	t := &towerSource{path: path}
	switch kind.ModelType {
	case "siglip":
		t.cfg, err = parseSigLIP(kind.Vision)
	case "siglip_vision_model":
		t.cfg, err = parseSigLIP(data)
	default:
		return t.openModel()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(path, configName), err)
	}
	if err := readProcessor(path, t.cfg); err != nil {
		return nil, err
	}
	if t.file, err = safetensors.OpenDir(path); err != nil {
		return nil, explainMissing(path, err)
	}
	return t, nil
}

// openModel takes the tower of a whole model.
func (t *towerSource) openModel() (_ *towerSource, err error) {
	if t.weights, err = OpenWeights(t.path); err != nil {
		return nil, err
	}
	if t.weights.cfg.Vision == nil {
		return nil, errors.Join(fmt.Errorf("%s: the model has no vision tower", t.path), t.weights.Close())
	}
	own := *t.weights.cfg.Vision
	t.cfg = &own
	return t, nil
}

// parseSigLIP reads a vision_config by itself.
func parseSigLIP(data []byte) (*vision.Config, error) {
	f := &fields{}
	if err := json.Unmarshal(data, &f.left); err != nil {
		return nil, fmt.Errorf("vision_config: %w", err)
	}
	v := vision.Default()
	readTower(f, &v)
	if err := f.end(); err != nil {
		return nil, err
	}
	return &v, v.Validate()
}

// copy fills a part from the tensor of its name. A projector that is not there, or
// of another decoder's width, stays as it is.
func (t *towerSource) copy(p *Param, part nn.Part) error {
	name, inTower := strings.CutPrefix(part.Name, sightTower)
	if t.weights != nil {
		name = part.Name
	} else if !inTower {
		return nil
	}
	x, err := t.tensor(name)
	if err != nil {
		return err
	}
	if x == nil || !slices.Equal(x.Shape, p.PartShape(part)) {
		if !inTower {
			return nil
		}
		if x == nil {
			return fmt.Errorf("%s: there is no tensor %s", t.path, name)
		}
		return fmt.Errorf("%s: tensor %s has the shape %v, and the tower's is %v", t.path, name, x.Shape, p.PartShape(part))
	}
	return readMapped(func() error { return x.CopyF32(p.PartOf(part, p.Group(part.Group))) })
}

// tensor returns nil where there is none of the name.
func (t *towerSource) tensor(name string) (*tensor.Tensor, error) {
	if t.weights != nil {
		if _, ok := t.weights.at[name]; !ok {
			return nil, nil
		}
		return t.weights.Tensor(name)
	}
	for _, name := range []string{name, strings.TrimPrefix(name, "vision_model.")} { // so transformers 5 saves a tower by itself
		if t.file.Has(name) {
			return t.file.Tensor(name)
		}
	}
	return nil, nil
}

// hash identifies the directory by all that is read of it: its configuration, how
// pictures become numbers, and its weights.
func (t *towerSource) hash() (string, error) {
	names, err := filepath.Glob(filepath.Join(glob.Escape(t.path), "*.safetensors"))
	if err != nil {
		return "", err
	}
	slices.Sort(names)
	h := sha256.New()
	for _, name := range append([]string{configName, preprocessorName, processorName}, names...) {
		sum, err := atomicfile.Hash(filepath.Join(t.path, filepath.Base(name)))
		if errors.Is(err, fs.ErrNotExist) && (name == preprocessorName || name == processorName) {
			continue
		}
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%q %s\n", filepath.Base(name), sum)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func (t *towerSource) close() error {
	if t.weights != nil {
		return t.weights.Close()
	}
	return t.file.Close()
}
