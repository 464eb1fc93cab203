package checkpoint

import (
	"fmt"

	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/safetensors"
	"github.com/polymath-lm/polymath/train/optim"
)

// Arrays is a file of fp32 arrays in safetensors, each under its name, which it
// has alone.
func Arrays(name string, list []optim.State) File {
	return File{name, func(path string) (string, error) {
		tensors := make([]*tensor.Tensor, len(list))
		for i, s := range list {
			tensors[i] = tensor.FromF32(s.Name, s.Data, len(s.Data))
		}
		return safetensors.Write(path, tensors, nil)
	}}
}

// ReadArrays fills each array from the tensor of its name in the file that Arrays
// wrote at path. The file must hold these arrays, of these lengths, and no others.
func ReadArrays(path string, list []optim.State) error {
	f, err := safetensors.Open(path)
	if err != nil {
		return err
	}
	err = copyArrays(f, list)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func copyArrays(f *safetensors.File, list []optim.State) error {
	if n := len(f.Names()); n != len(list) {
		return fmt.Errorf("%d tensors where the recipe has %d", n, len(list))
	}
	for _, s := range list {
		t, err := f.Tensor(s.Name)
		if err != nil {
			return err
		}
		if t.Len() != len(s.Data) {
			return fmt.Errorf("tensor %s has %d numbers, and the model %d", s.Name, t.Len(), len(s.Data))
		}
		if err := t.CopyF32(s.Data); err != nil {
			return fmt.Errorf("tensor %s: %w", s.Name, err)
		}
	}
	return nil
}
