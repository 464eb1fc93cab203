package cli_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/cli"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tokenizer"
)

// randomModel saves a model of random weights in a directory called model.
func randomModel(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "model")
	vocabulary, err := tokenizer.Train(slices.Values([][]byte{[]byte("func main() {\n\tfmt.Println(42)\n}\n")}), tokenizer.TrainOptions{VocabSize: 258})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := model.Default(model.Qwen3MoE)
	if err != nil {
		t.Fatal(err)
	}
	cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers = vocabulary.VocabSize(), 32, 2
	cfg.NumHeads, cfg.NumKVHeads, cfg.HeadDim = 4, 2, 16
	cfg.NumExperts, cfg.NumExpertsPerTok, cfg.MoEIntermediateSize = 16, 2, 32
	cfg.NormTopKProb, cfg.MaxPositions = true, 512
	m, err := model.New(cfg, 1)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "tokenizer.json")
	if err := vocabulary.Save(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Save(dir, model.Provenance{}, map[string][]byte{"tokenizer.json": text}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// startServer runs 'polymath serve' until the test ends, and returns where it
// listens.
func startServer(t *testing.T, arguments ...string) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- cli.Run(ctx, cli.Streams{In: strings.NewReader(""), Out: in, Err: in}, append([]string{"serve", "--port", "0"}, arguments...))
		in.Close()
	}()
	t.Cleanup(func() {
		stop()
		if status := <-done; status != 0 {
			t.Errorf("serve ended with status %d", status)
		}
	})
	address := regexp.MustCompile(`http://[0-9.]+:[0-9]+`)
	lines := bufio.NewScanner(out)
	var all []string
	for lines.Scan() {
		all = append(all, lines.Text())
		if found := address.FindString(lines.Text()); found != "" {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return found
		}
	}
	t.Fatalf("the server did not say where it listens:\n%s", strings.Join(all, "\n"))
	return ""
}

// readmeBlocks returns the code blocks of a language that speak to the server.
func readmeBlocks(t *testing.T, language string) []string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		if strings.Contains(m[1], "127.0.0.1:8080") {
			found = append(found, m[1])
		}
	}
	if len(found) == 0 {
		t.Fatalf("README.md has no block of %s that asks the server", language)
	}
	return found
}

// TestReadmeClients runs what the README says about clients, as it stands but
// for the port.
func TestReadmeClients(t *testing.T) {
	url := startServer(t, randomModel(t))
	here := func(text string) string { return strings.ReplaceAll(text, "http://127.0.0.1:8080", url) }
	answers := map[string]string{}
	run := func(language, name string, arguments ...string) {
		var stderr strings.Builder
		cmd := exec.CommandContext(t.Context(), name, arguments...)
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("%s: %v\n%s%s", language, err, out, stderr.String())
		}
		answers[language] = strings.TrimSuffix(string(out), "\n")
	}
	t.Run("go", func(t *testing.T) {
		program, err := os.ReadFile("../../examples/client/main.go")
		if err != nil {
			t.Fatal(err)
		}
		block := "\t" + strings.ReplaceAll(strings.TrimSuffix(readmeBlocks(t, "go")[0], "\n"), "\n", "\n\t")
		if !strings.Contains(string(program), block) {
			t.Error("the README's Go is not what examples/client does")
		}
		path := filepath.Join(t.TempDir(), "main.go")
		if err := os.WriteFile(path, []byte(here(string(program))), 0o600); err != nil {
			t.Fatal(err)
		}
		run("go", "go", "run", path)
	})
	t.Run("curl", func(t *testing.T) {
		if _, err := exec.LookPath("curl"); err != nil {
			t.Skip("no curl on this machine")
		}
		run("curl", "sh", "-c", here(readmeBlocks(t, "sh")[0]))
	})
	t.Run("python", func(t *testing.T) {
		python := os.Getenv("POLYMATH_PYTHON")
		if python == "" {
			t.Skip("POLYMATH_PYTHON names no Python with the openai package")
		}
		run("python", python, "-c", here(readmeBlocks(t, "python")[0]))
		if answers["python"] != answers["go"] {
			t.Errorf("Python got %q and Go %q", answers["python"], answers["go"])
		}
	})
	if answers["go"] == "" || answers["curl"] != "" && !strings.Contains(answers["curl"], `"finish_reason":"length"`) {
		t.Errorf("answers: %q", answers)
	}
}
