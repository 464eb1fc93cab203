//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd)

package atomicfile

import (
	"errors"
	"os"
)

// lockFile is not known here.
func lockFile(*os.File) error { return errors.ErrUnsupported }
