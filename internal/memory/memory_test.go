package memory

import (
	"runtime"
	"testing"
)

func TestAvailable(t *testing.T) {
	const mebibyte = 1 << 20
	switch n := Available(); {
	case n == 0 && runtime.GOOS != "linux" && runtime.GOOS != "darwin":
	case n < mebibyte || n > mebibyte*mebibyte*64:
		t.Errorf("%d bytes", n)
	}
}
