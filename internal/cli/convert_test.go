package cli_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/cli"
	"github.com/polymath-lm/polymath/model"
)

// TestConvertInterrupted: ctrl-C says how to go on, and that goes on.
func TestConvertInterrupted(t *testing.T) {
	src := filepath.Join(t.TempDir(), "src")
	if err := saveBabbler(src, model.Qwen3MoE); err != nil {
		t.Fatal(err)
	}
	dst := filepath.Join(t.TempDir(), "dst.gguf")
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var out, text strings.Builder
	args := []string{"convert", src, dst, "--dtype", "q8_0"}
	if status := cli.Run(ctx, cli.Streams{Out: &out, Err: &text}, args); status != 1 {
		t.Errorf("exit status %d: %s", status, text.String())
	}
	want := "interrupted; what is done is in " + dst + ".part\ngo on with: "
	if !strings.Contains(text.String(), want) || !strings.HasSuffix(text.String(), " convert "+src+" "+dst+" --dtype q8_0\n") {
		t.Errorf("says %q", text.String())
	}
	if _, err := os.Lstat(dst); err == nil {
		t.Error("the destination exists")
	}
	if status := cli.Run(t.Context(), cli.Streams{Out: &out, Err: &text}, args); status != 0 {
		t.Fatalf("exit status %d: %s", status, text.String())
	}
	if _, err := os.Lstat(dst + ".part"); err == nil {
		t.Error("the work directory is left")
	}
}
