//go:build !race

package train

// raceDetector is true in a test binary that keeps shadow memory.
const raceDetector = false
