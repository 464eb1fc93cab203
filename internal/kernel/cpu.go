// Package kernel holds the arithmetic of the system: matrix product,
// attention and the operations on rows, for each kind of processor.
//
// Every operation has one definition, its portable Go, and one result. The
// assembly paths compute the same bits (docs of MatMul say how a product is
// summed), so a path changes the speed of a program and nothing else. Results
// do not depend on the number of threads either.
//
// Row operands and outputs are bfloat16, row-major and contiguous; weights are
// packed (see Packed). The functions run on the workers of package par where
// their documentation says that they are parallel, and those must not be
// called from inside a par.Job.
package kernel

import (
	"fmt"
	"os"
	"strings"
)

// path is the set of assembly primitives of one kind of processor. Loops,
// threads, ragged edges and the final trees of sums are shared Go code.
type path struct {
	name string
	productOps
	rowOps
	decode decodeOps
	coded  mulCodedOps
	mildOps
	columnsOps
	minHash    minHash
	attend     [maxAttendDepth + 1]func(t *attendArgs) // by blocks of 32 along a head; nil: there is none
	attendGrad [maxAttendDepth + 1]attendGrad

	// order is that of the codes of weights that decode and coded take, or decode
	// and columnsOps.
	order codeOrder
}

// cpu is the path in use. It is written only during initialization and by
// SetPath.
var (
	machine = machinePaths()
	cpu     = machine[0]
	forced  = forcePath(os.Getenv("POLYMATH_CPU"))
)

// forcePath makes the path that the environment names the one in use. An
// initializer has nobody to report to, so the error is kept for CheckCPU.
func forcePath(name string) error {
	if name == "" {
		return nil
	}
	return SetPath(name)
}

// CheckCPU returns an error if the environment variable POLYMATH_CPU names a
// path that this machine does not have. The best path is in use then, and a
// program should report the error before it starts its work.
func CheckCPU() error {
	if forced != nil {
		return fmt.Errorf("POLYMATH_CPU: %w", forced)
	}
	return nil
}

// CPU returns the name of the path in use: "amx", "avx512bf16", "avx512", "avx2",
// "neon" or "portable". It is the best one that the machine has, unless the
// environment variable POLYMATH_CPU or SetPath chose another.
func CPU() string { return cpu.name }

// Paths returns the names of the paths that this machine can run, best first.
// The last is always "portable".
func Paths() []string {
	names := make([]string, len(machine))
	for i, p := range machine {
		names[i] = p.name
	}
	return names
}

// SetPath chooses the path to use. It must not run at the same time as any
// other function of the package. The error names the paths that the machine
// has if it lacks the one asked for.
func SetPath(name string) error {
	for _, p := range machine {
		if p.name == name {
			cpu = p
			return nil
		}
	}
	return fmt.Errorf("this machine has no CPU path %q; it has %s", name, strings.Join(Paths(), ", "))
}
