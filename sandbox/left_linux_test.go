package sandbox

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Once a sandbox is gone, a kill that comes late has no descriptor to use.
func TestGone(t *testing.T) {
	cmd := exec.Command("true")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b := &box{}
	var err error
	if b.pidfd, err = unix.PidfdOpen(cmd.Process.Pid, 0); err != nil {
		t.Skip(err)
	}
	if err := b.gone(); err != nil || b.pidfd != -1 {
		t.Errorf("descriptor %d, %v", b.pidfd, err)
	}
	b.kill(ReasonWall)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// wantNothingLeft looks for processes of sandboxes.
func wantNothingLeft(t testing.TB) {
	t.Helper()
	var left []string
	// Those of another package's tests end by themselves.
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if left = sandboxed(t); len(left) == 0 {
			return
		}
	}
	t.Errorf("processes of sandboxes are left: %q", left)
}

// sandboxed are the processes that have a host name space of their own, as
// those of sandboxes do and nothing else that tests start.
func sandboxed(t testing.TB) []string {
	own, err := os.Readlink("/proc/self/ns/uts")
	if err != nil {
		t.Error(err)
		return nil
	}
	var found []string
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		space, err := os.Readlink(dir + "/ns/uts")
		if err != nil || space == own {
			continue
		}
		line, _ := os.ReadFile(dir + "/cmdline")
		found = append(found, dir+" "+string(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
	}
	return found
}
