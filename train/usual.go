package train

import "github.com/polymath-lm/polymath/internal/kernel"

// UsualMFU is the share of the machine's limit in products of bf16 that training
// reaches before any was measured (docs/LOG.md). Where AMX makes that limit high,
// caches and memory decide, and it is less; tiny models reach less everywhere.
func UsualMFU() float64 {
	if kernel.CPU() == "amx" {
		return 0.12
	}
	return 0.4
}
