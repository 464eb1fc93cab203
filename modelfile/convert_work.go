package modelfile

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
)

// workMark is the file that tells the work directory of a conversion from a
// directory of somebody's. It holds the conversion that was asked for.
const workMark = "polymath-convert.json"

// trailerBytes is the length of the hash that ends a tensor's file.
const trailerBytes = sha256.Size

// work is the directory of a conversion under way. Each tensor that is encoded
// anew is a file in it: the data, and the SHA-256 of the conversion, the tensor's
// name and the data. So a file of another conversion does not match, and neither
// does one that was damaged.
type work struct {
	ctx     context.Context
	c       *Conversion
	dir     string
	id      string // of the conversion
	unlock  func() error
	mapping *tensor.Mapping // of the last tensor
	reused  int64
	done    int64
}

// openWork makes the work directory, or takes up the one that is there.
func openWork(ctx context.Context, c *Conversion) (*work, error) {
	w := &work{ctx: ctx, c: c, dir: c.WorkDir()}
	if err := w.claim(); err != nil {
		return nil, err
	}
	var err error
	if w.unlock, err = atomicfile.Lock(w.dir); err != nil {
		return nil, err
	}
	request, err := w.request()
	if err == nil {
		err = w.adopt(request)
	}
	if err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// claim sees that the directory is ours.
func (w *work) claim() error {
	entries, err := os.ReadDir(w.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return os.Mkdir(w.dir, 0o777)
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !workName(e.Name()) {
			return fmt.Errorf("%s is there and not from a conversion, as it holds %s: move it away", w.dir, e.Name())
		}
	}
	return nil
}

// workName reports whether a conversion makes files or directories of that name.
func workName(name string) bool {
	switch name {
	case workMark, atomicfile.LockName, madeFile, madeDir, replacedName:
		return true
	}
	return atomicfile.IsTemporary(name) || filepath.Ext(name) == tensorExt
}

// request describes the conversion: the source by its content, and the format
// of every tensor.
func (w *work) request() ([]byte, error) {
	w.tell(Reading, 0, 1)
	source, err := ContentHash(w.ctx, w.c.src)
	if err != nil {
		return nil, err
	}
	w.tell(Reading, 1, 1)
	return indented(map[string]any{"format": 1, "source": source, "gguf": w.c.toGGUF, "tensors": w.c.choice})
}

// adopt keeps what an earlier run of the same conversion left, and nothing else.
func (w *work) adopt(request []byte) error {
	sum := sha256.Sum256(request)
	w.id = hex.EncodeToString(sum[:])
	mark := filepath.Join(w.dir, workMark)
	before, err := os.ReadFile(mark)
	if err != nil && !notExist(err) {
		return err
	}
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		return err
	}
	same := bytes.Equal(before, request)
	for _, e := range entries {
		if e.Name() == replacedName && w.restore() {
			continue
		}
		keep := e.Name() == atomicfile.LockName || same && (e.Name() == workMark || filepath.Ext(e.Name()) == tensorExt)
		if keep && !atomicfile.IsTemporary(e.Name()) {
			continue
		}
		if err := atomicfile.RemoveAll(filepath.Join(w.dir, e.Name())); err != nil {
			return err
		}
	}
	if !same {
		_, err = atomicfile.WriteBytes(mark, request)
	}
	return err
}

// The names of a whole model in the work directory: of what is made, and of one
// that is replaced, for a moment.
const (
	madeFile     = "model.gguf"
	madeDir      = "model"
	replacedName = "replaced"
)

// restore gives a model that was about to be replaced when the machine stopped
// its name again.
func (w *work) restore() bool {
	_, err := os.Lstat(w.c.dst)
	return notExist(err) && atomicfile.Rename(filepath.Join(w.dir, replacedName), w.c.dst) == nil
}

// close lets go of the directory; what is in it stays.
func (w *work) close() {
	w.unmap()
	if w.unlock != nil {
		_ = w.unlock() // the lock ends with the process at the latest
		w.unlock = nil
	}
}

