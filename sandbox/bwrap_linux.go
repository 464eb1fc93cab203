package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	remedyBwrap = "apt-get install bubblewrap (dnf install bubblewrap, pacman -S bubblewrap)"
	// buildBytes are the size of the file system that compiling has for itself.
	buildBytes = 192 << 20
)

var errNoBwrap = errors.New("bubblewrap is not installed: " + remedyBwrap)

// bubblewrap is the program that makes the namespaces and mounts.
type bubblewrap struct {
	path    string
	version string
}

// findBwrap needs a bubblewrap that can limit the size of a tmpfs, 0.7 or later.
func findBwrap() (*bubblewrap, error) {
	path, err := exec.LookPath("bwrap")
	if err != nil {
		return nil, errNoBwrap
	}
	b := &bubblewrap{path: path}
	version, err := b.ask("--version")
	if err != nil {
		return nil, err
	}
	b.version = strings.TrimPrefix(strings.TrimSpace(version), "bubblewrap ")
	help, err := b.ask("--help")
	if err != nil {
		return nil, err
	}
	if !strings.Contains(help, "--size ") {
		return nil, fmt.Errorf("bubblewrap %s (%s) is too old; 0.7 or later is needed: %s", b.version, path, remedyBwrap)
	}
	return b, nil
}

func (b *bubblewrap) ask(option string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, b.path, option).Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w%s", b.path, option, err, saidBy(err))
	}
	return string(out), nil
}

// pickUser is whom a sandbox runs as where Polymath runs as root: somebody who
// owns nothing, so that what root may do is out of the question and the limit
// of processes, which root has not, holds. 0: as who runs Polymath.
func pickUser() int {
	if os.Geteuid() != 0 {
		return 0
	}
	// No system gives out the first; the second, nobody, is for containers that
	// map fewer users.
	for _, id := range []int{1_900_000_000, 65534} {
		if isMapped("/proc/self/uid_map", id) && isMapped("/proc/self/gid_map", id) {
			return id
		}
	}
	return 0
}

func isMapped(table string, id int) bool {
	text, err := os.ReadFile(table)
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		var inside, outside, count int
		if _, err := fmt.Sscan(line, &inside, &outside, &count); err == nil && id >= inside && id-inside < count {
			return true
		}
	}
	return false
}

// command collects bubblewrap's arguments and the files that it inherits.
type command struct {
	args  []string
	files []*os.File
}

func (c *command) add(args ...string) { c.args = append(c.args, args...) }

// inherit gives bubblewrap a file and returns its number there.
func (c *command) inherit(f *os.File) string {
	c.files = append(c.files, f)
	return strconv.Itoa(2 + len(c.files))
}

func (c *command) mount(s *starter, mounts []mount) error {
	for _, m := range mounts {
		from, err := s.view(m.from)
		if err != nil {
			return err
		}
		c.add("--ro-bind", from, m.to)
	}
	return nil
}

// arguments are those of one sandbox. The first two files that the caller has
// given are the stage's pipes.
func (c *command) arguments(s *system, t *toolchain, l Limits, info, filter *os.File) error {
	c.add("--unshare-all", "--die-with-parent", "--new-session", "--as-pid-1", "--clearenv", "--cap-drop", "ALL",
		"--uid", "1000", "--gid", "1000", "--hostname", "sandbox",
		"--info-fd", c.inherit(info), "--seccomp", c.inherit(filter),
		"--size", strconv.FormatInt(l.Disk, 10), "--tmpfs", "/tmp", "--dir", workDir)
	if t != nil && t.build != nil {
		c.add("--size", strconv.Itoa(buildBytes), "--tmpfs", buildDir)
	}
	mounts := []mount{{s.stage, stagePath}}
	if s.dynamic || t != nil && t.libs {
		mounts = append(mounts, s.libs.mounts...)
		for _, link := range s.libs.links {
			c.add("--symlink", link[0], link[1])
		}
	}
	if t != nil {
		mounts = append(mounts, t.mounts...)
	}
	if err := c.mount(s.starter, mounts); err != nil {
		return err
	}
	for _, d := range devices {
		c.add("--dev-bind", d.path, d.path)
	}
	c.add("--symlink", "/tmp", "/dev/shm", "--remount-ro", "/", "--chdir", workDir, "--", stagePath, stageArgument)
	return nil
}

// memoryFile is a file in memory that holds content, to be read from its begin.
func memoryFile(name string, content []byte) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("sandbox: memfd_create: %w", err)
	}
	f := os.NewFile(uintptr(fd), name)
	if _, err := f.Write(content); err != nil {
		f.Close()
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	if _, err := f.Seek(0, 0); err != nil {
		f.Close()
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	return f, nil
}
