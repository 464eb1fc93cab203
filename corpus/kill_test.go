package corpus

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// childRecipe names the recipe that a test's child process builds.
const childRecipe = "POLYMATH_TEST_CORPUS_RECIPE"

func TestMain(m *testing.M) {
	path := os.Getenv(childRecipe)
	if path == "" {
		os.Exit(m.Run())
	}
	r, err := ReadRecipe(path)
	if err == nil {
		_, err = Build(context.Background(), r, Options{})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// result are the hashes of what a build is for, and of the segments.
func resultOf(t *testing.T, out string) map[string]string {
	t.Helper()
	keep := map[string]string{}
	for name, hash := range hashes(t, out) {
		if strings.HasPrefix(name, "shards/") || strings.HasPrefix(name, "work/ingest/") || name == ManifestName || name == TokenizerName || name == FilesName {
			keep[name] = hash
		}
	}
	return keep
}

// TestKill kills builds at random moments until they are done: what they leave is
// what a build leaves that nobody disturbs.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	dir := t.TempDir()
	f := newFixture(t, filepath.Join(dir, "in"))
	out := filepath.Join(dir, "out")
	path := filepath.Join(dir, "r.yaml")
	if err := os.WriteFile(path, []byte(f.recipe(out)), 0o666); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	child(t, path, 0)
	whole := time.Since(begun)
	want := resultOf(t, out)
	if len(want) < 20 {
		t.Fatalf("%d files are too few for a test", len(want))
	}
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	kills, rounds := 0, 0
	for kills < 50 {
		if err := os.RemoveAll(out); err != nil {
			t.Fatal(err)
		}
		for !child(t, path, time.Duration(random.Int64N(int64(whole)))) {
			kills++
		}
		rounds++
		if diff := cmp.Diff(want, resultOf(t, out)); diff != "" {
			t.Fatalf("after %d kills: %s", kills, diff)
		}
	}
	t.Logf("%d kills in %d builds, each of %v undisturbed", kills, rounds, whole)
}

// child builds in another process, and kills it after that time if it is not 0.
// It reports whether the build came to its end.
func child(t *testing.T, recipe string, after time.Duration) bool {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childRecipe+"="+recipe)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if after > 0 {
		timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
	}
	err := cmd.Wait()
	if err != nil && said.Len() > 0 {
		t.Fatalf("the build failed: %v: %s", err, said.String())
	}
	if err != nil && after == 0 {
		t.Fatal(err)
	}
	return err == nil
}