// remove removes the directory.
func (w *work) remove() error {
	w.close()
	return atomicfile.RemoveAll(w.dir)
}

func (w *work) unmap() {
	if w.mapping != nil {
		_ = w.mapping.Close() // it was read only
		w.mapping = nil
	}
}

func (w *work) tell(stage Stage, done, total int64) {
	if w.c.options.Progress != nil {
		w.c.options.Progress(stage, done, total)
	}
}

// weights are the source's as they are to be written.
func (w *work) weights() (*model.Weights, error) {
	info := map[string]model.TensorInfo{}
	number := map[string]int{}
	for i, t := range w.c.w.Tensors() {
		info[t.Name], number[t.Name] = t, i
	}
	format := func(name string) tensor.DType {
		if t := info[name]; !w.c.worked(t) {
			return t.DType
		}
		return w.c.choice[name]
	}
	return model.NewWeights(w.c.w.Config(), format, func(name string) (*tensor.Tensor, error) {
		if err := w.ctx.Err(); err != nil {
			return nil, err
		}
		if t := info[name]; w.c.worked(t) {
			return w.tensor(t, number[name])
		}
		return w.c.w.Tensor(name)
	})
}

const tensorExt = ".tensor"

// tensor returns a tensor that is encoded anew, from its file or made now. It is
// of use until the next call.
func (w *work) tensor(t model.TensorInfo, number int) (*tensor.Tensor, error) {
	path := filepath.Join(w.dir, fmt.Sprintf("%06d%s", number, tensorExt))
	d := w.c.choice[t.Name]
	size, err := tensor.SizeBytes(d, t.Shape)
	if err != nil {
		return nil, err
	}
	w.unmap()
	data, err := w.load(path, t.Name, size)
	if err != nil {
		return nil, err
	}
	if data == nil {
		if err := w.make(path, t.Name, d); err != nil {
			return nil, err
		}
		if data, err = w.load(path, t.Name, size); err != nil {
			return nil, err
		}
		if data == nil {
			return nil, fmt.Errorf("%s: what was just written reads otherwise", path)
		}
	} else {
		w.reused += int64(size)
	}
	w.done += int64(size) + trailerBytes
	w.tell(Encoding, w.done, w.c.plan.WorkBytes)
	return &tensor.Tensor{Name: t.Name, DType: d, Shape: t.Shape, Data: data}, nil
}

// load maps a tensor's file; nil if there is none, or one that does not match.
func (w *work) load(path, name string, size int) ([]byte, error) {
	info, err := os.Stat(path)
	if notExist(err) || err == nil && info.Size() != int64(size+trailerBytes) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if w.mapping, err = tensor.Map(path); err != nil {
		return nil, err
	}
	all := w.mapping.Bytes()
	if len(all) != size+trailerBytes {
		return nil, nil
	}
	h := w.hash(name)
	h.Write(all[:size])
	if !bytes.Equal(h.Sum(nil), all[size:]) {
		w.unmap()
		return nil, nil
	}
	return all[:size:size], nil
}

// make encodes a tensor into its file.
func (w *work) make(path, name string, d tensor.DType) error {
	_, err := atomicfile.Write(path, func(out io.Writer) error {
		h := w.hash(name)
		if err := w.c.w.WriteTensor(io.MultiWriter(out, h, stopper{w.ctx}), name, d); err != nil {
			return err
		}
		_, err := out.Write(h.Sum(nil))
		return err
	})
	return err
}

// hash begins the hash of a tensor's file.
func (w *work) hash(name string) hash.Hash {
	h := sha256.New()
	fmt.Fprintf(h, "%s %q\n", w.id, name)
	return h
}

// stopper is a writer that fails once its context has ended.
type stopper struct{ ctx context.Context }

func (s stopper) Write(p []byte) (int, error) { return len(p), s.ctx.Err() }
