package model

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/safetensors"
)

// The files of an adapter's directory, as PEFT names them.
const (
	adapterConfigName  = "adapter_config.json"
	adapterWeightsName = "adapter_model.safetensors"
)

// IsAdapter reports whether dir holds an adapter rather than a model.
func IsAdapter(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, adapterConfigName))
	return err == nil
}

// LoadAdapter puts the adapter in dir, from SaveAdapter or from PEFT, on a model
// that was loaded for inference: from then on its products are updated. train
// also makes what training it further needs, see AddAdapter. What the adapter
// asks and the decoder does not do is an error that names the field; a tensor
// that is missing, has another shape or no place in the model is an error that
// names it. With a manifest.json every file's hash is verified first.
func (m *Model) LoadAdapter(dir string, train bool) error {
	if m.adapter != nil {
		return errHasAdapter
	}
	if err := verifyIfPresent(dir); err != nil {
		return err
	}
	c, err := readAdapterConfig(dir)
	if err != nil {
		return err
	}
	file, err := openAdapter(dir, m.cfg)
	if err != nil {
		return err
	}
	err = m.loadAdapter(c, file, train)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		m.dropAdapter()
		return fmt.Errorf("%s: %w", filepath.Join(dir, adapterWeightsName), err)
	}
	return nil
}

// CheckAdapter reports what LoadAdapter would say against the adapter in dir for
// a model of this shape, without loading it, and the memory that it would take.
func CheckAdapter(cfg *Config, dir string) (sizeBytes int64, err error) {
	if err := verifyIfPresent(dir); err != nil {
		return 0, err
	}
	c, err := readAdapterConfig(dir)
	if err != nil {
		return 0, err
	}
	file, err := openAdapter(dir, cfg)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	modules := modulesOf(file, &c)
	if err := (&Model{cfg: cfg}).checkAdapter(c, file, modules); err != nil {
		return 0, fmt.Errorf("%s: %w", filepath.Join(dir, adapterWeightsName), err)
	}
	own := *cfg
	for _, p := range build(&own).layOutAdapter(c, func(module string) bool { return modules[anyExpert(module)] }).params {
		sizeBytes += p.SizeBytes(false)
	}
	return sizeBytes, nil
}

func openAdapter(dir string, cfg *Config) (*adapterFile, error) {
	file, err := safetensors.Open(filepath.Join(dir, adapterWeightsName))
	if err == nil {
		return cfg.called(file), nil
	}
	if errors.Is(err, fs.ErrNotExist) && exists(filepath.Join(dir, "adapter_model.bin")) {
		return nil, fmt.Errorf("%s holds adapter_model.bin, a Python pickle, which can run any program when it is read: save the adapter as safetensors", dir)
	}
	return nil, err
}

