package sandbox

import "os/exec"

// build runs the compiler's commands. The error is the first that fails, with
// what it said, cut to limit bytes.
func build(commands [][]string, limit int64) ([]byte, error) {
	for _, argv := range commands {
		cmd := exec.Command(argv[0], argv[1:]...)
		cmd.Dir = workDir
		cmd.Env = []string{"HOME=" + buildDir, "TMPDIR=" + buildDir, "GOMAXPROCS=2"}
		said := &capped{limit: limit}
		cmd.Stdout, cmd.Stderr = said, said
		if err := cmd.Run(); err != nil {
			if len(said.kept) == 0 {
				return []byte(err.Error()), err
			}
			return said.kept, err
		}
	}
	return nil, nil
}

// capped keeps the first bytes that are written to it, and says when there
// are more. It has no other of a buffer's methods: io.Copy would take ReadFrom,
// which knows no limit.
type capped struct {
	kept     []byte
	limit    int64
	overflow func() // called once for the first byte too many; nil: not
	full     bool
}

func (c *capped) Write(p []byte) (int, error) {
	room := c.limit - int64(len(c.kept))
	if int64(len(p)) <= room {
		c.kept = append(c.kept, p...)
		return len(p), nil
	}
	c.kept = append(c.kept, p[:room]...)
	if !c.full && c.overflow != nil {
		c.overflow()
	}
	c.full = true
	return len(p), nil
}
