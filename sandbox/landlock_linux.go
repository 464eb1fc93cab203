package sandbox

import (
	"fmt"
	"os"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// devices of the sandbox, and whether programs may write to them.
var devices = []struct {
	path  string
	write bool
}{
	{"/dev/null", true},
	{"/dev/zero", false},
	{"/dev/full", true},
	{"/dev/random", false},
	{"/dev/urandom", false},
}

// restrict puts this thread, and what it starts, under Landlock: read is what
// may be read and executed, write the directories in which all is allowed.
// There is no TCP, and no signal and no abstract socket to processes outside.
// It returns the version of the kernel's interface, 0 where there is none: the
// mounts hold without it.
func restrict(read, write []string) (version int, err error) {
	version, err = ll.LandlockGetABIVersion()
	if err != nil {
		return 0, nil
	}
	var rules []landlock.Rule
	for _, path := range read {
		info, err := os.Stat(path)
		if err != nil {
			return 0, fmt.Errorf("applying Landlock: %w", err)
		}
		if info.IsDir() {
			rules = append(rules, landlock.RODirs(path))
		} else {
			rules = append(rules, landlock.ROFiles(path))
		}
	}
	for _, path := range write {
		rule := landlock.RWDirs(path)
		if version > 1 { // the first version has no renaming between directories
			rule = rule.WithRefer()
		}
		rules = append(rules, rule)
	}
	for _, d := range devices {
		if d.write {
			rules = append(rules, landlock.RWFiles(d.path))
		} else {
			rules = append(rules, landlock.ROFiles(d.path))
		}
	}
	// The library's own way is for all threads of a program that goes on. Here
	// it is one thread, which starts another program. bubblewrap has set
	// no_new_privs.
	fd, flags, err := landlock.V6.BestEffort().NewRulesetFD(rules...)
	if err != nil {
		return 0, fmt.Errorf("applying Landlock: %w", err)
	}
	if fd < 0 {
		return 0, nil
	}
	ruleset := os.NewFile(uintptr(fd), "ruleset")
	defer ruleset.Close()
	if err := ll.LandlockRestrictSelf(fd, flags); err != nil {
		return 0, fmt.Errorf("applying Landlock: %w", err)
	}
	return version, nil
}
