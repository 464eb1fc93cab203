package modelfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/gguf"
	"github.com/polymath-lm/polymath/tokenizer"
)

// Description is what there is to know of a model without running it.
type Description struct {
	Path   string        `json:"path"`
	Kind   string        `json:"kind"` // "directory" or "GGUF"
	Name   string        `json:"name,omitempty"`
	Config *model.Config `json:"config"`
	// Reward: it is a reward model or a critic, which gives a text one number and
	// says nothing of the next token.
	Reward bool `json:"reward_model,omitempty"`

	Parameters       int64       `json:"parameters"`
	ActiveParameters int64       `json:"active_parameters"` // that work on one token
	Parts            []Part      `json:"parts"`             // by what they do
	WeightBytes      int64       `json:"weight_bytes"`      // in the files
	Memory           Memory      `json:"memory"`
	Files            []File      `json:"files"`
	Verified         bool        `json:"verified"` // every file has the hash that the manifest says
	License          License     `json:"license"`
	Provenance       *Provenance `json:"provenance,omitempty"`
	Tokenizer        Vocabulary  `json:"tokenizer"`
	Template         Templates   `json:"chat_template"`

	Tensors []model.TensorInfo `json:"-"`
}

// Provenance is what a manifest, or a GGUF file of ours, says.
type Provenance = model.Provenance

// Part is the weights of one role.
type Part struct {
	Role    string `json:"role"`
	Weights int64  `json:"weights"`
	Formats string `json:"formats"` // such as q4_k, several with + between
	Bytes   int64  `json:"bytes"`   // in the files
}

// Memory is what running the model takes, in bytes.
type Memory struct {
	Weights       int64 `json:"weights"`
	CachePerToken int64 `json:"cache_per_token"` // of keys and values in 16 bits
	CacheWindow   int64 `json:"cache_window"`    // of a full window
}

// File is one file of a model.
type File struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256,omitempty"` // as the manifest says; empty without one
}

// Vocabulary describes a tokenizer.
type Vocabulary struct {
	Kind    string `json:"kind,omitempty"` // in words
	Size    int    `json:"size"`
	BOS     string `json:"bos,omitempty"` // that goes before a text
	EOS     string `json:"eos,omitempty"`
	Hash    string `json:"hash,omitempty"`
	Problem string `json:"problem,omitempty"` // why it cannot be used
}

// Templates describes a chat template.
type Templates struct {
	Present bool   `json:"present"`
	Tools   bool   `json:"tools"` // has one of its own for tools
	Problem string `json:"problem,omitempty"`
}

// Inspect describes the model at path. A manifest's hashes are verified, and a
// file that does not match is an error; so is whatever keeps the weights from
// being used. A tokenizer or template that cannot be used is described as such.
func Inspect(path string) (*Description, error) {
	w, err := openAny(path)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	d := &Description{Path: path, Kind: "directory", Config: w.Config(), Tensors: w.Tensors(), WeightBytes: w.SizeBytes()}
	d.Parameters, d.ActiveParameters = d.Config.Params()
	d.Parts, d.Reward = partsOf(w.Tensors()), d.Config.Scalar
	if d.Memory, err = memoryOf(w, path); err != nil {
		return nil, err
	}
	if f := w.GGUF(); f != nil {
		d.Kind = "GGUF"
		err = d.describeGGUF(path, f)
	} else {
		err = d.describeDir(path)
	}
	if err != nil {
		return nil, err
	}
	d.Tokenizer = describeTokenizer(path)
	return d, nil
}

// openAny opens a language model or a reward model.
func openAny(path string) (*model.Weights, error) {
	w, err := model.OpenWeights(path)
	if errors.Is(err, model.ErrScalar) {
		return model.OpenScalar(path)
	}
	return w, err
}

