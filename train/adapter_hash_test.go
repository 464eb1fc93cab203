package train

import (
	"os"
	"path/filepath"
	"testing"
)

// TestHashWeights: other weights and other numbers of pictures have another hash,
// whatever the directory's name.
func TestHashWeights(t *testing.T) {
	for _, name := range []string{"plain", "run[1]*"} {
		dir := filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, weights := range []string{"one", "two"} {
			for file, text := range map[string]string{"config.json": "{}", "model.safetensors": weights} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			hash, err := hashWeights(dir)
			if err != nil {
				t.Fatal(err)
			}
			seen[hash] = true
		}
		for _, sight := range []string{"one", "two"} {
			if err := os.WriteFile(filepath.Join(dir, "preprocessor_config.json"), []byte(sight), 0o600); err != nil {
				t.Fatal(err)
			}
			hash, err := hashWeights(dir)
			if err != nil {
				t.Fatal(err)
			}
			seen[hash] = true
		}
		if len(seen) != 4 {
			t.Errorf("%s: %d hashes of two weights and two ways to see", name, len(seen))
		}
	}
}
