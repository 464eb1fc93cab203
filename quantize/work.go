package quantize

import (
	"crypto/sha256"
	"encoding/binary"
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
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/safetensors"
)

// identity is a hash of all that the result is a function of.
func (r *run) identity() string {
	h := sha256.New()
	text, err := json.Marshal(struct {
		Options
		Config  any
		Formats map[string]tensor.DType
		Rules   int
	}{r.Options, r.source.Config(), r.formats, rules})
	if err != nil {
		panic(err) // plain data always marshals
	}
	h.Write(text)
	for _, ids := range r.Texts {
		_ = binary.Write(h, binary.LittleEndian, int64(len(ids))) // a hash never fails
		h.Write(tensor.Bytes(ids))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// rules changes with the rules by which codes are found, so that layers made by
// others are not mixed.
const rules = 1

// work is a directory of finished layers, each a safetensors file whose tensors
// are bytes: the format knows no blocks.
type work struct {
	dir, identity string
	open          map[int]*layerFile
	unlock        func() error
}

// layerFile is a finished layer.
type layerFile struct {
	file   *safetensors.File
	report LayerReport
}

// openWork makes dir, or opens it where it holds work with this identity. Layers
// of other work are removed; a directory that holds anything else, or that
// another process works in, is an error.
func openWork(dir, identity string) (*work, error) {
	w := &work{dir: dir, identity: identity, open: map[int]*layerFile{}}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if ok, _ := filepath.Match("layer-*.safetensors", e.Name()); !ok && !atomicfile.IsTemporary(e.Name()) && e.Name() != atomicfile.LockName {
			return nil, fmt.Errorf("%s holds %s, which is no part of unfinished work; name another directory or remove it", dir, e.Name())
		}
	}
	if w.unlock, err = atomicfile.Lock(dir); err != nil {
		return nil, err
	}
	if err := w.sweep(entries); err != nil {
		_ = w.close() // the other error is being returned
		return nil, err
	}
	return w, nil
}

// sweep removes layers of other work and what a crash left half written.
func (w *work) sweep(entries []fs.DirEntry) error {
	for _, e := range entries {
		if e.Name() == atomicfile.LockName {
			continue
		}
		path := filepath.Join(w.dir, e.Name())
		f, err := w.read(path)
		if err == nil && f != nil {
			err = f.file.Close()
		} else {
			err = os.Remove(path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *work) path(layer int) string {
	return filepath.Join(w.dir, fmt.Sprintf("layer-%05d.safetensors", layer))
}

// layer returns a finished layer, or nil if it is not finished.
func (w *work) layer(number int) (*layerFile, error) {
	if f := w.open[number]; f != nil {
		return f, nil
	}
	f, err := w.read(w.path(number))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && f == nil {
		err = fmt.Errorf("%s is of other work, or damaged", w.path(number))
	}
	if err != nil {
		return nil, err
	}
	w.open[number] = f
	return f, nil
}

// read opens a layer's file; it returns nil if that is of other work or damaged.
func (w *work) read(path string) (*layerFile, error) {
	file, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	f := &layerFile{file: file}
	meta := file.Metadata()
	if err := json.Unmarshal([]byte(meta["report"]), &f.report); err != nil || meta["work"] != w.identity {
		return nil, file.Close()
	}
	var list []*tensor.Tensor
	for _, name := range file.Names() {
		t, err := file.Tensor(name)
		if err != nil {
			_ = file.Close() // the other error is being returned
			return nil, err
		}
		list = append(list, t)
	}
	if meta["sha256"] != hashTensors(list) {
		return nil, file.Close()
	}
	return f, nil
}

// hashTensors returns a hash of the tensors' names and data.
func hashTensors(list []*tensor.Tensor) string {
	list = slices.SortedFunc(slices.Values(list), func(a, b *tensor.Tensor) int { return strings.Compare(a.Name, b.Name) })
	h := sha256.New()
	for _, t := range list {
		fmt.Fprintf(h, "%q %d\n", t.Name, len(t.Data))
		h.Write(t.Data)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// put writes a finished layer.
func (w *work) put(report LayerReport, list []*tensor.Tensor) (*layerFile, error) {
	text, err := json.Marshal(report)
	if err != nil {
		return nil, err
	}
	raw := make([]*tensor.Tensor, len(list))
	for i, t := range list {
		raw[i] = &tensor.Tensor{Name: t.Name, DType: tensor.DTypeU8, Shape: []int{len(t.Data)}, Data: t.Data}
	}
	path := w.path(report.Layer)
	_, err = safetensors.Write(path, raw, map[string]string{
		"work": w.identity, "report": string(text), "sha256": hashTensors(raw),
	})
	if err != nil {
		return nil, err
	}
	return w.layer(report.Layer)
}

// tensor returns a tensor of the layer, whose data lies in the file.
func (f *layerFile) tensor(name string, d tensor.DType, shape []int) (*tensor.Tensor, error) {
	t, err := f.file.Tensor(name)
	if err != nil {
		return nil, err
	}
	if n, err := tensor.SizeBytes(d, shape); err != nil || n != len(t.Data) {
		return nil, fmt.Errorf("tensor %s has %d bytes, which are no %s of shape %v", name, len(t.Data), d, shape)
	}
	data := t.Data
	if !tensor.Aligned(data, 8) {
		data = tensor.AlignedCopy(data)
	}
	return &tensor.Tensor{Name: name, DType: d, Shape: shape, Data: data}, nil
}

func (w *work) close() error {
	var first error
	for _, f := range w.open {
		if err := f.file.Close(); err != nil && first == nil {
			first = err
		}
	}
	clear(w.open)
	if err := w.unlock(); err != nil && first == nil {
		first = err
	}
	return first
}
