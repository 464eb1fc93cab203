package modelfile

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/polymath-lm/polymath/model"
)

// CheckOwn refuses to replace dst, which exists, where that would take files of the
// model at src along: dst is one of them, or a directory that one is in. A GGUF file
// beside the weights of a directory is none of its files.
func CheckOwn(src, dst string) error {
	to, err := os.Stat(dst)
	if err != nil {
		return err
	}
	dir, _, err := locate(src)
	if err != nil || dir != "" && model.IsGGUF(dst) { // whose weights are in no GGUF file
		return err
	}
	names, err := modelFiles(src)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := checkOutside(name, dst, to); err != nil {
			return err
		}
	}
	return nil
}

// checkOutside refuses dst, described by to, where it is the file called name or a
// directory that this is in.
func checkOutside(name, dst string, to os.FileInfo) error {
	real, err := filepath.EvalSymlinks(name)
	if err != nil {
		return err
	}
	if real, err = filepath.Abs(real); err != nil {
		return err
	}
	for at := real; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		switch {
		case err != nil:
			return err
		case os.SameFile(info, to) && at == real:
			return fmt.Errorf("%s is a file of the model that is read; name another destination", dst)
		case os.SameFile(info, to):
			return fmt.Errorf("%s holds %s, a file of the model that is read; name another destination", dst, name)
		case at == filepath.Dir(at):
			return nil
		}
	}
}
