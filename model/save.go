package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/safetensors"
)

// The files of a model directory that this package writes.
const (
	configName     = "config.json"
	generationName = "generation_config.json"
	weightsName    = safetensors.ModelName
	indexName      = safetensors.IndexName
)

// biasName is the file's name for a router's balancing bias, which is fp32.
func biasName(cfg *Config, layer int) string {
	block := "mlp"
	if cfg.ModelType == Mixtral {
		block = "block_sparse_moe"
	}
	return fmt.Sprintf("model.layers.%d.%s.gate.e_score_correction_bias", layer, block)
}

// Save is WriteDir of the model's weights in bf16, with the extra files by name
// (tokenizer.json and the like). A model that is neither trainable nor from a
// file is an error.
func (m *Model) Save(dir string, from Provenance, extra map[string][]byte) error {
	w, err := m.Weights()
	if err != nil {
		return err
	}
	return WriteDir(dir, w, DirOptions{From: from, Extra: extra})
}

// Weights returns the model's weights by name: of a trainable model its masters,
// of one that was loaded the file's own, which the model closes. Both are of use
// as long as the model is. A model that is neither, or that has an adapter, is an
// error.
func (m *Model) Weights() (*Weights, error) {
	switch {
	case m.adapter != nil:
		return nil, errors.New("the model has an adapter, which its weights would not show; save that, or merge it into the model's files first")
	case m.weights != nil:
		w := *m.weights
		w.file, w.owner = nil, m // who closes it, and not before w is let go
		return &w, nil
	case !m.trainable:
		return nil, errNoFile
	}
	type at struct {
		p    *Param
		part int
	}
	places := map[string]at{}
	for _, p := range m.params {
		for i, part := range p.Parts {
			places[part.Name] = at{p, i}
		}
	}
	biases := map[string][]float32{}
	for l, bias := range m.RouterBiases() {
		if bias != nil {
			biases[biasName(m.cfg, l)] = bias
		}
	}
	f32 := func(string) tensor.DType { return tensor.DTypeF32 }
	return NewWeights(m.cfg, f32, func(name string) (*tensor.Tensor, error) {
		if bias := biases[name]; bias != nil {
			return tensor.FromF32(name, bias, len(bias)), nil
		}
		a, ok := places[name]
		if !ok {
			return nil, fmt.Errorf("tensor %s is not the decoder's, but of whoever has it for a reward model", name)
		}
		part := a.p.Parts[a.part]
		return tensor.FromF32(name, a.p.PartOf(part, a.p.Group(part.Group)), a.p.PartShape(part)...), nil
	})
}

var errNoFile = errors.New("the model has neither masters nor a file to take its weights from; make it trainable, or load it")

// DirOptions says how WriteDir writes.
type DirOptions struct {
	From          Provenance
	Extra         map[string][]byte // further files by name; generation_config.json replaces what would be made
	DType         tensor.DType      // of the weights: BF16, F16 or F32; "" = BF16
	MaxShardBytes int64             // of one file of weights; 0 = all in one
	Progress      Progress          // may be nil
}