// memoryOf is what running a model takes. A reward model reads a text at once and
// keeps nothing of it.
func memoryOf(w *model.Weights, path string) (Memory, error) {
	cfg := w.Config()
	if cfg.Scalar {
		return Memory{Weights: w.SizeBytes()}, nil
	}
	plan, err := model.PlanWeights(path, 1<<62)
	if err != nil {
		return Memory{}, err
	}
	return Memory{
		Weights:       plan.All,
		CachePerToken: model.CacheBytes(cfg, model.CacheBF16, model.BlockTokens) / model.BlockTokens,
		CacheWindow:   model.CacheBytes(cfg, model.CacheBF16, cfg.MaxPositions),
	}, nil
}

func partsOf(list []model.TensorInfo) []Part {
	var parts [model.NumRoles]Part
	for _, t := range list {
		p := &parts[t.Role]
		p.Role = t.Role.String()
		p.Weights += elements(t.Shape)
		p.Formats = joined(p.Formats, formatName(t.DType))
		if n, err := tensor.SizeBytes(t.DType, t.Shape); err == nil {
			p.Bytes += int64(n)
		}
	}
	var some []Part
	for _, p := range parts {
		if p.Role != "" {
			some = append(some, p)
		}
	}
	return some
}

func (d *Description) describeGGUF(path string, f *gguf.File) error {
	meta := f.Metadata()
	d.Name, _ = meta.Value(keyName).(string)
	d.License = ggufLicense(meta)
	parent, _ := meta.Value(keyParent).(string)
	if version, _ := meta.Value(keyVersion).(string); version != "" || parent != "" {
		d.Provenance = &Provenance{Version: version, Parent: parent}
	}
	d.Template.Present, d.Template.Tools = meta.Has(keyTemplate), meta.Has(keyTemplate+".tool_use")
	_, file, err := locate(path)
	if err != nil {
		return err
	}
	if _, err := ggufTemplate(file, meta); err != nil {
		d.Template.Problem = err.Error()
	}
	return d.listFiles(path, nil)
}

func (d *Description) describeDir(dir string) error {
	whole, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	d.Name = filepath.Base(whole)
	if d.License, err = dirLicense(dir); err != nil {
		return err
	}
	if _, err := chat.Load(dir); err != nil {
		d.Template.Problem = err.Error()
	}
	if source, tools, err := chat.Source(dir); err == nil {
		d.Template.Present, d.Template.Tools = source != "", tools != ""
	}
	man, err := model.ReadManifest(dir)
	switch {
	case notExist(err):
		return d.listFiles(dir, nil)
	case err != nil:
		return err
	}
	d.Provenance, d.Verified = &man.Provenance, true // OpenWeights has seen to it
	return d.listFiles(dir, man.Files)
}

func (d *Description) listFiles(path string, hashes map[string]string) error {
	names, err := modelFiles(path)
	if err != nil {
		return err
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		base := filepath.Base(name)
		d.Files = append(d.Files, File{Name: base, Bytes: info.Size(), SHA256: hashes[base]})
	}
	return nil
}

func describeTokenizer(path string) Vocabulary {
	t, err := Tokenizer(path)
	switch {
	case notExist(err):
		return Vocabulary{Problem: "there is none"}
	case err != nil:
		return Vocabulary{Problem: err.Error()}
	}
	v := Vocabulary{Kind: kindOf(t), Size: t.VocabSize(), Hash: t.Hash()}
	if before, _ := t.Template(); len(before) == 1 {
		v.BOS = string(t.Bytes(before[0]))
	}
	if id := t.EOS(); id >= 0 {
		v.EOS = string(t.Bytes(id))
	}
	return v
}

// kindOf names a tokenizer's kind, and how it splits text where that has a name.
func kindOf(t *tokenizer.Tokenizer) string {
	v, err := t.GGML(t.VocabSize())
	switch {
	case err != nil:
		return "BPE"
	case v.Model == tokenizer.GGMLScores:
		return "SentencePiece BPE"
	}
	return fmt.Sprintf("byte-level BPE (%s)", v.Pre)
}
