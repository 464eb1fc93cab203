package corpus

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBuild(t *testing.T) {
	dir := t.TempDir()
	f := newFixture(t, filepath.Join(dir, "in"))
	r := parse(t, f.recipe(filepath.Join(dir, "out")))
	m := mustBuild(t, r)
	t.Logf("%+v", m.Sources[0].Funnel)
	t.Logf("%+v", m.Sources[1].Funnel)
	t.Logf("%+v", m.Sources[1].After)
	t.Logf("%+v", m.Sources[2].Funnel)
	t.Logf("%+v %d %d", m.Clusters, m.Tokens, m.ShardDocs)
	// Building again changes nothing.
	before := hashes(t, r.Out)
	again := mustBuild(t, r)
	if diff := cmp.Diff(before, hashes(t, r.Out)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(m.Sources, again.Sources); diff != "" {
		t.Error(diff)
	}
}
