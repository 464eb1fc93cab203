package checkpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/model"
)

const sealFile = "manifest.json"

// maxSeal bounds the file that is read: a checkpoint has a few files.
const maxSeal = 1 << 20

// Seal is TrainingDir/manifest.json.
type Seal struct {
	// Files maps each file of TrainingDir to its SHA-256 in hex.
	Files map[string]string `json:"files"`
	// Model is that of the model's own manifest; where a checkpoint has several
	// models, Parts maps the directory of each to it.
	Model string            `json:"model,omitempty"`
	Parts map[string]string `json:"parts,omitempty"`
	// Self is the SHA-256 of the seal with Self empty, so that damage to it is
	// told from damage to what it lists.
	Self string `json:"self"`
}

// sign returns what Self must be.
func (s Seal) sign() string {
	s.Self = ""
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings always marshal
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// addModels enters the hashes of the models' manifests.
func (s *Seal) addModels(dir string, parts []string) (err error) {
	if parts == nil {
		s.Model, err = ModelHash(dir)
		return err
	}
	s.Parts = map[string]string{}
	for _, name := range parts {
		if s.Parts[name], err = ModelHash(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// ReadSeal reads the seal of the checkpoint in dir, which must list the files of
// TrainingDir in need, and verifies each file that it lists, and the models'
// manifests, by hash. An error names the file.
func ReadSeal(dir string, need ...string) (*Seal, error) {
	path := filepath.Join(dir, TrainingDir, sealFile)
	text, err := atomicfile.ReadSmall(path, maxSeal)
	if err != nil {
		return nil, fmt.Errorf("%s is no checkpoint to resume from: %w", dir, err)
	}
	s, err := parseSeal(text, need...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if s.Model != "" {
		if err := checkHash(filepath.Join(dir, model.ManifestName), s.Model); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Parts)) {
		if err := checkHash(filepath.Join(dir, name, model.ManifestName), s.Parts[name]); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Files)) {
		if err := checkHash(filepath.Join(dir, TrainingDir, name), s.Files[name]); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func parseSeal(text []byte, need ...string) (*Seal, error) {
	var s Seal
	if err := StrictJSON(text, &s); err != nil {
		return nil, err
	}
	if s.Self != s.sign() {
		return nil, errors.New("it was changed or is damaged")
	}
	if (s.Model == "") == (len(s.Parts) == 0) {
		return nil, errors.New("it must list one model or its parts")
	}
	for _, name := range need {
		if s.Files[name] == "" {
			return nil, fmt.Errorf("it does not list %s", name)
		}
	}
	for _, list := range []map[string]string{s.Files, s.Parts} {
		for name := range list {
			if name != filepath.Base(name) || !filepath.IsLocal(name) {
				return nil, fmt.Errorf("it lists %q, which is no file beside it", name)
			}
		}
	}
	return &s, nil
}

func checkHash(path, want string) error {
	got, err := atomicfile.Hash(path)
	if err != nil {
		return fmt.Errorf("damaged checkpoint: %w", err)
	}
	if got != want {
		return fmt.Errorf("damaged checkpoint: %s has SHA-256 %s, and %s when it was written: "+
			"it was changed or cut short", path, got, want)
	}
	return nil
}

// Verify reads every file of the checkpoint in dir, models and training state,
// and compares it with its hash. need is as in ReadSeal. An error names the file.
func Verify(dir string, need ...string) (*Seal, error) {
	s, err := ReadSeal(dir, need...)
	if err != nil {
		return nil, err
	}
	dirs := []string{dir}
	if s.Model == "" {
		dirs = dirs[:0]
		for _, name := range slices.Sorted(maps.Keys(s.Parts)) {
			dirs = append(dirs, filepath.Join(dir, name))
		}
	}
	for _, dir := range dirs {
		if _, err := model.Verify(dir); err != nil {
			return nil, err
		}
	}
	return s, nil
}
