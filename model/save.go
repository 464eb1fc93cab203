package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/safetensors"
)

// The files of a model directory that this package writes.
const (
	configName     = "config.json"
	generationName = "generation_config.json"
	weightsName    = "model.safetensors"
	indexName      = "model.safetensors.index.json"
)

// biasName is the file's name for a router's balancing bias, which is fp32.
func biasName(cfg *Config, layer int) string {
	block := "mlp"
	if cfg.ModelType == Mixtral {
		block = "block_sparse_moe"
	}
	return fmt.Sprintf("model.layers.%d.%s.gate.e_score_correction_bias", layer, block)
}

// Save writes the model as a directory in the ecosystem's format: config.json,
// model.safetensors (bf16), generation_config.json, the extra files by name
// (tokenizer.json and the like), and last manifest.json with the hash of every
// one. The directory is made if it does not exist. Each file is written
// atomically; a crash in between leaves a directory whose manifest does not
// match, which Load reports. A model that was opened for inference only is an
// error: its directory exists already.
func (m *Model) Save(dir string, from Provenance, extra map[string][]byte) error {
	if !m.trainable {
		return errors.New("the model was opened for inference; open it for training to save it")
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	if _, err := os.Lstat(filepath.Join(dir, indexName)); err == nil {
		return fmt.Errorf("%s holds a model in several files; save to another directory", dir)
	}
	man := Manifest{Files: map[string]string{}, Provenance: from}
	config, err := json.MarshalIndent(m.cfg, "", "  ")
	if err != nil {
		return err
	}
	files := map[string][]byte{configName: append(config, '\n'), generationName: m.generationConfig()}
	for name, data := range extra {
		if name != filepath.Base(name) || name == ManifestName || name == weightsName || files[name] != nil {
			panic(fmt.Sprintf("model: extra file %q", name))
		}
		files[name] = data
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if man.Files[name], err = atomicfile.WriteBytes(filepath.Join(dir, name), files[name]); err != nil {
			return err
		}
	}
	man.Files[weightsName], err = safetensors.WriteSources(filepath.Join(dir, weightsName), m.sources(), map[string]string{"format": "pt"})
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(man, "", "  ")
	if err != nil {
		return err
	}
	_, err = atomicfile.WriteBytes(filepath.Join(dir, ManifestName), append(data, '\n'))
	return err
}

// generationConfig is what other programs read about where to begin and end.
func (m *Model) generationConfig() []byte {
	c := m.cfg
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

// sources lists the tensors of the file.
func (m *Model) sources() []safetensors.Source {
	var list []safetensors.Source
	for _, p := range m.params {
		for _, part := range p.Parts {
			list = append(list, safetensors.Source{
				Name: part.Name, DType: tensor.DTypeBF16, Shape: p.PartShape(part),
				Fill: func(w io.Writer) error { return writeRounded(w, p.PartOf(part, p.Group(part.Group))) },
			})
		}
	}
	for i, bias := range m.RouterBiases() {
		if bias != nil {
			list = append(list, safetensors.FromTensor(tensor.FromF32(biasName(m.cfg, i), bias, len(bias))))
		}
	}
	return list
}

func writeRounded(w io.Writer, x []float32) error {
	buf := make([]tensor.BF16, min(len(x), 1<<15))
	for len(x) > 0 {
		n := min(len(x), len(buf))
		kernel.ToBF16(buf[:n], x[:n])
		if _, err := w.Write(tensor.Bytes(buf[:n])); err != nil {
			return err
		}
		x = x[n:]
	}
	return nil
}
