package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/par"
)

const issuesURL = "https://github.com/polymath-lm/polymath/issues"

// readVersion returns the program's version and, where the build recorded it,
// the commit.
func readVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	version := info.Main.Version
	if version == "" {
		version = "(devel)"
	}
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision":
			version += " " + setting.Value
		case setting.Key == "vcs.modified" && setting.Value == "true":
			version += " modified"
		}
	}
	return version
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, the compiler and the CPU path in use",
		Args:  exactly(),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(a.Out, "polymath %s\n%s %s/%s\nCPU path %s of %v, %d threads\n", readVersion(),
				runtime.Version(), runtime.GOOS, runtime.GOARCH, kernel.CPU(), kernel.Paths(), par.Threads())
			return err
		},
	}
}