// AdapterFingerprint returns 64 hexadecimal digits that identify the adapter in
// dir: a hash of its configuration and its tensors.
func AdapterFingerprint(dir string) (string, error) {
	h := sha256.New()
	for _, name := range []string{adapterConfigName, adapterWeightsName} {
		sum, err := atomicfile.Hash(filepath.Join(dir, name))
		if err != nil {
			return "", err
		}
		h.Write([]byte(sum))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// expertNumber matches the number of an expert in a module's name.
var expertNumber = regexp.MustCompile(`\.experts\.\d+\.`)

// anyExpert is a module's name for all experts: they are updated together.
func anyExpert(module string) string { return expertNumber.ReplaceAllString(module, ".experts.*.") }

// modulesOf returns the modules that the file's tensors update, any expert
// standing for all, and lists them in c.
func modulesOf(file *adapterFile, c *AdapterConfig) map[string]bool {
	modules := map[string]bool{}
	for _, name := range file.Names() {
		module, ok := strings.CutPrefix(name, adapterPrefix)
		if ok {
			module, ok = strings.CutSuffix(module, ".lora_A.weight")
		}
		if ok {
			modules[anyExpert(module)] = true
			if target := targetOf(module); !slices.Contains(c.Targets, target) {
				c.Targets = append(c.Targets, target)
			}
		}
	}
	slices.Sort(c.Targets)
	return modules
}

func (m *Model) loadAdapter(c AdapterConfig, file *adapterFile, train bool) error {
	modules := modulesOf(file, &c)
	if err := m.checkAdapter(c, file, modules); err != nil {
		return err
	}
	if err := m.putAdapter(c, train, func(module string) bool { return modules[anyExpert(module)] }); err != nil {
		return err
	}
	for _, p := range m.adapter.params {
		for g := range p.Groups {
			if err := fillAdapter(file, p, g); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkAdapter compares the file's tensors with those of the adapter, so that
// nothing is allocated for a file that does not fit.
func (m *Model) checkAdapter(c AdapterConfig, file *adapterFile, modules map[string]bool) error {
	if len(modules) == 0 {
		return fmt.Errorf("it has no tensor %s….lora_A.weight", adapterPrefix)
	}
	own := *m.cfg
	shapes := build(&own).layOutAdapter(c, func(module string) bool { return modules[anyExpert(module)] })
	want := map[string][]int{}
	for _, p := range shapes.params {
		for _, part := range p.Parts {
			want[part.Name] = p.PartShape(part)
		}
	}
	for _, name := range file.Names() {
		if want[name] == nil {
			return fmt.Errorf("tensor %s has no place in an adapter of a model of type %s", name, m.cfg.ModelType)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !file.Has(name) {
			return fmt.Errorf("tensor %s is missing", name)
		}
		t, err := file.Tensor(name)
		if err != nil {
			return err
		}
		if !slices.Equal(t.Shape, want[name]) {
			return fmt.Errorf("tensor %s has shape %v; the model and a rank of %d ask for %v", name, t.Shape, c.Rank, want[name])
		}
	}
	return nil
}

func fillAdapter(file *adapterFile, p *Param, g int) error {
	group := make([]float32, p.GroupLen())
	if p.Master != nil {
		group = p.Group(g)
	}
	for _, part := range p.Parts {
		if part.Group != g {
			continue
		}
		x, err := readF32(file, part.Name)
		if err != nil {
			return err
		}
		copy(p.PartOf(part, group), x)
	}
	p.SetGroup(g, group)
	return nil
}

// dropAdapter takes off what LoadAdapter put on.
func (m *Model) dropAdapter() {
	if m.adapter == nil {
		return
	}
	for _, p := range m.adapter.updated {
		p.LoRA = nil
	}
	m.adapter = nil
}

// SaveAdapter writes the trained adapter as PEFT has them: adapter_config.json,
// adapter_model.safetensors (fp32), the extra files by name, and last
// manifest.json with the hash of every one. base is what the configuration names
// as the model that the adapter belongs to. The directory is made if it does not
// exist. Each file is written atomically; a crash in between leaves a directory
// whose manifest does not match, which LoadAdapter reports. An adapter that was
// not opened for training is an error: its directory exists already.
func (m *Model) SaveAdapter(dir, base string, from Provenance, extra map[string][]byte) error {
	if m.adapter == nil || !m.adapter.train {
		return errNotTrained
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	files := map[string][]byte{adapterConfigName: m.adapter.config.marshal(base, m.cfg.targetModules(m.adapter.modules()))}
	for name, data := range extra {
		if name != filepath.Base(name) || name == ManifestName || name == adapterWeightsName || files[name] != nil {
			panic(fmt.Sprintf("model: extra file %q", name))
		}
		files[name] = data
	}
	man := Manifest{Files: map[string]string{}, Provenance: from}
	var err error
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if man.Files[name], err = atomicfile.WriteBytes(filepath.Join(dir, name), files[name]); err != nil {
			return err
		}
	}
	man.Files[adapterWeightsName], err = safetensors.Write(filepath.Join(dir, adapterWeightsName), m.adapter.tensors(m.cfg), map[string]string{"format": "pt"})
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

var errNotTrained = errors.New("the model has no adapter that was opened for training")

// modules lists the last parts of the updated modules' names, which is what PEFT
// finds them by.
func (a *adapter) modules() []string {
	seen := map[string]bool{}
	for _, p := range a.params {
		for _, part := range p.Parts {
			module := strings.TrimSuffix(strings.TrimSuffix(part.Name, ".lora_A.weight"), ".lora_B.weight")
			seen[module[strings.LastIndexByte(module, '.')+1:]] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// tensors lists the adapter's tensors; they alias the masters.
func (a *adapter) tensors(cfg *Config) []*tensor.Tensor {
	var list []*tensor.Tensor
	for _, p := range a.params {
		for _, part := range p.Parts {
			list = append(list, tensor.FromF32(cfg.writtenAdapter(part.Name), p.PartOf(part, p.Group(part.Group)), part.Rows, p.In))
		}
	}
	return list
}
