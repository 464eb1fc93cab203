package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// starter is the thread that starts all sandboxes. It must live as long as
// they do, because the kernel kills bubblewrap when the thread that started it
// ends.
//
// Where Polymath runs as root, bubblewrap runs as a user who owns nothing and
// has no way to root's own directories, in which an interpreter may be. The
// thread then has mounts of its own, of which the rest of the process knows
// nothing: what sandboxes show is bound below one directory that all may read.
type starter struct {
	user  int // whom sandboxes run as; 0: as this process does
	work  chan func()
	bound map[string]string // path by what was bound; the thread's own
}

// viewDir is where a root's starter binds what sandboxes show. What the
// machine has there is not seen by bubblewrap.
const viewDir = "/mnt"

func newStarter() (*starter, error) {
	s := &starter{user: pickUser(), work: make(chan func()), bound: map[string]string{}}
	ready := make(chan error)
	go func(work chan func()) {
		runtime.LockOSThread() // never unlocked: the thread ends with the function
		ready <- s.isolate()
		for f := range work {
			f()
		}
	}(s.work)
	if err := <-ready; err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *starter) close() { close(s.work) }

// isolate gives the thread its own mounts.
func (s *starter) isolate() error {
	if s.user == 0 {
		return nil
	}
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("root has no right to make mounts here (unshare: %w); run it as an ordinary user, or in Docker with --security-opt seccomp=unconfined --cap-add SYS_ADMIN", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	if err := unix.Mount("sandbox", viewDir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "size=64k,mode=755"); err != nil {
		return fmt.Errorf("mounting a file system in memory on %s: %w", viewDir, err)
	}
	return nil
}

// do runs f on the thread.
func (s *starter) do(f func() error) error {
	done := make(chan error)
	s.work <- func() { done <- f() }
	return <-done
}

// view returns the path under which bubblewrap finds path.
func (s *starter) view(path string) (string, error) {
	if s.user == 0 {
		return path, nil
	}
	var seen string
	err := s.do(func() (err error) {
		seen, err = s.bind(path)
		return err
	})
	return seen, err
}

func (s *starter) bind(path string) (string, error) {
	if seen, ok := s.bound[path]; ok {
		return seen, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("sandbox: %w", err)
	}
	to := filepath.Join(viewDir, strconv.Itoa(len(s.bound)))
	if info.IsDir() {
		err = os.Mkdir(to, 0o755)
	} else {
		err = os.WriteFile(to, nil, 0o644)
	}
	if err != nil {
		return "", fmt.Errorf("sandbox: %w", err)
	}
	if err := unix.Mount(path, to, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return "", fmt.Errorf("sandbox: binding %s: %w", path, err)
	}
	s.bound[path] = to
	return to, nil
}