// WriteDir writes w as a directory in the ecosystem's format, one tensor at a
// time: config.json, model.safetensors or several files with an index,
// generation_config.json, what transformers wants to know of a model that sees, the
// extra files, and last manifest.json with the hash of every one. The directory is made if it does not exist. Each file is written
// atomically; a crash in between leaves a directory whose manifest does not
// match, which OpenWeights reports. Formats of blocks are decoded.
func WriteDir(dir string, w *Weights, o DirOptions) error {
	defer runtime.KeepAlive(w)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	if _, err := os.Lstat(filepath.Join(dir, indexName)); err == nil {
		return fmt.Errorf("%s holds a model in several files; save to another directory", dir)
	}
	man := Manifest{Files: map[string]string{}, Provenance: o.From}
	config, err := w.cfg.configFile(o.DType)
	if err != nil {
		return err
	}
	files := map[string][]byte{configName: config}
	if !w.cfg.Scalar {
		files[generationName] = w.cfg.generationConfig()
	}
	maps.Copy(files, w.cfg.processorFiles())
	for name, data := range o.Extra {
		if name != filepath.Base(name) || name == ManifestName || name == weightsName || name == configName {
			panic(fmt.Sprintf("model: extra file %q", name))
		}
		files[name] = data
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if man.Files[name], err = atomicfile.WriteBytes(filepath.Join(dir, name), files[name]); err != nil {
			return err
		}
	}
	sums, err := writeTensors(dir, w, o)
	if err != nil {
		return err
	}
	maps.Copy(man.Files, sums)
	data, err := json.MarshalIndent(man, "", "  ")
	if err != nil {
		return err
	}
	_, err = atomicfile.WriteBytes(filepath.Join(dir, ManifestName), append(data, '\n'))
	return err
}

// writeTensors writes the weights and returns the hashes of the files.
func writeTensors(dir string, w *Weights, o DirOptions) (sums map[string]string, err error) {
	list, err := w.sources(o)
	if err != nil {
		return nil, err
	}
	format := map[string]string{"format": "pt"}
	if o.MaxShardBytes > 0 {
		return safetensors.WriteDir(dir, list, format, o.MaxShardBytes)
	}
	sum, err := safetensors.WriteSources(filepath.Join(dir, weightsName), list, format)
	return map[string]string{weightsName: sum}, err
}

// configFile is config.json for weights of the format d, "" being BF16.
func (c *Config) configFile(d tensor.DType) ([]byte, error) {
	data, err := json.MarshalIndent(c, "", "  ")
	if name := map[tensor.DType]string{tensor.DTypeF16: "float16", tensor.DTypeF32: "float32"}[d]; name != "" {
		data = bytes.Replace(data, []byte(`"torch_dtype": "bfloat16"`), []byte(`"torch_dtype": "`+name+`"`), 1)
	}
	return append(data, '\n'), err
}

// generationConfig is what other programs read about where to begin and end.
func (c *Config) generationConfig() []byte {
	fields := map[string]any{}
	if c.BOSTokenID >= 0 {
		fields["bos_token_id"] = c.BOSTokenID
	}
	if c.PadTokenID >= 0 {
		fields["pad_token_id"] = c.PadTokenID
	}
	if len(c.EOSTokenIDs) > 0 {
		fields["eos_token_id"] = c.EOSTokenIDs
	}
	data, err := json.MarshalIndent(fields, "", "  ")
	if err != nil {
		panic(err) // integers always marshal
	}
	return append(data, '\n')
}

// sources lists the tensors of the directory's files.
func (w *Weights) sources(o DirOptions) ([]tensor.Source, error) {
	d := o.DType
	switch d {
	case "":
		d = tensor.DTypeBF16
	case tensor.DTypeBF16, tensor.DTypeF16, tensor.DTypeF32:
	default:
		return nil, fmt.Errorf("a model directory is written in BF16, F16 or F32, not in %s", d)
	}
	count := &counted{tell: o.Progress}
	var list []tensor.Source
	for _, t := range w.list {
		to := d
		if w.isRouterBias(t) {
			to = tensor.DTypeF32
		}
		size, err := tensor.SizeBytes(to, t.Shape)
		if err != nil {
			return nil, fmt.Errorf("tensor %s: %w", t.Name, err)
		}
		count.total += int64(size)
		list = append(list, tensor.Source{Name: w.cfg.written(t.Name), DType: to, Shape: t.Shape, Fill: func(out io.Writer) error {
			from, err := w.stored(t.Name)
			if err != nil {
				return err
			}
			return writeRows(count.through(out), from, to)
		}})
	}
	return list, nil
}

func (w *Weights) isRouterBias(t TensorInfo) bool {
	return t.Role == RoleBias && t.Layer >= 0 && t.Name == biasName(w.cfg, t.Layer)
}
