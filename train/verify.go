package train

import "github.com/polymath-lm/polymath/model"

// VerifyCheckpoint reads every file of the checkpoint in dir, model and
// training state, and compares it with its hash. An error names the file.
func VerifyCheckpoint(dir string) error {
	if _, err := model.Verify(dir); err != nil {
		return err
	}
	_, err := readSeal(dir)
	return err
}
