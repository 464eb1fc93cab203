package memory

import (
	"os"
	"path/filepath"
	"testing"
)

// TestGroupRoom reads the files of control groups of both versions.
func TestGroupRoom(t *testing.T) {
	const v1, v2 = "sys/fs/cgroup/memory/", "sys/fs/cgroup/"
	for name, c := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"no groups": {nil, 0},
		"no limit":  {map[string]string{"proc/self/cgroup": "0::/\n", v2 + "memory.max": "max\n", v2 + "memory.current": "500\n"}, 0},
		"cache of files is free": {map[string]string{
			"proc/self/cgroup": "0::/\n", v2 + "memory.max": "1000\n", v2 + "memory.current": "900\n",
			v2 + "memory.stat": "anon 100\ninactive_file 700\n",
		}, 800},
		"a group inside of another": {map[string]string{
			"proc/self/cgroup":                       "0::/user.slice/shell.scope\n",
			v2 + "user.slice/memory.max":             "600\n",
			v2 + "user.slice/memory.current":         "100\n",
			v2 + "user.slice/shell.scope/memory.max": "max\n",
		}, 500},
		"the smaller one counts": {map[string]string{
			"proc/self/cgroup": "0::/a/b\n", v2 + "a/memory.max": "600\n", v2 + "a/b/memory.max": "300\n",
		}, 300},
		"version 1": {map[string]string{
			"proc/self/cgroup": "5:cpu,cpuacct:/\n4:memory:/job\n0::/\n", v1 + "job/memory.limit_in_bytes": "1000\n",
			v1 + "job/memory.usage_in_bytes": "900\n", v1 + "job/memory.stat": "inactive_file 1\ntotal_inactive_file 300\n",
			v1 + "memory.limit_in_bytes": "9223372036854771712\n",
		}, 400},
		"a container that sees its group as the root": {map[string]string{
			"proc/self/cgroup": "4:memory:/docker/123\n", v1 + "memory.limit_in_bytes": "1000\n",
		}, 1000},
		"used up": {map[string]string{"proc/self/cgroup": "0::/\n", v2 + "memory.max": "10\n", v2 + "memory.current": "20\n"}, 1},
	} {
		root := t.TempDir()
		for path, text := range c.files {
			path = filepath.Join(root, path)
			if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if got := groupRoom(root); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
