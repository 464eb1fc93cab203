package checkpoint

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Size is the length of all files below dir in bytes, 0 where it does not exist.
func Size(dir string) (total int64, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	return total, err
}

// Free is what an ordinary user may still write in dir, which need not exist yet,
// in bytes; -1 where the system does not tell.
func Free(dir string) int64 {
	for {
		if _, err := os.Stat(dir); err == nil {
			return free(dir)
		}
		up := filepath.Dir(dir)
		if up == dir {
			return free(".")
		}
		dir = up
	}
}
